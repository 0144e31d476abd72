"""The kit judges data sources and reports rightly."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from benchsuite.api import DataLocations, Report, Source
from benchsuite.data import Entities, Step
from benchsuite.errors import DataError
from benchsuite_testing import check_names, check_report, check_source, parametrize, small_dataset
from benchsuite_testing.plugin_checks import PLUGIN_CHECKS
from benchsuite_testing.process_checks import process_checks
from benchsuite_testing.report_checks import comparison
from benchsuite_testing.surroundings import Traces

SHARED = {check.__name__.removeprefix("check_") for check in (*PLUGIN_CHECKS, *process_checks(Traces))}


@dataclass
class GoodSource(Source):
    """Makes the small data."""

    domain: ClassVar[str] = "books"
    licence: ClassVar[str] = "free"
    simulated: ClassVar[bool] = True

    def load(self, place):
        return small_dataset()


@dataclass
class NoLicence(GoodSource):
    """Tells no licence."""

    licence: ClassVar[str] = ""


@dataclass
class PosesAsReal(GoodSource):
    """Sells simulated data as real."""

    simulated: ClassVar[bool] = False
    url: ClassVar[str] = "https://example.org"


@dataclass
class Different(GoodSource):
    """Makes other data each time."""

    _calls = itertools.count()

    def load(self, place):
        return small_dataset(next(self._calls))


@dataclass
class Miscounts(GoodSource):
    """Tells steps that do not add up."""

    def load(self, place):
        rows = len(small_dataset().interactions)
        steps = (Step("read", 0, 900), Step("drop duplicates", 800, rows))
        return dataclasses.replace(small_dataset(), steps=steps)


@dataclass
class Alphabetical(GoodSource):
    """Gives codes in the order of names."""

    def load(self, place):
        data = small_dataset()
        return dataclasses.replace(data, items=dataclasses.replace(data.items, ids=tuple(sorted(data.items.ids))))


@dataclass
class Milliseconds(GoodSource):
    """Tells time in milliseconds."""

    def load(self, place):
        data = small_dataset()
        rows = dataclasses.replace(data.interactions, timestamp=data.interactions.timestamp * 1000)
        return dataclasses.replace(data, interactions=rows)


@dataclass
class EmptyTexts(GoodSource):
    """Has texts that are all empty."""

    def load(self, place):
        data = small_dataset()
        items = Entities(ids=data.items.ids, text=("",) * len(data.items))
        return dataclasses.replace(data, items=items)


BAD_SOURCES = {
    NoLicence: "tells_facts",
    PosesAsReal: "tells_facts",
    Different: "loads_the_same_again",
    Miscounts: "steps_are_counted",
    Alphabetical: "codes_follow_hashed_ids",
    Milliseconds: "rows_are_sound",
    EmptyTexts: "rows_are_sound",
}


@dataclass
class Elsewhere(GoodSource):
    """Is not at hand."""

    def load(self, place):
        if place.offline or not place.folders:
            raise DataError("no such file", where="books.csv", remedy="download it")
        return small_dataset()


@parametrize("sources", GoodSource)
def test_a_good_source_conforms(check):
    check()


@pytest.mark.parametrize("source", BAD_SOURCES, ids=lambda source: source.__name__)
def test_a_bad_source_is_refused(source):
    failed = {result.name for result in check_source(source) if result.state == "failed"}
    assert failed == {BAD_SOURCES[source]}


@dataclass
class FromTheStart(GoodSource):
    """Its first event happened at the first second of 1970."""

    seconds: int = 0

    def load(self, place):
        data = small_dataset()
        times = data.interactions.timestamp - data.interactions.timestamp.min() + self.seconds
        return dataclasses.replace(data, interactions=dataclasses.replace(data.interactions, timestamp=times))


@pytest.mark.parametrize(("seconds", "state"), [(0, "passed"), (-1, "failed")])
def test_the_first_second_of_1970_is_a_time(seconds, state):
    results = {one.name: one for one in check_source(functools.partial(FromTheStart, seconds=seconds))}
    assert results["rows_are_sound"].state == state
    assert results["rows_are_sound"].reason == ("" if seconds == 0 else "a time lies before 1970")


def test_every_source_check_can_fail():
    assert set(BAD_SOURCES.values()) == set(check_names("sources")) - SHARED


def test_data_that_is_not_at_hand_is_skipped_offline_and_an_error_online():
    offline = {result.name: result for result in check_source(Elsewhere)}["rows_are_sound"]
    assert offline.state == "skipped"
    assert "the data is not at hand: books.csv: no such file; download it" in offline.reason
    online = {result.name: result for result in check_source(Elsewhere, DataLocations())}["rows_are_sound"]
    assert online.state == "failed"
    there = check_source(Elsewhere, DataLocations(folders=(Path(),)))
    assert {result.name for result in there if result.state == "failed"} == set()


@dataclass
class GoodReport(Report):
    """Lists every row."""

    printable: ClassVar[bool] = True

    def render(self, comparison):
        lines = [f"{row.dataset} {row.split} {row.model} {row.mean} {row.reason}" for row in comparison.rows]
        return {"rows.txt": "\n".join(lines).encode()}


@dataclass
class Escapes(GoodReport):
    """Writes outside of its folder."""

    def render(self, comparison):
        return {"../rows.txt": super().render(comparison)["rows.txt"]}


@dataclass
class NotText(GoodReport):
    """Claims to be printable."""

    def render(self, comparison):
        return {"rows.bin": b"\xff\xfe", **super().render(comparison)}


@dataclass
class Surroundings(GoodReport):
    """Looks at the terminal."""

    def render(self, comparison):
        width = int(os.environ.get("COLUMNS", "200"))
        return {"rows.txt": super().render(comparison)["rows.txt"] + b"-" * width}


@dataclass
class OnlyWinners(GoodReport):
    """Hides models without a result."""

    def render(self, comparison):
        rows = tuple(row for row in comparison.rows if row.state == "ok") or comparison.rows
        return super().render(dataclasses.replace(comparison, rows=rows))


@dataclass
class NoReasons(GoodReport):
    """Says n/a and not why."""

    def render(self, comparison):
        rows = tuple(dataclasses.replace(row, reason="n/a") for row in comparison.rows)
        return super().render(dataclasses.replace(comparison, rows=rows))


BAD_REPORTS = {
    Escapes: "writes_files",
    NotText: "printable_is_one_text",
    Surroundings: "same_bytes_again",
    OnlyWinners: "shows_every_model",
    NoReasons: "shows_every_state",
}


@parametrize("reports", GoodReport)
def test_a_good_report_conforms(check):
    check()


@pytest.mark.parametrize("report", BAD_REPORTS, ids=lambda report: report.__name__)
def test_a_bad_report_is_refused(report):
    failed = {result.name for result in check_report(report) if result.state == "failed"}
    assert BAD_REPORTS[report] in failed


def test_every_report_check_can_fail():
    assert set(BAD_REPORTS.values()) == set(check_names("reports")) - SHARED


@dataclass
class Drawing(OnlyWinners):
    """Draws numbers only, and says so."""

    complete: ClassVar[bool] = False

    def render(self, comparison):
        drawn = any(row.state == "ok" for row in comparison.rows)
        return {"figure.svg": b"alpha beta gamma delta zenith movies shop"} if drawn else {}


def test_a_declared_drawing_need_not_tell_reasons():
    results = {result.name: result for result in check_report(Drawing)}
    assert results["shows_every_state"].reason == "draws numbers only, by design (complete = False)"
    assert results["writes_files"].state == "passed"


def test_the_comparison_has_every_state_and_both_kinds_of_data():
    rows = comparison().rows
    assert {row.state for row in rows} == {"ok", "failed", "not applicable", "missing"}
    assert {about.simulated for about in comparison().datasets} == {True, False}
    assert np.isfinite([row.mean for row in rows if row.state == "ok"]).all()
