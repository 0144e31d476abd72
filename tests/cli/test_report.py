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


def test_a_report_takes_settings_and_verify_heeds_them(
    toy_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchsuite_reports.figures.mpl_style.write", lambda *_: b"%PDF-")  # drawing takes longest
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


def test_one_table_in_one_command(toy_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", "toy", "--store", str(toy_store), "--models", "counts,other", "--rename", "counts=A, B (ours)"]
    assert main([*words, "--as", "latex", "--no-intervals", "--metrics", "f1,ndcg@10", "--out", str(tmp_path)]) == 1
    source = (tmp_path / "table.tex").read_text()
    assert "  A, B (ours)" in source
    assert "Model & F1 & nDCG@10 \\\\" in source
    assert "<raises>" not in source
    capsys.readouterr()
    assert main(["verify", str(tmp_path), "--store", str(toy_store)]) == 0
    for more, said in (
        (["--metrics", "ndcg@20"], 'no metric "ndcg@20" in toy; did you mean "ndcg@10"?'),
        (["--as", "paper"], "--as: paper is not one table"),
        (["--rename", "counts"], '"counts" renames nothing; write OLD=NEW'),
        (["--digits", "99"], '"digits"'),
    ):
        assert main([*words, *more]) == 2
        assert said in capsys.readouterr().err


def test_the_same_table_from_python(toy_store: Path) -> None:
    import benchsuite

    results = benchsuite.load("toy", store=toy_store)
    table = results.table(models=["other", "counts"], metrics="ndcg@10,f1", rename={"counts": "Counts"})
    assert list(table.frame.index) == ["other", "Counts"]
    assert list(table.frame.columns) == ["nDCG@10", "F1"]
    assert table.frame.dtypes.unique().tolist() == ["float64"]
    assert table._repr_html_() == table.html
    rendered = benchsuite.report("toy", store=toy_store, as_="latex", models=["other", "counts"], metrics="ndcg@10,f1",
                                 rename={"counts": "Counts"})  # fmt: skip
    assert rendered.files["table.tex"].decode() == table.latex


def test_a_run_is_named_by_its_file_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.toml").write_text(
        'name = "mine"\nsources = [{ use = "demo", with = { users = 60, items = 40, events_per_user = 8 } }]\n'
        'splits = ["random-holdout"]\nmodels = ["popular"]\nmetrics = ["ndcg@10"]\n'
    )
    assert main(["status", "other.toml"]) == 2
    assert "run it first (benchsuite run other.toml)" in capsys.readouterr().err
    assert main(["run", "other.toml", "--offline"]) == 0
    for verb in ("status", "report"):
        assert main([verb, "other.toml"]) == 0, capsys.readouterr()
