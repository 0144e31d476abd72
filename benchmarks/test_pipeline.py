"""The pipeline of the bundled demo: load, plan, run with nothing to do, report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import DataLocations
from benchsuite.cli.main import main
from benchsuite.data.files import load_dataset, save_dataset
from benchsuite.registry import load_source

EXPERIMENT = """
name = "overhead"
sources = ["demo"]
splits = ["random-holdout"]
models = ["random", "popular", "item-knn"]
metrics = ["ndcg@10", "recall@10", "f1"]
"""


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Call the command line on a store that has all results already."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "e.toml").write_text(EXPERIMENT, "utf-8")

    def call(verb: str, *more: str) -> None:
        assert main([verb, str(folder / "e.toml"), "--store", str(folder / "store"), *more]) == 0

    call("run")
    return call


def test_load(benchmark: Any, tmp_path: Path) -> None:
    dataset = load_source("demo")().load(DataLocations())
    save_dataset(dataset, tmp_path)
    assert len(benchmark(load_dataset, tmp_path).interactions)


def test_plan(benchmark: Any, say: Callable[..., None]) -> None:
    benchmark.pedantic(lambda: say("plan"), rounds=3)


def test_run_with_nothing_to_do(benchmark: Any, say: Callable[..., None]) -> None:
    benchmark.pedantic(lambda: say("run"), rounds=3)


def test_report(benchmark: Any, say: Callable[..., None]) -> None:
    benchmark.pedantic(lambda: say("report"), rounds=3)
