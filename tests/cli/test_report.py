"""``benchsuite report``: what is printed, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchsuite.cli.main import main


def test_every_table_is_printed_when_asked(toy_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", "toy", "--store", str(toy_store)]
    assert main(words) == 1, "a model of the toy fails"
    first = capsys.readouterr().out
    assert main([*words, "--full"]) == 1
    full = capsys.readouterr().out
    assert "by item popularity" not in first
    assert "here with --full" in first
    assert "by item popularity" in full
    assert "More tables" not in full
    assert main([*words, "--json"]) == 1
    names = {one["name"] for one in json.loads(capsys.readouterr().out)["strata"]}
    assert {"head items", "tail items"} <= names


@pytest.mark.parametrize("more", [["--as", "markdown"], ["--out", "somewhere"], ["--json"], ["--as", "mlflow"]])
def test_full_is_for_printed_tables(toy_store: Path, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    assert main(["report", "toy", "--store", str(toy_store), "--full", *more]) == 2
    assert "--full is for printed tables; leave it out" in capsys.readouterr().err
