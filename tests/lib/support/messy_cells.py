"""Cells of messy tables: what each means and how it is written, by kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        means: an id (str), a value (float), a time (float seconds since 1970), or None for nothing.
        text: what a table of text holds.
        plain: what a typed table (JSON, Parquet) holds.
    """

    means: Any
    text: str
    plain: Any


Column = list[Cell]
Make = Callable[[Random, int], Column]

_WORDS = ("ann", "bob", "Cy", "dora", "Eve", "finn", "gus", "hal", "Ida", "jo", "kit", "lea", "mo", "Ned", "oz", "pia")
_UNICODE = (
    "zoë",
    "müller",
    "garçon",
    "señor",
    "ærø",
    "straße",
    "ángel",
    "Ölaf",
    "île",
    "déjà",
    "Čapek",
    "日本",
    "ёж",
    "🍵",
)
_LATIN = _UNICODE[:10]
_DAY = 86_400


def _pool(kind: str, rng: Random, size: int) -> list[str]:
    """Return different ids of one kind."""
    numbers = rng.sample(range(1, 100_000), size)
    words = [f"{rng.choice(_WORDS)}{number}" for number in numbers]
    latin = [f"{rng.choice(_LATIN)} {number}" for number in numbers]
    return {
        "ints": [str(number) for number in numbers],
        "small ints": [str(number) for number in rng.sample(range(1, 2 * size + 1), size)],
        "ints with a point": [f"{number}.0" for number in numbers],
        "leading zeros": [f"{number:07d}" for number in numbers],
        "large ints": [str(76_561_190_000_000_000 + number) for number in numbers],
        "words": words,
        "upper and lower": [f"{'Aa'[at % 2]}{at // 2}x" for at in range(size)],
        "blanks inside": [f"user {number}" for number in numbers],
        "blanks around": words,
        "separators inside": [f"{word}, {number}; of|it" for word, number in zip(words, numbers, strict=True)],
        "emails": [f"{word}@example.org" for word in words],
        "unicode": [f"{rng.choice(_UNICODE)}{number}" for number in numbers],
        "latin": latin,
        "cp1252": [f"{name} \u2019s \u20ac" for name in latin],
        "like exponents": [f"{number % 89 + 10}e{number % 7}{at}" for at, number in enumerate(numbers)],
        "hex": [f"B00{number:05X}" for number in numbers],
    }[kind]


IDS = (
    "ints", "small ints", "ints with a point", "leading zeros", "large ints", "words", "upper and lower",
    "blanks inside", "blanks around", "separators inside", "emails", "unicode", "like exponents", "hex",
)  # fmt: skip
BLANK_IDS = {"blanks inside", "separators inside", "latin", "cp1252"}
"""Kinds of ids that hold blanks, which a table with blanks between its cells cannot hold."""


def ids(kind: str, rng: Random, rows: int, size: int) -> Column:
    """Return a column of ids: each of ``size`` different ones at least once, the others at random."""
    pool = _pool(kind, rng, size)
    chosen = [*pool, *rng.choices(pool, k=rows - size)]
    rng.shuffle(chosen)
    cells = []
    for name in chosen:
        text = name
        if kind == "blanks around" and rng.random() < 0.3:
            text = rng.choice((f" {name}", f"{name} ", f" {name} "))
        whole = kind in {"ints", "small ints", "large ints"}
        cells.append(Cell(name, text, int(name) if whole else float(name) if kind == "ints with a point" else text))
    return cells


def _ratings(rng: Random, rows: int) -> Column:
    return [Cell(float(one), str(one), one) for one in (rng.randint(1, 5) for _ in range(rows))]


def _halves(rng: Random, rows: int) -> Column:
    return [Cell(one, str(one), one) for one in (rng.randint(1, 10) / 2 for _ in range(rows))]


def _decimal_comma(rng: Random, rows: int) -> Column:
    written = [(one.means, one.text.replace(".", ",")) for one in _halves(rng, rows)]
    return [Cell(means, text, text) for means, text in written]


def _counts(rng: Random, rows: int) -> Column:
    return [Cell(float(one), str(one), one) for one in (int(rng.paretovariate(0.7)) for _ in range(rows))]


def _negatives(rng: Random, rows: int) -> Column:
    return [Cell(one, f"{one:.2f}", one) for one in (rng.randint(-1000, 1000) / 100 for _ in range(rows))]


def _binary(rng: Random, rows: int) -> Column:
    found = [0, 1, *(rng.randint(0, 1) for _ in range(rows - 2))]
    return [Cell(float(one), str(one), one) for one in found]


def _truth(rng: Random, rows: int) -> Column:
    no, yes = rng.choice((("False", "True"), ("false", "true"), ("FALSE", "TRUE")))
    return [Cell(one.means, yes if one.plain else no, bool(one.plain)) for one in _binary(rng, rows)]


def _empty(rng: Random, rows: int) -> Column:
    cells = _ratings(rng, rows)
    for at in rng.sample(range(rows), max(1, rows // 4)):
        cells[at] = Cell(None, "", None)
    return cells


def _bad(rng: Random, rows: int) -> Column:
    cells = _ratings(rng, rows)
    text = rng.choice(("n/a", "4 stars", "?", "nan", "inf", "-", "five"))
    cells[rng.randrange(rows)] = Cell(None, text, text)
    return cells


VALUES: dict[str, Make] = {
    "ratings": _ratings,
    "half stars": _halves,
    "decimal comma": _decimal_comma,
    "counts": _counts,
    "negatives": _negatives,
    "0 and 1": _binary,
    "True and False": _truth,
    "some empty": _empty,
    "a bad cell": _bad,
}
VALUE_NAMES = {
    "counts": ("plays", "Quantity", "count", "play_count"),
    "0 and 1": ("label", "clicked", "like", "is_click"),
    "True and False": ("label", "clicked", "like", "is_click"),
}
RATING_NAMES = ("rating", "stars", "score", "overall", "Rating", "Book-Rating", "value")


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _scaled(factor: int) -> Callable[[Random, int], tuple[float, str]]:
    def write(rng: Random, second: int) -> tuple[float, str]:
        return float(second), str(second * factor + (rng.randrange(factor) if factor > 1 else 0))

    return write


def _zoned(rng: Random, second: int) -> tuple[float, str]:
    zone = timezone(timedelta(minutes=rng.choice((60, 120, 330, -480))))
    return float(second), datetime.fromtimestamp(second, zone).isoformat()


def _formed(form: str, unit: int = 1) -> Callable[[Random, int], tuple[float, str]]:
    """Return a writer of times in a form that keeps them to the unit (in seconds)."""

    def write(_: Random, second: int) -> tuple[float, str]:
        return float(second - second % unit), _moment(second).strftime(form)

    return write


_FORMS: dict[str, Callable[[Random, int], tuple[float, str]]] = {
    "s": _scaled(1),
    "s with a point": lambda _, second: (float(second), f"{second}.0"),
    "ms": _scaled(1000),
    "us": _scaled(1_000_000),
    "ns": _scaled(1_000_000_000),
    "iso": _formed("%Y-%m-%dT%H:%M:%S"),
    "iso with a blank": _formed("%Y-%m-%d %H:%M:%S"),
    "iso, UTC": lambda rng, second: (
        float(second),
        _moment(second).strftime(f"%Y-%m-%dT%H:%M:%S.{rng.randrange(1000):03d}Z"),
    ),
    "iso, zones": _zoned,
    "iso dates": _formed("%Y-%m-%d", _DAY),
    "dates as integers": _formed("%Y%m%d", _DAY),
    "day first": _formed("%d/%m/%Y", _DAY),
    "month first": _formed("%m/%d/%Y", _DAY),
    "day first, points": _formed("%d.%m.%Y", _DAY),
    "day first, dashes": _formed("%d-%m-%Y", _DAY),
    "day or month first": _formed("%d/%m/%Y", _DAY),
    "month or day first": _formed("%m/%d/%Y", _DAY),
    "s and ms mixed": _scaled(1),
    "names of months": _formed("%b %d, %Y", _DAY),
    "US with hours": _formed("%m/%d/%Y %H:%M", 60),
}
TIMES = (*_FORMS, "words")
BLANK_TIMES = {"iso with a blank", "names of months", "US with hours", "words"}
UNCLEAR_TIMES = {"day or month first", "month or day first", "s and ms mixed", "names of months", "US with hours"}
"""Kinds of times that a reader may ask about."""


def times(kind: str, rng: Random, rows: int) -> Column:
    """Return a column of times, all of different seconds (days may be equal)."""
    if kind == "words":
        words = ("Weekday", "Weekend")
        return [Cell(None, word, word) for word in (words[at % 2] for at in range(rows))]
    low = rng.randrange(631_152_000, 1_600_000_000)
    cells = []
    for at, drawn in enumerate(rng.sample(range(low, low + 1000 * _DAY), rows)):
        second, day = drawn, _moment(drawn).day
        if kind in {"day or month first", "month or day first"} and day > 12:
            second -= (day - rng.randint(1, 12)) * _DAY
        elif kind in {"day first", "month first", "US with hours"} and at == 0 and day < 13:
            second += 13 * _DAY
        means, text = _FORMS[kind](rng, second)
        if kind == "s and ms mixed" and (at == 1 or (at > 1 and rng.random() < 0.5)):
            text += "000"
        number = text.isdigit()
        cells.append(Cell(means, text, int(text) if number else text))
    return cells


_TITLES = ("Green tea", "Plum jam", "Heat (1995)", "La casa", "Ham")


def extras(kind: str, rng: Random, rows: int) -> Column:
    """Return a column that is neither user, item, value nor time."""
    write: Callable[[], str] = {
        "price": lambda: f"{rng.randint(100, 9999) / 100:.2f}",
        "age": lambda: str(rng.randint(18, 80)),
        "latitude": lambda: f"{rng.uniform(-90, 90):.5f}",
        "phone": lambda: f"+49 {rng.randint(100, 999)} {rng.randint(10_000, 99_999)}",
        "title": lambda: rng.choice(_TITLES),
        "title with quotes": lambda: rng.choice((*_TITLES, '12" vinyl', 'the "best" of')),
        "one title is a quote": lambda: rng.choice(_TITLES),
        "titles are quotes": lambda: rng.choice((*_TITLES, '"')),
    }[kind]
    texts = [write() for _ in range(rows)]
    if kind == "one title is a quote":
        texts[rng.randrange(rows)] = '"'
    return [Cell(None, text, text) for text in texts]


EXTRA_NAMES = {
    "price": "price",
    "age": "age",
    "latitude": "latitude",
    "phone": "phone",
    "title": "title",
    "title with quotes": "title",
    "one title is a quote": "title",
    "titles are quotes": "title",
}
