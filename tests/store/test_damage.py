"""A small store with a tuned run, every sort of file in it damaged in designed ways: one line, and no other digit.

Each case damages a copy and asks everything that reads a store: report, status, verify, compare, and the preparation
of a run and of a second fit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import benchsuite
from benchsuite.api import DataLocations
from benchsuite.cli.main import main
from benchsuite.errors import BenchsuiteError
from benchsuite.runner import prepare
from benchsuite.runner.refit import stored_cell
from benchsuite.store import CACHES, Store
from benchsuite.store.json_files import to_text, with_sum
from support.shared import made_once

TOY = Path(__file__).parents[1] / "runner" / "toy.py"
EXPERIMENT = benchsuite.Experiment(
    "toy",
    sources=[f"{TOY}:Toy"],
    splits=["random-holdout"],
    models=[{"use": f"{TOY}:Counts", "label": "counts"}, {"use": "random", "label": "other"}],
    metrics=["f1", "ndcg@10"],
    k=10,
    seeds=(0,),
    tune={"on": "ndcg@10", "trials": 2},
)
FILES = (
    "cell/manifest.json",
    "cell/arrays.npz",
    "data/manifest.json",
    "data/dataset.json",
    "data/items.json",
    "data/interactions.item.npy",
    "fold/manifest.json",
    "fold/fold.json",
    "fold/train.item.npy",
    "truth/truth.item.npy",
    "truth/manifest.json",
    "fold/validation/train.item.npy",
    "split/manifest.json",
    "tune/manifest.json",
    "measure/manifest.json",
    "measure/arrays.npz",
    "statistics/manifest.json",
    "strata/manifest.json",
    "strata-measure/arrays.npz",
    "plan/manifest.json",
    "plan/plan.json",
    "plans/toy.json",
)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store ``runs`` and the report ``out``."""
    return made_once(tmp_path_factory, "whole", _run_and_report)


def _run_and_report(desk: Path) -> None:
    benchsuite.run(EXPERIMENT, store=desk / "runs", offline=True, threads=1, quiet=True)
    assert report(desk) == 0


@pytest.fixture
def desk(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "desk")
    return tmp_path / "desk"


def report(desk: Path) -> int:
    return main(["report", "toy", "--as", "csv", "--out", str(desk / "out"), "--store", str(desk / "runs")])


def find(desk: Path, name: str) -> list[Path]:
    """Return all files of one sort."""
    kind, _, rest = name.partition("/")
    files = sorted((desk / "runs" / kind).glob(rest if kind == "plans" else f"*/*/{rest}"))
    assert files, name
    return files


def write(content: bytes) -> Callable[[Path, Path], None]:
    return lambda path, _: void(path.write_bytes(content))


def void(_: object) -> None:
    """Forget a value."""


def flip(share: float) -> Callable[[Path, Path], None]:
    """Return what turns one bit over at this share of a file."""

    def damage(path: Path, _: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(len(content) * share)] ^= 1
        path.write_bytes(content)

    return damage


def folder(path: Path, _: Path) -> None:
    path.unlink()
    path.mkdir()


def swap(path: Path, other: Path) -> None:
    """Let a file change places with another of its sort; a lone one gets what is a file of another sort."""
    if path == other:
        other = path.parent / "other"
        other.write_bytes(b"\x93NUMPY\x01\x00" + b" " * 200)
    one, two = path.read_bytes(), other.read_bytes()
    path.write_bytes(two)
    other.write_bytes(one + (b" " if one == two else b""))


DAMAGES: dict[str, Callable[[Path, Path], None]] = {
    "half": lambda path, _: void(path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])),
    "empty": write(b""),
    "junk": write(bytes(range(256)) * 9),
    "a list": write(b"[]"),
    "a table": write(b"{}"),
    "a number": write(b"5"),
    "nothing": write(b"null"),
    "deep": write(b"[" * 100_000),
    "a bit in front": flip(0.2),
    "a bit behind": flip(0.7),
    "gone": lambda path, _: path.unlink(),
    "a folder": folder,
    "swapped": swap,
}


def ask(desk: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Ask everything that reads; nothing may be our mistake. Return what verify says."""
    store = str(desk / "runs")
    codes = []
    for words in (
        ["verify", str(desk / "out"), "--store", store],
        ["status", "toy", "--store", store],
        ["compare", "toy", "--models", "counts", "other", "--store", store],
        ["report", "toy", "--as", "csv", "--out", str(desk / "out"), "--store", store],
    ):
        codes.append(main(words))
        shown = capsys.readouterr()
        assert codes[-1] in (0, 1, 2), (words[0], shown.err)
        assert "/benchsuite-" not in shown.err + shown.out, "a temporary folder is no place to look"
        if codes[-1] == 2:
            assert "; " in shown.err, f"no remedy: {shown.err}"
    for key in Store.open(desk / "runs").keys("cell"):
        try_to(lambda key=key: stored_cell(Store.open(desk / "runs"), key))
    return codes[0]


def try_to(work: Callable[[], Any]) -> None:
    try:
        work()
    except BenchsuiteError:
        return


def again(desk: Path) -> None:
    """Prepare the run once more."""
    try_to(
        lambda: prepare(
            EXPERIMENT, Store(desk / "runs"), DataLocations(cache=desk / "cache", offline=True), lambda _: None
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_no_damage_changes_a_digit_or_is_our_mistake(
    name: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The damages go round: each sort of file meets two of them, and each of them several sorts of file."""
    names = list(DAMAGES)
    for number in (2 * FILES.index(name), 2 * FILES.index(name) + 1):
        damage = names[number % len(names)]
        spoil(whole, tmp_path / str(number), name, damage, capsys)


def spoil(whole: Path, desk: Path, name: str, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(whole, desk)
    files = find(desk, name)
    kind = name.partition("/")[0]
    for path in files if kind == "plan" else files[:1]:  # reports rest on the later of two plans
        DAMAGES[damage](path, files[-1])
    code = ask(desk, capsys)
    remade = damage in ("gone", "a folder") and kind in (*CACHES, "tune", "split")
    assert code == 1 or remade or kind == "plans", f"verify overlooks {name}: {damage}"
    again(desk)
    report(desk)
    assert same_digits(whole, desk)
    shutil.rmtree(desk)


def same_digits(whole: Path, desk: Path) -> bool:
    return (whole / "out" / "results.csv").read_bytes() == (desk / "out" / "results.csv").read_bytes()


def changes(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a table without each of its names, and with a value of another sort under it."""
    for number, (name, value) in enumerate(table.items()):
        yield {other: kept for other, kept in table.items() if other != name}
        if number % 2:
            yield table | {name: 5 if isinstance(value, str | list | dict) else "text"}
        else:
            yield table | {name: [[]] if isinstance(value, list) else {"a": [1]}}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cell", "fold", "split", "tune", "plan", "measure", "statistics", "strata"])
def test_a_manifest_of_another_shape_is_one_line(kind: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Even where its sum fits, or it is from before there was one."""
    path = find(desk, f"{kind}/manifest.json")[0]
    given = json.loads(path.read_text())
    for number, table in enumerate(changes(given)):
        path.write_text(to_text(with_sum(table)) if number % 2 else json.dumps(table))
        for words in (["status", "toy"], ["report", "toy", "--as", "csv", "--out", str(desk / "out")]):
            assert main([*words, "--store", str(desk / "runs")]) in (0, 1, 2), (table, capsys.readouterr().err)
        again(desk)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(given))


def test_a_study_that_is_gone_is_seen(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(next((desk / "runs" / "tune").glob("*/*")))
    assert main(["verify", str(desk / "out"), "--store", str(desk / "runs"), "--trust", f"{TOY}:Toy"]) == 1
    assert "is not in the store; run again" in capsys.readouterr().out
