"""Remove what no run needs any more."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from benchsuite.arguments import StoreFolder
from benchsuite.errors import UsageError, did_you_mean
from benchsuite.functions.run_arguments import existing_store, open_store, read_experiment
from benchsuite.functions.store_size import size_text
from benchsuite.interface import Frames, FunctionResult, Option, Paths, Style, Words, frame, plain, several, table

if TYPE_CHECKING:
    from benchsuite.store import Store
    from benchsuite.store.upkeep import Amount


@dataclass(frozen=True, repr=False)
class Garbage(FunctionResult):
    """What no run needs.

    Attributes:
        root: of the store.
        amounts: what no run needs, by kind.
        kept: the experiments whose results are kept.
        undecided: experiments that were run here and are neither bundled nor named; nothing of theirs is removed.
        recent: entries that no run needs and that stay, because they are too young.
        in_use: entries that stay, because a run has just taken them.
        removed: whether all else was removed now.
    """

    root: str
    amounts: list[Amount]
    kept: list[str]
    undecided: list[str]
    recent: int
    in_use: int
    removed: bool

    def text(self, style: Style = plain) -> str:
        """Return a line for each kind, and what is kept."""
        rows = [[one.kind, f"{one.entries:,}", size_text(one.bytes)] for one in self.amounts]
        total = size_text(sum(one.bytes for one in self.amounts))
        lines = [table(["kind", "number", "size"], rows), ""] if rows else []
        lines.append(f"{self.root}: {total} {'removed' if self.removed else 'would be removed'}")
        if self.kept:
            lines.append(f"kept: what runs of {', '.join(self.kept)} need")
        if self.undecided:
            names = ", ".join(self.undecided)
            lines.append(f"kept, too, as nothing was said of it: {names}; name it with --forget to remove its results")
        if self.recent:
            lines.append(f"{self.recent:,} more that no run needs are too young to go; see --older-than")
        if self.in_use:
            lines.append(f"{self.in_use:,} were left alone, as a run has taken them just now")
        return "\n".join(lines)

    def frames(self) -> Frames:
        """Return ``amounts``, a kind a row, in bytes."""
        return {"amounts": frame(self.amounts, ("kind", "entries", "bytes"))}


def store_gc(
    *,
    store: StoreFolder = None,
    keep: Annotated[Paths, Option(metavar="EXPERIMENT", complete="experiments")] = (),
    forget: Annotated[Words, Option(metavar="NAME", complete="runs")] = (),
    latest: bool = False,
    older_than: Annotated[float, Option(metavar="HOURS")] = 1.0,
    dry_run: bool = False,
) -> Garbage:
    """Remove the data, folds, cells, trials and caches that no run of a known experiment needs.

    Known are the bundled experiments, those named by ``keep``, and those that run now. Runs of other experiments are
    kept as well, and named, until ``forget`` names them. What a run computes at this moment is never removed.

    Args:
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        keep: an experiment file, or the name of a run, whose results are kept; may be repeated.
        forget: the name of a run whose results may go; may be repeated.
        latest: of each experiment keep what its latest run needs, not its older ones; reports of those can no longer be
            verified.
        older_than: remove only what was written more than so many hours ago: a run may be about to use the rest.
        dry_run: say what would be removed, and remove nothing.

    Raises:
        StoreError: when there is no such store, it cannot be written, or a plan in it is damaged.
        UsageError: when a run that is named is not there, or is to be kept and forgotten.
    """
    from benchsuite.analysis.reachable import experiments, unused
    from benchsuite.plan import bundled
    from benchsuite.runner.running_now import running_now
    from benchsuite.store import held

    if not older_than >= 0:
        raise UsageError("older_than must be 0 or more")
    kept = existing_store(store) if dry_run else open_store(existing_store(store).root, quiet=True)
    runs = experiments(kept)
    named, forgotten = set(_names(keep, runs)), set(several(forget))
    for name in sorted(forgotten - set(runs)):
        raise UsageError(f'no run of "{name}"', where="--forget", remedy=did_you_mean(name, runs))
    alive = {one.experiment for one in running_now(kept)}
    for name in sorted(forgotten & (named | alive)):
        what = f'"{name}" runs now' if name in alive else f'"{name}" is to be kept and forgotten'
        raise UsageError(what, where="--forget", remedy="leave it out")
    known = ({*bundled(), *named, *alive} - forgotten) & set(runs)
    undecided = set(runs) - known - forgotten
    leased = {(one.kind, one.key) for one in held(kept.root)}
    garbage = unused(kept, known | undecided, leased, old=not latest)
    old = [place for place in garbage if _age(kept.folder(*place)) >= older_than * 3600]
    amounts = _amounts(kept, old)
    in_use = 0 if dry_run else _remove(kept, old, forgotten)
    recent = len(garbage) - len(old)
    return Garbage(str(kept.root), amounts, sorted(known), sorted(undecided), recent, in_use, not dry_run)


def _names(keep: Paths, runs: Collection[str]) -> Iterator[str]:
    """Yield the names of experiments: of a file the one that it says."""
    for one in [keep] if isinstance(keep, str | os.PathLike) else keep:
        yield os.fspath(one) if os.fspath(one) in runs else read_experiment(one).name


def _age(folder: Path) -> float:
    """Return the seconds since an entry was written; 0 when it is gone."""
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return 0.0


def _amounts(store: Store, places: Collection[tuple[str, str]]) -> list[Amount]:
    from benchsuite.shared_folders import folder_bytes
    from benchsuite.store.upkeep import Amount

    sizes: dict[str, list[int]] = {}
    for kind, key in places:
        sizes.setdefault(kind, []).append(folder_bytes(store.folder(kind, key)))
    return [Amount(kind, len(found), sum(found)) for kind, found in sorted(sizes.items())]


def _remove(store: Store, places: Collection[tuple[str, str]], forgotten: Collection[str]) -> int:
    """Remove entries under their leases, and the latest plans of what is forgotten; return how many were in use."""
    from benchsuite.store import Leases

    in_use = 0
    with Leases(store.root) as leases:
        for kind, key in places:
            if leases.take(kind, key, "store gc") is None:
                store.drop(kind, key)
                leases.give_back(kind, key)
            else:
                in_use += 1
    for name in forgotten:
        (store.root / "plans" / f"{name}.json").unlink(missing_ok=True)
    return in_use
