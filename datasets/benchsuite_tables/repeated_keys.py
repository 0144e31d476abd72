"""JSON and Python literals in which an object has a key twice: parsers keep the last value and say nothing."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable
from typing import Any


class _Repeating(dict[str, Any]):
    """An object with a key that stands in it more than once."""

    repeated = ""


class _Objects:
    """Makes objects of their pairs and remembers whether one of them had a key twice."""

    def __init__(self) -> None:
        self.found = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        whole = dict(pairs)
        if len(whole) == len(pairs):
            return whole
        self.found = True
        repeating = _Repeating(whole)
        repeating.repeated = _first_repeated(key for key, _ in pairs)
        return repeating


def _first_repeated(keys: Iterable[Any]) -> str:
    seen = set()
    for key in keys:
        if key in seen:
            return str(key)
        seen.add(key)
    raise AssertionError("called without a repeated key")


def json_parser() -> Callable[[str], tuple[Any, str | None]]:
    """Return a function from JSON to its value and the first key that an object has twice, None if none has.

    The function raises ValueError or RecursionError for text that is no JSON.
    """
    objects = _Objects()
    decode = json.JSONDecoder(object_pairs_hook=objects).decode

    def parse(line: str) -> tuple[Any, str | None]:
        value = json.loads(line)
        if isinstance(value, dict) and line.count(":") == len(value):
            return value, None  # as many colons as keys: none was lost, and this took half the time
        objects.found = False
        value = decode(line)
        return value, _repeated_in(value) if objects.found else None

    return parse


def parse_array(raw: bytes) -> list[tuple[Any, str | None]]:
    """Return the values of a JSON array, each with the first key that an object in it has twice, None if none has.

    Raises:
        ValueError, RecursionError: for bytes that are no JSON.
    """
    objects = _Objects()
    values = json.loads(raw, object_pairs_hook=objects)
    return [(value, _repeated_in(value) if objects.found else None) for value in values]


def _repeated_in(value: Any) -> str | None:
    """Return the first repeated key of a value or of what it holds."""
    if isinstance(value, _Repeating):
        return value.repeated
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((key for one in held if (key := _repeated_in(one)) is not None), None)


def parse_literal(line: str) -> tuple[Any, str | None]:
    """Return the value of a Python literal and the first key that a dict has twice, None if none has.

    Only literals are read, nothing is run.

    Raises:
        ValueError, SyntaxError, RecursionError, MemoryError: for text that is no literal.
    """
    tree = ast.parse(line, mode="eval")
    return ast.literal_eval(tree), _repeated_below(tree.body)


def _repeated_below(node: ast.expr | None) -> str | None:
    """Return the first key that stands twice in a dict, of those at or below a node of a literal."""
    if isinstance(node, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else ast.dump(key) for key in node.keys if key is not None]
        if len(set(keys)) < len(keys):
            return _first_repeated(keys)
        held = node.values
    elif isinstance(node, ast.List | ast.Tuple):
        held = node.elts
    else:
        return None
    return next((key for one in held if (key := _repeated_below(one)) is not None), None)
