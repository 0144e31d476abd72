"""One compact table of chosen models, metrics and splits: options of ``report``, and an object for Python."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from benchsuite.errors import UsageError, did_you_mean
from benchsuite.interface import Frames, FunctionResult, Style, Words, plain, several

if TYPE_CHECKING:
    from pandas import DataFrame

    from benchsuite.data import Comparison
    from benchsuite.plan import Plan

TABLE = "table"
"""The report that makes it."""

FORMS = ("terminal", "latex", "markdown", "html", "csv", "json")
"""What it can be written as."""

SortOrder = Literal["given", "place", "name"]


class CompactTable(FunctionResult):
    """One table as people paste it; a notebook shows it, ``print`` shows it as text.

    Example:
        >>> table = benchsuite.load("quick").table(models=["als", "flm"], metrics="recall@10,f1@10")  # doctest: +SKIP
        >>> print(table.latex)  # doctest: +SKIP
    """

    def __init__(self, comparison: Comparison, settings: Mapping[str, Any]) -> None:
        self._comparison = comparison
        self._settings = settings
        self._told = json.loads(self._rendered("json"))  # tells of a wrong name now, not when it is shown

    @property
    def latex(self) -> str:
        r"""A ``table`` environment that needs booktabs and nothing else."""
        return self._rendered("latex")

    @property
    def markdown(self) -> str:
        """A pipe table with a title before and the meaning of its marks after it."""
        return self._rendered("markdown")

    @property
    def html(self) -> str:
        """One ``<table>`` with its styles in it."""
        return self._rendered("html")

    @property
    def csv(self) -> str:
        """The same with all digits, a header and one line a model."""
        return self._rendered("csv")

    @cached_property
    def frame(self) -> DataFrame:
        """Its values as float64: one row a model, named as shown; NaN where there is none. Groups are column levels."""
        import pandas as pd

        heads = [tuple(column["heads"]) for column in self._told["columns"]]
        columns = pd.MultiIndex.from_tuples(heads) if len(heads[0]) > 1 else pd.Index([head for (head,) in heads])
        values = [[cell["value"] for cell in line["cells"]] for line in self._told["lines"]]
        index = pd.Index([line["name"] for line in self._told["lines"]], name="model")
        return pd.DataFrame(values, index=index, columns=columns, dtype="float64")

    def text(self, style: Style = plain) -> str:
        """Return the table for a terminal."""
        return self._rendered("terminal")

    def frames(self) -> Frames:
        """Return ``table``, its models as a column."""
        return {"table": self.frame.reset_index()}

    def to_dict(self) -> Any:
        """Return columns and cells as plain values, with their marks."""
        return self._told

    def __repr__(self) -> str:
        """Return the table as text."""
        return self.text()

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        return self.html

    def _rendered(self, form: str) -> str:
        from benchsuite.registry import load_report

        made = load_report(TABLE).from_settings({**self._settings, "form": form})
        return next(iter(made.render(self._comparison).values())).decode()


def table_settings(
    of: Comparison | Plan, form: str = "terminal", options: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the settings of the report ``table`` for what a reader asks for; what is not asked for is left out.

    Args:
        of: what the table is of; it tells a comma in a label from one between two labels.
        form: one of :data:`FORMS`.
        options: as ``benchsuite.report`` takes them: ``models`` and the like are labels, of which one text may hold
            several with commas between them; ``rename`` is new names by label, or words such as ``"flm=FLM (ours)"``.

    Raises:
        UsageError: when words cannot be read.
    """
    known = {
        "models": [info.label for info in of.models],
        "metrics": [info.label for info in of.metrics],
        "splits": [info.split_label for info in of.splits],
        "datasets": [info.label for info in of.datasets],
    }
    settings: dict[str, Any] = {"form": form if form in FORMS else FORMS[0]}
    for option, value in options.items():
        if value in ((), None, False):
            continue
        if option in known:
            settings[option] = _names(value, known[option], option)
        elif option == "rename" and not isinstance(value, Mapping):
            settings[option] = _renamed(several(value), {label for labels in known.values() for label in labels})
        else:
            settings[option] = dict(value) if option == "rename" else value
    return settings


def check_form(form: str) -> None:
    """Refuse a report that is no form of one table.

    Raises:
        UsageError: naming those that are.
    """
    if form not in (*FORMS, TABLE):
        near = did_you_mean(form, FORMS)
        raise UsageError(f"{form} is not one table", where="--as", remedy=f"with --models and the like: {near}")


def _names(words: Words, known: Collection[str], where: str) -> list[str]:
    """Return names; a label that holds a comma is one name."""
    found: list[str] = []
    for word in several(words):
        found += [word] if word in known else several(word, separator=",", where=where)
    return found


def _renamed(words: Sequence[str], labels: Collection[str]) -> dict[str, str]:
    """Read ``OLD=NEW``; a label may hold an equals sign itself."""
    found = {}
    for word in words:
        cuts = [place for place, character in enumerate(word) if character == "="]
        if not cuts:
            raise UsageError(
                f'"{word}" renames nothing', where="rename", remedy='write OLD=NEW, such as flm="FLM (ours)"'
            )
        cut = next((place for place in reversed(cuts) if word[:place] in labels), cuts[0])
        found[word[:cut]] = word[cut + 1 :]
    return found
