"""Write a prepared data set, or the folds of a split, as files that other libraries read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from benchsuite.arguments import NO_SETTINGS, DataFolders, Quiet, Settings, Source, data_locations
from benchsuite.errors import DataError
from benchsuite.interface import Frames, FunctionResult, Option, PathLike, Style, count, frame, plain


@dataclass(repr=False, eq=False)
class Export(FunctionResult):
    """What was written.

    Attributes:
        folder: with the files.
        folds: rows by folder and part.
        licence: of the data.
    """

    folder: Path
    folds: Mapping[str, Mapping[str, int]]
    licence: str
    _head: str

    def text(self, style: Style = plain) -> str:
        """Return a line for each folder."""
        folds = [
            f"{name}: " + ", ".join(f"{number:,} {part}" for part, number in counts.items())
            for name, counts in self.folds.items()
        ]
        return "\n".join([self._head, *folds])

    def advice(self) -> Sequence[str]:
        """Return the licence to mind."""
        return [f"mind the licence of the data: {self.licence}"] if self.licence else []

    def frames(self) -> Frames:
        """Return ``folds``: rows by folder and part."""
        rows = [
            {"folder": name, "part": part, "rows": number}
            for name, counts in self.folds.items()
            for part, number in counts.items()
        ]
        return {"folds": frame(rows, ("folder", "part", "rows"))}


def data_export(
    source: Source,
    *,
    out: Annotated[PathLike, Option(metavar="DIR")],
    as_: Annotated[str, Option("--as", metavar="FORMAT")],
    split: Annotated[str, Option(metavar="NAME", complete="splits")] = "",
    split_with: Annotated[Mapping[str, Any], Option("--split-with")] = NO_SETTINGS,
    seed: Annotated[int, Option(metavar="N")] = 1,
    with_: Settings = NO_SETTINGS,
    data: DataFolders = (),
    offline: bool = False,
    quiet: Quiet = False,
) -> Export:
    """Write a prepared set as Parquet or as RecBole atomic files; with --split also exactly our folds.

    Args:
        source: see benchsuite list sources; or a card or table of your own, such as shop.toml.
        out: a new or empty folder.
        as_: the format: parquet, recbole, or what an installed package brings.
        split: also write the folds of this split.
        split_with: settings of the split, such as test=0.2.
        seed: seed of the split; bundled experiments begin with 1, one that names no seeds has 0.
        with_: settings of the source, such as item_core=5.
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        quiet: show no progress.

    Raises:
        PluginError: when there is no such format.
        DataError: when data cannot be had, the split cannot cut it, or the folder is not empty.
    """
    from benchsuite.evaluate import check_fold
    from benchsuite.plan.cells import unmet
    from benchsuite.plan.named_source import named_source
    from benchsuite.registry import load_function, load_split

    write = load_function(as_, "exports")
    found = named_source(source, with_)
    cut = load_split(split, trusted=[split]).from_settings(dict(split_with), where=f"split {split}") if split else None
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError("is not an empty folder", where=str(folder), remedy="name a new one with --out")
    dataset = found.load(data_locations(data, offline=offline, quiet=quiet))
    about = {"licence": found.licence, "url": found.url, "cite": list(found.cite), "settings": found.settings()}
    if cut is not None and (reason := unmet(cut.needs, dataset)):
        raise DataError(f"{split} {reason}", where=dataset.name, remedy="name another split")
    write(dataset, folder, about)
    rows: dict[str, Mapping[str, int]] = {}
    if cut is not None:
        told = {"split": split, "settings": cut.settings(), "seed": seed}
        for fold in cut.split(dataset, seed):
            check_fold(fold, cut, f"{dataset.name}, {split}, fold {fold.name}", dataset)
            place = folder / f"fold-{fold.name}"
            rows[str(place)] = write(dataset, place, told, fold)
    head = f"{folder}: {dataset.name}, {count(len(dataset.interactions), 'row')}, as {as_}"
    return Export(folder, rows, found.licence, head)
