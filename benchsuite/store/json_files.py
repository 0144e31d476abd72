"""Stored JSON: how it is written and read, and the sum that a table holds of itself."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from benchsuite.errors import StoreError

SUM = "sha256"
_SURROGATE = re.compile("[\ud800-\udfff]")
AGAIN = "delete that folder, or all that is damaged by benchsuite store repair, and run again"


def to_text(value: Any, *, indented: bool = True) -> str:
    r"""Return JSON text that can be written as UTF-8: a lone surrogate becomes text such as ``\ud800``.

    Args:
        value: what JSON can hold.
        indented: for people; else on one line, which Python encodes many times faster.

    Raises:
        ValueError: for NaN or infinity, which JSON does not have.
    """
    return _text(value, indent=1 if indented else None) + "\n"


def _text(value: Any, *, indent: int | None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)


def with_sum(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table with a sum of itself, as it will be read again."""
    rest = {name: value for name, value in table.items() if name != SUM}
    plain: dict[str, Any] = json.loads(_text(rest, indent=None))  # without indents, Python encodes many times faster
    return plain | {SUM: sum_of(plain)}


def sum_of(table: Mapping[str, Any]) -> str:
    """Return the sha256 (hex) of a table without its own sum: names sorted, no spaces."""
    rest = {name: value for name, value in table.items() if name != SUM}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_json(path: Path, remedy: str = AGAIN) -> Any:
    """Read a stored JSON file.

    Raises:
        StoreError: when it cannot be read, or is no JSON.
    """
    try:
        return from_text(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, error, remedy) from None


def from_text(text: str) -> Any:
    """Return what JSON text says.

    Raises:
        ValueError: when it is no JSON, or a number in it is infinite to Python, such as 1e999.
        RecursionError: when it is nested too deeply.
    """
    return json.loads(text, parse_constant=_no_constant, parse_float=_finite)


def unreadable(path: Path, error: Exception | str, remedy: str = AGAIN) -> StoreError:
    """Return the error for a file that cannot be read; without permission, it does not advise to delete the file."""
    if isinstance(error, PermissionError):
        remedy = "ask its owner to let you read it (chmod -R a+rX)"
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return StoreError(f"cannot be read: {why}", where=str(path), remedy=remedy)


def is_there(path: Path) -> bool:
    """Return True when there is such a file.

    Raises:
        StoreError: without permission to look.
    """
    try:
        return path.is_file()
    except OSError as error:
        raise unreadable(path, error) from None


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
