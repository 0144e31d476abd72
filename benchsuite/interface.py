"""What functions of ``import benchsuite`` and verbs of the command line share; standard library only.

A function takes plain values, returns a :class:`FunctionResult` and prints nothing but progress. The command line makes
a verb of it: parameters before ``*`` are arguments, the others are options, the docstring is the help.
"""

from __future__ import annotations

import abc
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

Style = Callable[[str, str], str]
"""Returns a text as a terminal shows it in ``bold``, ``dim``, ``red``, ``green`` or ``yellow``."""


def plain(text: str, _style: str) -> str:
    """Return the text as it is: the style of files and pipes."""
    return text


@dataclass(frozen=True)
class Option:
    """How the command line spells a parameter, where its own name does not say it; used in ``Annotated``.

    Attributes:
        name: ``--metric`` for a parameter ``metrics``.
        metavar: what the help calls the value.
        split: what separates several values in one word, such as ``,``.
        variable: an environment variable that gives the default.
        hidden: left out of the command line.
    """

    name: str = ""
    metavar: str = ""
    split: str = ""
    variable: str = ""
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
    def to_dict(self) -> Any:
        """Return plain values, as ``--json`` prints them."""

    @abc.abstractmethod
    def frames(self) -> Mapping[str, DataFrame]:
        """Return pandas frames by name."""

    def advice(self) -> Sequence[str]:
        """Return lines that are no result: what to mind, what to do next."""
        return ()

    def __str__(self) -> str:
        """Return the lines for people, without colours."""
        return self.text()

    def __repr__(self) -> str:
        """Return one line."""
        sizes = ", ".join(f"{name} {len(frame)}" for name, frame in self.frames().items())
        return f"<{type(self).__name__}: {sizes} rows; print() shows it>"

    def _repr_html_(self) -> str:
        """Return the frames for a notebook."""
        from html import escape

        frames = self.frames().items()
        return "".join(f"<h4>{escape(name)}</h4>{frame.to_html(index=False)}" for name, frame in frames)


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a plain table for a terminal; no cell is taken for a number."""
    from tabulate import tabulate

    body = [[str(cell) for cell in row] for row in rows]
    return tabulate(body, headers=headers, tablefmt="simple", disable_numparse=True)


def frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> DataFrame:
    """Return rows as a frame that has its columns even when there is no row."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


def count(number: int, thing: str) -> str:
    """Return ``1 leak`` or ``2 leaks``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def print_status(text: str) -> None:
    """Print a line that is not a result (progress, advice) to standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def silent(_text: str) -> None:
    """Print nothing."""
