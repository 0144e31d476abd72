"""Settings with which rivals that train a network are checked in seconds, not minutes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

OF_CORNAC = {"cornac", "gru4rec", "bert4rec", "vaecf", "tiger"}
"""Models that need the extra ``cornac``."""

READERS = {"two-tower", "dropoutnet", "tiger"}
"""Rivals that read texts with a frozen language model."""

_SMALL: dict[str, dict[str, Any]] = {
    "sasrec": {"epochs": 20},
    "gru4rec": {"epochs": 5, "negatives": 64},
    "bert4rec": {"epochs": 4, "factors": 16, "history": 12, "layers": 1},
    "vaecf": {"epochs": 10, "hidden": 50, "factors": 10},
    "lightgcn": {"epochs": 10, "factors": 16},
    "two-tower": {"epochs": 5, "factors": 16, "hidden": 32},
    "dropoutnet": {"epochs": 10, "factors": 16, "hidden": 32},
    "tiger": {"epochs": 1, "codes": 8, "levels": 2, "factors": 16, "feed_forward": 16, "heads": 2, "beams": 20},
}


def is_small(name: str) -> bool:
    """Return whether a model has settings of its own here."""
    return name in _SMALL


def small_settings(name: str, reader: Callable[[], str]) -> dict[str, Any]:
    """Return small settings of a rival; none for any other model.

    Args:
        name: of the model.
        reader: returns the folder of a tiny language model.
    """
    return _SMALL.get(name, {}) | ({"backbone": reader()} if name in READERS else {})


def skip_without_cornac(name: str) -> None:
    """Skip the test of a model whose extra is not installed."""
    if name in OF_CORNAC and importlib.util.find_spec("cornac") is None:
        pytest.skip("the extra cornac is not installed")
