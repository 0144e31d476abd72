"""The page on reading tables names what is there, and quotes what is said."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

import benchsuite
from benchsuite.api import DataLocations
from benchsuite.errors import BenchsuiteError
from benchsuite_datasets.card import Layout
from benchsuite_datasets.card_source import CardSource
from benchsuite_datasets.file_source import FileSource
from benchsuite_tables.card_table import CardTable

PAGE = Path(__file__).parents[2] / "docs" / "reading-tables.md"
CODE = re.compile(r"`([^`]+)`")


def rows(heading: str) -> list[list[str]]:
    section = PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def test_every_setting_of_a_file_has_a_row_and_every_row_a_setting():
    own = {field.name for field in dataclasses.fields(FileSource)} - set(CardSource.fields()) - {"path"}
    assert {CODE.findall(row[0])[0] for row in rows("What you can say")} == own


def test_every_option_is_one_of_the_import():
    taken = inspect.signature(benchsuite.data_import).parameters
    for name, option, *_ in rows("What you can say"):
        flag = CODE.findall(option)[0].removeprefix("--").replace("-", "_")
        assert flag in taken or (flag == "with" and "with_" in taken), option
        assert flag in {CODE.findall(name)[0], "with"}


def test_every_key_of_a_card_is_one():
    keys = {*CardTable.model_fields, *Layout.model_fields}
    assert {CODE.findall(row[2])[0] for row in rows("What you can say")} <= keys
    only = PAGE.read_text("utf-8").partition("Only a card can say ")[2].partition("\n\n")[0]
    named = {name for name in CODE.findall(only) if name.isidentifier()}
    assert len(named) > 10
    assert named <= keys


@pytest.mark.parametrize("row", rows("What a refusal looks like"), ids=lambda row: row[0][1:20])
def test_a_refusal_is_quoted_as_it_is(row, tmp_path):
    (text,), (said,) = CODE.findall(row[0]), CODE.findall(row[1])
    path = tmp_path / "NAME"
    path.write_text(text.replace("\\n", "\n") + "\n")
    with pytest.raises(BenchsuiteError) as caught:
        FileSource(path=str(path)).load(DataLocations(cache=tmp_path / "cache", offline=True, say=lambda _: None))
    found = re.sub(r"^.*?NAME(, |: )", "", str(caught.value))
    assert found == said
