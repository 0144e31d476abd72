"""Shows a run: bars and a table on a terminal or in a notebook, one line for each finished cell elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterable
from importlib.util import find_spec
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

_FIRST, _LONGEST = 30.0, 1800.0
"""Seconds until the first table in a pipe, and the most between two; each is twice as far from the one before."""

_LOOK = 1.0
"""Seconds between two looks for a new table in a pipe while jobs move."""

_TOLD = 30.0
"""Seconds between two lines in a pipe that tell how far measuring is."""

_PIPE = 100, 40
"""Columns and lines of a table in a pipe."""


class HeadlineTable(Protocol):
    """A table that grows while a run goes on."""

    def changed(self, job: str) -> None:
        """A job has results."""

    def lines(self, running: Collection[str], width: int, height: int) -> list[str]:
        """Return the table as it is now, with the labels of the jobs in flight; nothing where there is none yet."""


class _Screen(Progress):
    """Bars with lines above them that are redrawn in place."""

    above: tuple[str, ...] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the lines and the bars."""
        if self.above:
            yield Text("\n".join(self.above), no_wrap=True, overflow="ellipsis")
        yield from super().get_renderables()


class _Clock(ProgressColumn):
    """The one clock, on the first bar: how long the run has taken, and about how long it still takes."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: float | None = None

    def render(self, task: Task) -> Text:
        """Return ``4:10 so far, about 12:00 left`` for the bar of the whole run."""
        if not task.fields.get("whole"):
            return Text("")
        told = f"{_clock(task.elapsed or 0)} so far"
        left = None if self.ends is None else self.ends - time.monotonic()
        if left is not None:
            told += f", about {_clock(left)} left" if left > 0 else ", longer than expected"
        return Text(told)


def _clock(seconds: float) -> str:
    """Return ``0:07``, ``12:30`` or ``1:02:03``."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class ProgressBars:
    """A watcher for the runner; use it in a ``with`` block.

    Args:
        quiet: show nothing at all.
        live: draw bars where they can be drawn; else print lines everywhere.
    """

    def __init__(self, quiet: bool = False, live: bool = True) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        notebook = self._console.is_jupyter and find_spec("ipywidgets") is not None  # rich needs it for bars
        self._live = (self._console.is_terminal or notebook) and live and not quiet
        self._cells = 0
        self._ended = 0
        self._clock = _Clock()
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            self._clock,
        )
        self._progress = _Screen(*columns, console=self._console, transient=True, disable=not self._live)
        self._all = self._progress.add_task("preparing data", total=None, whole=True)
        self._jobs: dict[str, TaskID] = {}
        self._headline: HeadlineTable | None = None
        self._quiet = quiet
        self._began = self._told = self._looked = time.monotonic()
        self._pause = _FIRST
        self._measuring = False
        self._last: list[str] = []

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bars away."""
        if self._live:  # older versions of rich print an empty line where there are none
            self._progress.stop()

    def say(self, line: str) -> None:
        """Print one line above the bars."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def expect(self, cells: int) -> None:
        """Tell how many cells are to be done from here on."""
        self._cells = self._ended + cells
        self._progress.update(self._all, description="all fits", total=self._cells, completed=self._ended)

    def time_left(self, seconds: float | None) -> None:
        """Tell about how many seconds are left from now on."""
        self._clock.ends = None if seconds is None else time.monotonic() + seconds

    def measured(self, done: int, total: int) -> None:
        """Tell how many parts of the comparison are measured and tested."""
        self._clock.ends = None
        self._headline = None  # what it showed last stays until the last screen
        self._progress.update(self._all, description="measuring", total=total, completed=done)
        ends = self._measuring and done == total  # what was told to begin is told to end
        if not self._live and (ends or (done < total and time.monotonic() - self._told > _TOLD)):
            self._told, self._measuring = time.monotonic(), not ends
            self.say(f"measuring: {done:,} of {total:,}")

    def follow(self, table: HeadlineTable | None) -> None:
        """Show a table from now on, or none."""
        self._headline = None if self._quiet else table
        self._progress.above = ()
        self._retell()

    def _retell(self, changed: str = "") -> None:
        """Redraw the table on a terminal; in a pipe print it now and then, if it says something new."""
        if self._headline is None:
            return
        due = self._live or time.monotonic() - self._began > self._pause
        try:
            if changed:
                self._headline.changed(changed)
            width, height = (self._console.width, self._console.height - len(self._jobs) - 3) if self._live else _PIPE
            lines = self._headline.lines(self._jobs, width, height) if due else []
        except Exception as error:  # noqa: BLE001 - a table on the way must not end the run
            self._headline = None
            self._progress.above = ()
            self.say(f"no table on the way: {type(error).__name__}: {error}")
            return
        if self._live:
            self._progress.above = tuple(lines)
        elif lines and lines != self._last:
            self._last = lines
            self._pause = time.monotonic() - self._began + min(max(self._pause, _FIRST), _LONGEST)
            for line in ("", *lines, ""):
                self.say(line)

    def job_started(self, label: str) -> None:
        """Add a bar for the job."""
        self._jobs[label] = self._progress.add_task(label, total=None)
        self._retell()

    def job_moved(self, label: str, phase: str, done: int, total: int, note: str) -> None:
        """Move the job's bar."""
        text = f"{label}: {phase}" + (f", {note}" if note else "")
        self._progress.update(self._jobs[label], description=text, completed=done, total=total)
        if not self._live and time.monotonic() - self._looked > _LOOK:
            self._looked = time.monotonic()
            self._retell()

    def cell_ended(self, label: str, stage: str, state: str, seconds: float, reason: str) -> None:
        """Count the cell and print its line."""
        self._ended += 1
        self._progress.update(self._all, completed=self._ended)
        text = f"[{self._ended:>{len(str(self._cells))}}/{self._cells}] {label}, {stage}: "
        self.say(text + (f"{seconds:.1f} s" if state == "ok" else f"{state}: {reason}"))
        self._retell(label)
        sys.stderr.flush()

    def cell_again(self, label: str, stage: str, reason: str) -> None:
        """Print that the cell is tried once more."""
        self.say(f"{label}, {stage}: {reason}; trying once more")

    def job_ended(self, label: str) -> None:
        """Remove the job's bar."""
        self._progress.remove_task(self._jobs.pop(label))
