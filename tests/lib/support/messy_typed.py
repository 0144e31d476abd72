"""Messy tables in other formats: JSON, Parquet, lists, whole matrices."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from random import Random
from typing import Any

from support.messy_cells import Column, ids
from support.messy_content import Content, MessyTable, contents, named_columns, names_of

_DATES = {"iso", "iso with a blank", "iso dates", "iso, UTC"}


def _kinds(form: str, content: Content) -> tuple[str, ...]:
    return (f"format: {form}", *(f"{key}: {kind}" for key, kind in content.kinds.items()))


def objects(rng: Random) -> MessyTable:
    """Draw JSON lines, a JSON array, or lines of Python's dicts."""
    form = rng.choice(("JSON lines", "JSON lines", "JSON array", "Python dicts"))
    content = contents(rng)
    columns = named_columns(content, names_of(rng, content))
    spoken = rng.choice((False, True))  # numbers as text
    plain = [[one.plain for one in cells] for _, cells in columns]
    cells = [[str(one) if spoken and one is not None else one for one in column] for column in plain]
    rows = [dict(zip((name for name, _ in columns), row, strict=True)) for row in zip(*cells, strict=True)]
    if form == "JSON array":
        text, name = json.dumps(rows, indent=rng.choice((None, 2)), ensure_ascii=False), "ratings.json"
    elif form == "JSON lines":
        lines = [json.dumps(row, ensure_ascii=rng.choice((False, True))) for row in rows]
        text, name = "\n".join(lines) + "\n", rng.choice(("ratings.jsonl", "ratings.json"))
    else:
        text, name = "".join(f"{row}\n" for row in rows), "ratings.json"
    clear = content.clear and form == "JSON lines" and content.kinds["value"] != "decimal comma"
    kinds = (*_kinds(form, content), *(["numbers: as text"] if spoken else []))
    return MessyTable(name, text.encode(), content.rows(), kinds, clear, content.faulty)


def parquets(rng: Random) -> MessyTable:
    """Draw a Parquet file of plain columns."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    content = contents(rng)
    names = names_of(rng, content)
    made: dict[str, Any] = {}
    for name, column in named_columns(content, names):
        if name == names["time"] and content.kinds["time"] in _DATES and rng.choice((False, True)):
            unit = rng.choice(("s", "ms", "us", "ns"))
            moments = [datetime.fromtimestamp(cell.means, UTC).replace(tzinfo=None) for cell in column]
            made[name] = pa.array(moments, pa.timestamp(unit, rng.choice((None, "UTC"))))
            content.kinds["time"] = "a column of times"
        else:
            made[name] = _array(column)
    out = io.BytesIO()
    pq.write_table(pa.table(made), out)
    clear = content.clear and content.kinds["value"] != "decimal comma"
    kinds = _kinds("Parquet", content)
    return MessyTable("ratings.parquet", out.getvalue(), content.rows(), kinds, clear, content.faulty)


def _array(column: Column) -> Any:
    import pyarrow as pa

    cells = [cell.plain for cell in column]
    if len({type(cell) for cell in cells if cell is not None}) > 1:
        cells = [None if cell is None else str(cell) for cell in cells]
    return pa.array(cells)


def lists(rng: Random) -> MessyTable:
    """Draw a user and his items in one line: text, or a Parquet column of lists."""
    form = rng.choice(("lists of text", "lists in Parquet", "lists in JSON"))
    kinds = ("ints", "small ints", "words", "leading zeros", "hex")
    content = contents(rng, blanks=False, text=False, values=("none",), id_kinds=kinds)
    content.time = None
    content.kinds["time"] = "none"
    items: dict[Any, list[Any]] = {}
    for user, item in zip(content.user, content.item, strict=True):
        items.setdefault(user.plain, []).append(item.plain)
    rows = tuple((str(user), str(item), None, None) for user, taken in items.items() for item in taken)
    if form == "lists of text":
        name, data = "ratings.txt", "".join(f"{' '.join(map(str, (user, *taken)))}\n" for user, taken in items.items())
    elif form == "lists in JSON":
        name, data = (
            "ratings.jsonl",
            "".join(json.dumps({"user_id": user, "item_ids": taken}) + "\n" for user, taken in items.items()),
        )
    else:
        import pyarrow as pa
        from pyarrow import parquet as pq

        out = io.BytesIO()
        pq.write_table(pa.table({"user_id": list(items), "item_id": list(items.values())}), out)
        return MessyTable("ratings.parquet", out.getvalue(), rows, _kinds(form, content), clear=False)
    return MessyTable(name, data.encode(), rows, _kinds(form, content), clear=False)


def matrices(rng: Random) -> MessyTable:
    """Draw a whole matrix of ratings, a row for each user."""
    rows, columns = rng.randint(6, 40), rng.randint(3, 30)
    header = rng.choice(("none", "none and ids", "items", "user and items"))
    separator = rng.choice((",", ";", "\t", " "))
    empty = rng.choice(("0", "99", "") if separator != " " else ("0", "99"))
    named = header in {"items", "user and items"}
    users = [cell.text for cell in ids("small ints", rng, rows, rows)] if header != "none" else []
    items = [cell.text for cell in ids("small ints", rng, columns, columns)]
    cells = [[None if rng.random() < 0.5 else rng.randint(1, 5) for _ in items] for _ in range(rows)]
    lines = [[empty if cell is None else str(cell) for cell in row] for row in cells]
    lines = [[users[at], *line] for at, line in enumerate(lines)] if users else lines
    if named:
        lines.insert(0, ["user_id" if header == "user and items" else "", *items])
    data = "".join(f"{separator.join(line)}\n" for line in lines)
    truth = tuple(
        (users[row] if users else str(row), items[column] if named else str(column), float(cell), None)
        for row, line in enumerate(cells)
        for column, cell in enumerate(line)
        if cell is not None
    )
    kinds = ("format: matrix", f"header: {header}", f"separator: {separator!r}", f"empty: {empty}")
    return MessyTable(rng.choice(("ratings.csv", "ratings.txt")), data.encode(), truth, kinds, clear=False)
