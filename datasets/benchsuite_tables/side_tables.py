"""What the tables beside the interactions mean: about users or items, and links between users."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.errors import DataError
from benchsuite_tables.column_names import find_column, is_unnamed
from benchsuite_tables.doubts import Doubt
from benchsuite_tables.first_rows import FirstRows, Said, first_rows
from benchsuite_tables.text_file import TextFile
from benchsuite_tables.understanding import Understanding, plain_table

_TEXT_TYPES = {"token", "token_seq"}


def understand_entities(text: TextFile, said: Said, wanted: Sequence[str] = ()) -> Understanding:
    """Find out what a table about users or items means: which column is the id, and which ones are texts.

    Args:
        text: the file.
        said: what the user said.
        wanted: columns that are texts because the user says so.

    Raises:
        DataError: when the file is unreadable or a column that was named is missing.
    """
    first = first_rows(text, said)
    identity, doubts = _find_id(first)
    texts = _find_texts(first, identity, wanted)
    left_out = [name for name in first.names if name.strip() and name not in {identity, *texts.values()}]
    table = plain_table(first, said)
    table["columns"] = {"id": identity} | texts
    guessed = (f"the id is {identity}", f"texts are {', '.join(texts.values()) or 'none'}")
    notes = (f"not taken as texts: {', '.join(left_out[:20])}",) if left_out else ()
    return Understanding(
        text.name, first.names, table, guessed, tuple(left_out), notes, doubts, first.profiles, first.rows
    )


def understand_links(text: TextFile, said: Said) -> Understanding:
    """Find out which two columns of a table are linked users: those of the usual names, else the first two.

    Raises:
        DataError: when the file is unreadable or has one column only.
    """
    first = first_rows(text, said)
    names = [name for name in first.names if name.strip()]
    if len(names) < 2:  # noqa: PLR2004 - a pair
        raise DataError("has one column only", where=text.name, remedy="links are pairs of users")
    table = plain_table(first, said)
    table["columns"] = dict(zip(("user", "other"), names[:2], strict=True))
    guessed = (f"{names[0]} and {names[1]} are linked users",)
    return Understanding(
        text.name, first.names, table, guessed, tuple(names[2:]), profiles=first.profiles, rows=first.rows
    )


def _find_id(first: FirstRows) -> tuple[str, tuple[Doubt, ...]]:
    """Return the column that identifies the rows of a table about users or items, and doubts about it."""
    usable = [one for one in first.profiles if not is_unnamed(one.name)] or list(first.profiles)
    if first.has_names and (known := find_column("id", [one.name for one in usable], ())):
        return known, ()
    one = usable[0]
    if not one.cells or one.distinct == len(one.cells):
        return one.name, ()
    what = f"{one.name} would be the id, but holds {one.cells[0][:30]!r} and others more than once"
    return one.name, (Doubt(what, "name the column of the id user_id or item_id in the file's first line"),)


def _find_texts(first: FirstRows, identity: str, wanted: Sequence[str]) -> dict[str, str]:
    """Return the columns that are texts, by the name they get: words, no numbers, addresses or codes.

    Args:
        first: the table's beginning.
        identity: the column of the id.
        wanted: columns that are texts because the user says so.
    """
    texts: dict[str, str] = {}
    for one in first.profiles:
        bare, _, kind = one.name.partition(":")
        is_text = kind in _TEXT_TYPES if kind else one.kind == "text"
        if one.name != identity and (is_text or bare in wanted or one.name in wanted):
            texts[bare] = one.name
    return texts
