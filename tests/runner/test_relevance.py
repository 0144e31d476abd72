"""Relevance from a user's file to every form of report: what says no is no hit, and every table tells the rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchsuite.analysis.comparison_builder import build
from benchsuite.analysis.query_tables import rankings
from benchsuite.api import DataLocations
from benchsuite.data import Comparison
from benchsuite.errors import ConfigError
from benchsuite.plan.experiment_file import check_experiment
from benchsuite.registry import load_report
from benchsuite.runner import Options, prepare
from benchsuite.runner import run as work
from benchsuite.store import Store

Measured = Callable[..., tuple[Comparison, list[Mapping[str, Any]]]]


class Silent:
    """Is told everything and says nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_args: None


def table(path: Path, no: float) -> Path:
    """Write 30 users of 12 items each with the values 1 to 5, and ``no`` in each third row."""
    rng = np.random.default_rng(5)
    lines = ["user,item,rating"]
    for user in range(30):
        for place, item in enumerate(rng.permutation(40)[:12]):
            lines.append(f"u{user},i{item},{no if place % 3 == 0 else 1 + (user + place) % 5}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    def go(
        no: float, write: Callable[[Path, float], Path] = table, **more: Any
    ) -> tuple[Comparison, list[Mapping[str, Any]]]:
        file = {"use": "file", "with": {"path": str(write(tmp_path / "mine.csv", no))}, "label": "mine"}
        parts = {"sources": [file], "splits": ["random-holdout"], "models": ["popular"], "metrics": ["recall@40"]}
        experiment = check_experiment({"name": "x", "k": 40} | parts | more, "x.toml")
        store = Store(tmp_path / "runs")
        place = DataLocations(cache=tmp_path / "cache", offline=True)
        plan = prepare(experiment, store, place, lambda _: None)
        plan, _ = work(plan, store, Options(threads=1), Silent())  # type: ignore[arg-type]
        return build(plan, store), list(rankings(plan, store))

    return go


def right(batches: list[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {
        (user, item)
        for batch in batches
        for user, item, hit in zip(batch["user"], batch["item"], batch["relevant"], strict=True)
        if hit
    }


def values(path: Path) -> dict[tuple[str, str], float]:
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    return {(user, item): float(value) for user, item, value in rows}


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize(("no", "bound"), [(0, None), (-2, None), (0, 4)])
def test_only_relevant_items_are_hits_and_every_report_says_so(
    measured: Measured, tmp_path: Path, no: float, bound: float | None
) -> None:
    comparison, lists = measured(no, **({} if bound is None else {"relevant_from": bound}))
    known, hits = values(tmp_path / "mine.csv"), right(lists)
    assert hits
    assert all(known[pair] >= (bound or 1) for pair in hits)
    (row,) = [row for row in comparison.rows if row.metric == "recall@40"]
    assert row.mean == 1, "all items are listed: what is relevant is found, and nothing else is asked for"
    (counted,) = comparison.provenance["relevance"]["rows"]
    assert 0 < counted["not_relevant"] == counted["held_out"] - len(hits)
    rule = "but for those with a value of 0 or below" if bound is None else "with a value of at least 4"
    told = f"{counted['not_relevant']} of {counted['held_out']} on mine, random-holdout"
    for form in ("terminal", "markdown", "latex", "html", "csv", "json"):
        files = load_report(form).from_settings({}).render(comparison)
        text = " ".join(b"\n".join(files.values()).decode().split())
        assert rule in text, form
        assert told in text, form
    screen = load_report("terminal").from_settings({"brief": True}).render(comparison)["report.txt"].decode()
    assert rule in " ".join(screen.split())
    table = load_report("table").from_settings({}).render(comparison)
    assert rule in " ".join(b"\n".join(table.values()).decode().split())


@pytest.mark.process
def test_nothing_is_said_where_everything_is_relevant(measured: Measured) -> None:
    comparison, lists = measured(1)
    assert "relevance" not in comparison.provenance
    assert not any("Relevant:" in note for note in comparison.notes)
    assert any(note.startswith("Rankings: every held-out interaction counts as right;") for note in comparison.notes)
    assert right(lists)
    package = load_report("csv").from_settings({}).render(comparison)["datapackage.json"]
    assert json.loads(package)["description"].startswith("An apostrophe")


@pytest.mark.parametrize(
    ("no", "more", "line"),
    [
        (0, {"relevant_from": 6}, r"x, mine: relevant_from = 6 is above every value: the largest is 5; give at most 5"),
        (0, {"relevant": "liked"}, r'x, mine: relevant = "liked" needs labels, and the data has none; .*positive_from'),
    ],
)
def test_a_rule_that_leaves_nothing_is_refused_before_anything_is_fitted(
    measured: Measured, no: float, more: dict[str, Any], line: str
) -> None:
    with pytest.raises(ConfigError, match=line):
        measured(no, **more)


def without_values(path: Path, no: float) -> Path:
    known = values(table(path, no))
    path.write_text("\n".join(["user,item", *(f"{user},{item}" for user, item in known)]) + "\n")
    return path


def test_data_without_values_has_none_from_a_bound_on(measured: Measured) -> None:
    with pytest.raises(ConfigError, match=r"the data has no values .*leave relevant_from out"):
        measured(0, without_values, relevant_from=4)
