"""What functions of ``import benchsuite`` and verbs of the command line share; standard library only.

A function takes plain values, returns a :class:`FunctionResult` and prints nothing but progress. The command line makes
a verb of it: parameters before ``*`` are arguments, the others are options, the docstring is the help.
"""

from __future__ import annotations

import abc
import dataclasses
import os
import re
import shutil
import sys
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from benchsuite.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pandas import DataFrame

Frames: TypeAlias = "Mapping[str, DataFrame]"
Style = Callable[[str, str], str]
"""Returns a text as a terminal shows it in ``bold``, ``dim``, ``red``, ``green`` or ``yellow``."""

_NARROWEST = 8
"""Characters below which no column of a table shrinks."""

PathLike = str | os.PathLike[str]
Words = str | Sequence[str]
"""One word or several: ``"als"`` as well as ``["als", "ease"]``."""

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
Completed = Literal["", "experiments", "runs", "kinds", "plugins", "models", "sources", "splits", "metrics", "reports"]


def plain(text: str, _style: str) -> str:
    """Return the text as it is: the style of files and pipes."""
    return text


@dataclass(frozen=True)
class Option:
    """How the command line spells a parameter, where its own name does not say it; used in ``Annotated``.

    Attributes:
        name: ``--metric`` for a parameter ``metrics``.
        metavar: what the help calls the value.
        variable: an environment variable that gives the default.
        complete: what a shell offers when it completes the value.
        printed: changes only what is printed as text; refused together with ``--json``.
        hidden: left out of the command line.
    """

    name: str = ""
    metavar: str = ""
    variable: str = ""
    complete: Completed = ""
    printed: bool = False
    hidden: bool = False


class FunctionResult(abc.ABC):
    """What a function returns: frames for a script, tables for people.

    ``print(result)`` shows what the verb of the same name prints; a notebook shows the frames.
    """

    @property
    def ok(self) -> bool:
        """False where the verb ends with exit code 1: something failed, differs or is missing."""
        return True

    @abc.abstractmethod
    def text(self, style: Style = plain) -> str:
        """Return the lines for people."""

    @abc.abstractmethod
    def frames(self) -> Frames:
        """Return pandas frames by name."""

    def to_dict(self) -> Any:
        """Return plain values, as ``--json`` prints them: the public fields, where the result is a dataclass."""
        assert dataclasses.is_dataclass(self)  # noqa: S101 - others say it themselves
        names = [field.name for field in dataclasses.fields(self) if not field.name.startswith("_")]
        return {name: plain_values(getattr(self, name)) for name in names}

    def advice(self) -> Sequence[str]:
        """Return lines that are no result: what to mind, what to do next."""
        return ()

    def __str__(self) -> str:
        """Return the lines for people, without colours."""
        return self.text()

    def __repr__(self) -> str:
        """Return one line."""
        sizes = ", ".join(f"{name} {len(frame)}" for name, frame in self.frames().items())
        return f"<{type(self).__name__}: rows: {sizes}; print() shows it>"

    def _repr_html_(self) -> str:
        """Return the frames for a notebook."""
        from html import escape

        frames = self.frames().items()
        return "".join(f"<h4>{escape(name)}</h4>{frame.to_html(index=False)}" for name, frame in frames)


def plain_values(value: Any) -> Any:
    """Return what JSON can hold: dataclasses as dictionaries, paths as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_values(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(one) for one in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def frame(rows: Iterable[Any], columns: Sequence[str] | type) -> DataFrame:
    """Return rows as a frame that has its columns even when there is no row.

    Args:
        rows: mappings or dataclasses.
        columns: their names, or the dataclass.
    """
    import pandas as pd

    names = [field.name for field in dataclasses.fields(columns)] if isinstance(columns, type) else list(columns)
    table = [row if isinstance(row, Mapping) else {name: getattr(row, name) for name in names} for row in rows]
    return pd.DataFrame(table, columns=names)


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], width: int | None = None) -> str:
    """Return a plain table; no cell is taken for a number, and the widest columns wrap where that makes it fit.

    Args:
        headers: of the columns; may be empty.
        rows: of the same length.
        width: in characters (default: the terminal's; in files and pipes nothing wraps).
    """
    from tabulate import tabulate

    body = [[str(cell) for cell in row] for row in rows]
    drawn = tabulate(body, headers=headers, tablefmt="simple", disable_numparse=True)
    limit = terminal_width() if width is None else width
    rule = next((line for line in drawn.splitlines() if line and set(line) <= {"-", " "}), "")
    widths = [len(part) for part in rule.split()]
    excess = sum(widths) + 2 * (len(widths) - 1) - limit
    floors = [max(_NARROWEST, len(head) + 2) for head in [*headers, *[""] * (len(widths) - len(headers))]]
    if not limit or excess <= 0 or excess > sum(max(0, one - least) for one, least in zip(widths, floors, strict=True)):
        return drawn
    for _ in range(excess):
        room = [one if one > least else 0 for one, least in zip(widths, floors, strict=True)]
        widths[room.index(max(room))] -= 1
    wrapped = [[_wrapped(*pair) for pair in zip(row, widths, strict=True)] for row in body]
    return tabulate(wrapped, headers=headers, tablefmt="simple", disable_numparse=True)


def _wrapped(cell: str, width: int) -> str:
    """Break a cell into lines; tabulate would, too, but reads "1,000" as a number when it does."""
    import textwrap

    return cell if "\x1b" in cell else "\n".join(textwrap.wrap(cell, width))


def terminal_width() -> int:
    """Return how wide the terminal is, 0 where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else 0


def prose(text: str) -> str:
    """Return a docstring's text without its marks, wrapped as the terminal is wide.

    A paragraph is filled; where lines are indented or are items of a list, each line is wrapped by itself.
    """
    import textwrap

    plain_text = re.sub(r":\w+:`~?([^`]*)`", r"\1", text).replace("``", "")
    plain_text = re.sub(r"(?<![\w*])\*(?=\S)([^*\n]+(?:\n[^*\n]+)?)(?<=\S)\*(?![\w*])", r"\1", plain_text)
    width = terminal_width()
    if not width:
        return plain_text

    def wrapped(line: str) -> str:
        indent = re.match(r"\s*(- )?", line)
        return textwrap.fill(line, width, subsequent_indent=" " * (len(indent[0]) if indent else 0))

    parts = plain_text.split("\n\n")
    listed = [re.search(r"^(\s|- )", part, re.MULTILINE) for part in parts]
    filled = [
        "\n".join(map(wrapped, part.split("\n"))) if lines else textwrap.fill(part, width)
        for part, lines in zip(parts, listed, strict=True)
    ]
    return "\n\n".join(filled)


def several(value: Words, *, separator: str = "", where: str = "") -> list[str]:
    """Return one word or several as a list.

    Args:
        value: a word or several.
        separator: what may stand between words in one text.
        where: for the error.

    Raises:
        UsageError: when there are texts, and no word in them.
    """
    words = [value] if isinstance(value, str) else list(value)
    if not separator:
        return words
    named = [name for word in words for part in word.split(separator) if (name := part.strip())]
    if words and not named:
        raise UsageError("names nothing", where=where, remedy="write names with commas between them")
    return named


def check_choice(value: Any, choices: Any, where: str) -> None:
    """Refuse a value that is none of the choices.

    Args:
        value: what was given.
        choices: a ``Literal``, or words.
        where: the parameter or option, for the error.

    Raises:
        UsageError: naming the closest.
    """
    known = list(typing.get_args(choices) or choices)
    if value not in known:
        raise UsageError(f'no choice "{value}"', where=where, remedy=did_you_mean(str(value), known))


def count(number: int, thing: str) -> str:
    """Return ``1 leak`` or ``2 leaks``, ``1 entry`` or ``2 entries``."""
    if number == 1:
        return f"1 {thing}"
    ends_in_ies = thing.endswith("y") and thing[-2:-1] not in tuple("aeiou")
    return f"{number:,} {thing[:-1]}ies" if ends_in_ies else f"{number:,} {thing}s"


def print_status(text: str) -> None:
    """Print a line that is not a result (progress, advice) to standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def silent(_text: str) -> None:
    """Print nothing."""
