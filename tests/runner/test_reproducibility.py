"""What a model says of a second fit is on its card, and decides whether a difference is a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchsuite.api import Reproducibility
from benchsuite.functions.rerun import Refit, rerun
from benchsuite.functions.show_plugin import show_plugin
from benchsuite.registry import OWN, entries, load_model
from benchsuite.runner.refit import Difference, may_differ
from benchsuite_classic.slim import SLIM

TOY = Path(__file__).parent / "toy.py"


@pytest.mark.parametrize("name", sorted(entry.name for entry in entries("models") if entry.distribution == OWN))
def test_the_card_says_what_is_declared(name: str) -> None:
    told = load_model(name).reproducibility
    assert isinstance(told, Reproducibility)
    card = show_plugin(["model", name])
    assert card.about["facts"]["reproducibility"] == str(told)
    assert f"reproducibility {told}" in " ".join(card.text().split())


def test_whether_a_difference_is_a_fault_is_the_models_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SLIM, "reproducibility", Reproducibility.ONE_THREAD)
    assert [may_differ("slim", threads) for threads in (1, 2)] == [False, True]
    assert not may_differ("ease", 4)
    assert not may_differ("no-such-model", 4)
    other = Difference("pair scores", 10, 1, 0.1)
    ok = {"before": "ok", "now": "ok"}
    assert Refit("k", ok, [Difference("lists", 10, 0, 0.0)]).ok
    assert not Refit("k", ok, [other]).ok
    assert Refit("k", ok, [other], may_differ=True).ok
    assert not Refit("k", {"before": "ok", "now": "failed"}, [], may_differ=True).ok


@pytest.mark.parametrize(
    ("model", "fine", "told"),
    [
        ("Counts", True, "the same"),
        ("Unsteady", True, "not the same, as the model says itself"),
        ("UnsteadyUnsaid", False, "not the same"),
    ],
)
def test_a_cell_is_fitted_again(tmp_path: Path, run_toy, toy_experiment, model: str, fine: bool, told: str) -> None:
    plan, _, _ = run_toy(toy_experiment([model], metrics=["ndcg@10"]))
    again = rerun(plan.cells[0].key[:12], store=tmp_path / "runs", trust=[f"{TOY}:{model}"], quiet=True)
    assert again.ok is fine
    assert again.text().splitlines()[-1] == told
    assert again.to_dict()["same"] is (told == "the same")
