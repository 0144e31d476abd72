"""Run the conformance kit on one plugin."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.arguments import NO_SETTINGS, DataFolders, Settings, data_locations
from benchsuite.errors import UsageError
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    Style,
    Words,
    count,
    frame,
    plain,
    several,
    terminal_width,
)
from benchsuite.plugin_names import cutoff, find_plugin, kind_and_name, kind_of, singular

if TYPE_CHECKING:
    from benchsuite.registry import PluginEntry
    from benchsuite_testing import CheckResult

_WIDTH, _INDENT = 100, 9
_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


@dataclass(repr=False, eq=False)
class Conformance(FunctionResult):
    """Whether a plugin keeps its contract.

    Attributes:
        entry: the plugin.
        settings: that were given.
        checks: each with its state and reason.
    """

    entry: PluginEntry
    settings: Mapping[str, Any]
    checks: Sequence[CheckResult]

    @property
    def counts(self) -> dict[str, int]:
        """How many checks passed, failed and were skipped."""
        return {state: sum(one.state == state for one in self.checks) for state in _COLOURS}

    @property
    def ok(self) -> bool:
        """True when no check failed."""
        return not self.counts["failed"]

    def text(self, style: Style = plain) -> str:
        """Return what failed and was skipped, each with its reason, what passed, and the counts: one screen."""
        seconds = sum(one.seconds for one in self.checks)
        head = f"{singular(self.entry.kind)} {self.entry.name} ({self.entry.origin}): {seconds:.1f} seconds"
        counts = ", ".join(f"{number} {state}" for state, number in self.counts.items())
        warned = sum(one.state == "passed" and bool(one.reason) for one in self.checks)
        counts += f", {count(warned, 'warning')}" if warned else ""
        return "\n".join([head, "", *self._lines(style), "", counts])

    def _lines(self, style: Style) -> Iterator[str]:
        """Yield the checks, those of one state and reason together, what failed last: it is read first."""
        alike: dict[tuple[str, str], list[str]] = {}
        for one in self.checks:
            alike.setdefault((one.state, one.reason), []).append(one.name.replace("_", " "))
        for wanted in ("passed", "skipped", "failed"):
            for (state, reason), names in alike.items():
                if state == wanted:
                    text = ", ".join(names) + (f": {reason}" if reason else "")
                    first, *rest = textwrap.wrap(text, (terminal_width() or _WIDTH) - _INDENT)
                    yield style(state, _COLOURS[state]) + " " * (_INDENT - len(state)) + first
                    yield from (" " * _INDENT + line for line in rest)

    def to_dict(self) -> dict[str, Any]:
        """Return plugin, counts and checks as plain values."""
        about = {"kind": singular(self.entry.kind), "name": self.entry.name, "origin": self.entry.origin}
        checks = [one.to_dict() for one in self.checks]
        return {**about, "settings": self.settings, **self.counts, "checks": checks}

    def frames(self) -> Frames:
        """Return ``checks``."""
        return {"checks": frame((one.to_dict() for one in self.checks), ("name", "state", "seconds", "reason"))}


def check(
    words: Annotated[Words, Option(metavar="[KIND] NAME", complete="plugins")],
    *,
    kind: Annotated[str | None, Option(metavar="KIND", complete="kinds")] = None,
    with_: Settings = NO_SETTINGS,
    data: DataFolders = (),
    offline: bool = False,
    timeout_minutes: float = 10,
    memory_gib: float | None = None,
) -> Conformance:
    """Check that a plugin keeps its contract, in a process of its own: whatever it does harms nothing else.

    Args:
        words: such as als, model als, or ./my_model.py:MyModel.
        kind: model, source, split, metric or report, where the name has more.
        with_: settings of the plugin, such as factors=64.
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        timeout_minutes: after this long a check fails.
        memory_gib: the most memory that the process may allocate, in GiB (default: nine tenths of the machine's).

    Raises:
        PluginError: when there is no such plugin, or it cannot be loaded.
        ConfigError: when a setting is wrong.
        UsageError: when the model cannot be used as it is set up here, such as a program that is not named.
    """
    from functools import partial

    from benchsuite.api import Model
    from benchsuite.loading import plugin_code
    from benchsuite_testing import checks
    from benchsuite_testing.apart import Limits, run_apart

    said, name = kind_and_name(several(words))
    entry = find_plugin(name, said if kind is None else kind_of(kind))
    settings = {**cutoff(name), **with_}
    plugin, _ = entry.load_code(settings=[settings])
    with plugin_code(f"{singular(entry.kind)} {entry.name} ({entry.origin})"):
        built = plugin.from_settings(settings, where=f"{singular(entry.kind)} {entry.name}")  # complains at once
        if isinstance(built, Model) and (lacking := built.unavailable()):
            raise UsageError(f"cannot be checked: {lacking}", where=f"{singular(entry.kind)} {entry.name}")
    make = partial(plugin.from_settings, settings) if settings else plugin
    place = data_locations(data, offline=offline, quiet=True)
    limits = Limits(60 * timeout_minutes, int((memory_gib or 0) * 2**30))
    return Conformance(entry, settings, run_apart(checks(entry.kind, make, place), limits))
