"""Verbs that look after a store: what is damaged, what is large, what no run needs."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

import benchsuite
from benchsuite.errors import StoreError, UsageError
from benchsuite.store import Leases, Store

SMALL = {"use": "demo", "with": {"users": 40, "items": 30, "events_per_user": 8}}


def experiment(name: str, models: list[Any], splits: tuple[str, ...] = ("random-holdout",), **more: Any) -> Any:
    return benchsuite.Experiment(name, sources=[SMALL], splits=list(splits), models=models, metrics=["ndcg@10"], **more)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two experiments that share a data set and one cell; one of them was tuned."""
    root = tmp_path_factory.mktemp("kept") / "runs"
    tune = {"on": "ndcg@10", "trials": 2}
    for one in (
        experiment("mine", ["popular", "random"]),
        experiment("theirs", ["popular", "ease"], ("random-holdout", "item-cold"), tune=tune),
    ):
        assert benchsuite.run(one, store=root, threads=1, quiet=True).ok
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "runs")
    return tmp_path / "runs"


def amounts(result: Any) -> dict[str, int]:
    return {one.kind: one.entries for one in result.amounts}


def keys_of(root: Path, name: str) -> set[str]:
    return {str(key) for key in benchsuite.status(name, store=root).frames()["cells"].key}


def test_a_sound_store_is_sound(root: Path) -> None:
    checked = benchsuite.store_check(store=root)
    assert checked.ok
    assert checked.faults == []
    assert f"{checked.checked} entries checked, nothing is wrong" in str(checked)
    sizes = amounts(benchsuite.store_size(store=root))
    assert sum(number for kind, number in sizes.items() if kind not in ("code", "drafts", "plans")) == checked.checked
    assert (sizes["data"], sizes["fold"], sizes["plans"]) == (1, 2, 2)


def test_damage_is_found_moved_aside_and_made_anew(root: Path) -> None:
    store = Store(root)
    cell, fold = min(keys_of(root, "mine")), store.keys("fold")[0]
    (store.folder("cell", cell) / "arrays.npz").write_bytes(b"x")
    (store.folder("fold", fold) / "manifest.json").unlink()
    found = benchsuite.store_check(store=root)
    assert not found.ok
    assert {(one.trouble, one.kind, one.key) for one in found.faults} == {
        ("damaged", "cell", cell),
        ("unfinished", "fold", fold),
    }
    assert "1 damaged, which benchsuite store repair moves to the folder damaged, so that the next run" in str(found)
    dry = benchsuite.store_repair(store=root, dry_run=True)
    assert str(dry) == str(found)
    assert benchsuite.store_check(store=root).faults == found.faults  # nothing was done
    mended = benchsuite.store_repair(store=root)
    assert mended.ok
    assert len(list((root / "damaged").iterdir())) == 2
    assert benchsuite.store_check(store=root).ok
    again = benchsuite.run(experiment("mine", ["popular", "random"]), store=root, threads=1, quiet=True)
    assert again.outcome is not None
    assert (again.outcome.done, again.outcome.found) == (1, 1)


def test_what_rests_on_nothing_is_damaged(root: Path) -> None:
    shutil.rmtree(root / "data")
    found = benchsuite.store_check(store=root)
    assert {one.kind for one in found.faults} == {"fold", "truth"}
    assert all(one.what.startswith("its data ") for one in found.faults)


def test_what_the_dead_left_is_told_and_removed(root: Path) -> None:
    Leases(root).take("cell", "ab" * 32, "als on demo")
    (lease,) = (root / "leases").iterdir()
    told = json.loads(lease.read_text())
    dead = told["process"] | {"started": -1.0}
    lease.write_text(json.dumps(told | {"process": dead}))
    (root / "running").mkdir()
    (root / "running" / "a.json").write_text(json.dumps({"process": dead}))
    found = benchsuite.store_check(store=root)
    assert found.ok  # no result is in doubt
    assert [one.kind for one in found.faults] == ["lease", "run"]
    assert "als on demo" in str(found)
    assert str(found).endswith("2 left over, which benchsuite store repair removes (harmless)")
    assert benchsuite.store_repair(store=root).mended == 2
    assert benchsuite.store_check(store=root).faults == []


def test_repair_leaves_alone_what_a_run_has(root: Path) -> None:
    cell = min(keys_of(root, "mine"))
    (Store(root).folder("cell", cell) / "arrays.npz").write_bytes(b"x")
    with Leases(root) as run:
        run.take("cell", cell)
        left = benchsuite.store_repair(store=root)
        assert (left.mended, left.ok) == (0, False)
        assert "1 left alone" in str(left)


def test_nothing_of_a_run_that_nobody_forgets_is_removed(root: Path) -> None:
    found = benchsuite.store_gc(store=root, older_than=0)
    assert found.amounts == []
    assert found.undecided == ["mine", "theirs"]
    assert benchsuite.store_check(store=root).ok


def test_what_only_a_forgotten_run_needs_goes(root: Path) -> None:
    mine, theirs = keys_of(root, "mine"), keys_of(root, "theirs")
    before = amounts(benchsuite.store_size(store=root))
    dry = benchsuite.store_gc(store=root, forget="theirs", older_than=0, dry_run=True)
    assert amounts(benchsuite.store_size(store=root)) == before
    gone = benchsuite.store_gc(store=root, forget="theirs", older_than=0)
    assert gone.amounts == dry.amounts
    assert "removed" in str(gone)
    assert amounts(gone)["fold"] == 1  # that of item-cold; the other one is shared
    assert "data" not in amounts(gone)
    assert amounts(gone)["tune"] == before["tune"]
    left = set(Store(root).keys("cell"))
    assert left == mine  # trials are cells, and go too
    assert theirs - left
    assert benchsuite.store_check(store=root).ok
    again = benchsuite.run(experiment("mine", ["popular", "random"]), store=root, threads=1, quiet=True)
    assert again.outcome is not None
    assert (again.outcome.done, again.outcome.found) == (0, 2)
    with pytest.raises(StoreError, match='no run of "theirs"'):
        benchsuite.status("theirs", store=root)


def test_what_is_older_than_the_latest_run_goes_on_request(root: Path) -> None:
    benchsuite.run(experiment("mine", ["random"]), store=root, threads=1, quiet=True)
    assert benchsuite.store_gc(store=root, forget="theirs", older_than=0, dry_run=True, latest=True).removed is False
    benchsuite.store_gc(store=root, forget="theirs", older_than=0, latest=True)
    assert set(Store(root).keys("cell")) == keys_of(root, "mine")
    assert len(Store(root).keys("cell")) == 1


def test_what_is_young_or_leased_stays(root: Path) -> None:
    young = benchsuite.store_gc(store=root, forget="theirs")
    assert young.amounts == []
    assert young.recent > 0
    before = set(Store(root).keys("cell"))
    with pytest.raises(StoreError):
        benchsuite.status("theirs", store=root)
    orphan = min(before - keys_of(root, "mine"))
    entry = Store(root).get("cell", orphan)
    hour = time.time() - 7200
    for path in root.glob("*/*/*"):
        os.utime(path, (hour, hour))
    with Leases(root) as run:
        run.take("cell", orphan)
        benchsuite.store_gc(store=root)
    store = Store(root)
    assert set(store.keys("cell")) == {*keys_of(root, "mine"), orphan}
    assert store.has("fold", entry.manifest["identity"]["fold"])
    assert benchsuite.store_check(store=root).ok


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"forget": "theris"}, 'did you mean "theirs"'),
        ({"forget": "mine", "keep": "mine"}, '"mine" is to be kept and forgotten'),
        ({"older_than": -1.0}, "older_than must be 0 or more"),
        ({"keep": "nothing.toml"}, "nothing.toml"),
    ],
)
def test_mistakes_are_one_line(made: Path, call: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        benchsuite.store_gc(store=made, dry_run=True, **call)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for call in (benchsuite.store_check, benchsuite.store_repair, benchsuite.store_gc, benchsuite.store_size):
        with pytest.raises(StoreError, match="no such store"):
            call(store=tmp_path / "none")
    assert not (tmp_path / "none").exists()
