"""A metric says its own heading, a stranger's too, and every report shows it without knowing the metric."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Callable
from pathlib import Path

import pytest

from benchsuite.analysis import build
from benchsuite.data import Comparison
from benchsuite.plan import Plan
from benchsuite.registry import load_report
from benchsuite.store import Store

STRANGER = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchsuite.api import Metric


@dataclass
class Surprise(Metric):
    """Nothing of use: the same for everybody."""

    title: ClassVar[str] = "Surprise & wonder"
    unit: ClassVar[str] = "bits"
    convention: ClassVar[str] = "one quarter"

    def measure(self, evidence):
        return np.full(len(evidence), 0.25)
'''

Filled = Callable[..., tuple[Plan, Store]]
MODELS = {"als": 0.3, "flm": 0.4}
WANTED = ("nDCG@10", "Log loss", "Brier score", "AUC per user", "Gini@10", "Surprise & wonder")


@pytest.fixture
def made(filled: Filled, tmp_path: Path) -> tuple[Plan, Store]:
    file = tmp_path / "surprise.py"
    file.write_text(STRANGER)
    metrics = ("ndcg@10", "log-loss", "brier", "user-auc", "gini@10", f"{file}:Surprise")
    plan, store = filled(MODELS, language=["flm"], metrics=metrics)
    return plan.trusting([metrics[-1]]), store


def test_the_plan_keeps_what_a_metric_says_of_itself(made: tuple[Plan, Store]) -> None:
    metrics = Plan.from_json(made[0].to_json()).metrics
    assert [metric.title for metric in metrics] == list(WANTED)
    assert [metric.unit for metric in metrics] == ["share", "nats", "share", "share", "share", "bits"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["terminal", "markdown", "latex", "html"])
def test_every_form_shows_the_headings(form: str, made: tuple[Plan, Store]) -> None:
    said = text(form, build(*made))
    for heading in WANTED:
        assert heading in said, heading
    if form == "terminal":
        assert not [label for label in ("log-loss", "brier", "user-auc", "gini@10") if label in said]


def test_a_plan_older_than_titles_keeps_its_headings(made: tuple[Plan, Store]) -> None:
    plan, store = made
    old = dataclasses.replace(plan, metrics=tuple(dataclasses.replace(m, title="", unit="") for m in plan.metrics))
    headings = [metric.heading for metric in build(old, store).metrics if metric.task != "cost"]
    assert headings == ["nDCG@10", "log-loss", "brier", "user-auc", "gini@10", "Surprise"]


def text(form: str, comparison: Comparison) -> str:
    files = load_report(form)().render(comparison)
    said = " ".join(b" ".join(files.values()).decode().split())
    if form == "html":
        said = html.unescape(said.partition('id="data"')[0])
    return said.replace("\\&", "&").replace("&amp;", "&").replace("\\shortstack[r]{", "").replace(" \\\\ ", " ")
