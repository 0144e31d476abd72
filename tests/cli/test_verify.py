from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchsuite.cli.main import main
from benchsuite.functions.verify import _where_they_differ
from benchsuite.store import Store
from benchsuite.store.json_files import to_text, with_sum
from support.shared import made_once

pytestmark = pytest.mark.process

TOY = Path(__file__).parents[1] / "runner" / "toy.py"
COUNTS = f"{TOY}:Counts"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a small run, and its report as CSV."""
    return made_once(tmp_path_factory, "verify", _run_and_report)


def _run_and_report(folder: Path) -> None:
    experiment = folder / "toy.toml"
    experiment.write_text(
        f'name = "toy"\nsources = ["{TOY}:Toy"]\nsplits = ["random-holdout"]\nmetrics = ["f1", "ndcg@10"]\n'
        f'models = ["{TOY}:Counts", "{TOY}:Raises"]\n'
    )
    assert main(["run", str(experiment), "--store", str(folder / "runs"), "--offline"]) == 1
    assert main(["report", "toy", "--as", "csv", "--out", str(folder / "out"), "--store", str(folder / "runs")]) == 1


@pytest.fixture
def copy(desk: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(desk, tmp_path / "desk")
    return tmp_path / "desk"


def verify(desk: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    capsys.readouterr()
    code = main(["verify", str(desk / "out"), "--store", str(desk / "runs"), "--json"])
    out = capsys.readouterr().out
    return code, json.loads(out)["faults"] if out else []


def test_an_untouched_report_is_verified(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(copy, capsys) == (0, [])


def test_a_changed_digit_is_found_with_its_line(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / "out" / "results.csv"
    lines = path.read_text().splitlines()
    row = next(j for j, line in enumerate(lines) if "ndcg@10" in line and "0." in line)
    lines[row] = lines[row].replace("0.", "0.9", 1)
    path.write_text("\n".join(lines) + "\n")
    code, faults = verify(copy, capsys)
    assert code == 1
    assert len(faults) == 1
    assert faults[0].startswith(f"results.csv:{row + 1}: ")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_large_tables_are_verified_too(copy: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    words = ["--out", str(copy / "out"), "--store", str(copy / "runs"), "--queries", "--rankings"]
    assert main(["report", "toy", "--as", form, *words]) == 1
    assert verify(copy, capsys) == (0, [])
    (path,) = (copy / "out").glob("rankings.*")
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert verify(copy, capsys) == (1, [f"{path.name}: differs from what the store gives"])
    path.unlink()
    assert verify(copy, capsys) == (1, [f"{path.name}: is missing"])


def test_a_missing_row_and_a_missing_file_are_found(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / "out" / "results.csv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "f1" not in line) + "\n")
    code, faults = verify(copy, capsys)
    assert code == 1
    assert "f1" in " ".join(faults)
    path.unlink()
    assert verify(copy, capsys) == (1, ["results.csv: is missing"])


def test_a_changed_answer_in_the_store_is_found(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = next(path for path in (copy / "runs" / "cell").glob("*/*/arrays.npz"))
    arrays.write_bytes(arrays.read_bytes() + b"x")
    code, faults = verify(copy, capsys)
    assert code == 1
    assert any("has changed since it was written" in fault for fault in faults)


def spoil_measurements(desk: Path, *, signed: bool) -> None:
    """Change every remembered value, with or without a sum that fits."""
    for path in (desk / "runs" / "measure").glob("*/*/manifest.json"):
        table = json.loads(path.read_text())
        for result in table["results"]:
            result["value"] = 0.123
        path.write_text(to_text(with_sum(table)) if signed else json.dumps(table))


def test_a_changed_measurement_is_found_and_made_anew(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (copy / "out" / "results.csv").read_bytes()
    spoil_measurements(copy, signed=False)
    code, faults = verify(copy, capsys)
    assert code == 1
    assert all("store: measure" in fault and "it has changed since it was written" in fault for fault in faults)
    main(["report", "toy", "--as", "csv", "--out", str(copy / "out"), "--store", str(copy / "runs")])
    assert "the measure is made anew" in capsys.readouterr().err
    assert (copy / "out" / "results.csv").read_bytes() == before
    assert verify(copy, capsys) == (0, [])


def test_a_measurement_that_does_not_fit_its_cell_is_found(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Even where its sums fit: verify measures again."""
    spoil_measurements(copy, signed=True)
    code, faults = verify(copy, capsys)
    assert code == 1
    assert all("store: measure" in fault and "is not what its cells give; delete " in fault for fault in faults)


def test_every_fault_is_listed_with_its_place_and_remedy(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = copy / "runs"
    for path in (store / "cell").glob("*/*/log.txt"):
        path.write_text("another")
    for kind, name in (("fold", "train.item.npy"), ("fold", "fold.json"), ("data", "users.json")):
        next((store / kind).glob(f"*/*/{name}")).write_bytes(b"junk")
    for kind in ("split", "statistics"):
        next((store / kind).glob("*/*/manifest.json")).write_text("[]")
    code, faults = verify(copy, capsys)
    assert code == 1
    kinds = [fault.split()[1] for fault in faults if fault.startswith("store: ")]
    assert kinds == ["cell"] * 4 + ["data", "fold", "fold", "split"]
    for fault in faults:
        assert str(store) in fault
        assert "; delete " in fault
        assert "/benchsuite-" not in fault
    assert faults[-1].startswith("the report cannot be made again: ")


@pytest.mark.parametrize("content", ["[]", "5", "{}", "{", '{"plan": 1}', "[" * 50_000])
def test_junk_beside_a_report_is_one_line(copy: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    (copy / "out" / "provenance.json").write_text(content)
    assert main(["verify", str(copy / "out"), "--store", str(copy / "runs")]) == 2
    assert "provenance.json: " in capsys.readouterr().err


@pytest.mark.parametrize("content", ["[]", "5", "{}", "{", '{"name": "toy", "cells": 5}', "[" * 50_000])
def test_a_junk_plan_is_one_line(copy: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    path = copy / "runs" / "plans" / "toy.json"
    path.write_text(content)
    for words in (["report", "toy"], ["status", "toy"], ["compare", "toy", "--models", "Counts", "Raises"]):
        assert main([*words, "--store", str(copy / "runs")]) == 2
        line = capsys.readouterr().err.strip().splitlines()[-1]
        assert f"{path}: cannot be read: " in line
        assert line.endswith("; run the experiment again")


def test_a_folder_without_a_report_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path), "--store", str(tmp_path / "runs")]) == 2
    assert "provenance.json: cannot be read" in capsys.readouterr().err


def test_rerun_gives_the_same_cell(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", "toy", "--store", str(copy / "runs"), "--json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    key = next(row["keys"][0] for row in rows if row["model"] == "Counts")
    assert main(["rerun", key[:12], "--store", str(copy / "runs"), "--trust", COUNTS, "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["same"]
    assert [one["different"] for one in out["differences"]] == [0, 0, 0]
    assert all(one["compared"] > 0 for one in out["differences"])
    assert main(["rerun", "ffff0000ffff", "--store", str(copy / "runs")]) == 2


def test_rerun_finds_a_cell_that_is_not_what_the_model_says(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", "toy", "--store", str(copy / "runs"), "--json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    key = next(row["keys"][0] for row in rows if row["model"] == "Counts")
    store = Store(copy / "runs")
    entry = store.get("cell", key)
    arrays = entry.arrays()
    store.drop("cell", key)
    with store.write("cell", key) as draft:
        draft.manifest = entry.manifest
        draft.arrays(**arrays | {"item": arrays["item"][:, ::-1]})
    assert main(["rerun", key[:12], "--store", str(copy / "runs"), "--trust", COUNTS]) == 1


def test_two_long_lines_are_shown_where_they_differ() -> None:
    start = "x" * 300
    one, other = _where_they_differ(f"{start}1{'y' * 200}", f"{start}2{'y' * 200}")
    assert one == f"...{'x' * 40}1{'y' * 119}..."
    assert other == f"...{'x' * 40}2{'y' * 119}..."
    assert _where_they_differ("short", "shore") == ("short", "shore")
    assert _where_they_differ("abc" * 99, "") == (f"{('abc' * 99)[:160]}...", "")
    assert _where_they_differ("a" * 200, "a" * 201) == (f"...{'a' * 40}", f"...{'a' * 41}")


def test_the_wrong_store_is_one_line(copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(tmp_path / "other")
    capsys.readouterr()
    assert main(["verify", str(copy / "out"), "--store", str(tmp_path / "other")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "holds nothing that" in err
    assert err.endswith("name the report's own store with --store DIR\n")
