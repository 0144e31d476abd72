"""Checks of a data source: its facts are declared, preparation is counted, and loading again gives the same data."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass

import numpy as np

from benchsuite.api import DataLocations, Source
from benchsuite.data import Dataset, Entities
from benchsuite.errors import DataError
from benchsuite_testing.outcome import Make, require, skip
from benchsuite_testing.process_checks import process_checks
from benchsuite_testing.surroundings import Traces, observed


@dataclass(frozen=True)
class SourceAt:
    """A source with the locations of its data; calling it builds the source."""

    make: Make[Source]
    place: DataLocations

    def __call__(self) -> Source:
        """Build the source."""
        return self.make()


def _load(make: Make[Source]) -> Dataset:
    return _observed_load(make)[0]


@functools.lru_cache(maxsize=4)
def _observed_load(make: Make[Source]) -> tuple[Dataset, Traces]:
    """Load the data; skip the check where it is not available offline."""
    place = make.place if isinstance(make, SourceAt) else DataLocations(offline=True)
    try:
        with observed() as traces:
            dataset = make().load(place)
    except DataError as error:
        if not place.offline:
            raise
        skip(f"the data is not at hand: {error}")
    return dataset, traces


def check_tells_facts(make: Make[Source]) -> None:
    """Domain, licence and home page are declared, and whether the data is simulated."""
    source = make()
    require(source.domain, "domain is empty")
    require(source.licence, "licence is empty")
    require(source.url or source.simulated, "url is empty")
    simulated = _load(make).simulated
    require(simulated == source.simulated, f"simulated is {source.simulated}, but the data says {simulated}")


def check_loads_the_same_again(make: Make[Source]) -> None:
    """Loading again gives the same fingerprint."""
    first = _load(make)
    _observed_load.cache_clear()
    require(_load(make).fingerprint == first.fingerprint, "loading again gave another fingerprint")


def check_steps_are_counted(make: Make[Source]) -> None:
    """Each step of preparation begins with the rows the step before left, and the last leaves the rows there are."""
    data = _load(make)
    require(data.steps, "no step of preparation is told")
    for before, after in zip(data.steps, data.steps[1:], strict=False):
        require(before.after == after.before, f'"{after.name}" begins with {after.before} rows, not {before.after}')
    last, rows = data.steps[-1], len(data.interactions)
    require(last.after == rows, f'"{last.name}" leaves {last.after} rows, but there are {rows}')


def check_codes_follow_hashed_ids(make: Make[Source]) -> None:
    """Codes are in the order of the sha256 of the raw ids, so that a tie broken by code carries no information."""
    data = _load(make)
    tables: tuple[tuple[str, Entities], ...] = (("user", data.users), ("item", data.items))
    for kind, table in tables:
        hashed = sorted(table.ids, key=lambda raw: hashlib.sha256(raw.encode()).hexdigest())
        require(list(table.ids) == hashed, f"{kind} codes are not in the order of the sha256 of the ids")


def check_rows_are_sound(make: Make[Source]) -> None:
    """There are rows, users, items; texts are texts; times are in UTC seconds of this age; features are finite."""
    data = _load(make)
    require(len(data.interactions) > 0, "there are no rows")
    times = data.interactions.timestamp
    if times is not None:
        require(int(times.min()) >= 0, "a time lies before 1970")
        require(int(times.max()) < 2**33, "a time lies after the year 2200: seconds are needed, not milliseconds")
    for table in (data.users, data.items):
        require(table.text is None or all(isinstance(text, str) for text in table.text), "a text is no text")
        require(table.text is None or any(table.text), "all texts are empty: say None instead")
        require(table.features is None or bool(np.isfinite(table.features).all()), "a feature is not finite")


SOURCE_CHECKS = (
    check_tells_facts,
    check_loads_the_same_again,
    check_steps_are_counted,
    check_codes_follow_hashed_ids,
    check_rows_are_sound,
    *process_checks(lambda make: _observed_load(make)[1]),
)
