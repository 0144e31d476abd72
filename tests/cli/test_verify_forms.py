"""What verify finds in each form of report: a changed digit, a missing cell, a swapped file."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchsuite.cli.main import main
from support.shared import made_once

pytestmark = pytest.mark.process

TOY = Path(__file__).parents[1] / "runner" / "toy.py"
FILES = {"markdown": "results.md", "latex": "results.tex", "html": "report.html", "csv": "results.csv"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a small run, and its report in several forms."""
    return made_once(tmp_path_factory, "forms", _run_and_report)


def _run_and_report(folder: Path) -> None:
    experiment = folder / "toy.toml"
    experiment.write_text(
        f'name = "toy"\nsources = ["{TOY}:Toy"]\nsplits = ["random-holdout"]\nmetrics = ["f1", "ndcg@10"]\n'
        f'models = ["{TOY}:Counts", "{TOY}:Raises"]\n'
    )
    assert main(["run", str(experiment), "--store", str(folder / "runs"), "--offline"]) == 1
    for form in (*FILES, "figures"):
        words = ["report", "toy", "--as", form, "--out", str(folder / form), "--store", str(folder / "runs")]
        assert main(words) == 1, form


@pytest.fixture
def faults(desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Return what verify finds after a copy of a report was spoilt."""

    def find(form: str, spoil: Callable[[Path], None] = lambda _: None) -> list[str]:
        folder = tmp_path / form
        shutil.copytree(desk / form, folder)
        spoil(folder)
        capsys.readouterr()
        code = main(["verify", str(folder), "--store", str(desk / "runs"), "--json"])
        found: list[str] = json.loads(capsys.readouterr().out)["faults"]
        assert code == bool(found)
        return found

    return find


def edit(name: str, pattern: str, new: str) -> Callable[[Path], None]:
    """Return what replaces the first match in a file, and insists that there is one."""

    def spoil(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        changed, count = re.subn(pattern, new, text, count=1)
        assert count == 1
        assert changed != text
        (folder / name).write_text(changed, "utf-8")

    return spoil


@pytest.mark.slow
@pytest.mark.parametrize("form", [*FILES, "figures"])
def test_an_untouched_report_is_verified(form: str, faults: Callable[..., list[str]]) -> None:
    assert faults(form) == []


@pytest.mark.parametrize(
    ("form", "pattern", "new"),
    [
        ("markdown", r"\| ( *)\.(\d)(\d+)", r"| \1.\g<2>9\3"),
        ("latex", r"& ((?:\\textbf\{)?)\.(\d)", r"& \1.9\2"),
        ("html", r'data-v="0\.(\d)', r'data-v="0.9\1'),
        ("csv", r",0\.(\d)", r",0.9\1"),
    ],
)
def test_a_changed_digit_is_found(form: str, pattern: str, new: str, faults: Callable[..., list[str]]) -> None:
    found = faults(form, edit(FILES[form], pattern, new))
    assert len(found) == 1
    assert re.match(rf"{re.escape(FILES[form])}:\d+: ", found[0])


@pytest.mark.parametrize(
    ("form", "pattern", "new"),
    [
        ("markdown", r"\| Counts[^|]*\| [^|]*\|", "| Counts |"),
        ("latex", r"(?m)^    Counts.*\n", ""),
        ("html", r'<tr data-i="0">.*?</tr>', ""),
        ("csv", r"(?m)^.*Counts.*\n", ""),
    ],
)
def test_a_missing_cell_is_found(form: str, pattern: str, new: str, faults: Callable[..., list[str]]) -> None:
    assert faults(form, edit(FILES[form], pattern, new))


@pytest.mark.slow
def test_swapped_files_are_found(faults: Callable[..., list[str]]) -> None:
    def swap(folder: Path) -> None:
        first, second = min(folder.glob("*.svg")), min(folder.glob("*.png"))
        one, other = first.read_bytes(), second.read_bytes()
        first.write_bytes(other)
        second.write_bytes(one)

    found = faults("figures", swap)
    assert {fault.partition(":")[0].rpartition(".")[2] for fault in found} == {"svg", "png"}


def test_a_report_of_another_form_in_its_place_is_found(faults: Callable[..., list[str]], desk: Path) -> None:
    def swap(folder: Path) -> None:
        shutil.copy(desk / "csv" / "results.csv", folder / "results.md")

    assert any(fault.startswith("results.md:") for fault in faults("markdown", swap))


def test_what_the_report_says_of_its_cells_is_checked(faults: Callable[..., list[str]]) -> None:
    def spoil(folder: Path) -> None:
        path = folder / "provenance.json"
        facts = json.loads(path.read_text("utf-8"))
        facts["cells"]["0" * 64] = "ok"
        path.write_text(json.dumps(facts))

    assert faults("csv", spoil) == ["store: cell 000000000000 is not there; run the experiment again"]
