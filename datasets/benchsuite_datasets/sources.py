"""One source class for each card, made when it is asked for: ``sources:online_retail`` is the card ``online-retail``.

A new set in a known format is a card and a line among the entry points, no Python.
"""

from __future__ import annotations

from functools import cache

from benchsuite_datasets.card_loader import card_names, read_card
from benchsuite_datasets.card_source import CardSource, source_class
from benchsuite_datasets.title_controls import TitledSource


def __getattr__(name: str) -> type[CardSource]:
    """Return the source of the card whose name this is, with ``_`` for ``-`` and ``.``."""
    for card in card_names():
        if card.replace("-", "_").replace(".", "_") == name:
            return _source(card)
    raise AttributeError(f"no card {name}")


@cache
def _source(card: str) -> type[CardSource]:
    return source_class(read_card(card), TitledSource)
