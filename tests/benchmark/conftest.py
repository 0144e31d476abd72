"""Tests of results read those of the checkout: the installed package carries the headline's values alone."""

import os
from pathlib import Path

import pytest

from benchsuite.benchmark.places import RESULTS

CHECKOUT = Path(__file__).parents[2] / "reports" / "results"


@pytest.fixture(scope="module", autouse=True)
def _results_of_the_checkout():
    if RESULTS in os.environ:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(RESULTS, str(CHECKOUT))
        yield
