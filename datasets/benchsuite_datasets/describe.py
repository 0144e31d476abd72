"""Cards for people: what one says, in lines, and a new one as TOML for a table that its owner imports."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from benchsuite_datasets.card import Card, Layout
from benchsuite_tables.card_table import CardTable

_TABLES = ("interactions", "users", "items", "links")


def card_toml(table: Mapping[str, Any], title: str) -> str:
    """Return a card with one layout as TOML; defaults of a table's keys are left out.

    Args:
        table: name, behaviours, defaults and one layout, as plain values.
        title: what the comment on the first line says.
    """
    layout = table["layouts"][0]
    lines = [f"# {title}", f"name = {_value(table['name'])}"]
    lines += [
        "# Say more if you like: title, domain, summary, licence, url, cite, item_text, user_text.",
        *(f"{key} = {_value(table[key])}" for key in ("behaviours", "defaults") if table.get(key)),
        *(f"{key} = {_value(layout[key])}" for key in ("item_features", "user_features") if layout.get(key)),
    ]
    for kind in _TABLES:
        for one in layout.get(kind, ()):
            lines += ["", f"[[{kind}]]"]
            lines += [f"{key} = {_value(value)}" for key, value in one.items() if not _is_default(key, value)]
    return "\n".join(lines) + "\n"


def _is_default(key: str, value: Any) -> bool:
    """Return whether a card that leaves a key out says the same."""
    default = CardTable.model_fields[key].get_default(call_default_factory=True)
    return bool(value == default or (isinstance(default, tuple) and tuple(value) == default))


def _value(value: Any) -> str:
    """Return a value as TOML on one line; JSON's strings are TOML's, but for one sign."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(key))} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    """Return a key as TOML, with quotes only where it needs them."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def card_lines(card: Card) -> list[str]:
    """Return what a card says beyond its summary: rights, counts, columns, files, quirks."""
    lines = [f"{card.title}. Others may {'' if card.redistribution else 'not '}pass the files on."]
    if card.expect is not None:
        counts = card.expect.model_dump(exclude_none=True)
        lines.append("Published: " + ", ".join(f"{number:,} {name}" for name, number in counts.items()) + ".")
    if card.choice is not None:
        many = len(card.choice.values)
        lines.append(f"The setting {card.choice.setting} names one of {many} sets, {card.choice.default} by default.")
    lines.append("Behaviours: " + ", ".join(behaviour.name for behaviour in card.behaviours) + ".")
    for side, chosen in (("item", card.item_text), ("user", card.user_text)):
        tables = card.layouts[0].items if side == "item" else card.layouts[0].users
        columns = dict.fromkeys(name for table in tables for name in (*table.columns, *table.flags) if name != "id")
        if columns:
            lines.append(f"Text columns of {side}s: {', '.join(columns)}; by default {', '.join(chosen) or 'none'}.")
    for layout in card.layouts:
        lines += ["", *_layout_lines(layout)]
    return [*lines, "", *(f"- {quirk}" for quirk in card.quirks)]


def _layout_lines(layout: Layout) -> list[str]:
    """Return the files of a layout, where they come from and what their columns mean."""
    known = sum(bool(file.sha256 or file.git) for file in layout.files)
    lines = [f"Files ({layout.name}), {known} of {len(layout.files)} with a known checksum:"]
    for kind, tables in (("event", layout.interactions), ("item", layout.items), ("user", layout.users)):
        lines += [f"  {table.file}: {kind}s, {_columns(table)}" for table in tables if table.file]
    lines += [f"  {table.file}: links between users, {_columns(table)}" for table in layout.links]
    lines += [f"  from {mirror.url or f'the package {mirror.requirement}'}" for mirror in layout.mirrors]
    return lines if layout.mirrors else [*lines, "  no program can download them: put them into a folder, see the url"]


def _columns(table: CardTable) -> str:
    """Return ``delimited: user = userId, item = movieId (times in s)``."""
    said = ", ".join(f"{ours} = {theirs}" for ours, theirs in table.columns.items()) or "user item item ..."
    return f"{table.format}: {said}" + (f" (times: {table.time})" if "timestamp" in table.columns else "")
