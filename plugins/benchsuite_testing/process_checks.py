"""Checks of what a plugin of any kind does to the process it runs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchsuite_testing.outcome import Make
from benchsuite_testing.surroundings import Traces


def process_checks(traces: Callable[[Make[Any]], Traces]) -> tuple[Callable[[Make[Any]], None], ...]:
    """Return the checks for one kind of plugin.

    Args:
        traces: uses the plugin once and returns what was observed; it may keep the answer.
    """

    def check_leaves_the_process_alone(make: Make[Any]) -> None:
        """Working folder, environment, signal handlers and global random states are as before; no thread still runs."""
        traces(make).require_nothing_changed()

    def check_leaves_no_process(make: Make[Any]) -> None:
        """No process that the plugin started still runs, in a session of its own or not."""
        traces(make).require_nobody_left()

    def check_prints_little(make: Make[Any]) -> None:
        """It prints no more than a log keeps."""
        traces(make).require_little_printed()

    return check_leaves_the_process_alone, check_leaves_no_process, check_prints_little
