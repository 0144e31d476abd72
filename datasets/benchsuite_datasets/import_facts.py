"""What reading a user's own tables found, lost and left open, for people to see before they trust it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchsuite.data import Dataset, Float64
from benchsuite.errors import DataError
from benchsuite_datasets.card import Card, Layout
from benchsuite_datasets.dataset_builder import Tables
from benchsuite_datasets.preparation_steps import count
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.id_matching import meet
from benchsuite_tables.profiles import ColumnProfile
from benchsuite_tables.understanding import Understanding

if TYPE_CHECKING:
    import pandas as pd

_ENOUGH_ROWS = 20
_MOST_USERS = 0.9
_HIGHEST_RATING = 10
_LIKED = 0.8
_STAND_INS = frozenset(
    {"-", "--", "?", "n/a", "na", "nan", "none", "null", "nil", "unknown", "undefined", "\\n", "<na>"}
)


@dataclass(frozen=True, eq=False)
class DescribedTable:
    """A table that was read directly, and the card that says the same.

    Attributes:
        toml: the card.
        dataset: the table as it was read without the card.
        facts: what was read, left out and not used, as (what, how much).
        hints: what the reader might want to say, as sentences.
    """

    toml: str
    dataset: Dataset
    facts: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]


def refuse_row_numbers(rows: pd.DataFrame, table: CardTable, where: str) -> None:
    """Raise DataError where a table without names has a user for (nearly) each row, so that users may be row numbers.

    Raises:
        DataError: that says so.
    """
    if table.header or table.format not in {"delimited", "columns"}:
        return
    if "user" in rows and len(rows) >= _ENOUGH_ROWS:
        users = int(rows["user"].nunique())
        if users > _MOST_USERS * len(rows) and table.columns["user"] == table.names[0]:
            what = f"nearly each of its {len(rows):,} rows has a user of its own ({users:,})"
            raise DataError(what, where=where, remedy="say user = 'COLUMN' and item = 'COLUMN', or header = true")


def stand_ins(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each id that many programs write where there is none, such as ``--`` or ``NULL``."""
    for side in ("user", "item"):
        for name in rows[side].cat.categories:
            if str(name).lower() in _STAND_INS:
                number = int((rows[side] == name).sum())
                what = f"{count(number, 'row')} of {len(rows):,} have the {side} {name!r}"
                yield f"{what}: if that means not known, say missing_cells = {name!r}"


def met(tables: Tables, layout: Layout) -> Iterator[str]:
    """Yield how many ids of the rows each second table knows.

    Raises:
        DataError: where fewer than half of the ids are met (for links: half of the smaller side, because not each user
            needs to have links), with what would make them meet.
    """
    rows = tables.interactions
    ids = {side: rows[side].cat.categories.tolist() for side in ("user", "item")}
    sides: list[tuple[str, str, pd.DataFrame | None]] = []
    for side, table, files in (("user", tables.users, layout.users), ("item", tables.items, layout.items)):
        names = [one.file for one in files if one.file]
        sides += [(side, ", ".join(names), table)] if names else []
    sides += [
        ("user", layout.user_features, tables.user_features),
        ("item", layout.item_features, tables.item_features),
    ]
    for side, file, known in sides:
        if known is not None:
            found = meet(ids[side], known.index, f"{side}s", file)
            found.require_half()
            yield found.sentence
    if "part" in rows:
        yield from _met_parts(rows)
    if tables.links is not None:
        ends = np.unique(np.concatenate([tables.links[end].astype(str).to_numpy() for end in ("user", "other")]))
        found = meet(ids["user"], ends, "users", ", ".join(one.file for one in layout.links))
        found.require_half_of_smaller()
        yield found.sentence


def _met_parts(rows: pd.DataFrame) -> Iterator[str]:
    """Yield how many users and items of each further part of a fixed split the first part knows.

    New users and items are what some splits are for, so few that meet are an error only where another way of writing
    makes more of them meet.

    Raises:
        DataError: where that is so.
    """
    first, *others = rows["part"].cat.categories
    for part in others:
        for side in ("user", "item"):
            mine, known = (
                rows.loc[(rows["part"] == one).to_numpy(), side].cat.remove_unused_categories().cat.categories
                for one in (part, first)
            )
            found = meet(mine, known, f"{side}s of the part {part}", f"part {first}")
            if found.way:
                raise found.error()
            yield found.sentence


def facts(events: Understanding, tables: Tables, card: Card) -> tuple[tuple[str, str], ...]:
    """Return what was read, left out and not used, one line each."""
    read = tables.steps[0].before
    lines = [("rows read", f"{read:,}")]
    lines += [("while reading", note) for note in tables.steps[0].note.split("; ") if note]
    if tables.zeros:
        lines.append(("values of 0", f"{tables.zeros:,} of {read:,} rows have the value 0"))
    lines += [("ids that meet", sentence) for sentence in met(tables, card.layouts[0])]
    texts = [f"{name} ({side})" for side in ("item", "user") for name in getattr(card, f"{side}_text")]
    lines.append(("columns read as texts", ", ".join(texts) or "none"))
    unused = [name for name in events.ignored if name not in {*card.item_text, *card.user_text}]
    lines.append(("columns ignored", ", ".join(unused) or "none"))
    return tuple(lines)


def hints(events: Understanding, tables: Tables, positive_from: float | None) -> tuple[str, ...]:
    """Return what a reader might want to say: what counts as liked, and what a 0 means."""
    found = list(stand_ins(tables.interactions))
    profile = events.profile("value")
    known = tables.interactions[["user", "item"]].notna().all(axis=1).to_numpy()  # the others are left out
    value = tables.interactions["value"].to_numpy()[known]
    if profile is not None and positive_from is None:
        found.append(_label_rule(profile, value))
    lowest, below = value.min(initial=0.0), int((value < 0).sum())
    if below and profile is not None and (value[value < 0] == lowest).all():
        share = f"{below:,} of {count(len(value), 'rating')} are {lowest:g}"
        found.append(f"{share}: if that means not rated, leave them out with min_value")
    if tables.zeros and not (profile is not None and profile.is_label):
        share = f"{tables.zeros:,} of {count(len(value), 'rating')} are 0"
        found.append(f"{share}: if that means not rated, leave them out with min_value")
    return tuple(found)


def _label_rule(profile: ColumnProfile, values: Float64) -> str:
    """Propose which values mean "liked".

    Args:
        profile: of the values' column.
        values: float64[n] of the rows that stay.
    """
    without = "without it there are no labels: accuracy, precision, recall, f1 and auc look at drawn items instead"
    if profile.is_label:
        return f"{profile.name} says yes or no: say positive_from = 1; {without}; in rankings a 0 is never relevant"
    high = float(values.max(initial=0.0))
    if high <= 0:
        return f"no value of {profile.name} is above 0, so that no row counts as right in a ranking"
    if high > _HIGHEST_RATING:
        return f"no value of {profile.name} is said to mean liked: say positive_from = X; {without}"
    liked = next((half / 2 for half in range(int(2 * high) + 1) if half / 2 >= _LIKED * high), high)
    share = float((values >= liked).mean())
    rule = f"{profile.name} goes up to {high:g}: positive_from = {liked:g} would call {share:.0%} of the rows liked"
    relevant = "in rankings all values above 0 are relevant unless the experiment says relevant_from = "
    return f"{rule}; {without}; {relevant}{liked:g}"
