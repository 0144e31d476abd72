"""What fits on one screen: what the numbers say, one table, and nothing that a second look can find elsewhere."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from benchsuite_reports.model import chosen_settings, series, text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.first_screen import SURE, leaders, main_heading, overview
from benchsuite_reports.model.verdict import Statement
from benchsuite_reports.render.terminal_tables import BEST, SECOND, draw, width

_FEWEST_ROWS = 6
"""So many rows of the table stay, however much there is to say."""

_SETTINGS = 3
"""At most so many lines tell what a search chose."""

_BRACKETS = "(...): mostly decided by its fallback or by ties; does not compete."


def screen(view: ComparisonIndex, said: Sequence[Statement], columns: int, lines: int) -> list[str]:
    """Return at most so many lines, without codes; what is left out is counted in a line of its own.

    Who leads where comes first, and whether that is sure: in sentences where there is room for all of them, else in a
    table with a row for each place.

    Args:
        view: what to show.
        said: what the numbers say, most important first; warnings come last.
        columns: the widest line.
        lines: the most lines.
    """
    leads = [one.short or one.text for one in said if one.lead is not None]
    others = [one.short or one.text for one in said if one.lead is None]
    head, rows = _table(view, columns)
    if _beside(leads, columns) > _room(head, rows, columns, lines):
        head, rows, leads = *_cut_at_rule(_leaders(view, columns)), []
    rule = view.comparison.provenance.get("relevance", {}).get("rule", "")
    legend = textwrap.wrap(_legend([*head, *rows], rule), columns)
    room = _room(head, rows, columns, lines - len(textwrap.wrap(rule, columns)))
    # Whole sentences are counted where they are left out; settings are cut, as a list can be.
    settings = textwrap.wrap(
        chosen_settings.short(view.comparison),
        columns,
        subsequent_indent="  ",
        max_lines=min(_SETTINGS, max(room - _beside(leads, columns) - (1 if others else 0), 1)),
        placeholder=" ...",
        break_on_hyphens=False,
    )
    spoken = _spoken([*leads, *others], columns, max(room - len(settings), 1))
    left = lines - 1 - len(legend) - len(head) - len(spoken) - len(settings) - (1 if rows else 0)
    if len(rows) > left:
        kept = max(left - 1, 1)
        rows = [*rows[:kept], f"... and {len(rows) - kept} more rows"]
    return [_title(view), *spoken, *([""] if rows else []), *head, *rows, *legend, *settings]


def _room(head: Sequence[str], rows: Sequence[str], columns: int, lines: int) -> int:
    """Return how many lines there are for sentences beside a table of which some rows must stay."""
    legend = textwrap.wrap(_legend([*head, *rows]), columns)
    return max(lines - 1 - len(legend) - len(head) - min(len(rows), _FEWEST_ROWS) - (1 if rows else 0), 2)


def _beside(sentences: Sequence[str], columns: int) -> int:
    return sum(len(_wrapped(one, columns)) for one in sentences)


def _wrapped(sentence: str, columns: int) -> list[str]:
    return textwrap.wrap(sentence, columns, subsequent_indent="  ", break_on_hyphens=False)


def _title(view: ComparisonIndex) -> str:
    """Return the experiment's name, what the table shows, and whether its data is simulated."""
    about = view.comparison
    names = [text.clean(name) for name in view.datasets]
    wholes = series.wholes(view)
    if len(wholes) == 1:
        told = text.place(wholes[0])
    else:
        told = f"{main_heading(view)} on {names[0] if len(names) == 1 else f'{len(names)} data sets'}"
    simulated = text.simulated(about, view.datasets)
    if simulated:
        which = "" if len(simulated) == len(names) else f"{', '.join(map(text.clean, simulated))}: "
        told += f" ({which}simulated)"
    return f"{text.clean(about.name)}: {told}"


def _spoken(said: Sequence[str], columns: int, room: int) -> list[str]:
    """Return as many whole sentences as there is room for, and how many there are besides."""
    found: list[str] = []
    for number, sentence in enumerate(said):
        wrapped = _wrapped(sentence, columns)
        last = number == len(said) - 1
        if len(found) + len(wrapped) + (0 if last else 1) > room:
            left = len(said) - number
            return [*found, f"... and {left} more {'sentence' if left == 1 else 'sentences'} in the report"]
        found += wrapped
    return found


def _table(view: ComparisonIndex, columns: int) -> tuple[list[str], list[str]]:
    """Return the heading lines and the rows of the widest form of the overview that fits."""
    for margins in (True, False):
        table = overview(view, margins=margins)
        if table is None:
            return [], []
        drawn = draw(table)
        if width(drawn) <= columns:
            return _cut_at_rule([line for line in drawn if not line.startswith("ceiling (")])
    return _cut_at_rule(_leaders(view, columns))


def _leaders(view: ComparisonIndex, columns: int) -> list[str]:
    """Return a row for each place, with as many of its best models as fit."""
    from tabulate import tabulate

    headings, rows = leaders(view)
    drawn: list[str] = []
    for models in range(len(headings) - 1, 0, -1):
        body = [row[: models + 1] for row in rows]
        drawn = tabulate(body, headers=headings[: models + 1], tablefmt="simple", disable_numparse=True).split("\n")
        if width(drawn) <= columns:
            return drawn
    return [textwrap.shorten(line, columns, placeholder="...") if len(line) > columns else line for line in drawn]


def _cut_at_rule(drawn: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return heading and rows; of the rules, only the first stays, which ends the heading."""
    rules = [index for index, line in enumerate(drawn) if line and set(line) <= {"-", " "}]
    first = rules[0] + 1
    return list(drawn[:first]), [line for index, line in enumerate(drawn) if index >= first and index not in rules]


def _legend(drawn: Sequence[str], rule: str = "") -> str:
    """Return what the marks mean that stand in the table, and what counts as relevant where that was said."""
    shown = "\n".join(drawn)
    told = [f"{SURE}: ahead of all others by test."] if SURE in shown else []
    told += [f"{BEST}: best."] if BEST in shown else []
    told += [f"{SECOND}: second."] if SECOND in shown else []
    told += ["\N{PLUS-MINUS SIGN}: the larger side of the 95% interval."] if "\N{PLUS-MINUS SIGN}" in shown else []
    told += [_BRACKETS] if "(." in shown or "(0" in shown else []
    told += ["[LM]: reads with a language model."] if "[LM]" in shown else []
    return " ".join([*told, *([rule] if rule and drawn else [])])
