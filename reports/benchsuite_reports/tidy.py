"""The report for a spreadsheet or a data frame: one number a row, with all its digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchsuite.api import Report
from benchsuite.data import Comparison

COLUMNS = ("dataset", "split", "model", "metric", "mean", "ci_low", "ci_high", "n", "state", "reason")
_RISKY = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "'",
    "\N{FULLWIDTH EQUALS SIGN}",
    "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
)
_QUOTED = frozenset(',;|"\t\r\n')


@dataclass
class Csv(Report):
    """One tidy table of every number, for data frames and spreadsheets."""

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``results.csv``: UTF-8, a header, one row per number or reason, lines ended by a line feed.

        Floats are written with the fewest digits that read back to the same value; no value is an empty cell. A text
        that a spreadsheet could take for a formula gets an apostrophe in front, as does one that begins with an
        apostrophe, so taking one leading apostrophe away gives back the exact text.
        """
        lines = [",".join(COLUMNS)]
        for row in comparison.rows:
            cells = [safe(row.dataset), safe(row.split), safe(row.model), safe(row.metric)]
            cells += [_number(row.mean), _number(row.ci_low), _number(row.ci_high), str(int(row.n))]
            cells += [safe(row.state), safe(row.reason)]
            lines.append(",".join(cells))
        return {"results.csv": ("\n".join(lines) + "\n").encode()}


def safe(text: str) -> str:
    """Return a text cell that no spreadsheet runs, quoted where a separator of any locale is inside."""
    if text.lstrip(" ").startswith(_RISKY):
        text = f"'{text}"
    if _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _number(value: float | None) -> str:
    return "" if value is None else repr(float(value))
