"""Chance that is the same in every process and on every machine."""

from __future__ import annotations

import random


def chance(*parts: object) -> random.Random:
    """Return a generator that depends on the parts' texts alone."""
    return random.Random(" ".join(map(str, parts)))  # noqa: S311 - cases are drawn, no secrets
