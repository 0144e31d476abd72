"""Writes what is too large for a comparison beside a report's files: values query by query, and the lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchsuite.plan import Plan
    from benchsuite.store import Store


def write_large(
    form: str, names: Sequence[str], plan: Plan, store: Store, out: Path, trusted: Collection[str]
) -> dict[str, str]:
    """Write tables batch by batch, so that memory does not grow with them; return the sha256 by file name.

    Args:
        form: the name of a report of tidy tables.
        names: of ``per_query`` and ``rankings``.
        plan: what was planned.
        store: where results are.
        out: the folder.
        trusted: files that the user named, of which the report may be one.

    Raises:
        UsageError: when the report has no such tables.
        OSError: when the folder cannot be written.
    """
    from benchsuite.analysis.query_tables import per_query, rankings
    from benchsuite.data.result_tables import LARGE
    from benchsuite.data.tabular import ENDINGS, LARGE_DESCRIPTOR, describe, write_table
    from benchsuite.errors import UsageError
    from benchsuite.keys import file_digest
    from benchsuite.registry import load_report

    tabular = load_report(form, trusted=trusted).tabular
    if tabular is None:
        raise UsageError(f"{form} has no tables", remedy="use csv, json or parquet")
    sources = {"per_query": per_query, "rankings": rankings}
    tables = [table for table in LARGE if table.name in names]
    out.mkdir(parents=True, exist_ok=True)
    digests = {}
    for table in tables:
        path = out / f"{table.name}.{ENDINGS[tabular]}"
        with path.open("wb") as file:
            write_table(tabular, table, sources[table.name](plan, store), file)
        digests[path.name] = file_digest(path)
    if tabular != "parquet":
        path = out / LARGE_DESCRIPTOR
        path.write_bytes(describe(plan.name, tables, ENDINGS[tabular]))
        digests[path.name] = file_digest(path)
    return digests
