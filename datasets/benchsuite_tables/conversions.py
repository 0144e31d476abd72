"""From cells to numbers, times and ids: what can be read is read and counted, anything else is a bad cell."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.data import Bool
from benchsuite_tables.bad_cells import BadCells
from benchsuite_tables.card_table import NOT_KNOWN, UNITS, CardTable
from benchsuite_tables.text_file import shorten
from benchsuite_tables.times import EARLIEST

if TYPE_CHECKING:
    import pandas as pd

_LATEST = 2**33
"""A second in the year 2242: no event is later, even where dates are shifted to hide people."""

_FIRST, _LAST = 5e8, 4.2e9
"""Seconds of the years 1985 and 2103: what real events lie between, for telling units apart."""

_WORDS = 3
"""How many different cells that are no numbers an error names as possibly "not known"."""

_TRUTH = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
_INVISIBLE = "\ufeff\u200b\u200e\u200f\u2060"
"""Signs that nobody sees around an id: the mark of byte order where files were put together, blanks of no width."""

_EDGES = _INVISIBLE + " \t\r\n\u00a0"
_WHOLE = re.compile(r"0*([0-9]+)(?:\.0+)?")

_FINE, _TRUE, _WITH_COMMA, _EMPTY, _WRONG, _FOREIGN, _INFINITE, _OUTSIDE = range(8)
"""Kinds of cells."""


@dataclass(frozen=True, eq=False)
class Converted:
    """A column of numbers or times.

    Attributes:
        numbers: float64[n], or int64[n] UTC seconds; anything at all in bad rows.
        bad: cells that are none, by kind.
        changed: bool[n] by kind (``boolean``, ``comma``): cells that are written otherwise; ``early``: times that are
            years before most others.
        mixed: two rows whose times count different units and the cells there, or None.
    """

    numbers: Any
    bad: list[BadCells]
    changed: dict[str, Bool] = field(default_factory=dict)
    mixed: tuple[int, str, int, str] | None = None


def to_numbers(column: Any, null: Bool | None, name: str, table: CardTable) -> Converted:
    """Return float64[n] of a column; true and yes count 1, false and no count 0.

    Args:
        column: categories of text, or numbers.
        null: which cells of numbers are empty, or None for none.
        name: the file's name of the column.
        table: says the decimal sign, and which texts mean "not known".
    """
    if _is_text(column):
        read = [_number(cell, table) for cell in column.categories]
        values = np.array([*(value for value, _ in read), math.nan])[column.codes]
        kinds = np.array([*(kind for _, kind in read), _EMPTY], np.int8)[column.codes]
        changed = {word: kinds == kind for word, kind in (("boolean", _TRUE), ("comma", _WITH_COMMA))}
        return Converted(
            values,
            _bad(lambda kind: kinds == kind, column, name),
            {word: mask for word, mask in changed.items() if mask.any()},
        )
    values = np.asarray(column, np.float64)
    wrong = _too_large(values)
    if wrong.any() and null is not None:
        wrong &= ~null
    return Converted(values, _bad({_EMPTY: null, _INFINITE: wrong}.get, column, name))


def _too_large(values: Any) -> Any:
    # float32 is what models get, so a number must be finite there too
    return ~(np.abs(values) <= np.finfo(np.float32).max)


def _number(cell: str, table: CardTable) -> tuple[float, int]:
    """Return what a cell says and of which kind it is."""
    plain = cell.strip()
    if _is_unknown(plain, table):
        return math.nan, _EMPTY
    if plain.lower() in _TRUTH:
        return _TRUTH[plain.lower()], _TRUE
    comma = bool(_COMMA.fullmatch(plain))
    try:
        value = float(plain.replace(",", ".") if comma else plain)
    except ValueError:
        value = math.nan
        kind = _WRONG
    else:
        kind = _INFINITE if _too_large(value) else _WITH_COMMA if comma else _FINE
    if comma and table.decimal == ".":
        kind = _FOREIGN
    # Python alone writes a thousand as 1_000
    elif "_" in plain or (table.decimal == "," and "." in plain):
        kind = _WRONG
    return value, kind


def _is_unknown(plain: str, table: CardTable) -> bool:
    """Return whether a cell says that nothing is known; float() has a meaning of its own for nan."""
    return not plain or plain in table.missing or (plain in NOT_KNOWN and plain.lower() != "nan")


def to_seconds(column: Any, null: Bool | None, name: str, table: CardTable) -> Converted:
    """Return int64[n] UTC seconds of a column of times.

    Args:
        column: categories of text, or numbers in the table's unit.
        null: which cells of numbers are empty, or None for none.
        name: the file's name of the column.
        table: says how times are written.
    """
    if table.time not in UNITS:
        return _dates(column, name, table)
    unit = UNITS[table.time]
    if _is_text(column):
        pointed = table.model_copy(update={"decimal": "."})  # times may have a point where values have a comma
        read = [_count(cell, unit, table if "," in cell else pointed) for cell in column.categories]
        counted = np.array([*(number for number, _, _ in read), math.nan])[column.codes]
        seconds = np.array([*(second for _, second, _ in read), 0], np.int64)[column.codes]
        kinds = np.array([*(kind for _, _, kind in read), _EMPTY], np.int8)[column.codes]
        sound = kinds == _FINE
    else:
        counted = np.asarray(column)
        whole = counted.dtype.kind == "i"
        sound = np.ones(len(counted), bool) if whole else np.isfinite(counted)
        kinds = np.where(sound, np.int8(_FINE), np.int8(_WRONG))
        if null is not None:
            sound &= ~null
            kinds[null] = _EMPTY
        # the bounds keep what no int64 holds from being cast; anything outside the years is refused below
        floored = counted // unit if whole else np.floor(counted / unit)
        seconds = np.clip(np.nan_to_num(floored, copy=False), -1, _LATEST).astype(np.int64)
    kinds[sound & ((seconds < 0) | (seconds >= _LATEST))] = _OUTSIDE
    early = sound & (seconds < EARLIEST)
    changed = {"early": early} if 0 < 2 * int(early.sum()) < int(sound.sum()) else {}
    return Converted(
        seconds, _bad(lambda kind: kinds == kind, column, name, table.time), changed, _mixed(counted, sound)
    )


def outside(seconds: Any, null: Bool | None, name: str) -> Converted:
    """Return seconds that the file holds as such, with those that are empty or outside of all years as bad cells."""
    empty = np.zeros(len(seconds), bool) if null is None else null
    masks = {_EMPTY: null, _OUTSIDE: ~empty & ((seconds < 0) | (seconds >= _LATEST))}
    return Converted(seconds, _bad(masks.get, seconds, name, "iso"))


def _count(cell: str, unit: int, table: CardTable) -> tuple[float, int, int]:
    """Return the number in a cell, its second, and of which kind the cell is."""
    plain = cell.strip()
    if _is_unknown(plain, table):
        return math.nan, 0, _EMPTY
    number, kind = (float(plain), _FINE) if plain.isdecimal() else _number(plain, table)
    if kind not in {_FINE, _WITH_COMMA} or not math.isfinite(number):
        return math.nan, 0, _WRONG
    second = int(plain) // unit if plain.isdecimal() else math.floor(number / unit)
    return number, min(max(second, -1), _LATEST), _FINE


def _dates(column: pd.Categorical[str], name: str, table: CardTable) -> Converted:
    """Read written times, each different one once."""
    import pandas as pd

    known = column.categories
    form = "ISO8601" if table.time == "iso" else table.time
    times = pd.to_datetime(pd.Series(known, dtype=object).str.strip(), format=form, utc=True, errors="coerce")
    fine = times.notna().to_numpy()
    seconds = times.astype("datetime64[s, UTC]").astype("int64").to_numpy().astype(np.int64)
    blank = np.array([_is_unknown(cell.strip(), table) for cell in known], bool)
    kinds = np.where(blank, _EMPTY, np.where(fine, _FINE, _WRONG))
    kinds[fine & ((seconds < 0) | (seconds >= _LATEST))] = _OUTSIDE
    kinds = np.append(kinds, _EMPTY).astype(np.int8)[column.codes]
    return Converted(np.append(seconds, 0)[column.codes], _bad(lambda kind: kinds == kind, column, name, table.time))


def _mixed(counted: Any, sound: Bool) -> tuple[int, str, int, str] | None:
    """Return two rows whose times count different units since 1970, or None.

    Real times of two units leave a gap of a factor of 100 between them; a count of milliseconds from an own start
    does not.
    """
    if not sound.any():
        return None
    known = counted if sound.all() else counted[sound]
    low, high = float(known.min()), float(known.max())
    if high < _FIRST * UNITS["ms"] or high < low * 100:
        return None
    of = np.full(len(counted), -1, np.int8)
    for at, unit in enumerate(UNITS.values()):
        of[sound & (counted >= _FIRST * unit) & (counted < _LAST * unit)] = at
    sizes = np.bincount(of + 1, minlength=len(UNITS) + 1)[1:]
    seen = np.flatnonzero(sizes)
    between = int((sound & (of < 0) & (counted >= _LAST)).sum())
    if len(seen) < 2 or between >= sizes[seen].min():  # noqa: PLR2004
        return None
    usual, other = (int(np.argmax(of == seen[pick(sizes[seen])])) for pick in (np.argmax, np.argmin))
    if usual == other:  # as many of one as of the other
        usual, other = (int(np.argmax(of == at)) for at in seen[:2])
    shown = [f"{counted[row]:.0f} ({list(UNITS)[of[row]]})" for row in (usual, other)]
    return usual, shown[0], other, shown[1]


def _bad(mask_of: Callable[[int], Any], column: Any, name: str, time: str = "") -> list[BadCells]:
    """Return the bad cells of a column by kind, each with the first of its cells.

    Args:
        mask_of: bool[n] of a kind of cells, or None.
        column: the column, for the cell that an error shows.
        name: the file's name of the column.
        time: how times are written; "" for a column of numbers.
    """
    unit = "if the file counts milliseconds, say time = 'ms' in the card"
    words = {
        _EMPTY: ("is empty", "fill the cell"),
        _WRONG: (_no_time(time) if time else "is not a number", "correct the cell"),
        _FOREIGN: (
            "is not a number",
            "if it has a decimal comma, say decimal = ',' in a card; if the comma stands between thousands, remove it",
        ),
        _INFINITE: ("is no finite number", "correct the cell"),
        _OUTSIDE: ("is a time before 1970 or after 2242", unit if time == "s" else "correct the cell"),
    }
    found = []
    for kind, (what, remedy) in words.items():
        mask = mask_of(kind)
        if mask is None or not mask.any():
            continue
        row = int(np.argmax(mask))
        if _is_text(column):
            cell = column.categories[column.codes[row]] if column.codes[row] >= 0 else ""
        else:
            cell = repr(column[row].item()).removesuffix(".0")
        told = kind not in {_EMPTY, _INFINITE} or (kind == _EMPTY and cell in NOT_KNOWN)
        shown = f"{shorten(cell)} {what}" if told else what
        named = _import_words(column, mask) if kind == _WRONG and not time and _is_text(column) else ""
        unknown = f", or name what means 'not known' ({named} in data import)" if named else ""
        found.append(BadCells("empty" if kind == _EMPTY else "bad", name, mask, shown, remedy + unknown))
    return found


def _import_words(column: pd.Categorical[str], mask: Bool) -> str:
    """Return the option that calls cells "not known", for the most frequent of those that are no numbers."""
    codes, times = np.unique(column.codes[mask], return_counts=True)
    often = codes[np.argsort(-times, kind="stable")]
    words = [shorten(column.categories[code]) for code in often[:_WORDS]]
    return " ".join(f"--missing-cells {word}" for word in words) + (" ..." if len(often) > _WORDS else "")


def _no_time(time: str) -> str:
    return f"is no time counted in {time}" if time in UNITS else f"is no time written like {time}"


def _is_text(column: Any) -> bool:
    return hasattr(column, "categories")


def tidy_ids(
    column: pd.Categorical[str], *, trim: bool, whole: bool, missing: tuple[str, ...] = ()
) -> tuple[pd.Categorical[str], dict[str, Bool]]:
    """Return ids as everybody writes them, and which rows that changed.

    Args:
        column: the ids.
        trim: take away blanks (``trimmed``) and invisible signs (``unseen``) around them.
        whole: take away leading zeros and an ending ``.0`` of whole numbers (``whole``).
        missing: ids that mean "not known", once trimmed.
    """
    import pandas as pd

    if not trim and not whole and not missing:
        return column, {}

    changed: dict[str, Bool] = {}
    names = column.categories
    if trim:
        names, differs = _renamed(names, names.str.strip())
        changed |= {"trimmed": np.append(differs, False)[column.codes]} if differs.any() else {}
        if names.str.contains(f"[{_INVISIBLE}]", regex=True).any():
            names, differs = _renamed(names, pd.Index([name.strip(_EDGES) for name in names], dtype=str))
            changed |= {"unseen": np.append(differs, False)[column.codes]} if differs.any() else {}
    if whole:
        plain = [match[1] if (match := _WHOLE.fullmatch(name)) else name for name in names]
        names, differs = _renamed(names, pd.Index(plain, dtype=str))
        changed |= {"whole": np.append(differs, False)[column.codes]} if differs.any() else {}
    if not changed and not names.isin(missing).any():
        return column, {}
    place, kept = pd.factorize(names)
    lost = np.flatnonzero(kept.isin(missing))
    place[np.isin(place, lost)] = -1
    codes = np.append(place, -1)[column.codes]
    tidy = pd.Categorical.from_codes(codes, kept)
    return (tidy.remove_unused_categories() if len(lost) else tidy), changed


def _renamed(old: Any, new: Any) -> tuple[Any, Bool]:
    return new, np.asarray(old != new, bool)
