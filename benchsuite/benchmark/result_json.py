"""How the JSON of a result folder is written: small, and a difference between two shows where it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchsuite.atomic_writes import replaced_file


def write_lines(path: Path, table: Mapping[str, Any]) -> None:
    """Write a table as JSON; the file is there whole or not at all."""
    with replaced_file(path) as draft:
        draft.write_text(_lines(table), "utf-8")


def _lines(table: Mapping[str, Any]) -> str:
    """Return JSON with a line for each field, and for each cell: small, and a difference shows where it is."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(", ", ":"))

    fields = []
    for name, value in table.items():
        if isinstance(value, list) and value:
            fields.append(f"{line(name)}: [\n" + ",\n".join(map(line, value)) + "]")
        elif isinstance(value, dict) and value:
            fields.append(f"{line(name)}: {{\n" + ",\n".join(f"{line(k)}: {line(v)}" for k, v in value.items()) + "}")
        else:
            fields.append(f"{line(name)}: {line(value)}")
    return "{\n" + ",\n".join(fields) + "}\n"
