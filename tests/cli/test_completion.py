"""What a shell offers after a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from benchsuite.cli.main import COMPLETE, build, main
from benchsuite.registry import KINDS, entries


def offered(*words: str) -> list[str]:
    """What comes after all words but the last, which is incomplete."""
    complete = ShellComplete(build(), {}, "benchsuite", COMPLETE)
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def names(kind: str) -> list[str]:
    return [entry.name for entry in entries(kind)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["re"], ["report", "rerun", "recommend"]),
        (["data", "ver"], ["verify"]),
        (["data", "ml-100"], ["ml-100k"]),
        (["data", "show", "ml-100"], ["ml-100k"]),
        (["data", "ml-100k", "--off"], ["--offline"]),
        (["run", "--w"], ["--with", "--workers"]),
        (["run", "--device", "c"], ["cpu", "cuda"]),
        (["report", "--as", "la"], ["latex"]),
        (["train", "flm-h"], ["flm-hybrid", "flm-hybrid-likelihood"]),
        (["train", "flm", "--source", "dem"], ["demo"]),
        (["list", "m"], ["models", "metrics"]),
        (["show", "metric", "ndcg"], ["ndcg@10"]),
        (["show", "split", "eas"], []),
        (["show", "eas"], ["ease", "ease-als", "ease-content", "ease-sparse"]),
        (["check", "als", "--kind", "mo"], ["models"]),
        (["score", "a", "b", "--metric", "ndcg@10,rec"], ["ndcg@10,recall", "ndcg@10,recall@10"]),
        (["audit-split", "--promise", "cold-i"], ["cold-items"]),
        (["completion", "f"], ["fish"]),
    ],
    ids=" ".join,
)
def test_words(words: list[str], wanted: list[str]) -> None:
    assert offered(*words) == wanted


def test_an_unknown_verb_ends_nothing() -> None:
    assert "run" in offered("lst", "")


def test_all_names_of_a_kind() -> None:
    assert offered("show", "model", "") == names("models")
    everything = set(offered("show", ""))
    assert everything >= set(KINDS) | {name.replace("@k", "@10") for kind in KINDS for name in names(kind)}


def test_experiments_are_bundled_ones_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "queer.toml").touch()
    (tmp_path / "other.txt").touch()
    assert offered("run", "qu")[:2] == ["quick", "queer.toml"]
    assert offered("plan", "./qu")[:1] == ["./queer.toml"]
    assert "other.txt" not in offered("audit", "ot")


def test_runs_are_those_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for store, name in (("runs", "here"), ("else", "there")):
        (tmp_path / store / "plans").mkdir(parents=True)
        (tmp_path / store / "plans" / f"{name}.json").touch()
    assert offered("report", "") == ["here"]
    assert offered("status", "--store", "else", "") == ["there"]
    assert offered("compare", "t") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_for_a_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    out, err = capsys.readouterr()
    assert f"{COMPLETE}={shell}_source benchsuite" in out
    assert out.count("\n") == 1
    assert "start" not in out
    assert "put this line into ~/." in err


def test_the_shell_is_found(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert main(["completion"]) == 0
    assert "fish_source" in capsys.readouterr().out
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert main(["completion"]) == 2
    assert capsys.readouterr().err == "error: $SHELL: which shell?; say bash, zsh or fish\n"


@pytest.mark.process
def test_a_shell_asks_and_nothing_heavy_is_imported() -> None:
    code = "import sys; from benchsuite.cli.main import main; code = main([]); print(*sys.modules, file=sys.stderr)"
    asked = {COMPLETE: "bash_complete", "COMP_WORDS": "benchsuite run qui", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True, timeout=60, check=True
    )
    assert "plain,quick" in done.stdout.splitlines()
    heavy = {"numpy", "pandas", "pydantic", "torch", "rich"}
    assert not heavy & {name.partition(".")[0] for name in done.stderr.split()}
