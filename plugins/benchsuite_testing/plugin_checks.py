"""Checks of any plugin: built from defaults, settings said once, typed and JSON-able."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

from benchsuite.api import Categorical, Plugin, Range
from benchsuite.errors import ConfigError
from benchsuite_testing.outcome import Make, require, skip


class _Nonsense:
    """A value that no setting accepts."""

    def __str__(self) -> str:
        return "\x00nonsense"


def check_describes_itself(make: Make[Plugin]) -> None:
    """The class says in one line what it is, and has a version."""
    cls: Any = type(make())
    summary = cls.summary()
    # Without a docstring, dataclass writes the signature into its place.
    require(
        summary and not summary.startswith(f"{cls.__name__}("),
        "the class has no docstring, whose first line is its summary in lists and reports",
    )
    require(isinstance(cls.version, str) and cls.version, "version is no text such as '1'")
    told = isinstance(cls.cite, tuple) and all(isinstance(entry, str) for entry in cls.cite)
    require(told, "cite is no tuple of BibTeX texts")


def check_builds_with_defaults(make: Make[Plugin]) -> None:
    """The class is a dataclass, and every setting has a default."""
    cls = type(make())
    require("__dataclass_fields__" in vars(cls), "the class itself is not decorated with @dataclass")
    missing = dataclasses.MISSING
    bare = [f.name for f in dataclasses.fields(cls) if f.init and f.default is missing and f.default_factory is missing]
    require(not bare, f"these settings have no default: {', '.join(bare)}")


def check_settings_round_trip(make: Make[Plugin]) -> None:
    """Settings are JSON, and building from them gives the same settings: defaults obey their own types and ranges."""
    plugin = make()
    settings = plugin.settings()
    again = type(plugin).from_settings(json.loads(json.dumps(settings)))
    require(again.settings() == settings, f"settings {settings} come back as {again.settings()}")


def check_unknown_setting_refused(make: Make[Plugin]) -> None:
    """A setting that does not exist is refused."""
    cls = type(make())
    try:
        cls.from_settings({"no_such_setting": 1})
    except ConfigError:
        return
    require(False, "the unknown setting no_such_setting was accepted")


def check_settings_are_typed(make: Make[Plugin]) -> None:
    """Every setting refuses a value of no sensible type."""
    cls = type(make())
    fields = cls.fields()
    bare = [name for name in vars(cls) if _looks_like_a_setting(cls, name)]
    told = f"{', '.join(bare)}: no setting without a type; write for instance {bare[0]}: float = ..." if bare else ""
    require(not bare, f"{told}, or a leading underscore where it is none")
    if not fields:
        skip("has no settings")
    for name in fields:
        try:
            cls.from_settings({name: {"no": [_Nonsense()]}})
        except ConfigError:
            continue
        require(False, f"setting {name} accepts an object of lists: give it a type")


def _looks_like_a_setting(cls: type[Plugin], name: str) -> bool:
    """Return whether a class has a public plain value of its own that no annotation makes a setting or a constant."""
    value = vars(cls)[name]
    known = name.startswith("_") or any(name in vars(base).get("__annotations__", {}) for base in cls.__mro__)
    inherited = any(name in vars(base) for base in cls.__mro__[1:])
    return not known and not inherited and isinstance(value, bool | int | float | str | list | tuple | dict)


def check_search_ranges_are_valid(make: Make[Plugin]) -> None:
    """Both ends of every search range, and every choice, are allowed values."""
    cls = type(make())
    ranges = {name: trial for name, hint in cls.fields().items() if (trial := _trials(hint))}
    if not ranges:
        skip("declares no search range")
    for name, trials in ranges.items():
        for value in trials:
            try:
                cls.from_settings({name: value})
            except ConfigError as error:
                require(False, f"setting {name} would be tuned to {value!r}, which it refuses: {error}")


def _trials(hint: Any) -> list[Any]:
    """Return the extreme values that tuning could try."""
    trials: list[Any] = []
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, Range):
            whole = typing.get_args(hint)[0] is int
            trials += [int(note.low) if whole else note.low, int(note.high) if whole else note.high]
        elif isinstance(note, Categorical):
            trials += note.options
    return trials


PLUGIN_CHECKS = (
    check_describes_itself,
    check_builds_with_defaults,
    check_settings_round_trip,
    check_unknown_setting_refused,
    check_settings_are_typed,
    check_search_ranges_are_valid,
)
