"""What the files of data sets hold against what was published of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.arguments import DataFolders, Quiet, data_locations
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    Style,
    Words,
    count,
    frame,
    plain,
    print_status,
    several,
    silent,
    table,
)

if TYPE_CHECKING:
    from benchsuite.api import DataLocations, PublishedCounts

_HEADERS = ("set", "state", "rows", "users", "items", "links", "checksums", "licence")
_COUNTS = ("rows", "users", "items", "links")
_COLOURS = {"ok": "green", "not here": "dim", "nothing to check": "dim"}
_WIDE = 48


@dataclass(repr=False, eq=False)
class PublishedCountsReport(FunctionResult):
    """Data sets against their published counts.

    Attributes:
        sets: what was found of each, as plain values.
    """

    sets: list[dict[str, Any]]

    @property
    def bad(self) -> list[dict[str, Any]]:
        """The sets that do not hold what was published."""
        return [one for one in self.sets if one["state"] in {"MISMATCH", "damaged"}]

    @property
    def ok(self) -> bool:
        """True when every set that is here holds what was published."""
        return not self.bad

    def text(self, style: Style = plain) -> str:
        """Return a line for each set, the counts, and why a set is bad."""
        here = sum(one["state"] not in {"not here", "nothing to check"} for one in self.sets)
        counts = f"{count(len(self.sets), 'set')}, {here} here, {len(self.bad)} not as published"
        reasons = [f"{one['set']}: {one['reason']}" for one in self.bad]
        rows = table(_HEADERS, [_row(one, style) for one in self.sets])
        return "\n".join([rows, f"\n{counts}; counts are found / expected", *reasons])

    def to_dict(self) -> list[dict[str, Any]]:
        """Return what was found of each set."""
        return self.sets

    def frames(self) -> Frames:
        """Return ``sets``."""
        names = ("set", "state", "reason", "checksums", "licence")
        return {"sets": frame(({name: one.get(name, "") for name in names} for one in self.sets), names)}


def data_verify(
    names: Annotated[Words, Option(metavar="NAME", complete="sources")] = (),
    *,
    all_: bool = False,
    data: DataFolders = (),
    quiet: Quiet = False,
) -> PublishedCountsReport:
    """Count every set's rows, users and items, compare with what was published, and check the files' checksums.

    Nothing is downloaded.

    Args:
        names: sets; none named means all.
        all_: all sets, also where some are named.
        data: a folder with data files; may be repeated (also: $BENCHSUITE_DATA).
        quiet: show no progress.

    Raises:
        PluginError: when there is no such source.
    """
    from benchsuite.registry import entries, find

    named = several(names)
    for name in named:
        find("sources", name, trusted=[name])  # refuses an unknown name before the first set is read
    wanted = named if named and not all_ else [entry.name for entry in entries("sources")]
    place = data_locations(data, offline=True, quiet=quiet)
    return PublishedCountsReport([_verify(name, place, quiet=quiet) for name in wanted])


def _verify(name: str, place: DataLocations, *, quiet: bool) -> dict[str, Any]:
    """Return one line of the table."""
    from benchsuite.errors import DataError
    from benchsuite.registry import load_source

    source = load_source(name, trusted=[name])
    facts: dict[str, Any] = {"set": name, "licence": source.licence}
    (silent if quiet else print_status)(f"checking {name}")
    try:
        check = source().check(place)
    except DataError as error:
        return facts | {"state": "damaged", "reason": str(error)}
    if check is None:
        return facts | {"state": "nothing to check", "reason": "has no published files"}
    facts |= {"checksums": check.checksums, "expected": dict(check.expected), "found": dict(check.found)}
    state, reason = _state(check)
    return facts | {"state": state, "reason": reason}


def _state(check: PublishedCounts) -> tuple[str, str]:
    if not check.here:
        return "not here", "no local files"
    wrong = [
        f"{number:,} {name} expected, {check.found.get(name, 0):,} found"
        for name, number in check.expected.items()
        if check.found.get(name) != number
    ]
    if wrong:
        return "MISMATCH", "; ".join(wrong)
    return ("ok", "") if check.expected else ("nothing published", "")


def _row(facts: Mapping[str, Any], style: Style) -> list[str]:
    found, expected = facts.get("found", {}), facts.get("expected", {})
    state = style(facts["state"], _COLOURS.get(facts["state"], "red"))
    counts = [_pair(found.get(name), expected.get(name)) for name in _COUNTS]
    licence = facts["licence"]
    short = licence if len(licence) <= _WIDE else f"{licence[: _WIDE - 3]}..."
    return [facts["set"], state, *counts, facts.get("checksums", ""), short]


def _pair(found: int | None, expected: int | None) -> str:
    if found is None and expected is None:
        return ""
    left, right = ("-" if number is None else f"{number:,}" for number in (found, expected))
    return left if found == expected else f"{left} / {right}"
