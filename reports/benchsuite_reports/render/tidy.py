"""Reports for a spreadsheet, a program or a data frame: one number a row, with all its digits."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from benchsuite.api import Report
from benchsuite.data import Comparison
from benchsuite.data.result_tables import RESULTS, SMALL, Batch, TidyTable, schema, small_tables
from benchsuite.data.tabular import DESCRIPTOR, Form, describe, records, write_table
from benchsuite_reports.model import chosen_settings

COLUMNS = RESULTS.names


@dataclass
class Csv(Report):
    """Tidy tables of every number and every test, for spreadsheets and data frames.

    UTF-8, a header, lines ended by a line feed. Floats are written with the fewest digits that read back to the same
    value; no value is an empty cell. An apostrophe stands in front of a text, or of a part after a tab, line break,
    semicolon or bar, that a spreadsheet could take for a formula or that begins with an apostrophe: taking it away
    gives back the exact text.
    """

    tabular: ClassVar[Form] = "csv"

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``results.csv`` and the other tables, and their schema as a Data Package."""
        found = small_tables(comparison)
        files = {f"{table.name}.csv": as_bytes("csv", table, found[table.name]) for table in SMALL}
        note = comparison.provenance.get("relevance", {}).get("told", "")
        return files | {DESCRIPTOR: describe(comparison.name, SMALL, note=note)}


@dataclass
class Json(Report):
    """Everything a comparison holds as one JSON document, with the schema of its tables.

    Texts are as they are, nothing is neutralized; no value is ``null``.
    """

    tabular: ClassVar[Form] = "json"

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``results.json``, UTF-8."""
        found = small_tables(comparison)
        content: dict[str, Any] = {
            "experiment": comparison.name,
            "notes": list(comparison.notes),
            "tables": {table.name: list(records(table, found[table.name])) for table in SMALL},
            "schema": schema(SMALL),
        }
        for kind in ("datasets", "splits", "models", "metrics"):
            content[kind] = [info.record() for info in getattr(comparison, kind)]
        for about, record in zip(comparison.models, content["models"], strict=True):
            record.update(chosen_settings.records(comparison, about))
        content["provenance"] = dict(comparison.provenance)
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False, default=dict)
        return {"results.json": (text + "\n").encode()}


@dataclass
class Parquet(Report):
    """Tidy tables of every number and every test as Parquet, with types and meanings in each file's schema.

    Texts are as they are, nothing is neutralized; no value is null.
    """

    tabular: ClassVar[Form] = "parquet"
    exempt: ClassVar[Mapping[str, str]] = dict.fromkeys(("shows_every_model", "shows_every_state"), "writes no text")

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``results.parquet`` and the other tables."""
        found = small_tables(comparison)
        return {f"{table.name}.parquet": as_bytes("parquet", table, found[table.name]) for table in SMALL}


def as_bytes(form: Form, table: TidyTable, batch: Batch) -> bytes:
    """Return a table as the file of a form."""
    file = io.BytesIO()
    write_table(form, table, [batch], file)
    return file.getvalue()
