"""``benchsuite compare``: two runs side by side: what changed, and what that did to the results."""

from __future__ import annotations

import dataclasses
from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.cli.console import OK, SOME_FAILED, say, say_json, style, table
from benchsuite.cli.places import add_store, open_store
from benchsuite.errors import StoreError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchsuite.compare.sides import Change, Side
    from benchsuite.compare.versus import Versus
    from benchsuite.plan import Plan
    from benchsuite.store import Store

_SHORT = 12
_WIDE = 60
_SMALL = 10
_TINY = 0.001


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two runs: settings, data, code and results, with tests",
        description="Compare two experiments, one experiment in two stores, or two models: what changed in settings, "
        "data and code, and in results. Where both sides answered the same queries, differences are tested in pairs "
        "(users as what was sampled, Holm's correction over all tests of one data set and split).",
    )
    what = "the name of an experiment that was run, its TOML file, or the beginning of a kept plan's key"
    parser.add_argument("a", metavar="A", help=what)
    parser.add_argument("b", metavar="B", nargs="?", help="the same; may be left out with --store-b or --models")
    add_store(parser)
    parser.add_argument("--store-b", metavar="DIR", type=Path, help="where B's results are kept (default: --store)")
    parser.add_argument(
        "--models",
        metavar=("X", "Y"),
        nargs=2,
        help="compare only model X of A with model Y of B (default: every model that both have, by its label)",
    )
    parser.add_argument("--metric", metavar="NAME", action="append", default=[], help="only this metric; repeatable")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Run the verb; 1 when a number is missing on either side because it failed or was not run."""
    from benchsuite.compare.sides import Side, changes
    from benchsuite.compare.versus import versus

    store = open_store(args)
    if args.b is None and args.store_b is None and args.models is None:
        remedy = f"name B, --store-b DIR or --models X Y; {_kept(store, args.a)}"
        raise UsageError("what is it to be compared with?", where=args.a, remedy=remedy)
    other = store if args.store_b is None else _existing(args.store_b)
    title = args.a if args.b is None else args.b
    a = Side(args.a, _plan(store, args.a), store)
    b = Side(title, _plan(other, title), other)
    pairs = _pairs(a, b, args.models)
    found = versus(a, b, pairs)
    if args.metric:
        known = {one.metric for one in found}
        for name in args.metric:
            if name not in known:
                raise UsageError(f'no metric "{name}" on both sides', remedy=did_you_mean(name, known))
        found = [one for one in found if one.metric in args.metric]
    changed = changes(a, b, pairs)
    if args.json:
        say_json(_document(a, b, changed, found))
    else:
        _show(a, b, changed, found)
    states = {row.state for one in found for row in (one.a, one.b)}
    return SOME_FAILED if states & {"failed", "missing"} else OK


def _existing(folder: Path) -> Store:
    from benchsuite.store import Store

    if not folder.is_dir():
        raise StoreError("no such store", where=str(folder), remedy="check --store-b")
    return Store(folder)


def _plan(store: Store, word: str) -> Plan:
    """Return the plan of a name, an experiment file, or the beginning of a key.

    Raises:
        StoreError: when this store has none, or several.
    """
    from benchsuite.compare import kept_plan, latest_plan
    from benchsuite.plan import read_experiment

    if word.endswith(".toml"):
        return latest_plan(store, read_experiment(word).name)
    if not (store.root / "plans" / f"{word}.json").is_file() and set(word.lower()) <= set("0123456789abcdef"):
        keys = [key for key in store.keys("plan") if key.startswith(word.lower())]
        if len(keys) > 1:
            raise StoreError(f"{len(keys)} plans have keys that begin so", where=word, remedy="give more digits")
        if keys:
            return kept_plan(store, keys[0])
    return latest_plan(store, word)


def _kept(store: Store, name: str) -> str:
    """Name the plans that are kept of an experiment."""
    entries = [store.get("plan", key) for key in store.keys("plan")]
    keys = [entry.folder.name[:_SHORT] for entry in entries if entry.manifest.get("experiment") == name]
    return f"plans kept of {name}: {', '.join(keys)}" if keys else f"no plan of {name} is kept"


def _pairs(a: Side, b: Side, models: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return which models are compared, as (in A, in B).

    Raises:
        UsageError: when a named model is not there, or nothing is common to both.
    """
    labels = [[about.label for about in side.plan.models] for side in (a, b)]
    if models is not None:
        for label, known, side in zip(models, labels, (a, b), strict=True):
            if label not in known:
                raise UsageError(f'no model "{label}" in {side.title}', remedy=did_you_mean(label, known))
        return [(models[0], models[1])]
    for kind in ("datasets", "splits", "models"):
        names = [[about.label for about in getattr(side.plan, kind)] for side in (a, b)]
        if not set(names[0]) & set(names[1]):
            remedy = f"{a.title} has {', '.join(names[0])}; {b.title} has {', '.join(names[1])}"
            remedy += "; pair two models with --models X Y" if kind == "models" else ""
            raise UsageError(f"{a.title} and {b.title} have no {kind} in common", remedy=remedy)
    return [(label, label) for label in labels[0] if label in labels[1]]


def _document(a: Side, b: Side, changed: Sequence[Change], found: Sequence[Versus]) -> dict[str, Any]:
    from benchsuite.compare import plan_key
    from benchsuite.compare.versus import summary
    from benchsuite.data import as_record

    sides = {
        name: {"title": side.title, "experiment": side.plan.name, "plan": plan_key(side.plan), "store": side.store.root}
        for name, side in (("a", a), ("b", b))
    }
    results = [
        {
            "dataset": one.dataset,
            "split": one.split,
            "metric": one.metric,
            "models": one.models,
            "a": as_record(one.a),
            "b": as_record(one.b),
            "difference": one.difference,
            "contrast": None if one.contrast is None else as_record(one.contrast),
            "verdict": None if one.contrast is None else one.contrast.verdict,
            "why_no_test": one.why,
        }
        for one in found
    ]
    changes = [dataclasses.asdict(change) for change in changed]
    return {**sides, "changes": changes, "summary": dict(summary(found)), "results": results}


def _show(a: Side, b: Side, changed: Sequence[Change], found: Sequence[Versus]) -> None:
    from benchsuite.compare import plan_key
    from benchsuite.compare.versus import COST, SAME, summary

    for name, side in (("A", a), ("B", b)):
        say(f"{name}: {side.plan.name}, plan {plan_key(side.plan)[:_SHORT]}, store {side.store.root}")
    say(f"\n{style('What changed', 'bold')}")
    rows = [(change.kind, change.what, _value(change.a), _value(change.b)) for change in changed]
    say(table(("kind", "what", "A", "B"), rows) if rows else "nothing in settings, data, models or code")
    costs = [one for one in found if one.why == COST]
    numbers = [one for one in found if one not in costs]
    told = [one for one in numbers if one.why != SAME and (one.difference != 0 or one.contrast is None)]
    say(f"\n{style('Results: B minus A', 'bold')}")
    counts = summary(numbers)
    say(", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no number is on both sides")
    with_value = [one for one in told if one.difference is not None]
    if with_value:
        head = ("data set", "split", "metric", "model", "A", "B", "B - A", "p (Holm)", "B is")
        say()
        say(table(head, [_line(one) for one in with_value]))
    equal = sum(1 for one in numbers if one.contrast is not None and one.difference == 0)
    if equal:
        say(f"\n{equal} tested numbers are equal to the last digit and are not listed.")
    _show_reasons(one for one in numbers if one.contrast is None)
    if costs:
        say(f"{len(costs)} costs (seconds, memory, energy) are measured once and not tested; they are in --json.")
    tests = max((one.contrast.family for one in numbers if one.contrast is not None), default=0)
    if tests:
        say(f"Tests: paired by user, two-sided; Holm's correction over up to {tests} tests of a data set and split.")


def _show_reasons(untested: Iterable[Versus]) -> None:
    """Say why there is no test, each reason once."""
    reasons: dict[tuple[str, str], list[Versus]] = {}
    for one in untested:
        reasons.setdefault((f"{one.dataset}, {one.split}", one.why), []).append(one)
    for (place, why), several in reasons.items():
        models = dict.fromkeys(_pair(one.models) for one in several)
        say(f"\n{place}: no test of {', '.join(models)} ({len(several)} values): {why}")
    say()


def _line(one: Versus) -> tuple[str, ...]:
    place = (one.dataset, one.split, one.metric, _pair(one.models))
    values = (_number(one.a.mean), _number(one.b.mean))
    contrast = one.contrast
    difference = f"{one.difference:+.4f}" if one.difference is not None else ""
    if contrast is None:
        return (*place, *values, difference, "", "not tested")
    if contrast.ci_low is not None and contrast.ci_high is not None:
        difference += f" [{contrast.ci_low:+.4f}, {contrast.ci_high:+.4f}]"
    p = "" if contrast.p_holm is None else f"<{_TINY}" if contrast.p_holm < _TINY else f"{contrast.p_holm:.3f}"
    return (*place, *values, difference, p, contrast.verdict)


def _pair(models: tuple[str, str]) -> str:
    return models[0] if models[0] == models[1] else f"{models[1]} against {models[0]}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if abs(value) < _SMALL else f"{value:,.4g}"


def _value(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 3]}..."
