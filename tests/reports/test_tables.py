"""Tidy tables: what a file holds is what the comparison says, with its schema, in CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import re

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchsuite.data import VarianceComponents
from benchsuite.data.result_tables import LARGE, PER_QUERY, RANKINGS, SMALL, small_tables
from benchsuite.data.tabular import write_table
from benchsuite_reports.render.tidy import Csv, Json, Parquet

REPORTS = [Csv(), Json(), Parquet()]
TYPES = {"string": str, "float64": float, "int64": int, "bool": bool}
EVIL = (
    '=HYPERLINK("http://x")',
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "'quoted",
    "a;b",
    'a"b',
    "a\nb",
    "",
    "a;=1",
    "a\t=1",
    "a|-1 '; '",
)


def exact_of(cell):
    """Take away what disarms a text, as the descriptor says."""
    return re.sub(r"([\t\r\n;|] *)'(?=[-=+@'])", r"\1", cell.removeprefix("'"))


@pytest.fixture
def comparison(invented):
    spread = VarianceComponents("invented-real", "item-cold", "als", "", "ndcg@10", 3, 0.01, 0.2, None, "nested")
    return dataclasses.replace(invented, spreads=(spread,))


def test_every_kind_of_table_has_rows_here(comparison):
    for name, batch in small_tables(comparison).items():
        assert all(len(column) for column in batch.values()), name


def test_json_says_what_the_comparison_says(comparison):
    document = json.loads(Json().render(comparison)["results.json"])
    for kind, name in (("rows", "results"), ("contrasts", "contrasts"), ("spreads", "spreads")):
        found = document["tables"][name]
        assert len(found) == len(getattr(comparison, kind)) > 0
        for row, one in zip(found, getattr(comparison, kind), strict=True):
            assert row == {column: getattr(one, "split_label" if column == "split" else column) for column in row}
    trials = [row for row in document["tables"]["tuning"] if row["model"] == "als"]
    (first, *_) = [one for one in comparison.tuning if one.model == "als"]
    assert [row["value"] for row in trials[:4]] == list(first.values)
    assert [row["best"] for row in trials[:4]] == [False, False, False, True]
    assert [json.loads(row["settings"]) for row in trials[:4]] == list(first.settings)
    ranks = {row["model"]: row["rank"] for row in document["tables"]["standings"]}
    (standing,) = comparison.standings
    assert ranks == dict(zip(standing.models, standing.ranks, strict=True)) | dict.fromkeys(standing.left_out)
    assert document["notes"] == list(comparison.notes)


def test_the_three_forms_hold_the_same(comparison):
    files, tables = Parquet().render(comparison), json.loads(Json().render(comparison)["results.json"])["tables"]
    texts = Csv().render(comparison)
    for table in SMALL:
        rows = pq.read_table(io.BytesIO(files[f"{table.name}.parquet"])).to_pylist()
        assert rows == tables[table.name]
        read = list(csv.DictReader(io.StringIO(texts[f"{table.name}.csv"].decode(), newline="")))
        assert len(read) == len(rows) > 0
        for one, row in zip(read, rows, strict=True):
            for column in table.columns:
                value, cell = row[column.name], one[column.name]
                if column.dtype == "string":
                    assert cell.removeprefix("'") == value
                elif value is None:
                    assert cell == ""
                else:
                    assert (cell == "true" if column.dtype == "bool" else TYPES[column.dtype](cell)) == value


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: type(report).__name__)
def test_same_comparison_same_bytes(report, invent):
    assert report.render(invent()) == report.render(invent())


def test_every_file_tells_its_schema(comparison):
    document = json.loads(Json().render(comparison)["results.json"])
    descriptor = json.loads(Csv().render(comparison)["datapackage.json"])
    files = Parquet().render(comparison)
    for table, told, resource in zip(SMALL, document["schema"], descriptor["resources"], strict=True):
        meanings = {column.name: column.meaning for column in table.columns}
        assert {column["name"]: column["meaning"] for column in told["columns"]} == meanings
        assert {field["name"]: field["description"] for field in resource["schema"]["fields"]} == meanings
        assert resource["path"] in Csv().render(comparison)
        schema = pq.read_schema(io.BytesIO(files[f"{table.name}.parquet"]))
        assert {field.name: field.metadata[b"description"].decode() for field in schema} == meanings
        kinds = {"string": "string", "float64": "double", "int64": "int64", "bool": "bool"}
        assert [str(field.type) for field in schema] == [kinds[column.dtype] for column in table.columns]


def test_every_column_has_a_meaning_and_no_table_two_of_one_name():
    for table in (*SMALL, *LARGE):
        assert len(set(table.names)) == len(table.names)
        assert all(column.meaning for column in table.columns)


def naughty_batch(table, texts):
    rows = []
    for place, text in enumerate(texts):
        values = {"string": text, "float64": [0.1, None, math.inf][place % 3], "int64": place, "bool": place % 2 == 0}
        rows.append([values[column.dtype] for column in table.columns])
    return table.batch(rows)


def written(form, table, batches):
    file = io.BytesIO()
    count = write_table(form, table, batches, file)
    return count, file.getvalue()


@pytest.mark.parametrize("table", [PER_QUERY, RANKINGS, *SMALL], ids=lambda table: table.name)
def test_no_cell_is_a_formula_in_csv_and_texts_are_raw_elsewhere(table):
    batch = naughty_batch(table, EVIL)
    count, content = written("csv", table, [batch])
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
    assert count == len(rows) == len(EVIL)
    text = [place for place, column in enumerate(table.columns) if column.dtype == "string"]
    for row, exact in zip(rows, EVIL, strict=True):
        for place in text:
            assert not row[place].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            assert exact_of(row[place]) == exact
    for separator in ("\t", ";", "|"):
        for line in csv.reader(io.StringIO(content.decode(), newline=""), delimiter=separator):
            assert not any(cell.lstrip(" ").startswith(("=", "+", "@", "-2", "-1")) for cell in line)
    name = table.columns[text[0]].name
    _, content = written("json", table, [batch])
    assert [json.loads(line)[name] for line in content.decode().split("\n")[:-1]] == list(EVIL)
    _, content = written("parquet", table, [batch])
    assert pq.read_table(io.BytesIO(content)).column(name).to_pylist() == list(EVIL)


def test_infinity_and_no_value_are_told_apart():
    batch = naughty_batch(PER_QUERY, ("a", "b", "c"))
    assert [line.rsplit(",", 1)[1] for line in written("csv", PER_QUERY, [batch])[1].decode().split()[1:]] == [
        "0.1",
        "",
        "inf",
    ]
    lines = written("json", PER_QUERY, [batch])[1].decode().splitlines()
    assert [json.loads(line)["value"] for line in lines] == [0.1, None, "inf"]
    values = pq.read_table(io.BytesIO(written("parquet", PER_QUERY, [batch])[1])).column("value").to_pylist()
    assert values == [0.1, None, math.inf]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_how_rows_are_cut_into_batches_changes_no_byte(form):
    whole = naughty_batch(RANKINGS, EVIL * 3)
    parts = [{name: values[a : a + 7] for name, values in whole.items()} for a in range(0, 45, 7)]
    assert written(form, RANKINGS, parts) == written(form, RANKINGS, [whole])
    assert written(form, RANKINGS, iter(parts))[0] == 45


def test_parquet_of_many_rows_has_row_groups_of_one_size():
    n = 300_000
    kinds = {"string": object, "float64": np.float64, "int64": np.int64, "bool": np.bool_}
    batch = {column.name: np.zeros(n, kinds[column.dtype]) for column in PER_QUERY.columns}
    batch |= {column.name: np.full(n, "x", object) for column in PER_QUERY.columns if column.dtype == "string"}
    count, content = written("parquet", PER_QUERY, [batch])
    file = pq.ParquetFile(io.BytesIO(content))
    sizes = [file.metadata.row_group(j).num_rows for j in range(file.metadata.num_row_groups)]
    assert (count, sizes) == (n, [131_072, 131_072, n - 2 * 131_072])
