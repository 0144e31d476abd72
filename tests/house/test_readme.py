"""The examples of the README and of the pages behind it are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import benchsuite as package
from benchsuite.benchmark.board import Board
from benchsuite.benchmark.kept_standings import read_kept_before
from benchsuite.benchmark.pins import read_pins
from benchsuite.benchmark.places import results_root
from benchsuite.functions import VERBS
from support.added_results import tell_added
from update_readme import BENCHMARK, TABLE, updated

pytestmark = pytest.mark.process

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text("utf-8")
COMMANDS, EXPERIMENTS = (
    (REPOSITORY / "docs" / f"{name}.md").read_text("utf-8") for name in ("commands", "experiments")
)
PAGES = f"{README}\n{COMMANDS}\n{EXPERIMENTS}"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGES, re.DOTALL)


def console_lines() -> list[str]:
    return [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines() if line[:2] == "$ "]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's files in it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "my_model.py").write_text(blocks("python")[0])
    (folder / "mine.toml").write_text(blocks("toml")[0])
    return folder


def benchsuite(desk: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchsuite.cli.main", *words]
    environment = os.environ | {"BENCHSUITE_DATA": "", "BENCHSUITE_CACHE": str(desk / "cache")}
    return subprocess.run(command, cwd=desk, env=environment, capture_output=True, text=True, check=False)


def test_the_first_page_is_short() -> None:
    assert len(README.splitlines()) < 120


def test_the_top_of_the_leaderboard_is_that_of_the_results() -> None:
    assert len(TABLE.findall(README)) == 1
    found = read_kept_before(results_root() / BENCHMARK, read_pins(BENCHMARK))
    kept, added = found if found is not None else (None, ())
    board = Board.from_record(kept.form(lite=False)) if kept is not None else None
    assert updated(README, board) == README, "python docs/update_pages.py"
    if added:
        tell_added(BENCHMARK, added)


def test_the_plugin_is_about_twenty_lines() -> None:
    lines = [line for line in blocks("python")[0].splitlines() if line.strip()]
    assert len(lines) <= 22


def test_the_plugin_passes_the_conformance_kit(desk: Path) -> None:
    done = benchsuite(desk, "check", "./my_model.py:Recent")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_experiment_runs_with_the_plugin_in_it(desk: Path) -> None:
    text = (desk / "mine.toml").read_text().replace("seeds = [1, 2, 3]", "seeds = [1]")
    assert 'models = ["popular"' in text
    (desk / "mine.toml").write_text(text.replace('models = ["popular"', 'models = ["./my_model.py:Recent", "popular"'))
    done = benchsuite(desk, "run", "mine.toml", "--offline")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Recent" in done.stdout
    assert "ease (regularization=300)" in done.stdout
    assert benchsuite(desk, "report", "mine", "--as", "latex", "--out", "paper").returncode == 0


def test_the_commands_are_those_that_ci_runs() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    for line in console_lines():
        if "venv" in line:
            for command in line.split(" && ")[2:]:
                assert command in ci or command == "benchsuite run", command


def test_the_table_of_verbs_and_functions_is_whole() -> None:
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+`) \| (`[^|]+`) \|$", COMMANDS, re.MULTILINE)
    verbs = [verb.name for verb in VERBS]
    shown = [" ".join(text.split()[:2]) for shell, _ in rows for text in re.findall(r"`([^`]+)`", shell)]
    named = {name if name in verbs else name.split()[0] for name in shown}
    assert named - {"data", "benchsuite"} == set(verbs) - {"data show", "completion"}
    for function in {name for _, python in rows for name in re.findall(r"`(\w+)\(", python)}:
        assert hasattr(package, function), function


@pytest.mark.slow
def test_what_is_typed_in_python_runs(desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    code = [line[4:] for line in blocks("pycon")[0].splitlines() if line[:4] in (">>> ", "... ")]
    monkeypatch.chdir(desk)
    for name, value in {"BENCHSUITE_DATA": "", "BENCHSUITE_CACHE": str(desk / "cache")}.items():
        monkeypatch.setenv(name, value)
    exec("\n".join(code), {})  # noqa: S102 - what a reader would type
    assert "nDCG@10" in capsys.readouterr().out


def test_every_verb_and_name_in_the_readme_exists(desk: Path) -> None:
    for line in console_lines():
        words = line.partition("#")[0].split()
        if words[:2] in (["benchsuite", "list"], ["benchsuite", "show"]):
            assert benchsuite(desk, *words[1:]).returncode == 0, line
