"""The shape of stored JSON and arrays, by kind of entry; checked whenever an entry is read.

A shape is a type (``str``, ``int``, ``float`` for any number, ``bool``, ``dict``, ``object`` for anything), None, a
list ``[shape]``, a mapping ``{str: shape}``, a record ``{"name": shape, "other?": shape}`` (``?`` may be absent, and
more names are allowed), a frozenset of allowed texts, or a tuple of alternatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

CACHES = frozenset({"measure", "statistics", "strata", "strata-measure"})
"""Kinds that are computed from others, anew where they are missing."""

REMADE = CACHES | {"data", "fold", "plan", "split", "truth", "tune"}
"""Kinds that the next run makes anew under the same key, where they are missing or damaged."""

RESTS_ON = {"fold": "data", "truth": "data"}
"""Kinds that need an entry of another kind; their manifest holds its key under that kind's name."""

_LARGEST = 2**1000
"""Larger whole numbers are none to NumPy."""

_NUMBER = (float, None)
_COSTS = {"fit_seconds?": float, "score_seconds?": float, "peak_memory_mb?": float, "cpu_seconds?": float}
_POWER = {"cpu": str, "processors": int, "sockets": int, "virtual": bool, "gpu": str, "gpu_joules": _NUMBER}
_UNDECIDED = {"fallback?": float, "ties?": float}
_PART = {
    **dict.fromkeys(("family", "name", "meaning"), str),
    **dict.fromkeys(("held_out", "of_held_out", "queries", "of_queries"), int),
}

SHAPES: Mapping[str, Any] = {
    "cell": {
        "state": frozenset({"ok", "failed"}),
        "reason?": str,
        "identity?": {},
        "costs": {**_COSTS, str: float},
        "facts?": {},
        "parameters?": _NUMBER,
        "power?": _POWER,
        "device?": str,
        "threads?": int,
        "started?": str,
        "finished?": str,
        "code?": str,
        "provenance": {"hardware": {}, "packages?": {}},
    },
    "data": {"name?": str, "rows?": int},
    "fold": {"data": str},
    "truth": {"data": str},
    "split": {"folds": [{"name": str, "key": str, "counts": {str: int}, "groups": [str]}]},
    "tune": {
        "trials": [{"settings": {}, "value": _NUMBER, "seconds": float, "key": str}],
        "best": (int, None),
        "edges": [str],
        "searched": [str],
    },
    "plan": {"experiment": str},
    "measure": {
        "values": [str],
        "results": [{"metric": str, "group": str, "value": _NUMBER, "n": int, **_UNDECIDED}],
        "reading": {},
        "fallback_share": float,
    },
    "statistics": {"identity": {}, "content": {}},
    "strata": {"identity": {}, "content": [_PART]},
    "strata-measure": {
        "results": [{"part": str, "metric": str, "value": _NUMBER, "n": int, **_UNDECIDED}],
        "unanswered": {str: [int]},
    },
}
"""The required fields of each kind's manifest, beyond those of all kinds; a kind without a line requires none."""

ARRAYS: Mapping[str, Mapping[str, tuple[str, int]]] = {
    "cell": {
        "item": ("i", 2),
        "score": ("f", 2),
        "fallback": ("b", 2),
        "pair_query": ("i", 1),
        "pair_item": ("i", 1),
        "pair_label": ("i", 1),
        "pair_value": ("f", 1),
        "pair_score": ("f", 1),
    },
}
"""The required arrays of each kind: NumPy's kind letter, and the number of dimensions."""

_EVERY = {"kind": str, "key": str, "files": {str: str}, "sha256?": str}
_SPENT = ("fit_seconds", "score_seconds", "peak_memory_mb")
_WORDS: Mapping[type | None, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
    None: "empty",
}


def manifest_fault(kind: str, key: str, table: Any) -> str:
    """Return what is wrong with a manifest that lies under this kind and key, or ""."""
    fault = misfit(table, _EVERY) or misfit(table, SHAPES.get(kind, {}))
    if fault:
        return fault
    if (table["kind"], table["key"]) != (kind, key):
        return f"it is of {table['kind']} {table['key'][:12]}"
    paths = [PurePosixPath(name) for name in table["files"]]
    if any(path.is_absolute() or ".." in path.parts for path in paths):
        return '"files" names a file outside of its folder'
    return _own_fault(kind, table)


def _own_fault(kind: str, table: Mapping[str, Any]) -> str:
    """Return a fault that the shapes cannot express, or ""."""
    if kind == "cell" and table["state"] == "failed" and "reason" not in table:
        return '"reason" is missing'
    if kind == "cell" and table["state"] == "ok":
        spent = (*_SPENT, "cpu_seconds") if "power" in table else _SPENT
        return next((f'"costs.{name}" is missing' for name in spent if name not in table["costs"]), "")
    if kind == "tune" and table["best"] is not None and not 0 <= table["best"] < len(table["trials"]):
        return '"best" names no trial'
    return ""


def arrays_fault(kind: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return what is wrong with the arrays of an entry of this kind, or ""."""
    for name, wanted in ARRAYS.get(kind, {}).items():
        if name not in arrays:
            return f'there is no array "{name}"'
        if (arrays[name].dtype.kind, arrays[name].ndim) != wanted:
            return f'the array "{name}" is {arrays[name].dtype} with {arrays[name].ndim} dimensions'
    return ""


_Place = tuple[Any, ...]
"""Names and positions from the outermost value inwards; put into words only where there is a fault."""


def misfit(value: Any, shape: Any, place: str = "") -> str:
    """Return where and how a value has not this shape, or ""."""
    return _misfit(value, shape, (place,) if place else ())


def _misfit(value: Any, shape: Any, place: _Place) -> str:
    if shape is None or isinstance(shape, type):  # first: most values are no tables
        return "" if _is(value, shape) else f"{_name(place)} is not {_WORDS[shape]}"
    if isinstance(shape, tuple):
        faults = (_misfit(value, one, place) for one in shape)
        first = next(faults)
        return first and ("" if "" in faults else first)
    if isinstance(shape, frozenset):
        known = isinstance(value, str) and value in shape
        return "" if known else f"{_name(place)} is none of {', '.join(sorted(shape))}"
    if isinstance(shape, dict):
        return _record(value, shape, place)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{_name(place)} is no list"
        faults = (_misfit(one, shape[0], (*place, j)) for j, one in enumerate(value))
        return next(filter(None, faults), "")
    raise TypeError(f"{shape!r} is no shape")


def _record(value: Any, shape: Mapping[Any, Any], place: _Place) -> str:
    if not isinstance(value, dict):
        return f"{_name(place)} is no table"
    for name, inner in shape.items():
        if name is str:
            faults = (_misfit(one, inner, (*place, key)) for key, one in value.items())
            fault = next(filter(None, faults), "")
        else:
            plain = name.removesuffix("?")
            if plain in value:
                fault = _misfit(value[plain], inner, (*place, plain))
            else:
                fault = "" if plain != name else f"{_name((*place, plain))} is missing"
        if fault:
            return fault
    return ""


def _is(value: Any, shape: type | None) -> bool:
    if shape is None:
        return value is None
    if shape is int or shape is float:  # a bool is an int to Python, not to a reader
        right = isinstance(value, int if shape is int else (int, float)) and not isinstance(value, bool)
        return right and abs(value) < _LARGEST
    return isinstance(value, shape)


def _name(place: _Place) -> str:
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return f'"{words.removeprefix(".")}"' if place else "it"
