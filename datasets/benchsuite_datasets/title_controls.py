"""Title controls for pretrained models: the same rows with opaque titles, or with the titles of other items.

A language model may have read about an item during pretraining: who likes it, and what else they like. If its lead over
models without text rests on that, it shrinks when the text does not identify the item.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchsuite.data import Dataset, Step
from benchsuite.errors import DataError
from benchsuite_datasets.card_source import CardSource
from benchsuite_datasets.dataset_builder import Tables, join_text
from benchsuite_datasets.preparation_steps import count

Titles = Literal["given", "opaque", "shuffled"]
"""Titles as the data has them; opaque tokens, a different one for each different title; titles of other items."""

_YEAR = re.compile(r" \(\d{4}\)$")
_DIGITS = 12
"""Hexadecimal digits of a token: among a million titles two the same token have a chance of 1 in 500."""


@dataclass
class TitledSource(CardSource):
    """A data set described by a card, whose titles can be replaced.

    Attributes:
        titles: ``given``, or for control runs of pretrained models ``opaque`` (a token instead of each title) or
            ``shuffled`` (each item has the title of another).
    """

    titles: Titles = "given"

    def prepared(self, tables: Tables) -> Dataset:
        """Prepare the data set and replace its titles."""
        return apply_title_control(super().prepared(tables), self.titles, self._text("item_text", tables.items))


def apply_title_control(dataset: Dataset, titles: Titles, item_text: Sequence[str]) -> Dataset:
    """Return the data set with other item titles; nothing else about it changes, and its fingerprint does.

    The title is the first of the columns that make an item's text. A year in brackets at its end stays with its item:
    it describes the item without naming it. The result depends on ids and titles only, not on the order of anything.

    Args:
        dataset: whose titles to replace.
        titles: how; ``given`` returns the data set itself.
        item_text: item columns that make an item's text, in order.

    Raises:
        DataError: when items have no text, so that there is nothing to replace.
    """
    if titles == "given":
        return dataset
    items = dataset.items
    if items.text is None or not item_text:
        raise DataError("items have no text", where=dataset.name, remedy='set titles = "given"')
    column = item_text[0]
    names, years = _split_years(items.columns[column])
    new = [_token(name) for name in names] if titles == "opaque" else _rotated(names, items.ids)
    other = [values for name, values in items.columns.items() if name != column]
    named_elsewhere = sum(
        bool(name) and any(name in values[code] for values in other) for code, name in enumerate(names)
    )
    columns = {**items.columns, column: tuple(name + year for name, year in zip(new, years, strict=True))}
    text = join_text([columns[name] for name in item_text])
    kept = sum(name == old and bool(name) for name, old in zip(new, names, strict=True))
    notes = [f"{count(sum(map(bool, names)), 'title')} of {column}"]
    notes += [f"{count(kept, 'item')} got an equal title"] if kept else []
    notes += [f"another column still names {count(named_elsewhere, 'item')}"] if named_elsewhere else []
    how = "replace titles by opaque tokens" if titles == "opaque" else "give items the titles of other items"
    step = Step(how, len(dataset.interactions), len(dataset.interactions), "; ".join(notes))
    table = dataclasses.replace(items, columns=columns, text=text)
    return dataclasses.replace(dataset, items=table, steps=(*dataset.steps, step))


def _split_years(titles: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return each title without its year, and the year with its brackets."""
    found = [_YEAR.search(title) for title in titles]
    years = ["" if match is None else match.group() for match in found]
    return [title.removesuffix(year) for title, year in zip(titles, years, strict=True)], years


def _token(name: str) -> str:
    return f"item {_hash('opaque', name)[:_DIGITS]}" if name else ""


def _rotated(names: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Give every title to the next item in the order of the ids' hashes; no item keeps its own."""
    order = sorted((code for code, name in enumerate(names) if name), key=lambda code: _hash("shuffled", ids[code]))
    moved = list(names)
    for place, code in enumerate(order):
        moved[code] = names[order[place - 1]]
    return moved


def _hash(purpose: str, text: str) -> str:
    return hashlib.sha256(f"{purpose}\0{text}".encode()).hexdigest()
