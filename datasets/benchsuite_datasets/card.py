"""Cards: what a data set is, where its files are, and what their columns mean. Data, not code; checked before use."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from benchsuite_datasets.upstream import File, Mirror, Positive
from benchsuite_tables.card_parts import Inside, Strict
from benchsuite_tables.card_table import CardTable


class Behaviour(Strict):
    """One thing that can happen, e.g. a purchase.

    Attributes:
        name: our name.
        raw: how the file writes it.
        weight: its value where rows have none of their own.
    """

    name: str
    raw: str
    weight: float = 1.0


class Layout(Strict):
    """One way the same data is laid out in files: upstream's own, or that of a package that carries it.

    Attributes:
        name: such as ``upstream``.
        files: all files it needs.
        mirrors: where to fetch them, tried in order.
        interactions: tables of events, one after the other.
        users: tables about users.
        items: tables about items.
        links: pairs of users.
        item_features: file of numbers by item: a Parquet with a column ``id``, or a ``.npy`` matrix beside a text file
            of the same name with one id a line (``covers.npy``, ``covers.ids``).
        user_features: the same for users.
    """

    name: str
    files: tuple[File, ...] = Field(min_length=1)
    mirrors: tuple[Mirror, ...] = ()
    interactions: tuple[CardTable, ...] = ()
    users: tuple[CardTable, ...] = ()
    items: tuple[CardTable, ...] = ()
    links: tuple[CardTable, ...] = ()
    item_features: Inside | Literal[""] = ""
    user_features: Inside | Literal[""] = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = {file.name for file in self.files}
        for features in filter(None, (self.item_features, self.user_features)):
            if features not in names:
                raise ValueError(f"features file {features!r} is not among the files")
        for table in (*self.interactions, *self.users, *self.items, *self.links):
            for part in (table, *((table.lookup.table,) if table.lookup else ())):
                if part.file and part.file not in names:
                    raise ValueError(f"table file {part.file!r} is not among the files")
        return self


class Expect(Strict):
    """Published counts, checked when the set is verified.

    Attributes:
        rows: rows of the files, before preparation, where that is published.
        users: different users in them, where that is published.
        items: different items in them.
        links: pairs of users as the file counts them.
    """

    rows: Positive | None = None
    users: Positive | None = None
    items: Positive | None = None
    links: Positive | None = None


class Variants(Strict):
    """Several sets of one format under one card, e.g. the categories of a shop: the reader names one in a setting.

    What stands in the card as ``{category}``, where ``category`` is the setting, becomes the chosen value.

    Attributes:
        setting: name of the setting.
        default: the value where none is named.
        values: published counts by value, an empty table where there are none.
    """

    setting: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    default: str
    values: dict[Inside, Expect] = Field(min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.default not in self.values:
            raise ValueError(f"default {self.default!r} is not among the values")
        return self


class Card(Strict):
    """Everything there is to know about a data set before reading it.

    Attributes:
        name: what experiments call it.
        title: what people call it.
        domain: such as ``movies``.
        summary: one line.
        licence: what one may do with it.
        redistribution: whether the licence lets others pass the files on.
        url: upstream's home page.
        cite: BibTeX entries.
        quirks: what a reader of the numbers should know.
        expect: published counts.
        choice: several sets of one format, of which a setting names one.
        behaviours: what can happen, weakest first.
        netted: how rows that take back an earlier one are told apart, "" where there are none: ``negative`` values
            are subtracted from the same user's and item's rows.
        unordered: whether the order of the rows in the files means nothing and may differ between copies; rows are
            then put in the order of their codes.
        item_text: the item columns a text is built from, in order.
        user_text: the user columns.
        defaults: the set's own defaults of preparation settings.
        layouts: ways the files come, preferred first.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: str
    domain: str
    summary: str
    licence: str
    redistribution: bool
    url: str
    cite: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()
    expect: Expect | None = None
    choice: Variants | None = None
    behaviours: tuple[Behaviour, ...] = Field(min_length=1)
    netted: Literal["", "negative"] = ""
    unordered: bool = False
    item_text: tuple[str, ...] = ()
    user_text: tuple[str, ...] = ()
    defaults: dict[str, Any] = Field(default_factory=dict)
    layouts: tuple[Layout, ...] = Field(min_length=1)

    def chosen(self, value: str) -> Card:
        """Return the card of one of the sets that ``choice`` names."""
        if self.choice is None:
            raise AssertionError("only a card with a choice has something to choose")
        mark = f"{{{self.choice.setting}}}"
        plain = _filled(self.model_dump(mode="json", exclude={"choice", "expect"}), mark, value)
        counts = self.choice.values[value]
        expect = counts.model_dump(mode="json") if counts.model_dump(exclude_none=True) else None
        return Card.model_validate_json(json.dumps(plain | {"expect": expect}))


def _filled(part: Any, mark: str, value: str) -> Any:
    """Return plain values with the mark replaced in every text and key."""
    if isinstance(part, str):
        return part.replace(mark, value)
    if isinstance(part, list):
        return [_filled(one, mark, value) for one in part]
    if isinstance(part, dict):
        return {_filled(key, mark, value): _filled(one, mark, value) for key, one in part.items()}
    return part
