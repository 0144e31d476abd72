"""Conformance kit for plugin authors, with and without pytest.

One call runs everything and raises nothing::

    for result in check_model(MyModel):
        print(result.name, result.state, result.reason)

and one mark gives pytest one test per check::

    @parametrize("model_checks", MyModel)
    def test_conformance(check):
        check()

``benchsuite check NAME`` does the same on the command line.
"""

from benchsuite.testing.checkerboard import checkerboard
from benchsuite.testing.kit import (
    check_metric,
    check_model,
    check_names,
    check_report,
    check_source,
    check_split,
    checks,
    parametrize,
)
from benchsuite.testing.outcome import Check, CheckResult, ContractViolation, State
from benchsuite.testing.samples import last_events, small_dataset, stripped

__all__ = [
    "Check",
    "CheckResult",
    "ContractViolation",
    "State",
    "check_metric",
    "check_model",
    "check_names",
    "check_report",
    "check_source",
    "check_split",
    "checkerboard",
    "checks",
    "last_events",
    "parametrize",
    "small_dataset",
    "stripped",
]
