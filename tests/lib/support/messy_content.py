"""What a messy table holds before it is written: columns of cells with a meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from support.messy_cells import (
    BLANK_IDS,
    BLANK_TIMES,
    EXTRA_NAMES,
    IDS,
    RATING_NAMES,
    TIMES,
    UNCLEAR_TIMES,
    VALUE_NAMES,
    VALUES,
    Cell,
    Column,
    extras,
    ids,
    times,
)

Row = tuple[str, str, float | None, float | None]


@dataclass(frozen=True)
class MessyTable:
    """A file and what it means.

    Attributes:
        name: of the file.
        data: its bytes.
        rows: (user, item, value or None, seconds since 1970 or None) of every row, in the order of the file.
        kinds: what is peculiar about it, one word or a few for each respect.
        clear: whether a person would read it without asking; else it may be refused.
        faulty: whether it must be refused: a cell is not what its column holds, or its times do not fit together.
    """

    name: str
    data: bytes
    rows: tuple[Row, ...]
    kinds: tuple[str, ...]
    clear: bool
    faulty: bool = False

    def expected(self) -> dict[tuple[str, str], tuple[float, float | None]]:
        """Return value and time by user and item, the last of repeats (in time, then in the file) only."""
        order = sorted(range(len(self.rows)), key=lambda at: (self.rows[at][3] or 0, at))
        last = {self.rows[at][:2]: self.rows[at][2:] for at in order}
        return {pair: (1.0 if value is None else value, time) for pair, (value, time) in last.items()}


@dataclass
class Content:
    """The columns of a table before it is written; ``value`` and ``time`` may be missing."""

    user: Column
    item: Column
    value: Column | None
    time: Column | None
    extra: dict[str, Column]
    kinds: dict[str, str]

    def rows(self) -> tuple[Row, ...]:
        """Return what the rows mean."""
        size = len(self.user)
        none = [Cell(None, "", None)] * size
        columns = (self.user, self.item, self.value or none, self.time or none)
        found = zip(*([cell.means for cell in column] for column in columns), strict=True)
        return tuple(found)

    @property
    def faulty(self) -> bool:
        """Whether a value is missing or bad, or times are of two units."""
        return self.kinds["value"] in {"some empty", "a bad cell"} or self.kinds["time"] == "s and ms mixed"

    @property
    def clear(self) -> bool:
        """Whether the cells leave nothing to ask."""
        return self.kinds["time"] not in UNCLEAR_TIMES and not self.faulty


def contents(
    rng: Random,
    *,
    blanks: bool = True,
    text: bool = True,
    values: Sequence[str] = ("none", *VALUES),
    id_kinds: Sequence[str] = IDS,
) -> Content:
    """Draw the columns of a table.

    Args:
        rng: decides everything.
        blanks: whether cells may hold blanks, be empty, or stand in quotes.
        text: whether there may be columns that are neither user, item, value nor time.
        values: kinds of values to draw from.
        id_kinds: kinds of ids to draw from.
    """
    usable = [kind for kind in id_kinds if blanks or kind not in BLANK_IDS | {"blanks around"}]
    moments = [kind for kind in TIMES if blanks or kind not in BLANK_TIMES - {"words"}]
    kinds = {
        "user": rng.choice(usable),
        "item": rng.choice(usable),
        "value": rng.choice([kind for kind in values if blanks or kind != "some empty"]),
        "time": rng.choice(("none", "none", "none", *moments)),
        "extra": rng.choice(("none", "none", *EXTRA_NAMES)) if text else "none",
    }
    if not blanks and kinds["extra"] not in {"price", "age", "latitude"}:
        kinds["extra"] = "none"
    return content_of(kinds, rng)


def content_of(kinds: dict[str, str], rng: Random) -> Content:
    """Return columns of these kinds: of ``user``, ``item``, ``value``, ``time`` and ``extra``."""
    rows = rng.randint(12, 40)
    return Content(
        ids(kinds["user"], rng, rows, rows // 4),
        ids(kinds["item"], rng, rows, rows // 3),
        None if kinds["value"] == "none" else VALUES[kinds["value"]](rng, rows),
        None if kinds["time"] == "none" else times(kinds["time"], rng, rows),
        {} if kinds["extra"] == "none" else {EXTRA_NAMES[kinds["extra"]]: extras(kinds["extra"], rng, rows)},
        kinds,
    )


USUAL = (
    ("user", "item", "timestamp"),
    ("user_id", "item_id", "timestamp"),
    ("userId", "movieId", "timestamp"),
    ("User ID", "Item ID", "Date"),
    ("CustomerID", "StockCode", "InvoiceDate"),
    ("reviewerID", "asin", "unixReviewTime"),
    ("visitorid", "itemid", "ts"),
    ("uid", "iid", "time"),
    ("USER_ID", "PRODUCT_ID", "created_at"),
    ("customer_id", "article_id", "Date bought"),
    ("user_id", "business_id", "review_date"),
)
FOREIGN = (
    ("Benutzer", "Artikel", "Bewertung", "Zeitpunkt"),
    ("utilisateur", "article", "note", "date"),
    ("usuario", "producto", "calificación", "fecha"),
    ("用户", "商品", "评分", "时间"),
    ("who", "what", "how_much", "moment"),
)


def names_of(rng: Random, content: Content) -> dict[str, str]:
    """Draw usual names of the columns by role."""
    user, item, time = rng.choice(USUAL)
    if content.kinds["time"] == "words":
        time = "Time"
    value = rng.choice(VALUE_NAMES.get(content.kinds["value"], RATING_NAMES))
    return {"user": user, "item": item, "value": value, "time": time}


def named_columns(content: Content, names: dict[str, str]) -> list[tuple[str, Column]]:
    """Return (name, cells) of each column."""
    known = {"user": content.user, "item": content.item, "value": content.value, "time": content.time}
    columns = [(names[role], column) for role, column in known.items() if column is not None]
    return [*columns, *content.extra.items()]
