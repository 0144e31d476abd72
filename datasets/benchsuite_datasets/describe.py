"""A card as TOML, for a table that its owner imports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
            lines += [f"{key} = {_value(value)}" for key, value in one.items() if value not in ("", [], {})]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """Return a value as TOML on one line; JSON's strings are TOML's, but for one sign."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_value(str(key))} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
