"""The last lines of a run: what was done, what failed and where its log lies, and where everything else is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.arguments import store_folder
from benchsuite.interface import count

if TYPE_CHECKING:
    from benchsuite.runner import RunSummary

SCREEN_LINES, SCREEN_COLUMNS = 25, 100
FEWEST_LINES = 12
"""So many lines the results keep, however long the end is."""

_FAILURES = 2
"""How many different failures are told; the others are counted."""

_REASON_LINES = 2


def ending(name: str, root: Path, outcome: RunSummary) -> Iterator[str]:
    """Yield the lines, most of them no wider than a screen.

    Args:
        name: of the experiment.
        root: of the store.
        outcome: what the run came to.
    """
    store = "" if root.absolute() == store_folder(None).absolute() else f" --store {root}"
    yield _counts(outcome)
    alike: dict[str, list[str]] = {}
    for place, reason in (*outcome.failed, *outcome.failed_trials):
        alike.setdefault(reason, []).append(place)
    for reason, places in list(alike.items())[:_FAILURES]:
        others = f", and {count(len(places) - 1, 'other')}" if len(places) > 1 else ""
        told = f"failed: {places[0]}{others}: {reason}"
        yield from textwrap.wrap(
            told, SCREEN_COLUMNS, subsequent_indent="  ", max_lines=_REASON_LINES, placeholder=" ..."
        )
        if log := outcome.logs.get(places[0]):
            yield f"  log: {log}"
    if len(alike) > _FAILURES:
        yield f"  and {count(len(alike) - _FAILURES, 'more reason')}: benchsuite status {name}{store}"
    if alike:
        yield "  try again: the same command with --retry-failed"
    yield f"All tables: benchsuite report {name}{store}"
    yield "  as files: add --out DIR and --as html (a page), paper, latex, markdown or csv"
    yield f"Results lie in {root}"


def _counts(outcome: RunSummary) -> str:
    idle = outcome.found and not outcome.done and not outcome.elsewhere
    parts = ["nothing to do"] if idle else [f"{outcome.done:,} done now"]
    parts += [f"{outcome.elsewhere:,} done by other runs"] if outcome.elsewhere else []
    parts += [f"{outcome.found:,} {'was' if outcome.found == 1 else 'were'} there"] if outcome.found else []
    parts += [f"{len(outcome.failed):,} failed"] if outcome.failed else []
    parts += [f"{outcome.not_applicable:,} not applicable"] if outcome.not_applicable else []
    if outcome.trials:
        lost = f", {len(outcome.failed_trials):,} of which failed" if outcome.failed_trials else ""
        parts += [f"after {count(outcome.trials, 'tuning trial')}{lost}"]
    return f"{count(outcome.planned, 'fit')}: {', '.join(parts)}."
