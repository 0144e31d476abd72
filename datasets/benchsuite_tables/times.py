"""How times are written: recognised from the cells alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from benchsuite.errors import DataError
from benchsuite_tables.card_table import UNITS

_LATEST = 2**33
"""Seconds from 1970 to the year 2242."""

EARLIEST = 10**8
"""A smaller number of seconds (before March 1973) is more likely a count, a year or a day written as one number."""

_SHORTEST, _LONGEST = len("1.1.1997"), len("Thu Dec 04 15:55:49 +0000 1997") + 10
_COMPACT = {len("19970131"): "%Y%m%d", len("199701312359"): "%Y%m%d%H%M", len("19970131235959"): "%Y%m%d%H%M%S"}
"""Dates and moments written as one number, by how long they are."""

_FORMS = (
    "%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y %H:%M", "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S UTC", "%a %b %d %H:%M:%S %z %Y", "%d %b %Y", "%b %d, %Y",
    "%B %d, %Y", "%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S %p", "%d-%b-%Y", "%d %B %Y", "%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M:%S",
    "%a, %d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S GMT", "%d/%b/%Y:%H:%M:%S %z",
)  # fmt: skip


def number(cell: str) -> float | None:
    """Return a cell as a number, or None."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def is_date(cell: str) -> bool:
    """Return whether a cell is a date or a moment, in ISO form or in another known one."""
    plain = cell.strip()
    # a moment has a few digits and a separator; this keeps most cells from being parsed
    if not (
        _SHORTEST <= len(plain) <= _LONGEST and any(sign in plain for sign in "-/.: T") and any(map(str.isdigit, plain))
    ):
        return False
    return number(plain) is None and (_fits(plain, "iso") or any(_fits(plain, form) for form in _FORMS))


def is_plain_date(cell: str) -> bool:
    """Return whether a number is a day or a moment written without signs, such as 19970131 or 199701312359."""
    return cell[:2] in {"19", "20"} and len(cell) in _COMPACT and _fits(cell, _COMPACT[len(cell)])


def is_time_number(cell: str) -> bool:
    """Return whether a number is large enough for a moment since 1973, in some unit."""
    found = number(cell)
    return found is not None and EARLIEST <= found < _LATEST * UNITS["ns"]


def unit_of(moment: float) -> str:
    """Return the unit in which a number since 1970 is a time between 1973 and 2242; ``s`` where there is none."""
    size = abs(moment)
    return next((unit for unit, each in UNITS.items() if EARLIEST * each <= size < _LATEST * each), "s")


def time_form(cells: Sequence[str], where: str) -> str:
    """Return how times are written: a unit of :data:`UNITS`, ``iso``, or a ``strptime`` format.

    Args:
        cells: some that are not empty.
        where: file and column, for errors.

    Raises:
        DataError: when they could mean more than one thing, or nothing known.
    """
    numbers = [cell for cell in cells if number(cell) is not None]
    if 2 * len(numbers) > len(cells):
        # cells of another kind are bad ones, which reading names with their lines
        plain = Counter(len(cell) for cell in numbers if is_plain_date(cell))
        if 2 * plain.total() > len(numbers):
            return _COMPACT[plain.most_common(1)[0][0]]
        return unit_of(max((float(cell) for cell in numbers), key=abs))
    fits = {form: sum(_fits(cell.strip(), form) for cell in cells) for form in ("iso", *_FORMS)}
    best = max(fits.values())
    fitting = [form for form, fitted in fits.items() if fitted == best and 2 * best > len(cells)]
    if fitting and (fitting[0] == "iso" or _mean_the_same(cells, fitting)):
        return fitting[0]
    shown = repr(cells[0]) if cells else "nothing"
    what = (
        f"times like {shown} could be {' or '.join(fitting)}" if fitting else f"times like {shown} are of no known form"
    )
    remedy = "say time = '%d/%m/%Y' (day first), '%m/%d/%Y' (month first) or whatever it is, or timestamp = 'none'"
    raise DataError(what, where=where, remedy=remedy)


def _mean_the_same(cells: Sequence[str], forms: Sequence[str]) -> bool:
    """Return whether forms give each cell that they fit the same moment, as those for May and September do in May."""
    fitting = [cell.strip() for cell in cells if _fits(cell.strip(), forms[0])]
    return all(
        _fits(cell, form) and datetime.strptime(cell, form) == datetime.strptime(cell, forms[0])  # noqa: DTZ007 - compared
        for cell in fitting
        for form in forms[1:]
    )


def _fits(cell: str, form: str) -> bool:
    try:
        if form == "iso":
            datetime.fromisoformat(cell)
        else:
            datetime.strptime(cell, form)  # noqa: DTZ007 - only the form is asked for
    except ValueError:
        return False
    return True
