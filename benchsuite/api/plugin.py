"""A plugin is a dataclass; its fields are its settings, each with type, default and search range, said once."""

from __future__ import annotations

import abc
import dataclasses
import functools
import inspect
import json
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from benchsuite.api.search import Categorical, Range
from benchsuite.errors import ConfigError, did_you_mean, shortened


@dataclasses.dataclass
class Plugin(abc.ABC):  # noqa: B024 - each kind of plugin adds its own abstract methods
    """Base of everything that can be plugged in.

    The first line of the class's docstring is its summary in lists and reports.
    """

    version: ClassVar[str] = "1"
    """Raised when the plugin's numbers change; it is part of every key that rests on the plugin."""

    cite: ClassVar[tuple[str, ...]] = ()
    """BibTeX entries of the papers behind the plugin."""

    exempt: ClassVar[Mapping[str, str]] = {}
    """Checks of the conformance kit that do not apply to this plugin by design, each with the reason. The kit skips
    them and reports the reason. What other declarations already say (``is_personalized = False``) needs no entry."""

    @classmethod
    def summary(cls) -> str:
        """Return the first line of the docstring."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]

    @classmethod
    def fields(cls) -> dict[str, Any]:
        """Return each setting's annotated type, in order of declaration."""
        return dict(_fields(cls))

    @classmethod
    def space(cls) -> dict[str, Range | Categorical]:
        """Return the search range of every setting that has one, in order of declaration."""
        ranges = {}
        for name, hint in cls.fields().items():
            for extra in getattr(hint, "__metadata__", ()):
                if isinstance(extra, Range | Categorical):
                    ranges[name] = extra
        return ranges

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], where: str = "") -> Self:
        """Build the plugin from plain values, checking every name and type.

        Args:
            settings: JSON-like values by setting name; what is not named keeps its default.
            where: file, table and key, for the error.

        Raises:
            ConfigError: for an unknown setting, a value of the wrong type, or one out of range.
        """
        from pydantic import TypeAdapter, ValidationError

        known = cls.fields()
        values: dict[str, Any] = {}
        for name, value in settings.items():
            if name not in known:
                raise ConfigError(f'unknown setting "{name}"', where=where, remedy=did_you_mean(name, known))
            try:
                text = json.dumps(value, default=str, allow_nan=False)
            except (ValueError, RecursionError):
                what = f'setting "{name}" is not finite, or nested too deeply'
                raise ConfigError(what, where=where, remedy=f"it is {shortened(value)} now") from None
            try:
                values[name] = TypeAdapter(known[name]).validate_json(text, strict=True)
            except ValidationError as error:
                problem = error.errors()[0]["msg"]
                problem = problem[:1].lower() + problem[1:]
                remedy = f"it is {shortened(value)} now"
                raise ConfigError(f'setting "{name}": {problem}', where=where, remedy=remedy) from None
        try:
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise ConfigError(str(error), where=where) from None

    def settings(self) -> dict[str, Any]:
        """Return every setting with its value, as JSON-like values, in order of declaration."""
        plain: dict[str, Any] = json.loads(json.dumps({name: getattr(self, name) for name in self.fields()}))
        return plain


@functools.cache
def _fields(kind: type[Plugin]) -> dict[str, Any]:
    """Read the annotations of a class once: harness and metrics ask for them in every cell."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind) if field.init}
