"""What the pages of leaderboards are made of: tables, boxes that scroll, cells, and facts in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from benchsuite.benchmark.board import Board
from benchsuite.benchmark.entrants import Entrant
from benchsuite.benchmark.scores import TaskScore
from benchsuite.html_text import element, table_element
from benchsuite.interface import count
from benchsuite.plan.benchmark_rules import LITE
from benchsuite_site.explanations import BORROWED


def board_name(board: Board) -> str:
    """Return the name of the benchmark or its short form: both may lie in one folder."""
    return f"{board.name}-{LITE}" if board.lite else board.name


def heat(score: TaskScore) -> str:
    """Return the cell of a score, its colour by that of the best reference."""
    if score.mean is None:
        return element("td", escape(score.state), class_="soft", title=score.reason)
    mark = {"better": " &#9650;", "worse": " &#9660;", "reference": " &#9679;"}.get(score.verdict, "")
    told = score.verdict if score.competes else BORROWED
    shade = None if score.ratio is None else f"h{_shade(score.ratio)}"
    own = "" if score.competes else " ~"
    return element("td", short(score.mean) + mark + own, class_=shade, title=told)


def short(value: float) -> str:
    """Return a score with three decimals, and nothing before the point where it is below 1."""
    return f"{value:.3f}".removeprefix("0")


def _shade(ratio: float) -> int:
    """Return 0 (a quarter of the best reference or less) to 8 (a quarter above it or more)."""
    return max(0, min(8, round((ratio - 0.25) * 8)))


def machine_text(machine: Mapping[str, Any]) -> str:
    """Return a machine in words."""
    known = {"cpu", "cores", "memory_gib"}
    parts = [str(machine.get("cpu") or "a processor that is not known")]
    parts += [count(machine["cores"], "core")] if "cores" in machine else []
    parts += [f"{machine['memory_gib']:g} GiB of memory"] if "memory_gib" in machine else []
    rest = {name: value for name, value in machine.items() if name not in known}
    return ", ".join([*parts, *([words(rest)] if rest else [])])


def words(table: Any) -> str:
    """Return names and their values, in one line."""
    if not isinstance(table, Mapping):
        return value_text(table)
    return ", ".join(f"{str(name).replace('_', ' ')} {value_text(value)}" for name, value in table.items())


def value_text(value: Any) -> str:
    """Return a text as it is, and anything else as one would give it in a shell."""
    return value if isinstance(value, str) else json.dumps(value)


def checked_text(entrant: Entrant) -> str:
    """Return how many cells somebody fitted again and when, or nothing."""
    found = entrant.verified
    return f"{found['cells']} cells fitted again, {found['date']}" if found else ""


def scrolled_table(
    title: str, heads: Sequence[str], lines: Sequence[str], above: Sequence[tuple[str, int]] = ()
) -> str:
    """Return a table in a box that scrolls.

    Args:
        title: of it.
        heads: of the columns.
        lines: its rows.
        above: heads above these, each with the number of columns that it is of.
    """
    head = element("tr", "".join(element("th", escape(name), scope="col") for name in heads))
    if above:
        over = [
            element("th", escape(name), scope="colgroup", colspan=width) if name else element("td")
            for name, width in above
        ]
        head = element("tr", "".join(over)) + head
    drawn = table_element(head, element("tbody", "\n".join(lines)), element("caption", escape(title)))
    return box(title, drawn)


def box(title: str, content: str) -> str:
    """Return a box that scrolls where what it holds is too wide."""
    return element("div", content, class_="wide", tabindex=0, role="region", aria_label=title)
