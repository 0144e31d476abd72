"""Show the evidence that no fold of an experiment leaks; with files, diagnose a split that another program made."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from benchsuite.arguments import DataFolders, Quiet, StoreFolder, data_locations, store_folder
from benchsuite.errors import UsageError
from benchsuite.functions.run_arguments import ExperimentLike, read_experiment
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    PathLike,
    Style,
    count,
    frame,
    plain,
    plain_values,
    print_status,
    silent,
    table,
)

if TYPE_CHECKING:
    from benchsuite.api import DataLocations
    from benchsuite.data import Dataset, Fold
    from benchsuite.evaluate import LeakFinding
    from benchsuite.evaluate.equal_times import EqualTimes
    from benchsuite.plan import Experiment
    from benchsuite.plan.resolve import ResolvedPlugin
    from benchsuite.store import Store

TOGETHER = "(all)"
"""Stands for the fold's name where all folds of a cut were compared."""

Promise = Literal["cold-items", "cold-users", "ordered", "ordered-users"]
_INNER = "validation: "
_SHUFFLE = "sources that read files take shuffle_ties = 1, which puts rows of one user and time in random order"


@dataclass(frozen=True)
class Audited:
    """One fold, or all folds of one cut together, or a cut that could not be made.

    Attributes:
        dataset: label.
        split: label.
        seed: the experiment's seed.
        fold: the fold's name, or :data:`TOGETHER`.
        findings: what every check found.
        reason: why there is no fold, or "".
    """

    dataset: str
    split: str
    seed: int
    fold: str
    findings: tuple[LeakFinding, ...] = ()
    reason: str = ""


@dataclass(repr=False, eq=False)
class Audit(FunctionResult):
    """The evidence that no fold of an experiment leaks.

    Attributes:
        name: of the experiment.
        audited: every fold and cut.
        details: whether ``print`` shows every check, not only sums.
        ties: of each data set, what its rows of one user and time tell about the order of rows.
    """

    name: str
    audited: Sequence[Audited]
    details: bool = False
    ties: Sequence[EqualTimes] = ()

    @property
    def findings(self) -> list[LeakFinding]:
        """What every check found."""
        return [finding for one in self.audited for finding in one.findings]

    @property
    def leaks(self) -> list[LeakFinding]:
        """The findings that are leaks."""
        return [finding for finding in self.findings if finding.leak]

    @property
    def ok(self) -> bool:
        """True when nothing leaks."""
        return not self.leaks

    def to_dict(self) -> dict[str, Any]:
        """Return counts, leaks and every fold as plain values."""
        return {
            "experiment": self.name,
            "checks": len(self.findings),
            "compared": sum(finding.compared for finding in self.findings),
            "leaks": [f"{finding.where}: {finding.leak}" for finding in self.leaks],
            "ties": [dataclasses.asdict(one) | {"shared": one.shared} for one in self.ties],
            "folds": plain_values(self.audited),
        }

    def frames(self) -> Frames:
        """Return ``checks``, one check of one fold a row, and ``ties``, one data set a row."""
        place = ("dataset", "split", "seed", "fold")
        rows = [
            {name: getattr(one, name) for name in place} | dataclasses.asdict(finding)
            for one in self.audited
            for finding in one.findings
        ]
        ties = [dataclasses.asdict(one) | {"shared": one.shared} for one in self.ties]
        columns = ("dataset", "rows", "tied", "compared", "agreeing", "shuffled", "told", "shared")
        return {"checks": frame(rows, (*place, "check", "compared", "leak", "where")), "ties": frame(ties, columns)}

    def text(self, style: Style = plain) -> str:
        """Return a line for each fold, or for each check, every leak, and the counts."""
        from benchsuite.evaluate.leaks import GROUPS

        groups = (*GROUPS, *(["store"] if any(finding.group == "store" for finding in self.findings) else []))
        rows = []
        for one in self.audited:
            place = (one.dataset, one.split, str(one.seed), one.fold)
            if one.reason:
                rows.append([*place, *("" for _ in (("",) * 2 if self.details else groups)), f"not made: {one.reason}"])
            elif self.details:
                rows += [[*place, f.check, f"{f.compared:,}", "LEAK" if f.leak else "ok"] for f in one.findings]
            else:
                rows.append([*place, *_sums(one, groups), "LEAK" if any(f.leak for f in one.findings) else "ok"])
        more = ("check", "compared") if self.details else groups
        said = [table(["data set", "split", "seed", "fold", *more, "verdict"], rows), ""]
        said += [f"{style('LEAK', 'red')}  {finding.where}: {finding.leak}" for finding in self.leaks]
        for one_set in self.ties:
            if sentence := one_set.sentence():
                word = style("order", "yellow") if one_set.shared else "order"
                said.append(f"{word}  {one_set.dataset}: {sentence}")
        if any(one_set.shared for one_set in self.ties):
            said.append(_SHUFFLE)
        folds = sum(one.fold != TOGETHER for one in self.audited)
        compared = sum(finding.compared for finding in self.findings)
        counts = f"{count(folds, 'fold')}, {count(len(self.findings), 'check')}, {count(compared, 'thing')} compared"
        said.append(f"{self.name}: {counts}, {count(len(self.leaks), 'leak')}")
        not_made = sum(bool(one.reason) for one in self.audited)
        if not_made:
            verb = "was" if not_made == 1 else "were"
            said.append(f"{count(not_made, 'cut')} could not be made and {verb} not checked")
        return "\n".join(said)


def audit(
    experiment: ExperimentLike | None = None,
    *,
    details: bool = False,
    store: StoreFolder = None,
    data: DataFolders = (),
    offline: bool = False,
    train: Annotated[PathLike | None, Option(metavar="FILE")] = None,
    test: Annotated[PathLike | None, Option(metavar="FILE")] = None,
    user: Annotated[str, Option(metavar="COL")] = "",
    item: Annotated[str, Option(metavar="COL")] = "",
    timestamp: Annotated[str, Option(metavar="COL")] = "",
    value: Annotated[str, Option(metavar="COL")] = "",
    time: Annotated[str, Option(metavar="TEXT")] = "",
    separator: Annotated[str, Option(metavar="TEXT")] = "",
    encoding: Literal["", "utf-8", "latin-1", "cp1252"] = "",
    header: Annotated[bool | None, Option("--header/--no-header")] = None,
    ids_as: Literal["", "text", "integer"] = "",
    on_bad_row: Literal["", "stop", "drop"] = "",
    missing: Literal["", "stop", "drop"] = "",
    promises: Annotated[Promise | Sequence[Promise], Option("--promise")] = (),
    quiet: Quiet = False,
) -> FunctionResult:
    """Show the evidence that no fold of an experiment leaks, or say what is wrong with a split in two files.

    Of each data set it is also said how many rows share user and time, and whether the order in which the files have
    them is one that users share: no leak, but something that models of sequences can learn.

    Args:
        experiment: a bundled experiment or a TOML file (default: quick).
        details: show every check, not only sums.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs); stored folds are compared, too.
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        train: instead of an experiment: the training rows, in any format that is read.
        test: the test rows.
        user: the column of the user: a name, or a number where the files have no header line.
        item: the column of the item.
        timestamp: the column of the time, or none.
        value: the column of the value, or none.
        time: how times in the files are written: s, ms, us, ns, iso, or like %d-%m-%Y.
        separator: what stands between their cells.
        encoding: utf-8, latin-1 or cp1252.
        header: whether their first line names the columns.
        ids_as: integer where 7, 7.0 and 007 are one id.
        on_bad_row: drop to leave rows with bad cells out.
        missing: drop to leave rows with empty cells out.
        promises: what the split in the files promises; breaking it is a leak; may be repeated.
        quiet: show no progress.

    Returns:
        An :class:`Audit`; for two files a ``SplitAudit``.

    Raises:
        UsageError: when an experiment and files are named, or only one file.
        DataError: when data cannot be had.
    """
    files: dict[str, Any] = {"user": user, "item": item, "timestamp": timestamp, "value": value, "time": time}
    files |= {"separator": separator, "encoding": encoding, "header": header, "ids_as": ids_as}
    files |= {"on_bad_row": on_bad_row, "missing": missing, "promises": promises}
    files = {name: told for name, told in files.items() if told is not None and told not in ("", (), [])}
    given = {"train": train, "test": test, **files}
    foreign = [
        f"--{name.replace('promises', 'promise').replace('_', '-')}" for name, told in given.items() if told is not None
    ]
    if foreign:
        if train is None or test is None:
            other = "--train" if train is None else "--test"
            raise UsageError(f"{foreign[0]} needs {other} too", remedy="a split has both parts")
        if experiment is not None:
            what = f"both the experiment {experiment} and {foreign[0]}"
            raise UsageError(what, remedy="audit one after the other")
        from benchsuite.registry import load_function

        found: FunctionResult = load_function("audit-split")(train, test, **files)
        return found
    from benchsuite.store import Store

    asked = read_experiment(experiment or "quick")
    root = store_folder(store)
    kept = Store.open(root) if root.is_dir() else None  # an audit makes no store
    place = data_locations(data, offline=offline, quiet=quiet)
    ties: list[EqualTimes] = []
    audited = list(_audit(asked, kept, place, ties, quiet=quiet))
    return Audit(asked.name, audited, details=details, ties=ties)


def _audit(
    experiment: Experiment, store: Store | None, place: DataLocations, ties: list[EqualTimes], *, quiet: bool
) -> Iterator[Audited]:
    """Cut every data set in every way with every seed and check all folds; a leak does not end it.

    What ties in time tell is added to ``ties``.
    """
    from benchsuite.api import Source, Split
    from benchsuite.evaluate.equal_times import equal_times
    from benchsuite.plan.cells import unmet
    from benchsuite.plan.resolve import resolve

    status = silent if quiet else print_status
    # Models and metrics play no part, so an audit also works where they are not installed.
    sources = [resolve("sources", one, f"{experiment.name}: sources") for one in experiment.expanded("sources")]
    splits = [resolve("splits", one, f"{experiment.name}: splits") for one in experiment.expanded("splits")]
    for source in sources:
        assert isinstance(source.plugin, Source)  # noqa: S101 - picked as one
        dataset = source.plugin.load(place)
        ties.append(equal_times(dataset, source.label))
        for split in splits:
            assert isinstance(split.plugin, Split)  # noqa: S101 - picked as one
            reason = unmet(split.plugin.needs, dataset)
            for seed in experiment.seeds:
                status(f"auditing {source.label}, {split.label}, seed {seed}")
                yield from _cut(source.label, dataset, split, seed, store, reason)


def _cut(
    label: str, dataset: Dataset, split: ResolvedPlugin, seed: int, store: Store | None, reason: str
) -> Iterator[Audited]:
    """Check one cut, fold by fold and all folds together."""
    from benchsuite.api import Split
    from benchsuite.errors import DataError
    from benchsuite.evaluate import CrossFoldChecks, iter_findings
    from benchsuite.runner.preparation import cut_identity, fold_key

    names = (label, split.label, seed)
    if reason:
        yield Audited(*names, TOGETHER, reason=reason)
        return
    assert isinstance(split.plugin, Split)  # noqa: S101 - picked as one
    where = f"{dataset.name}, {split.label}, seed {seed}"
    across = CrossFoldChecks(split.plugin, dataset, where)
    identity = cut_identity(dataset, split, seed)
    last, several = None, False
    try:
        for fold in split.plugin.split(dataset, seed):
            place = f"{where}, fold {fold.name}"
            found = list(iter_findings(fold, split.plugin, place, dataset))
            if store is not None and store.exists("fold", fold_key(identity, fold.name)):
                found.append(_stored(store, fold_key(identity, fold.name), fold, dataset, place))
            across.add(fold)
            if last is not None:
                yield last
            several, last = last is not None, Audited(*names, fold.name, tuple(found))
    except DataError as error:
        yield Audited(*names, TOGETHER, reason=str(error))
        return
    together = tuple(across.findings())
    if last is not None and not several:
        yield dataclasses.replace(last, findings=last.findings + together)
        return
    if last is not None:
        yield last
    yield Audited(*names, TOGETHER, together)


def _stored(store: Store, key: str, fold: Fold, dataset: Dataset, where: str) -> LeakFinding:
    """Compare the fold that models saw with the one that was just checked."""
    from benchsuite.errors import StoreError
    from benchsuite.evaluate import LeakFinding
    from benchsuite.evaluate.audit_folds import difference
    from benchsuite.stored_folds import read_fold

    try:
        compared, leak = difference(read_fold(store, key, dataset), fold)
    except StoreError as error:
        compared, leak = 0, f"the stored fold is damaged: {error}"
    return LeakFinding("store", "the stored fold is this fold", compared, leak, where)


def _sums(one: Audited, groups: tuple[str, ...]) -> Iterator[str]:
    """Yield what each group of checks compared, ``LEAK`` for a leak in it, ``-`` where nothing was to be checked.

    Whatever concerns the validation fold counts as ``validation``.
    """
    compared: Counter[str] = Counter()
    leaking: set[str] = set()
    for finding in one.findings:
        group: str = "validation" if finding.check.startswith(_INNER) else finding.group
        compared[group] += finding.compared
        leaking |= {group} if finding.leak else set()
    for group in groups:
        yield "LEAK" if group in leaking else f"{compared[group]:,}" if group in compared else "-"
