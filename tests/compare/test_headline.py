"""The table of a run that goes on: values of rows that are done, best first, and what the others wait for."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from benchsuite.analysis import build
from benchsuite.functions import headline
from benchsuite.functions.headline import Headline
from benchsuite.plan import Plan
from benchsuite.runner.jobs import write_failure
from benchsuite.store import Store

Filled = Callable[..., tuple[Plan, Store]]

JOB = "{} on one, split, seed 1"


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, all is measured."""
    monkeypatch.setattr(headline, "_ALLOWANCE", 3600.0)


def told(table: Headline, running: Collection[str] = (), width: int = 80, height: int = 20) -> dict[str, str]:
    """Return what the table says of each model, in its order."""
    lines = table.lines(running, width, height)
    return dict(line.split(maxsplit=1) for line in lines[2:])


def without(plan: Plan, store: Store, *models: str) -> None:
    for cell in plan.cells:
        if cell.model in models:
            store.drop("cell", cell.key)


def test_values_are_those_of_the_final_table_and_the_rest_waits(filled: Filled) -> None:
    plan, store = filled({"low": 0.2, "high": 0.9, "later": 0.5, "last": 0.4}, seeds=(1, 2))
    final = {row.model: row.mean for row in build(plan, store).rows if row.metric == "ndcg@10" and not row.group}
    cells = [cell for cell in plan.cells if cell.model == "later"]
    without(plan, store, "later", "last")
    table = Headline(plan, store)
    assert table.lines([], 80, 20)[0] == "nDCG@10 so far (higher is better): 2 of 4 models done"
    shown = told(table, [JOB.format("later")])
    assert shown == {
        "high": f"{final['high']:.3f}",
        "low": f"{final['low']:.3f}",
        "later": "running",
        "last": "waiting",
    }
    assert list(shown) == ["high", "low", "later", "last"], "best first"
    for cell in cells:
        write_failure(store, {"key": cell.key, "identity": cell.identity}, "it broke", "", {})
    assert told(table)["later"] == "waiting", "nobody said that it changed"
    table.changed(JOB.format("later"))
    assert told(table)["later"] == "failed"


def test_a_metric_of_which_less_is_better_and_one_that_needs_validation(filled: Filled) -> None:
    plan, store = filled({"low": 0.2, "high": 3.0, "later": 1.0}, metrics=("log-loss",))
    final = {row.model: row.mean for row in build(plan, store).rows if row.metric == "log-loss"}
    without(plan, store, "later")
    table = Headline(plan, store)
    assert table.lines([], 80, 20)[0].endswith("so far (lower is better): 2 of 3 models done")
    shown = [*((name, f"{final[name]:.3f}") for name in ("high", "low")), ("later", "waiting")]
    assert list(told(table).items()) == shown


def test_an_oracle_comes_last_and_impossible_rows_say_so(filled: Filled) -> None:
    plan, store = filled({"low": 0.2, "all": 1.0, "mid": 0.5}, ceilings=("all",), datasets=("a", "bb"))
    without(plan, store, "mid")
    lines = Headline(plan, store).lines([], 80, 20)
    assert lines[1].split() == ["model", "a", "bb"]
    assert [line.split()[0] for line in lines[2:]] == ["low", "mid", "all"]


def test_nothing_before_a_first_model_is_done(filled: Filled) -> None:
    plan, store = filled({"one": 0.2, "two": 0.3})
    without(plan, store, "one", "two")
    assert Headline(plan, store).lines([], 80, 20) == []


def test_it_fits_the_screen(filled: Filled) -> None:
    plan, store = filled({f"model-{n}-of-a-long-name": 0.1 * n for n in range(8)}, datasets=("a" * 30, "b" * 31))
    lines = Headline(plan, store).lines([], 60, 7)
    assert len(lines) <= 7
    assert max(map(len, lines)) <= 60
    assert lines[-1] == "and 4 more models, 1 more column"


def test_without_time_it_says_done_and_measures_later(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, store = filled({"one": 0.2, "two": 0.3, "later": 0.4})
    without(plan, store, "later")
    monkeypatch.setattr(headline, "_ALLOWANCE", -1.0)
    monkeypatch.setattr(headline, "_SHARE", 0.0)
    table = Headline(plan, store)
    assert told(table) == {"one": "done", "two": "done", "later": "waiting"}
    monkeypatch.setattr(headline, "_ALLOWANCE", 3600.0)
    assert "done" not in told(table).values()
    assert store.keys("measure") == [], "nothing is kept: the end measures with intervals"
