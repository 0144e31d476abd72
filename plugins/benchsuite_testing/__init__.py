"""For plugin authors: the conformance kit, with and without pytest, and a package to begin with (``benchsuite new``).

One call runs everything and raises nothing::

    for result in check_model(MyModel):
        print(result.name, result.state, result.reason)

and one line gives pytest one test per check::

    test_conformance = conformance_test("models", MyModel)

``benchsuite check NAME`` does the same on the command line.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchsuite_testing.checkerboard_fold import checkerboard
    from benchsuite_testing.kit import (
        check_metric,
        check_model,
        check_names,
        check_report,
        check_source,
        check_split,
        checks,
        conformance_test,
        parametrize,
    )
    from benchsuite_testing.outcome import Check, CheckResult, ContractViolation, ContractWarning, State
    from benchsuite_testing.samples import last_events, small_dataset, stripped

__all__ = [
    "Check",
    "CheckResult",
    "ContractViolation",
    "ContractWarning",
    "State",
    "check_metric",
    "check_model",
    "check_names",
    "check_report",
    "check_source",
    "check_split",
    "checkerboard",
    "checks",
    "conformance_test",
    "last_events",
    "parametrize",
    "small_dataset",
    "stripped",
]


def __getattr__(name: str) -> object:
    """Import what is asked for: the help of ``check`` and ``new`` needs none of it."""
    import importlib

    for home in ("kit", "outcome", "samples", "checkerboard_fold"):
        if name in __all__ and hasattr(module := importlib.import_module(f"{__name__}.{home}"), name):
            found: object = getattr(module, name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
