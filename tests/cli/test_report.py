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


@pytest.mark.slow
def test_a_report_takes_settings_and_verify_heeds_them(
    toy_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["report", "toy", "--as", "paper", "--store", str(toy_store), "--out"]
    main([*words, str(tmp_path / "acm"), "--with", 'style = "acmart"'])
    main([*words, str(tmp_path / "plain")])
    assert "{acmart}" in (tmp_path / "acm" / "main.tex").read_text()
    assert "{acmart}" not in (tmp_path / "plain" / "main.tex").read_text()
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "acm"), "--store", str(toy_store)]) == 0
    assert "everything is as the store says" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('style = "letter"', ["--with", "style", "acmart"]),
        ("styel = 1", ["--with", "style"]),
        ("style", ["not valid TOML"]),
    ],
)
def test_a_wrong_setting_of_a_report_is_one_line(
    settings: str, words: list[str], toy_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "toy", "--as", "paper", "--store", str(toy_store), "--with", settings]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    for word in words:
        assert word in line
