"""The page of ``neighbours.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def page(rows: Sequence[dict[str, Any]]) -> str:
    """Return the page, from all measurements."""
    return str(len(rows))
