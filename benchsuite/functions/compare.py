"""Two runs side by side: what changed, and what that did to the results."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.arguments import StoreFolder, Trust
from benchsuite.errors import StoreError, UsageError, did_you_mean
from benchsuite.functions.run_arguments import read_store
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    PathLike,
    Style,
    Words,
    count,
    frame,
    plain,
    plain_values,
    several,
    table,
)

if TYPE_CHECKING:
    from benchsuite.analysis.metric_diffs import MetricDiff
    from benchsuite.analysis.run_refs import Change, RunRef
    from benchsuite.plan import Plan
    from benchsuite.store import Store

_SHORT = 12
_WIDE = 60
_SMALL = 10
_TINY = 0.001


@dataclass(repr=False, eq=False)
class RunComparison(FunctionResult):
    """Two runs side by side.

    Attributes:
        a: one run.
        b: the other.
        changes: what differs in settings, data, models and code.
        results: every number that both may have, B minus A, with its test.
    """

    a: RunRef
    b: RunRef
    changes: Sequence[Change]
    results: Sequence[MetricDiff]

    @property
    def ok(self) -> bool:
        """False when a number is missing on either side because it failed or was not run."""
        states = {row.state for one in self.results for row in (one.a, one.b)}
        return not states & {"failed", "missing"}

    def to_dict(self) -> dict[str, Any]:
        """Return both sides, changes, counts and results as plain values."""
        from benchsuite.analysis.metric_diffs import summary
        from benchsuite.data import as_record

        sides = {name: _side(one) for name, one in (("a", self.a), ("b", self.b))}
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
            for one in self.results
        ]
        return {
            **sides,
            "changes": plain_values(self.changes),
            "summary": dict(summary(self.results)),
            "results": results,
        }

    def frames(self) -> Frames:
        """Return ``changes`` and ``results``."""
        rows = [
            {
                "dataset": one.dataset,
                "split": one.split,
                "metric": one.metric,
                "model_a": one.models[0],
                "model_b": one.models[1],
                "a": one.a.mean,
                "b": one.b.mean,
                "difference": one.difference,
                "p_holm": None if one.contrast is None else one.contrast.p_holm,
                "verdict": "not tested" if one.contrast is None else one.contrast.verdict,
                "why_no_test": one.why,
            }
            for one in self.results
        ]
        names = ("dataset", "split", "metric", "model_a", "model_b", "a", "b", "difference", "p_holm", "verdict")
        changes = frame(self.changes, ("kind", "what", "a", "b"))
        return {"changes": changes, "results": frame(rows, (*names, "why_no_test"))}

    def text(self, style: Style = plain) -> str:
        """Return what changed, and each result that did."""
        return "\n".join(self._lines(style))

    def _lines(self, style: Style) -> Iterator[str]:
        from benchsuite.analysis import plan_key
        from benchsuite.analysis.metric_diffs import COST, SAME, summary

        for name, side in (("A", self.a), ("B", self.b)):
            yield f"{name}: {side.plan.name}, plan {plan_key(side.plan)[:_SHORT]}, store {side.store.root}"
        yield f"\n{style('What changed', 'bold')}"
        rows = [(change.kind, change.what, _value(change.a), _value(change.b)) for change in self.changes]
        yield table(("kind", "what", "A", "B"), rows) if rows else "nothing in settings, data, models or code"
        costs = [one for one in self.results if one.why == COST]
        numbers = [one for one in self.results if one not in costs]
        told = [one for one in numbers if one.why != SAME and (one.difference != 0 or one.contrast is None)]
        yield f"\n{style('Results: B minus A', 'bold')}"
        counts = summary(numbers)
        yield ", ".join(f"{number} {name}" for name, number in counts.items() if number) or (
            "no number is on both sides"
        )
        places: dict[str, list[MetricDiff]] = {}
        for one in told:
            if one.difference is not None:
                places.setdefault(f"{one.dataset}, {one.split}", []).append(one)
        for place, diffs in places.items():
            head = ("metric", "model", "A", "B", "B - A", "p (Holm)", "B is")
            yield f"\n{place}\n{table(head, [_line(one) for one in diffs])}"
        equal = sum(1 for one in numbers if one.contrast is not None and one.difference == 0)
        if equal:
            yield f"\n{equal} tested numbers are equal to the last digit and are not listed."
        yield from _reasons(one for one in numbers if one.contrast is None)
        if costs:
            number, verb = count(len(costs), "cost"), "is" if len(costs) == 1 else "are"
            yield f"{number} (seconds, memory, energy) {verb} measured once and not tested; see --json."
        tests = max((one.contrast.family for one in numbers if one.contrast is not None), default=0)
        if tests:
            which = f"up to {tests} tests of a data set and split"
            yield f"Tests: paired by user, two-sided; Holm's correction over {which}."


def compare(
    a: Annotated[PathLike, Option(complete="runs")],
    b: Annotated[PathLike | None, Option(complete="runs")] = None,
    *,
    store: StoreFolder = None,
    store_b: StoreFolder = None,
    models: Annotated[tuple[str, str] | None, Option(metavar="X Y")] = None,
    metrics: Annotated[Words, Option("--metric", metavar="LIST", complete="metrics")] = (),
    trust: Trust = (),
) -> RunComparison:
    """Compare two experiments, one experiment in two stores, or two models.

    Says what changed in settings, data and code, and in results. Where both sides answered the same queries,
    differences are tested in pairs (users as what was sampled, Holm's correction over all tests of one data set and
    split).

    Args:
        a: the name of an experiment that was run, its TOML file, or the beginning of a kept plan's key.
        b: the same; may be left out with --store-b or --models.
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        store_b: where B's results are kept (default: --store).
        models: compare only model X of A with model Y of B (default: every model that both have, by its label).
        metrics: only these, with commas between them.
        trust: run this plugin file where stored results name it, such as ./my_metric.py:Mine; may be repeated.

    Raises:
        StoreError: when a run is not there.
        UsageError: when nothing can be compared.
    """
    from benchsuite.analysis.metric_diffs import metric_diffs
    from benchsuite.analysis.run_refs import RunRef, changes

    kept, a, b = read_store(store), os.fspath(a), None if b is None else os.fspath(b)
    wanted, trusted = several(metrics, separator=",", where="--metric"), several(trust)
    if b is None and store_b is None and models is None:
        remedy = f"name B, --store-b DIR or --models X Y; {_kept(kept, a)}"
        raise UsageError("nothing is named to compare it with", where=a, remedy=remedy)
    if store_b is not None and not Path(store_b).is_dir():
        raise StoreError("no such store", where=str(store_b), remedy="check --store-b")
    other = kept if store_b is None else read_store(store_b)
    title = a if b is None else b
    one = RunRef(a, _plan(kept, a).trusting(trusted), kept)
    two = RunRef(title, _plan(other, title).trusting(trusted), other)
    pairs = _pairs(one, two, None if models is None else several(models))
    found = metric_diffs(one, two, pairs)
    known = {each.metric for each in found}
    for name in wanted:
        if name not in known:
            raise UsageError(f'no metric "{name}" on both sides', remedy=did_you_mean(name, known))
    if wanted:
        found = [each for each in found if each.metric in wanted]
    return RunComparison(one, two, changes(one, two, pairs), found)


def _side(one: RunRef) -> dict[str, str]:
    from benchsuite.analysis import plan_key

    root = str(one.store.root)
    return {"title": one.title, "experiment": one.plan.name, "plan": plan_key(one.plan), "store": root}


def _plan(store: Store, word: str) -> Plan:
    """Return the plan of a name, an experiment file, or the beginning of a key.

    Raises:
        StoreError: when this store has none, or several.
    """
    from benchsuite.analysis import kept_plan, latest_plan
    from benchsuite.store import is_there

    if not is_there(store.root / "plans" / f"{word}.json") and set(word.lower()) <= set("0123456789abcdef"):
        keys = [key for key in store.keys("plan") if key.startswith(word.lower())]
        if len(keys) > 1:
            raise StoreError(f"{len(keys)} plans have keys that begin so", where=word, remedy="give more digits")
        if keys:
            return kept_plan(store, keys[0])
    return latest_plan(store, word)


def _kept(store: Store, name: str) -> str:
    """Name the plans that are kept of an experiment."""
    keys = []
    for key in store.keys("plan"):
        with contextlib.suppress(StoreError):  # a damaged one is told when it is asked for
            if store.get("plan", key).manifest["experiment"] == name:
                keys.append(key[:_SHORT])
    return f"plans kept of {name}: {', '.join(keys)}" if keys else f"no plan of {name} is kept"


def _pairs(a: RunRef, b: RunRef, models: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return which models are compared, as (in A, in B).

    Raises:
        UsageError: when a named model is not there, or nothing is common to both.
    """
    labels = [[about.label for about in side.plan.models] for side in (a, b)]
    if models is not None:
        if len(models) != len(labels):
            raise UsageError("names no two models", where="--models", remedy="name one of A and one of B")
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


def _reasons(untested: Iterable[MetricDiff]) -> Iterator[str]:
    """Say why there is no test, each reason once."""
    reasons: dict[tuple[str, str], list[MetricDiff]] = {}
    for one in untested:
        reasons.setdefault((f"{one.dataset}, {one.split}", one.why), []).append(one)
    for (place, why), diffs in reasons.items():
        models = dict.fromkeys(_pair(one.models) for one in diffs)
        yield f"\n{place}: no test of {', '.join(models)} ({count(len(diffs), 'value')}): {why}"
    yield ""


def _line(one: MetricDiff) -> tuple[str, ...]:
    place = (one.metric, _pair(one.models))
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
