"""Checks of a report: pure, the same bytes for the same comparison, and no cell hidden."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from unittest.mock import patch

from benchsuite.api import Report
from benchsuite.data import Comparison, DatasetInfo, MetricInfo, ModelInfo, Row, SplitInfo, State
from benchsuite.data.dataset import Step
from benchsuite.data.infos import MetricTask
from benchsuite_testing.outcome import Make, require, skip
from benchsuite_testing.process_checks import process_checks
from benchsuite_testing.surroundings import Traces, observed_twice

_MODELS = ("alpha", "beta", "gamma", "delta")
_METRICS = ("ndcg@10", "accuracy", "fit_seconds")
_REASONS: dict[State, str] = {
    "failed": "ran out of luck",
    "not applicable": "needs item text",
    "missing": "not run yet",
}


def comparison() -> Comparison:
    """Return a comparison of two data sets and two splits, with models in every state and an oracle."""
    states: dict[str, State] = {"alpha": "ok", "beta": "failed", "gamma": "not applicable", "delta": "missing"}
    rows = [
        _row(dataset, split, model, metric, states.get(model, "ok"))
        for dataset in ("movies", "shop")
        for split in ("warm", "cold")
        for model in (*_MODELS, "zenith")
        for metric in _METRICS
    ]
    return Comparison(
        name="checked",
        rows=tuple(rows),
        datasets=(_data("movies", simulated=False), _data("shop", simulated=True)),
        splits=(SplitInfo("warm", "random-holdout", "Warm"), SplitInfo("cold", "item-cold", "New items")),
        models=(
            *(ModelInfo(name, name, f"The model {name}", {"factors": 8}) for name in _MODELS),
            ModelInfo("zenith", "zenith", "The ceiling", is_oracle=True),
        ),
        metrics=tuple(_metric(name) for name in _METRICS),
        provenance={"seeds": [1], "packages": {"numpy": "2.0"}},
        notes=("the shop is simulated",),
    )


def _row(dataset: str, split: str, model: str, metric: str, state: State) -> Row:
    if state != "ok":
        return Row(dataset, split, model, metric, None, None, None, 0, state, _REASONS[state])
    value = (len(model) + 2 * len(split) + 3 * len(metric)) / 97
    cost = metric == "fit_seconds"
    return Row(
        dataset, split, model, metric, value, None if cost else value - 0.01, None if cost else value + 0.01, 90, "ok"
    )


def _data(label: str, *, simulated: bool) -> DatasetInfo:
    return DatasetInfo(
        label,
        label,
        f"The data set {label}",
        licence="free",
        simulated=simulated,
        users=10,
        items=20,
        interactions=100,
        steps=(Step("drop duplicates", 120, 100),),
    )


def _metric(name: str) -> MetricInfo:
    cost = name == "fit_seconds"
    task: MetricTask = "cost" if cost else "ranking" if "@" in name else "classification"
    return MetricInfo(name, name, task=task, higher_is_better=not cost, convention=f"how {name} is made")


def _nothing_yet() -> Comparison:
    rows = [Row("movies", "warm", name, "ndcg@10", None, None, None, 0, "missing", "not run yet") for name in _MODELS]
    full = comparison()
    return Comparison("empty", tuple(rows), full.datasets[:1], full.splits[:1], full.models[:4], full.metrics[:1])


@functools.lru_cache(maxsize=4)
def _rendered(make: Make[Report]) -> Mapping[str, bytes]:
    """Return the files of the comparison; checks share one rendering."""
    return make().render(comparison())


def check_writes_files(make: Make[Report]) -> None:
    """There is at least one file; names are relative and stay inside the folder; contents are bytes."""
    report = make()
    for files in (_rendered(make), report.render(_nothing_yet())):
        require(files or not report.complete, "render returned no file")
        for name, found in files.items():
            content: Any = found
            path = PurePosixPath(name)
            require(name and not path.is_absolute() and ".." not in path.parts, f"file name {name!r} leaves the folder")
            require("\\" not in name, f"file name {name!r} is not portable")
            require(isinstance(content, bytes) and content, f"{name} is {type(content).__name__}, or empty")


def check_printable_is_one_text(make: Make[Report]) -> None:
    """A printable report is one file of UTF-8 text."""
    report = make()
    if not report.printable:
        skip("is written to files, not printed")
    files = _rendered(make)
    require(len(files) == 1, f"a printable report has {len(files)} files")
    next(iter(files.values())).decode()


def check_same_bytes_again(make: Make[Report]) -> None:
    """The same comparison gives the same bytes under any terminal, language or time zone."""
    first = dict(_rendered(make))
    with patch.dict(os.environ, {"COLUMNS": "50", "LINES": "10", "TZ": "Asia/Tokyo", "LC_ALL": "C", "NO_COLOR": "1"}):
        second = dict(make().render(comparison()))
    differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    require(not differing, f"rendered again in other surroundings, these files differ: {', '.join(differing)}")


def _text(make: Make[Report]) -> str:
    text = []
    for content in _rendered(make).values():
        try:
            text.append(content.decode())
        except UnicodeDecodeError:
            continue
    if not text:
        skip("writes no text")
    return " ".join("\n".join(text).split())


def check_shows_every_model(make: Make[Report]) -> None:
    """Every planned model appears by name, oracles and models without a result included, and so does every data set."""
    text = _text(make)
    absent = [name for name in (*_MODELS, "zenith", "movies", "shop") if name not in text]
    require(not absent, f"these labels do not appear: {', '.join(absent)}")


def check_shows_every_state(make: Make[Report]) -> None:
    """A model that failed, does not apply or has not run shows its reason: no cell is hidden."""
    if not make().complete:
        skip("draws numbers only, by design (complete = False)", by_design=True)
    text = _text(make)
    hidden = [f'{state} ("{reason}")' for state, reason in _REASONS.items() if reason not in text]
    require(not hidden, f"the reason of these states does not appear: {', '.join(hidden)}")


@functools.lru_cache(maxsize=4)
def _traces(make: Make[Report]) -> Traces:
    return observed_twice(lambda: make().render(_nothing_yet()))


REPORT_CHECKS = (
    check_writes_files,
    check_printable_is_one_text,
    check_same_bytes_again,
    check_shows_every_model,
    check_shows_every_state,
    *process_checks(_traces),
)
