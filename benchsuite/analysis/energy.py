"""Energy and CO2e of stored cells, estimated from what they spent with the tables of the library *codecarbon*.

Nothing is measured here and no network is asked: a cell's processor seconds become watt-hours by the rated power of its
processor, and watt-hours become grams by the carbon intensity of a country or of the world. The library's tracker is
never started.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchsuite.errors import UsageError
from benchsuite.keys import content_key
from benchsuite.store import Store

ENERGY = "energy"
"""What the identity of a remembered answer begins with."""

_HOUR = 3600.0
_VERSION = 1
"""Raised when the library is asked otherwise, so that older answers are not taken for new ones."""


def library() -> str:
    """Return the library that the estimates rest on, with its version."""
    return f"codecarbon {importlib.metadata.version('codecarbon')}"


class EnergyTables:
    """What the library says of processors and countries, remembered in a store: importing it takes half a second.

    Args:
        store: where answers are kept, under the library's version; None keeps them in memory alone.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._known: dict[tuple[Any, ...], tuple[float, str]] = {}

    def watts(self, power: Mapping[str, Any]) -> tuple[float, str]:
        """Return what :func:`watts_per_processor` says."""
        asked = {name: power[name] for name in ("cpu", "virtual", "processors", "sockets")}
        return self._remembered(asked, lambda: watts_per_processor(power))

    def grams(self, country: str) -> tuple[float, str]:
        """Return what :func:`carbon_intensity` says.

        Raises:
            UsageError: when the library does not know the country.
        """
        return self._remembered({"country": country.strip().upper()}, lambda: carbon_intensity(country))

    def _remembered(self, asked: Mapping[str, Any], ask: Callable[[], tuple[float, str]]) -> tuple[float, str]:
        key = tuple(asked.items())
        if key not in self._known:
            self._known[key] = ask() if self._store is None else _kept(self._store, asked, ask)
        return self._known[key]


def _kept(store: Store, asked: Mapping[str, Any], ask: Callable[[], tuple[float, str]]) -> tuple[float, str]:
    identity = {ENERGY: {**asked, "version": _VERSION, "library": library()}}
    key = content_key("statistics", identity)
    entry = store.find("statistics", key)
    if entry is None:
        number, told = ask()
        with store.write("statistics", key) as draft:
            draft.manifest = {"identity": identity, "content": {"number": number, "told": told}}
        return number, told
    content = entry.manifest["content"]
    return float(content["number"]), str(content["told"])


def watt_hours(cpu_seconds: float, power: Mapping[str, Any], watts: float | None = None) -> float:
    """Return the estimate for one cell: processor seconds times watts of a logical processor, plus the GPU's joules.

    Args:
        cpu_seconds: processor seconds over all threads.
        power: what the runner's ``ResourceUsage`` read; ``gpu_joules`` counts as 0 where no GPU was used.
        watts: of one busy logical processor, where they are known; None looks them up.
    """
    watts = watts_per_processor(power)[0] if watts is None else watts
    return (cpu_seconds * watts + (power["gpu_joules"] or 0.0)) / _HOUR


def watts_per_processor(power: Mapping[str, Any]) -> tuple[float, str]:
    """Return the watts of one busy logical processor, and where they come from.

    That is the thermal design power of the chip, over the logical processors that the system has. On a virtual machine
    their number says nothing about the chip, so there, and for unknown chips, the library's default is taken.
    """
    from codecarbon.core.cpu import DEFAULT_POWER_PER_CORE

    name = str(power["cpu"])
    rated = None if power["virtual"] else rated_watts(name)
    if rated is None:
        why = "a virtual machine" if power["virtual"] else "its rated power is not known"
        return float(DEFAULT_POWER_PER_CORE), f"{name}: {DEFAULT_POWER_PER_CORE} W, the library's default ({why})"
    processors, sockets = int(power["processors"]), int(power["sockets"])
    watts = rated * sockets / processors
    chips = f"{sockets} times " if sockets > 1 else ""
    return watts, f"{name}: {watts:.3g} W, {chips}its rated {rated:g} W over {processors} logical processors"


@functools.lru_cache(maxsize=64)
def rated_watts(name: str) -> float | None:
    """Return the thermal design power (W) of a processor by its name, or None where the library's table has none.

    An entry fits when all its words, one of them with a digit, are in the name; of several the longest is taken, and
    none when the longest ones disagree.
    """
    words = _words(name)
    table: Any = _data().get_cpu_power_data()
    fits = [
        (len(entry), float(watts))
        for entry, watts in zip(map(_words, table["Name"]), table["TDP"], strict=True)
        if entry <= words and any(letter.isdigit() for word in entry for letter in word)
    ]
    best = max((size for size, _ in fits), default=0)
    found = {watts for size, watts in fits if size == best}
    return found.pop() if len(found) == 1 else None


def _words(name: object) -> frozenset[str]:
    plain = str(name).lower().replace("(r)", " ").replace("(tm)", " ").partition("@")[0]
    return frozenset(plain.split())


def carbon_intensity(country: str) -> tuple[float, str]:
    """Return grams of CO2e per kWh and whose electricity that is.

    Args:
        country: three letters of the country, or "" for the world's average.

    Raises:
        UsageError: when the library does not know the country.
    """
    code = country.strip().upper()
    if not code:
        # asked for it, the library would read all its tables, and import pandas for one of them
        told = json.loads(Path(_data().carbon_intensity_per_source_path).read_text("utf-8"))
        return float(told["world_average"]), "the world's average"
    from codecarbon.core.emissions import Emissions
    from codecarbon.core.units import Energy
    from codecarbon.external.geography import GeoMetadata

    data = _data()
    known: Any = data.get_global_energy_mix_data()
    if code not in known:
        raise UsageError(
            f'"{country}" is no country that {library()} knows',
            remedy="write the three letters of ISO 3166, such as FRA or IND, or nothing for the world's average",
        )
    place = GeoMetadata(country_iso_code=code, country_name=known[code]["country_name"])
    kilograms: float = Emissions(data).get_country_emissions(Energy.from_energy(1.0), place)
    return 1000.0 * kilograms, str(known[code]["country_name"])


def _data() -> Any:
    from codecarbon.input import DataSource

    return DataSource()  # type: ignore[no-untyped-call]  # it tells no types
