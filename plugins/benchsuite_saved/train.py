"""Fit one model on a whole data set and keep it as a folder.

Under ``torchrun`` or ``accelerate launch`` (``-m benchsuite train ...``) the processes share the fit of a model that
knows how, and the main one writes and speaks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.arguments import (
    NO_SETTINGS,
    DataFolders,
    Device,
    Quiet,
    Settings,
    Source,
    StoreFolder,
    Trust,
    data_locations,
    store_folder,
)
from benchsuite.errors import DataError, UsageError
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    PathLike,
    Style,
    check_choice,
    count,
    frame,
    plain,
    print_status,
    several,
)

if TYPE_CHECKING:
    from benchsuite.api import Model
    from benchsuite.data import Dataset
    from benchsuite.runner.distributed import ProcessGroup
    from benchsuite_saved.recommend import Recommendations


@dataclass(repr=False, eq=False)
class TrainedModel(FunctionResult):
    """A fitted model as a folder.

    Attributes:
        folder: where it lies.
        model: the plugin's name.
        data: the name of the data.
        rows: how many rows it was fitted on.
    """

    folder: Path
    model: str
    data: str
    rows: int
    _benchmarked: bool
    _licence: str

    def recommend(self, history: Sequence[str], k: int = 10) -> Recommendations:
        """Return what the model recommends after a history of titles."""
        from benchsuite_saved.recommend import recommend

        return recommend(str(self.folder), history=history, k=k)

    def text(self, style: Style = plain) -> str:
        """Return one line."""
        return f"{self.folder}: {self.model}, fitted on {self.data}, {count(self.rows, 'row')}"

    def advice(self) -> Sequence[str]:
        """Return what to mind and what to do next."""
        told = []
        if not self._benchmarked:
            remedy = "--experiment NAME takes settings and numbers from a run"
            told.append(f"it was not benchmarked, and its README.md says so; {remedy}")
        if self._licence:
            told.append(f"mind the licence of the data: {self._licence}")
        return [*told, f'next: benchsuite recommend {self.folder} --history "a title" -k 10']

    def frames(self) -> Frames:
        """Return ``model``, one row."""
        return {"model": frame([self.to_dict()], ("folder", "model", "data", "rows"))}


class _SilentProcess(FunctionResult):
    """What a process that shares a fit and is not the main one returns: nothing to say."""

    def text(self, style: Style = plain) -> str:
        return ""

    def to_dict(self) -> dict[str, Any]:
        return {}

    def frames(self) -> Frames:
        return {}


def train(
    model: Annotated[str, Option(complete="models")],
    *,
    source: Source,
    out: Annotated[PathLike, Option(metavar="FOLDER")],
    with_: Settings = NO_SETTINGS,
    source_with: Annotated[Mapping[str, Any], Option("--source-with")] = NO_SETTINGS,
    experiment: Annotated[str, Option(metavar="NAME", complete="runs")] = "",
    store: StoreFolder = None,
    trust: Trust = (),
    data: DataFolders = (),
    offline: bool = False,
    seed: Annotated[int, Option(metavar="N")] = 0,
    threads: Annotated[int, Option(metavar="N")] = 0,
    device: Device = "auto",
    quiet: Quiet = False,
) -> FunctionResult:
    """Fit a model on a whole data set and save it as a folder.

    Args:
        model: such as flm (see: benchsuite list models); with --experiment the label of one of its rows.
        source: see benchsuite list sources; or a card or table of your own, such as shop.toml.
        out: a new or empty folder.
        with_: settings of the model, such as epochs=2 temperature=0.2.
        source_with: settings of the source, such as item_core=5.
        experiment: take the tuned settings from this experiment that was run, and its numbers into the model card.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        trust: run this plugin file where stored results name it, such as ./my_metric.py:Mine; may be repeated.
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        seed: seed of the fit.
        threads: of the fit; 0 takes all processors.
        device: what the fit computes on.
        quiet: show no progress.

    Returns:
        A :class:`TrainedModel`.

    Raises:
        UsageError: when the folder is not empty, or a plugin or setting is wrong.
        DataError: when data cannot be had or lacks what the model needs.
    """
    from benchsuite.plan.cells import unmet
    from benchsuite.plan.named_source import named_source
    from benchsuite.registry import find, load_model
    from benchsuite.runner.device import choose_device
    from benchsuite.runner.distributed import join_process_group
    from benchsuite.store import Store
    from benchsuite_saved.folder import Origin, check_savable, check_target, write_folder
    from benchsuite_saved.measured_row import measured

    if seed < 0 or threads < 0:
        raise UsageError("--seed and --threads must be 0 or more")
    check_choice(device, Device, "--device")
    folder, named = Path(out), several(trust)
    check_target(folder)
    plugin = named_source(source, source_with)
    found = measured(Store.open(store_folder(store), print_status), experiment, model, named) if experiment else None
    name = model if found is None else found.plugin
    trusted = [*named, *([name] if found is None else [])]
    entry = find("models", name, trusted=trusted)
    settings = dict(with_) if found is None else {**found.settings, **with_}
    made = load_model(name, trusted=trusted).from_settings(settings, where=f"model {model}")
    check_savable(entry, made)
    chosen = choose_device(device, made)
    with join_process_group(chosen) as group:
        place = data_locations(data, offline=offline, quiet=quiet or not group.main)
        dataset = group.main_first(lambda: plugin.load(place))
        if reason := unmet(made.needs, dataset):
            raise DataError(f"{entry.name} {reason}", where=dataset.name, remedy="name another source")
        benchmark = None if found is None else found.benchmark(made, dataset, with_)
        fitted = _fit(made, dataset, f"{model} on {dataset.name}", (seed, threads, chosen), group, quiet=quiet)
        group.wait()  # until all have seen that the folder is free
        if not group.main:
            return _SilentProcess()
        write_folder(folder, fitted, dataset, Origin(entry, plugin, source, seed, benchmark))
    rows = len(dataset.interactions)
    return TrainedModel(folder, entry.name, dataset.name, rows, benchmark is not None, plugin.licence)


def _fit(
    model: Model, dataset: Dataset, label: str, how: tuple[int, int, str], group: ProcessGroup, *, quiet: bool
) -> Model:
    """Fit on all rows, with a bar; ``how`` is seed, threads and device."""
    from benchsuite.api import Context, SharedCache
    from benchsuite.progress import ProgressBars
    from benchsuite.provenance import cores
    from benchsuite.runner.checkpoints import user_cache
    from benchsuite_saved.folder import with_unknown_user

    seed, threads, device = how
    with ProgressBars(quiet=quiet or not group.main) as watch, tempfile.TemporaryDirectory() as scratch:
        watch.expect(1)
        watch.job_started(label)
        context = Context(
            seed=seed,
            device=device,
            threads=threads or max(1, cores() // group.local),
            scratch=Path(scratch),
            shared=SharedCache.inside(user_cache()),
            report=lambda done, total, note: watch.job_moved(label, "fit", done, total, note),
        )
        return model.fit(with_unknown_user(dataset), context)
