"""Content keys: equal content has equal bytes, and equal bytes have an equal key."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

KEY_SCHEME = 1
"""Raised when the way keys are computed changes; part of every key, so old results are never mistaken for new ones."""


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, UTF-8.

    Raises:
        ValueError: for NaN or infinite numbers, which JSON does not have.
        TypeError: for anything that JSON does not have.
    """
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def content_key(kind: str, value: Any) -> str:
    """Return the sha256 (64 hex digits) that names a thing of this kind with this content."""
    return hashlib.sha256(canonical_json({"scheme": KEY_SCHEME, "kind": kind, "content": value})).hexdigest()


def file_digest(path: Path) -> str:
    """Return the sha256 (hex) of a file.

    Raises:
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: Any) -> Any:
    """Make ``1.0`` and ``1`` the same and tuples lists, so that a default written either way keeps its key."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    return value
