"""Inputs of the measurements, made once. Sizes fit a laptop; ``--large`` takes Gowalla as published."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from data import evidence_of, fold_of, gowalla, zipf

from benchsuite.api import Context
from benchsuite.data import EvaluationInput, Fold, Rankings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the large size."""
    parser.addoption("--large", action="store_true", help="measure on Gowalla (BENCHSUITE_DATA names its folder)")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Measure in this process, one after another: tests beside a measurement would slow it down."""
    config.option.numprocesses = 0


@pytest.fixture(scope="session")
def fold(request: pytest.FixtureRequest) -> Fold:
    """Gowalla, or 3,000 users x 4,000 items x 60,000 interactions of realistic popularity."""
    if not request.config.getoption("--large"):
        return fold_of(zipf(3000, 4000, 60_000))
    return fold_of({path.stem: np.load(path) for path in gowalla().glob("*.npy")})


@pytest.fixture(scope="session")
def evidence(fold: Fold) -> EvaluationInput:
    """Lists in which about every second truth is found."""
    generator = np.random.default_rng(0)
    item = generator.integers(0, len(fold.train.items), (len(fold.queries), 20)).astype(np.int32)
    for row in range(0, len(item), 2):
        item[row, 0] = fold.truth.items[row][0]
    item = generator.permuted(item, axis=1)
    return evidence_of(fold, Rankings(item, np.zeros(item.shape, np.float32), np.zeros(item.shape, np.bool_)))


@pytest.fixture(scope="session")
def context() -> Context:
    """All processors."""
    import os

    return Context(seed=1, threads=os.cpu_count() or 1)


@pytest.fixture(scope="session")
def warm_up(request: pytest.FixtureRequest) -> int:
    """Rounds that do not count: one, but none where a round takes long and imports do not matter."""
    return 0 if request.config.getoption("--large") else 1
