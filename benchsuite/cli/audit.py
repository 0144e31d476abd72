"""``benchsuite audit``: show the evidence that no fold of an experiment leaks, or diagnose anybody's split."""

from __future__ import annotations

import dataclasses
from argparse import Namespace, _SubParsersAction
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import OK, SOME_FAILED, say, say_json, style, table, tell
from benchsuite.cli.options import add_json, add_verb
from benchsuite.cli.places import add_data, add_store, make_place
from benchsuite.errors import UsageError

if TYPE_CHECKING:
    from benchsuite.data import Dataset, Fold
    from benchsuite.evaluate import Finding
    from benchsuite.evaluate.audit_split import Line
    from benchsuite.plan import Experiment
    from benchsuite.plan.picks import Pick
    from benchsuite.store import Store

TOGETHER = "(all)"
"""Stands for the fold's name where all folds of a cut were compared."""

_ROLES = ("user", "item", "time", "value")
_PROMISES = ("cold-items", "cold-users", "ordered", "ordered-users")
_INNER = "validation: "


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
    findings: tuple[Finding, ...] = ()
    reason: str = ""


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "audit", run, "show the evidence that nothing leaks; 1 when something does")
    parser.add_argument("experiment", nargs="?", help="a bundled experiment or a TOML file (default: quick)")
    parser.add_argument("--details", action="store_true", help="show every check, not only sums")
    add_store(parser)
    add_data(parser)
    foreign = parser.add_argument_group("instead of an experiment, anybody's split", "CSV and the like, or Parquet")
    foreign.add_argument("--train", type=Path, metavar="FILE", help="the training rows")
    foreign.add_argument("--test", type=Path, metavar="FILE", help="the test rows")
    for role in _ROLES:
        text = f"the column of the {role}: a name, or a number where the files have no header line"
        foreign.add_argument(f"--{role}", metavar="COL", default="", help=text)
    text = "what the split promises; breaking it is a leak; may be repeated"
    foreign.add_argument("--promise", action="append", default=[], choices=_PROMISES, help=text)
    add_json(parser)


def run(args: Namespace) -> int:
    """Run the verb."""
    foreign = [f"--{name}" for name in ("train", "test", *_ROLES, "promise") if getattr(args, name)]
    if not foreign:
        return _run_experiment(args)
    if args.train is None or args.test is None:
        missing = "--train" if args.train is None else "--test"
        raise UsageError(f"{foreign[0]} needs {missing} too", remedy="a split has both parts")
    if args.experiment is not None:
        raise UsageError(f"both the experiment {args.experiment} and {foreign[0]}", remedy="audit one after the other")
    return _run_files(args)


def _run_experiment(args: Namespace) -> int:
    from benchsuite.plan import read_experiment
    from benchsuite.store import Store

    experiment = read_experiment(args.experiment or "quick")
    store = Store(args.store) if args.store.is_dir() else None  # an audit makes no store
    audited = list(audit(experiment, store, args))
    leaks = [finding for one in audited for finding in one.findings if finding.leak]
    if args.json:
        say_json(_as_json(experiment.name, audited, leaks))
    else:
        _show(experiment.name, audited, leaks, details=args.details)
    return SOME_FAILED if leaks else OK


def audit(experiment: Experiment, store: Store | None, args: Namespace) -> Iterator[Audited]:
    """Cut every data set in every way with every seed and check all folds; a leak does not end it."""
    from benchsuite.api import Source, Split
    from benchsuite.plan.cells import unmet
    from benchsuite.plan.picks import pick

    # Models and metrics play no part, so an audit also works where they are not installed.
    sources = [pick("sources", one, f"{experiment.name}: sources") for one in experiment.expanded("sources")]
    splits = [pick("splits", one, f"{experiment.name}: splits") for one in experiment.expanded("splits")]
    place = make_place(args, tell)
    for source in sources:
        assert isinstance(source.plugin, Source)  # noqa: S101 - picked as one
        dataset = source.plugin.load(place)
        for split in splits:
            assert isinstance(split.plugin, Split)  # noqa: S101 - picked as one
            reason = unmet(split.plugin.needs, dataset)
            for seed in experiment.seeds:
                tell(f"auditing {source.label}, {split.label}, seed {seed}")
                yield from _cut(source.label, dataset, split, seed, store, reason)


def _cut(label: str, dataset: Dataset, split: Pick, seed: int, store: Store | None, reason: str) -> Iterator[Audited]:
    """Check one cut, fold by fold and all folds together."""
    from benchsuite.api import Split
    from benchsuite.errors import DataError
    from benchsuite.evaluate import Across, inspect
    from benchsuite.folds import complete
    from benchsuite.runner.folds import cut_identity, fold_key

    names = (label, split.label, seed)
    if reason:
        yield Audited(*names, TOGETHER, reason=reason)
        return
    assert isinstance(split.plugin, Split)  # noqa: S101 - picked as one
    where = f"{dataset.name}, {split.label}, seed {seed}"
    across = Across(split.plugin, dataset, where)
    identity = cut_identity(dataset, split, seed)
    last, several = None, False
    try:
        for fold in split.plugin.split(dataset, seed):
            place = f"{where}, fold {fold.name}"
            found = list(inspect(fold, split.plugin, place, dataset))
            if store is not None and complete(store, fold_key(identity, fold.name)):
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


def _stored(store: Store, key: str, fold: Fold, dataset: Dataset, where: str) -> Finding:
    """Compare the fold that models saw with the one that was just checked."""
    from benchsuite.evaluate import Finding
    from benchsuite.evaluate.audit_folds import difference
    from benchsuite.folds import damaged, read_fold

    faults = damaged(store, key)
    compared, leak = (0, "") if faults else difference(read_fold(store, key, dataset), fold)
    if faults:
        leak = f"the stored fold is damaged: {faults[0]}; delete its folder and run again"
    return Finding("store", "the stored fold is this fold", compared, leak, where)


def _as_json(name: str, audited: list[Audited], leaks: list[Finding]) -> dict[str, Any]:
    findings = [finding for one in audited for finding in one.findings]
    return {
        "experiment": name,
        "checks": len(findings),
        "compared": sum(finding.compared for finding in findings),
        "leaks": [f"{finding.where}: {finding.leak}" for finding in leaks],
        "folds": [
            dataclasses.asdict(one) | {"findings": [dataclasses.asdict(finding) for finding in one.findings]}
            for one in audited
        ],
    }


def _show(name: str, audited: list[Audited], leaks: list[Finding], *, details: bool) -> None:
    from benchsuite.evaluate.leaks import GROUPS

    groups = (*GROUPS, *(["store"] if any(f.group == "store" for one in audited for f in one.findings) else []))
    rows = []
    for one in audited:
        place = (one.dataset, one.split, str(one.seed), one.fold)
        if one.reason:
            rows.append([*place, *("" for _ in (("",) * 2 if details else groups)), f"not made: {one.reason}"])
        elif details:
            rows += [[*place, f.check, f"{f.compared:,}", "LEAK" if f.leak else "ok"] for f in one.findings]
        else:
            rows.append([*place, *_sums(one, groups), "LEAK" if any(f.leak for f in one.findings) else "ok"])
    more = ("check", "compared") if details else groups
    say(table(["data set", "split", "seed", "fold", *more, "verdict"], rows))
    say()
    for finding in leaks:
        say(f"{style('LEAK', 'red')}  {finding.where}: {finding.leak}")
    findings = [finding for one in audited for finding in one.findings]
    folds = sum(one.fold != TOGETHER for one in audited)
    compared = sum(finding.compared for finding in findings)
    say(f"{name}: {folds} folds, {len(findings):,} checks, {compared:,} things compared, {_many(len(leaks), 'leak')}")
    not_made = sum(bool(one.reason) for one in audited)
    if not_made:
        say(f"{_many(not_made, 'cut')} could not be made and {'was' if not_made == 1 else 'were'} not checked")


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


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _run_files(args: Namespace) -> int:
    from benchsuite.evaluate.audit_files import Wanted, read_part
    from benchsuite.evaluate.audit_split import diagnose

    named = {role: getattr(args, role) for role in _ROLES if getattr(args, role)}
    if 0 < sum(name.isdigit() for name in named.values()) < len(named):
        raise UsageError("columns are given by number and by name", remedy="name all, or number all and have no header")
    wanted = Wanted(**named)
    train, test = read_part(args.train, wanted), read_part(args.test, wanted)
    lines = diagnose(train, test, args.promise)
    leaks = sum(line.verdict == "leak" for line in lines)
    if args.json:
        columns = {"train": train.columns, "test": test.columns}
        rows = {"train": len(train), "test": len(test)}
        files = {"train": str(args.train), "test": str(args.test)}
        facts: dict[str, Any] = {**files, "rows": rows, "columns": columns, "leaks": leaks}
        say_json(facts | {"lines": [dataclasses.asdict(line) for line in lines]})
    else:
        for name, part in (("training", train), ("test", test)):
            used = ", ".join(f"{role} = {column}" for role, column in part.columns.items())
            say(f"{len(part):,} {name} rows in {part.path} (columns: {used})")
        say()
        _show_lines(lines)
        say()
        say(f"{_many(leaks, 'leak')}, {_many(sum(line.verdict == 'warning' for line in lines), 'warning')}")
    return SOME_FAILED if leaks else OK


def _show_lines(lines: list[Line]) -> None:
    colours = {"leak": "red", "warning": "yellow", "fine": "green", "note": "dim"}
    for line in lines:
        share = f" ({line.found / line.of:.2%})" if line.of and 0 < line.found < line.of else ""
        say(f"{style(f'{line.verdict:<8}', colours[line.verdict])}{line.check}: {line.found:,} of {line.of:,}{share}")
        say(f"        {line.meaning}")
