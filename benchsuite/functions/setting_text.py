"""Settings in words: the annotation ``Annotated[int, Gt(0), Range(16, 256, log=True)]`` reads ``int > 0``."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal

import annotated_types as at

from benchsuite.api import Categorical, Range


def type_text(hint: Any) -> str:
    """Return type and bounds of a setting."""
    notes: tuple[Any, ...] = ()
    if typing.get_origin(hint) is typing.Annotated:
        hint, *rest = typing.get_args(hint)
        notes = tuple(rest)
    bounds = [text for note in notes if (text := _bound(note))]
    return f"{_name(hint)} {' and '.join(bounds)}" if bounds else _name(hint)


def range_text(hint: Any) -> str:
    """Return what tuning would try, "" where nothing is declared."""
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, Range):
            return f"{note.low:g} to {note.high:g}{', log' if note.log else ''}"
        if isinstance(note, Categorical):
            return ", ".join(str(option) for option in note.options)
    return ""


def _name(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return " | ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in inner)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(type_text(one) for one in inner)
    if hint is type(None):
        return "none"
    if origin is not None:
        parts = ", ".join("..." if one is Ellipsis else type_text(one) for one in inner)
        return f"{origin.__name__}[{parts}]"
    return str(getattr(hint, "__name__", hint))


def _bound(note: Any) -> str:
    for kind, sign, field in (
        (at.Gt, ">", "gt"),
        (at.Ge, ">=", "ge"),
        (at.Lt, "<", "lt"),
        (at.Le, "<=", "le"),
        (at.MultipleOf, "a multiple of", "multiple_of"),
        (at.MinLen, "length >=", "min_length"),
        (at.MaxLen, "length <=", "max_length"),
    ):
        if isinstance(note, kind):
            return f"{sign} {getattr(note, field)}"
    if isinstance(note, at.GroupedMetadata):
        return " and ".join(text for one in note if (text := _bound(one)))
    return ""
