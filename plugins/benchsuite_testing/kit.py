"""All checks by kind of plugin, as plain calls and for pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchsuite.api import DataLocations, Metric, Model, Report, Source, Split
from benchsuite.registry import Kind
from benchsuite_testing.learning_checks import LEARNING_CHECKS
from benchsuite_testing.metric_checks import METRIC_CHECKS
from benchsuite_testing.model_checks import MODEL_CHECKS
from benchsuite_testing.outcome import Check, CheckResult, Make, bind
from benchsuite_testing.plugin_checks import PLUGIN_CHECKS
from benchsuite_testing.report_checks import REPORT_CHECKS
from benchsuite_testing.saving_checks import SAVING_CHECKS
from benchsuite_testing.source_checks import SOURCE_CHECKS, SourceAt
from benchsuite_testing.split_checks import SPLIT_CHECKS

_BY_KIND: dict[Kind, tuple[Any, ...]] = {
    "models": (*PLUGIN_CHECKS, *MODEL_CHECKS, *SAVING_CHECKS, *LEARNING_CHECKS),
    "sources": (*PLUGIN_CHECKS, *SOURCE_CHECKS),
    "splits": (*PLUGIN_CHECKS, *SPLIT_CHECKS),
    "metrics": (*PLUGIN_CHECKS, *METRIC_CHECKS),
    "reports": (*PLUGIN_CHECKS, *REPORT_CHECKS),
}


def checks(kind: Kind, make: Make[Any], place: DataLocations | None = None) -> list[Check]:
    """Return all checks of a plugin, not yet run.

    Args:
        kind: ``"models"``, ``"sources"``, ``"splits"``, ``"metrics"`` or ``"reports"``.
        make: builds the plugin: the class itself, or ``functools.partial(Class, epochs=1)`` for other settings.
        place: where a source may find its data; by default the cache, without a network.
    """
    if kind == "sources" and place is not None:
        make = SourceAt(make, place)
    return bind(_BY_KIND[kind], make)


def check_names(kind: Kind) -> list[str]:
    """Return the names of all checks of a kind, in order."""
    return [function.__name__.removeprefix("check_") for function in _BY_KIND[kind]]


def check_model(make: Make[Model]) -> list[CheckResult]:
    """Run all checks of a model; a check that does not apply is skipped with its reason."""
    return [check.run() for check in checks("models", make)]


def check_source(make: Make[Source], place: DataLocations | None = None) -> list[CheckResult]:
    """Run all checks of a data source."""
    return [check.run() for check in checks("sources", make, place)]


def check_split(make: Make[Split]) -> list[CheckResult]:
    """Run all checks of a split."""
    return [check.run() for check in checks("splits", make)]


def check_metric(make: Make[Metric]) -> list[CheckResult]:
    """Run all checks of a metric."""
    return [check.run() for check in checks("metrics", make)]


def check_report(make: Make[Report]) -> list[CheckResult]:
    """Run all checks of a report."""
    return [check.run() for check in checks("reports", make)]


def parametrize(kind: Kind, make: Make[Any], place: DataLocations | None = None) -> Any:
    """Return a pytest mark that gives one test id per check.

    ::

        @parametrize("models", MyModel)
        def test_conformance(check):
            check()
    """
    import pytest

    return pytest.mark.parametrize("check", checks(kind, make, place), ids=str)


def conformance_test(kind: Kind, make: Make[Any], place: DataLocations | None = None) -> Callable[..., None]:
    """Return a test function for pytest, with one test id per check.

    ::

        test_conformance = conformance_test("models", MyModel)

    Args:
        kind: as in :func:`checks`.
        make: builds the plugin.
        place: where a source may find its data.
    """

    def test(check: Check) -> None:
        check()

    marked: Callable[..., None] = parametrize(kind, make, place)(test)
    return marked
