"""Every error a user can meet, each readable as one line: what is wrong, where, and what to do.

The tree (an exception is caught by any of its ancestors)::

    BenchsuiteError                  a foreseen error; printed as one line, never as a traceback
    ├── UsageError                   the user's mistake; exit code 2
    │   ├── ConfigError              an experiment file or a setting is wrong
    │   ├── DataError                a data file is missing, damaged or malformed
    │   ├── PluginError              a plugin is unknown, broken or ambiguous
    │   ├── StoreError               the store cannot be read or written
    │   └── LeakError                a split shows a model what it must not see
    └── NotApplicable                a model needs something that the data does not have
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BenchsuiteError(Exception):
    """Base of all foreseen errors.

    Args:
        what: what is wrong, in one clause.
        where: file, line, column, table or key, where there is one.
        remedy: what the reader can do about it.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the one line shown to the user: ``where: what; remedy``."""
        where, what, remedy = (_cut(" ".join(part.split())) for part in (self.where, self.what, self.remedy))
        line = f"{where}: {what}" if where else what
        return f"{line}; {remedy}" if remedy else line

    def __reduce__(self) -> tuple[object, ...]:
        """Keep all three parts when the error is sent between processes."""
        return _rebuild, (type(self), self.what, self.where, self.remedy)


def _rebuild(cls: type[BenchsuiteError], what: str, where: str, remedy: str) -> BenchsuiteError:
    return cls(what, where=where, remedy=remedy)


class UsageError(BenchsuiteError):
    """The user's mistake: exit code 2."""


class ConfigError(UsageError):
    """An experiment file or a setting is wrong."""


class DataError(UsageError):
    """A data file is missing, damaged or malformed."""


class PluginError(UsageError):
    """A plugin is unknown, broken or ambiguous."""


class StoreError(UsageError):
    """The store cannot be read or written."""


class LeakError(UsageError):
    """A split shows a model what it must not see."""


class NotApplicable(BenchsuiteError):  # noqa: N818 - the state of a cell, not a failure
    """A model needs something that the data does not have."""


_LONGEST = 120
_LONGEST_PART = 1500


def _cut(text: str) -> str:
    """Return the text, cut to a readable length: names from a file may have any length."""
    return text if len(text) <= _LONGEST_PART else f"{text[: _LONGEST_PART - 3]}..."


def shortened(value: object) -> str:
    """Return a value as an error shows it: its repr, cut where it is long."""
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # an int of more digits than Python prints, or something nested too deeply
        shown = f"a value of type {type(value).__name__}"
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def closest(name: str, options: Iterable[str], cutoff: float = 0.5) -> str:
    """Return the option that is most like a name, "" where none is close.

    Args:
        name: as it was typed.
        options: what it may be.
        cutoff: how much alike they must be, from 0 to 1.
    """
    return next(iter(difflib.get_close_matches(name, sorted(options), n=1, cutoff=cutoff)), "")


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """Return ``did you mean "x"?`` for the closest option, or the list of options when none is close."""
    known = sorted(options)
    if close := closest(name, known):
        return f'did you mean "{close}"?'
    return f"known: {', '.join(known)}" if known else "there are none"
