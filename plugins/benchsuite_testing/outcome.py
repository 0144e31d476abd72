"""A check, how it fails or is skipped, and its result. Works with and without pytest."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeVar
from unittest import SkipTest

from benchsuite.api import Plugin
from benchsuite.errors import BenchsuiteError
from benchsuite.loading import error_text

P = TypeVar("P", bound=Plugin)
Make = Callable[[], P]
"""Builds the plugin to check: the class itself (all defaults), or ``functools.partial(Class, epochs=1)``."""

State = Literal["passed", "failed", "skipped"]


class ContractViolation(AssertionError):  # noqa: N818 - reads as what it says: the contract is unmet
    """A check found that a plugin does not keep its contract."""


def require(condition: Any, otherwise: str) -> None:
    """Raise :class:`ContractViolation` with the sentence ``otherwise`` unless the condition holds."""
    if not condition:
        raise ContractViolation(otherwise)


@contextlib.contextmanager
def contract() -> Iterator[None]:
    """Turn the errors of :mod:`benchsuite.checks` into :class:`ContractViolation`."""
    try:
        yield
    except BenchsuiteError as error:
        raise ContractViolation(str(error)) from None


class ByDesign(SkipTest):
    """A check does not apply because the plugin itself declares so."""


def skip(reason: str, *, by_design: bool = False) -> NoReturn:
    """Leave the check: it does not apply. It is counted, with this reason (pytest shows it as skipped).

    Args:
        reason: why it does not apply.
        by_design: True where a declaration of the plugin says so, and not what the check finds.
    """
    raise (ByDesign if by_design else SkipTest)(reason)


class ContractWarning(UserWarning):
    """A plugin keeps its contract, and a user should mind something all the same."""


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: the check's name.
        state: passed, failed or skipped.
        reason: why it failed or was skipped; of one that passed "", or what to mind, after ``warning: ``.
        seconds: how long it took.
        by_design: whether it was skipped because the plugin declares that it does not apply.
    """

    name: str
    state: State
    reason: str
    seconds: float
    by_design: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-like values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Check:
    """One check of one plugin, ready to run.

    Calling it raises :class:`ContractViolation` (or whatever the plugin raises) when it fails and
    ``unittest.SkipTest`` when it does not apply, and warns where there is something to mind; :meth:`run` never raises.
    """

    name: str
    function: Callable[[Any], None]
    make: Callable[[], Any]

    def __call__(self) -> None:
        """Run the check; a failure is raised."""
        try:
            self._run()
        except ContractWarning as told:
            warnings.warn(told, stacklevel=2)

    def _run(self) -> None:
        from benchsuite_testing.surroundings import restored

        with restored():
            reason = self.make().exempt.get(self.name)
            if reason is not None:
                skip(f"{reason} (exempt by declaration)", by_design=True)
            self.function(self.make)

    def __str__(self) -> str:
        """Return the name, which pytest shows."""
        return self.name

    def run(self) -> CheckResult:
        """Run the check and return its result; Ctrl-C alone goes through."""
        begin = time.perf_counter()
        state: State = "passed"
        reason, by_design = "", False
        try:
            self._run()
        except ContractWarning as told:
            reason = f"warning: {told}"
        except SkipTest as skipped:
            state, reason, by_design = "skipped", str(skipped), isinstance(skipped, ByDesign)
        except ContractViolation as unmet:
            state, reason = "failed", str(unmet)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin under check may raise anything, and that is its failure
            state, reason = "failed", raised(error)
        return CheckResult(self.name, state, reason, time.perf_counter() - begin, by_design)


def raised(error: BaseException) -> str:
    """Return what was raised, and the line that raised it; our own errors say what to do themselves."""
    if isinstance(error, BenchsuiteError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{error_text(error)} ({frame.filename}, line {frame.lineno})"


def bind(functions: Iterable[Callable[[Any], None]], make: Callable[[], Any]) -> list[Check]:
    """Bind check functions to the plugin under check, named after the functions without ``check_``."""
    return [Check(function.__name__.removeprefix("check_"), function, make) for function in functions]
