"""Compares the ids of two files: how many are in both and, if few are, which rewriting would make them match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from benchsuite.errors import DataError
from benchsuite_tables.text_file import shorten

if TYPE_CHECKING:
    import pyarrow as pa

    Rewrite = Callable[[pa.Array], pa.Array]

AS_INTEGERS = "add --ids-as integer (in a script ids_as = 'integer')"
_ALIKE = "write the ids alike in both files"
_ACCENTS = "write the ids alike in both files, in the form NFC of Unicode"
_WRITTEN_ALIKE = "check that both files are about the same users and items"

_SHOWN = 3
_SAMPLED = 10_000
"""About so many ids are tried with each transformation."""

_GAIN = 0.1
"""The share of ids that a transformation must win; fewer may meet by chance."""


@dataclass(frozen=True)
class Met:
    """How many ids of one file were found in another.

    Which joins may be partial is the caller's knowledge, so there are three rules:

    - Tables of items and users, features, links, fixed splits: most ids of the rows should be found, so
      :meth:`require_half` of them. What the other file holds beyond them does not matter.
    - Lists and held-out rows: lists for a sample of the users, or held-out rows of a few of them, are normal, so
      :meth:`require_half_of_smaller`. Of the items most are in lists and never held out; only where none is, or where
      a transformation would make most of them meet, the ids are wrong: :meth:`require_any`.
    - Training and test rows: splits of cold users (cold items) have no user (item) in common on purpose, so one kind
      of ids alone proves nothing; the caller looks at both, and at :attr:`way`.

    Attributes:
        what: whose ids they are, as in "3 of 4 users with held-out rows found".
        where: the file in which they were looked for.
        found: how many were found.
        of: how many there are.
        others: how many ids the other file has.
        way: the transformation that makes most of them meet, such as "dropping leading zeros"; "" where none helps.
        reached: how many ids match after that rewriting; 0 where none helps.
        remedy: what the user can do.
    """

    what: str
    where: str
    found: int
    of: int
    others: int
    way: str = ""
    reached: int = 0
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """``items.csv: 36 of 40 items found``."""
        return f"{self.where}: {self.clause}"

    @property
    def clause(self) -> str:
        """The sentence without the file, with the transformation that would help."""
        helps = f", but {self.reached:,} of {self.of:,} meet after {self.way}" if self.way else ""
        return f"{self.found:,} of {self.of:,} {self.what} found{helps}"

    def require_half(self) -> None:
        """Raise DataError where fewer than half of the ids were found, or many more would be if written alike."""
        if 2 * self.found < self.of or self.way:
            raise self.error()

    def require_half_of_smaller(self) -> None:
        """Raise DataError where fewer than half of the smaller side's ids meet, or many more would if written alike."""
        if 2 * self.found < min(self.of, self.others) or self.way:
            raise self.error()

    def require_any(self) -> None:
        """Raise DataError where no id was found, or where a transformation makes at least half of them meet."""
        smaller = min(self.of, self.others)
        if self.of and (not self.found or (self.way and 2 * self.found < smaller <= 2 * self.reached)):
            raise self.error()

    def error(self) -> DataError:
        """Return the error for ids that do not meet."""
        return DataError(self.clause, where=self.where, remedy=self.remedy)


def meet(ours: Iterable[str], theirs: Iterable[str], what: str, where: str) -> Met:
    """Look ids of one file up in another.

    Args:
        ours: those that should be found; how often one is there does not matter, and empty ones do not count.
        theirs: those of the other file.
        what: whose ids these are.
        where: the other file.
    """
    mine, others = _different(ours), _different(theirs)
    found = _common(mine, others)
    if found == min(len(mine), len(others)):
        return Met(what, where, found, len(mine), len(others))
    way, reached, remedy = _best_rewriting(mine, others)
    if reached <= found + _GAIN * min(len(mine), len(others)):
        way, reached = "", 0
        lone = [(mine, others), (others, mine)]  # those that both sides have explain nothing
        shown = [", ".join(shorten(name) for name in _only(*pair)[:_SHOWN].to_pylist()) for pair in lone]
        more = " only" if found else ""
        remedy = f"{_WRITTEN_ALIKE}; here{more} {shown[0]}, there{more} {shown[1] or 'none'}"
    return Met(what, where, found, len(mine), len(others), way, reached, remedy)


def _best_rewriting(mine: pa.Array, others: pa.Array) -> tuple[str, int, str]:
    """Return the transformation by which most ids of a sample meet, how many of all meet then, and what to do."""
    sample, other_sample = _sample(mine), _sample(others)
    best: tuple[int, str, str, Rewrite, Rewrite] = (-1, "", "", _without_point, _without_point)
    for way, remedy, rewrite, other in _rewritings(mine, others):
        tried = rewrite(sample)
        if tried.equals(sample) and other(other_sample).equals(other_sample):
            continue
        reached = _common(tried, other(others))
        if reached > best[0]:
            best = (reached, way, remedy, rewrite, other)
        if reached == len(sample):
            break
    _, way, remedy, rewrite, other = best
    return way, _common(rewrite(mine), other(others)) if way else 0, remedy


def _sample(ids: pa.Array) -> pa.Array:
    step = max(1, len(ids) // _SAMPLED)
    return ids.take(np.arange(0, len(ids), step))


def _different(ids: Iterable[str]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.unique(pc.drop_null(pa.array(list(ids), pa.string(), from_pandas=True)))


def _common(mine: pa.Array, others: pa.Array) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(pc.is_in(mine, others)).as_py() or 0)


def _only(mine: pa.Array, others: pa.Array) -> pa.Array:
    """Return the ids of one side that the other lacks."""
    import pyarrow.compute as pc

    return mine.filter(pc.invert(pc.is_in(mine, others)))


def _rewritings(mine: pa.Array, others: pa.Array) -> Iterator[tuple[str, str, Rewrite, Rewrite]]:
    """Yield transformations, the simplest first: in words, what to do, and as functions for either side."""
    import pyarrow.compute as pc

    for way, remedy, rewrite in (
        ("dropping `.0`", AS_INTEGERS, _without_point),
        ("dropping leading zeros", AS_INTEGERS, _without_zeros),
        ("dropping `.0` and leading zeros", AS_INTEGERS, _whole),
        ("taking blanks away", _ALIKE, pc.utf8_trim_whitespace),
        ("taking quotes away", _ALIKE, lambda ids: pc.utf8_trim(ids, "\"' ")),
        ("taking quotes and brackets away", _ALIKE, _bare),
        ("ignoring letter case", _ALIKE, pc.utf8_lower),
        ("writing accents alike", _ACCENTS, lambda ids: pc.utf8_normalize(ids, form="NFC")),
    ):
        yield way, remedy, rewrite, rewrite
    first, second = _prefix(mine), _prefix(others)
    if first == second:
        return
    prefixes = " and ".join(shorten(prefix) for prefix in (first, second) if prefix)
    way = f"dropping the prefix{'es' if first and second else ''} {prefixes}"
    yield way, _ALIKE, lambda ids: _without_prefix(ids, first), lambda ids: _without_prefix(ids, second)
    yield (
        f"{way} and leading zeros",
        _ALIKE,
        lambda ids: _whole(_without_prefix(ids, first)),
        lambda ids: _whole(_without_prefix(ids, second)),
    )


def _without_point(ids: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.replace_substring_regex(ids, r"^([0-9]+)\.0+$", r"\1")


def _without_zeros(ids: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.replace_substring_regex(ids, r"^0+([0-9]+)$", r"\1")


def _bare(ids: pa.Array) -> pa.Array:
    """Return ids without what Python prints around them, as in ``[7]`` and ``b'7'``."""
    import pyarrow.compute as pc

    return pc.utf8_trim(pc.replace_substring_regex(ids, r"^b(['\"])(.*)['\"]$", r"\2"), "\"'[](){}<> ")


def _whole(ids: pa.Array) -> pa.Array:
    return _without_zeros(_without_point(ids))


def _prefix(ids: pa.Array) -> str:
    """Return what all ids begin with, up to the last sign that is no digit; "" for a single id: it proves nothing."""
    import pyarrow.compute as pc

    if len(ids) < 2:  # noqa: PLR2004 - see above
        return ""
    ends = pc.min_max(ids)
    pairs = zip(ends["min"].as_py(), ends["max"].as_py(), strict=False)
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)).rstrip("0123456789")


def _without_prefix(ids: pa.Array, prefix: str) -> Any:
    import pyarrow.compute as pc

    return pc.utf8_slice_codeunits(ids, len(prefix))
