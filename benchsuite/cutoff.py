"""Parsing of ``ndcg@10``, a metric's name with a cut-off; standard library only."""

from __future__ import annotations

_DIGITS = 10
"""The most digits that a cut-off may have."""


def split_cutoff(name: str) -> tuple[str, str]:
    """Return ``("ndcg", "10")`` for ``ndcg@10``, and "" in the second place where there is no cut-off."""
    base, _, cutoff = name.partition("@")
    return base, cutoff


def cutoff_of(name: str) -> int | None:
    """Return 10 for ``ndcg@10``, None for a name without such a number."""
    number = split_cutoff(name)[1]
    # isdigit alone takes "²", which int does not read
    return int(number) if number.isascii() and number.isdigit() and len(number) < _DIGITS else None
