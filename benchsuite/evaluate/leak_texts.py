"""Checks that texts do not name held-out pairs. They need no declaration by the split.

A user's text may name items (by id or title), an item's text may name users. Items of the user's training rows or
visible history are left out. Of the others, a text made without held-out rows names held-out items about as often as
other users' texts do; a text built from held-out rows names hardly anything else. So a leak is reported when three
quarters of the remaining names are held out, and chance would reach that less than once in a million times. A hobby
that is also a word of an item's title does not reach it, because the text names the item whether or not its user took
it. A text that predicts its user's held-out items better than that holds the answers, however it was made.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import numpy as np

from benchsuite.data import Entities, Int64
from benchsuite.evaluate.leak_rows import FoldIndex
from benchsuite.evaluate.leak_tables import beyond_chance, texts

_READ = 2000
"""At most so many texts are read, drawn at random (the same ones every time)."""

_FEWEST = 5
_MOST = 0.75
_LONGEST = 12
"""Words of a name that are compared."""

_SHARED = 3
"""A name that more entities share is no name."""

_UNIQUE = 0.9
_WORD = re.compile(r"\w+")
_BRACKET = re.compile(r"\s*\([^()]*\)\s*$")

Words = tuple[str, ...]
Names = dict[str, dict[Words, tuple[int, ...]]]
"""Codes by name, by the name's first word."""


def text_checks(view: FoldIndex) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield the checks of both tables: their names, how many texts were read, and the leak or ""."""
    train = view.fold.train
    if any(texts(train.users).values()):
        yield "user texts name no held-out items", _naming(view, train.users, train.items, side=0)
    if any(texts(train.items).values()):
        yield "item texts name no held-out users", _naming(view, train.items, train.users, side=1)


def _naming(view: FoldIndex, table: Entities, others: Entities, side: int) -> tuple[int, str]:
    hidden, seen = (_by_entity(pairs, view.items, side) for pairs in (view.hidden, view.seen))
    asked = np.unique(_by_entity(view.truth, view.items, side)[0])
    if len(asked) > _READ:
        asked = np.sort(np.random.default_rng(0).choice(asked, _READ, replace=False))
    rate = np.bincount(hidden[1], minlength=len(others)) / max(len(np.unique(hidden[0])), 1)
    read = 0
    for column, said in texts(table).items():
        told = {int(code): words_of(said[code]) for code in asked if said[code]}
        read += len(told)
        for kind, names in all_names(others).items():
            named, hits, expected = 0, 0, 0.0
            for code, words in told.items():
                found = find_names(words, names)
                if not found:
                    continue
                known, secret = _of(seen, code), _of(hidden, code)
                for codes in found:
                    if known.isdisjoint(codes):
                        named += 1
                        hits += not secret.isdisjoint(codes)
                        expected += min(1.0, float(rate[list(codes)].sum()))
            if hits >= _FEWEST and hits >= _MOST * named and beyond_chance(hits, expected):
                own, them = ("item", "user") if side else ("user", "item")
                what = f"{column} of the {own}s was built from held-out rows: beyond what training shows it names"
                many = f"{named} {them}s by {kind}, {hits} of them held out for that very {own}"
                return read, f"{what} {many} ({expected:.1f} by chance)"
    return read, ""


def _by_entity(pairs: Int64, items: int, side: int) -> tuple[Int64, Int64]:
    """Return pairs as (entity, other), sorted by entity."""
    user, item = np.divmod(pairs, items)
    if not side:
        return user, item
    order = np.argsort(item, kind="stable")
    return item[order], user[order]


def _of(pairs: tuple[Int64, Int64], code: int) -> set[int]:
    first, last = np.searchsorted(pairs[0], [code, code + 1])
    return set(pairs[1][first:last].tolist())


@functools.lru_cache(maxsize=8)  # a table is the same object in every fold; it is compared by identity
def all_names(table: Entities) -> dict[str, Names]:
    """Return the names of entities by kind: their ids, and every text column that nearly each has for itself alone."""
    kinds = {"id": _names(table.ids)}
    for column, values in texts(table).items():
        filled = [value for value in values if value]
        if filled and len(set(filled)) >= _UNIQUE * len(filled):
            kinds[column] = _names(values)
    return kinds


def _names(values: tuple[str, ...]) -> Names:
    """Return the codes by name, also without a bracket at its end (``Alien (1979)``)."""
    found: dict[Words, set[int]] = {}
    for code, value in enumerate(values):
        for name in {value, _BRACKET.sub("", value)}:
            if words := words_of(name)[:_LONGEST]:
                found.setdefault(words, set()).add(code)
    names: Names = {}
    for words, codes in found.items():
        if len(codes) <= _SHARED:
            names.setdefault(words[0], {})[words] = tuple(sorted(codes))
    return names


def words_of(text: str) -> Words:
    """Return the words of a text without regard to case."""
    return tuple(_WORD.findall(text.casefold()))


def find_names(words: Words, names: Names) -> list[tuple[int, ...]]:
    """Return the codes of each different name among a text's words; where names overlap, the longest counts."""
    found, at = [], 0
    while at < len(words):
        step = 1
        starting = names.get(words[at])
        if starting is not None:
            for length in range(min(_LONGEST, len(words) - at), 0, -1):
                codes = starting.get(words[at : at + length])
                if codes is not None:
                    found.append(codes)
                    step = length
                    break
        at += step
    return list(dict.fromkeys(found))
