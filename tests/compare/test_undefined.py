"""A metric without a value says why: nobody was asked, or 0 was divided by 0."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from benchsuite.analysis import comparison_builder
from benchsuite.evaluate import Measurement


@pytest.mark.parametrize(
    ("n", "lacking", "reason"),
    [(0, {}, "no query counts"), (12, {}, "0 divided by 0"), (12, {"precision": "needs labels"}, "needs labels")],
)
def test_a_metric_without_a_value_says_why(n: int, lacking: dict[str, str], reason: str) -> None:
    measured = {("precision", ""): Measurement(float("nan"), n, np.full(3, np.nan, np.float32), None)}
    cells = cast("Any", [SimpleNamespace(measured=measured)])
    (row,) = comparison_builder._rows("a", "b", "m", cells, lacking)
    assert (row.mean, row.n, row.state, row.reason) == (None, n, "not applicable", reason)
