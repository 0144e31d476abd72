"""About how long one fit of a built-in model takes on two processor cores, by the size of the data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LONG = 60.0
"""A model that nobody timed takes so many seconds."""

_LEAST = 0.2
"""No fit is taken for faster than this share of its typical time, however small the data."""

_LEAST_SHARED = 0.5
"""Nor is what is shared: half of it, on the usual data, is to load the language model."""


@dataclass(frozen=True)
class Size:
    """How large a data set is.

    Attributes:
        rows: its interactions.
        items: how many.
    """

    rows: int
    items: int


@dataclass(frozen=True)
class Typical:
    """Seconds of one fit.

    Attributes:
        own: of this fit.
        shared: of what it needs and all fits on the data share: it is made once.
        of: what that is; "" for nothing.
    """

    own: float
    shared: float = 0.0
    of: str = ""


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads((files("benchsuite.runner") / "typical_times.json").read_text("utf-8"))
    return table


def usual() -> Size:
    """Return the size of the data that times were taken on."""
    return Size(int(_table()["rows"]), int(_table()["items"]))


def by_items(plugin: str) -> bool:
    """Return whether fits of a model last by the number of items, whose texts it reads, not by that of rows."""
    return plugin.rpartition("/")[2] in _table()["texts"]


def typical(plugin: str, settings: Mapping[str, Any], size: Size) -> Typical | None:
    """Return how long one fit takes, None for a model that nobody timed.

    Args:
        plugin: its name, such as ``benchsuite/als``.
        settings: that it is fitted with.
        size: of the data.
    """
    name, base = plugin.rpartition("/")[2], usual()
    if (known := _table()["models"].get(name)) is not None:
        return Typical(known * max(size.rows / base.rows, _LEAST))
    if (parts := _table()["texts"].get(name)) is None:
        return None
    share, epochs = size.items / base.items, settings.get("epochs")
    passes = epochs / parts["epochs"] if isinstance(epochs, int) and "epochs" in parts else 1.0
    reads = settings.get("vectors") != "tfidf"  # counts of words are made in no time
    shared = parts["shared"] * max(share, _LEAST_SHARED) if reads else 0.0
    return Typical(parts["start"] + parts["fit"] * share * passes, shared, parts["of"] if reads else "")


def measured(experiment: str, fits: int) -> float | None:
    """Return how long a bundled experiment took as a whole, None where that is not known.

    Args:
        experiment: its name.
        fits: how many it has; another experiment of this name has others.
    """
    found = _table()["measured"].get(experiment)
    return None if found is None or found["fits"] != fits else float(found["seconds"])


def typical_seconds(plugin: str) -> float:
    """Return how long one fit takes on data of the usual size; a model that nobody timed takes a minute."""
    found = typical(plugin, {}, usual())
    return LONG if found is None else found.own + found.shared
