from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchsuite.cli.main import main

pytestmark = pytest.mark.process

TOY = Path(__file__).parents[1] / "runner" / "toy.py"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a small run, and its report as CSV."""
    folder = tmp_path_factory.mktemp("desk")
    experiment = folder / "toy.toml"
    experiment.write_text(
        f'name = "toy"\nsources = ["{TOY}:Toy"]\nsplits = ["random-holdout"]\nmetrics = ["f1", "ndcg@10"]\n'
        f'models = ["{TOY}:Counts", "{TOY}:Raises"]\n'
    )
    assert main(["run", str(experiment), "--store", str(folder / "runs"), "--offline"]) == 1
    assert main(["report", "toy", "--as", "csv", "--out", str(folder / "out"), "--store", str(folder / "runs")]) == 1
    return folder


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


def test_a_remembered_measurement_is_not_believed(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The cache of measurements may be spoilt; verify measures again."""
    for manifest in (copy / "runs" / "measure").glob("*/*/manifest.json"):
        table = json.loads(manifest.read_text())
        for result in table["results"]:
            result["value"] = 0.123
        manifest.write_text(json.dumps(table))
    main(["report", "toy", "--as", "csv", "--out", str(copy / "out"), "--store", str(copy / "runs")])
    code, faults = verify(copy, capsys)
    assert code == 1
    assert any("0.123" in fault for fault in faults)


def test_a_folder_without_a_report_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path), "--store", str(tmp_path / "runs")]) == 2
    assert "provenance.json: cannot be read" in capsys.readouterr().err


def test_rerun_gives_the_same_cell(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", "toy", "--store", str(copy / "runs"), "--json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    key = next(row["keys"][0] for row in rows if row["model"] == "Counts")
    assert main(["rerun", key[:12], "--store", str(copy / "runs"), "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["same"]
    assert [one["different"] for one in out["differences"]] == [0, 0, 0]
    assert all(one["compared"] > 0 for one in out["differences"])
    assert main(["rerun", "ffff0000ffff", "--store", str(copy / "runs")]) == 2


def test_rerun_finds_a_cell_that_is_not_what_the_model_says(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    main(["status", "toy", "--store", str(copy / "runs"), "--json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    key = next(row["keys"][0] for row in rows if row["model"] == "Counts")
    path = next((copy / "runs" / "cell").glob(f"*/{key}/arrays.npz"))
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["item"] = arrays["item"][:, ::-1]
    np.savez_compressed(path, **arrays)
    assert main(["rerun", key[:12], "--store", str(copy / "runs")]) == 1
