"""Reading cards: those that ship with the package, and a user's own."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

from benchsuite.errors import DataError, did_you_mean
from benchsuite_datasets.card import Card
from benchsuite_tables.card_table import checked


def parse_card(text: str, where: str) -> Card:
    """Read a card from TOML.

    Args:
        text: the TOML.
        where: the file's name, for errors.

    Raises:
        DataError: for malformed TOML, an unknown key, or a value that does not fit, naming the key.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"is not valid TOML: {error}", where=where) from None
    return card_of(table, where)


def card_of(table: dict[str, Any], where: str) -> Card:
    """Check a card's plain values.

    Raises:
        DataError: for an unknown key or a value that does not fit, naming the key.
    """
    return checked(Card, table, where)


def card_names() -> tuple[str, ...]:
    """Return the names of the cards that ship with the package."""
    folder = resources.files("benchsuite_datasets") / "cards"
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def read_card(name: str) -> Card:
    """Return the card with this name.

    Raises:
        DataError: when there is none, or it is malformed.
    """
    if name not in card_names():
        raise DataError(f'no card "{name}"', remedy=did_you_mean(name, card_names()))
    file = resources.files("benchsuite_datasets") / "cards" / f"{name}.toml"
    return parse_card(file.read_text("utf-8"), f"cards/{name}.toml")
