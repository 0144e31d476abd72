"""What fits share is made once, is whole or not there, and costs each of them what it took."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchsuite.api import SharedCache
from benchsuite.shared_folders import folder_bytes


def write(folder: Path, value: bytes) -> None:
    (folder / "value").write_bytes(value)


def read(folder: Path) -> bytes:
    return (folder / "value").read_bytes()


class Maker:
    """Makes values and counts how often it was asked to."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, shared: SharedCache, name: str = "a", size: int = 10) -> bytes:
        return shared.get("test", {"name": name}, lambda: self.make(name, size), write=write, read=read)

    def make(self, name: str, size: int) -> bytes:
        self.made += 1
        return name.encode() * size


@pytest.fixture
def maker() -> Maker:
    return Maker()


def test_the_same_key_is_made_once_and_another_anew(tmp_path: Path, maker: Maker) -> None:
    assert [maker(SharedCache.inside(tmp_path)) for _ in range(3)] == [b"a" * 10] * 3
    assert maker.made == 1
    assert maker(SharedCache.inside(tmp_path), "b") == b"b" * 10
    assert maker.made == 2
    assert not list((tmp_path / "shared").glob("*.lock"))


def test_without_a_folder_nothing_is_kept_or_charged(maker: Maker) -> None:
    shared = SharedCache()
    assert maker(shared) == maker(shared)
    assert (maker.made, shared.used, shared.owed, shared.owed_cpu) == (2, 0, 0, 0)


def test_whoever_reads_owes_what_the_maker_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("benchsuite.api.shared_cache.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("benchsuite.api.shared_cache.time.process_time", lambda: 2 * clock[0])

    def spend(seconds: float) -> bytes:
        clock[0] += seconds
        return b"made"

    def get(shared: SharedCache) -> None:
        shared.get(
            "test",
            {},
            lambda: spend(8),
            write=lambda folder, value: write(folder, value + spend(1)),
            read=lambda folder: read(folder) + spend(0.25),
        )

    first, second = SharedCache(tmp_path), SharedCache(tmp_path)
    get(first)
    assert (first.used, first.owed, first.owed_cpu) == (8, -1, -2)  # writing costs nobody anything
    get(second)
    assert (second.used, second.owed, second.owed_cpu) == (8, 7.75, 15.5)
    get(second)
    assert (second.used, second.owed) == (16, 15.5)


@pytest.mark.parametrize("harm", ["changed", "cut", "gone", "no about", "about of another kind"])
def test_what_is_damaged_is_made_anew(tmp_path: Path, maker: Maker, harm: str) -> None:
    maker(SharedCache(tmp_path))
    (value,), (about,) = tmp_path.glob("*/value"), tmp_path.glob("*/about.json")
    if harm == "changed":
        value.write_bytes(b"b" * 10)
    elif harm == "cut":
        value.write_bytes(b"a" * 9)
    elif harm == "gone":
        value.unlink()
    elif harm == "no about":
        about.unlink()
    else:
        about.write_text("[1]")
    assert maker(SharedCache(tmp_path)) == b"a" * 10
    assert maker.made == 2
    assert maker(SharedCache(tmp_path)) == b"a" * 10
    assert maker.made == 2


def test_of_several_at_once_one_makes_it(tmp_path: Path, maker: Maker) -> None:
    threads = [threading.Thread(target=maker, args=(SharedCache(tmp_path),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert maker.made == 1


@pytest.mark.process
@pytest.mark.parametrize("moment", ["make", "write"])
def test_a_killed_maker_leaves_nothing_that_counts(tmp_path: Path, maker: Maker, moment: str) -> None:
    code = f"""
import os, signal
from pathlib import Path
from benchsuite.api import SharedCache
def die(folder=None, value=None):
    if folder is not None:
        (folder / "value").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
make, write = (die, None) if "{moment}" == "make" else (lambda: b"", die)
SharedCache(Path({str(tmp_path)!r})).get("test", {{"name": "a"}}, make, write=write, read=None)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode < 0
    assert len(list(tmp_path.iterdir())) == (1 if moment == "make" else 2)
    assert maker(SharedCache(tmp_path)) == b"a" * 10
    for draft in tmp_path.glob(".*"):
        os.utime(draft, (time.time() - 48 * 3600,) * 2)
    maker(SharedCache(tmp_path), "b")
    assert not list(tmp_path.glob(".*"))


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path, maker: Maker) -> None:
    shared = SharedCache(tmp_path, most_bytes=3000)
    for age, name in enumerate("abc"):
        maker(shared, name, 700)
        newest = max(tmp_path.glob("*/about.json"), key=lambda path: path.stat().st_mtime)
        os.utime(newest, (time.time() - 1000 + age,) * 2)
    maker(shared, "a", 700)  # used again, so b goes first
    assert maker.made == 3
    maker(shared, "d", 700)
    assert folder_bytes(tmp_path) <= 4000
    maker(shared, "a", 700)
    assert maker.made == 4
    maker(shared, "b", 700)
    assert maker.made == 5


def test_what_is_larger_than_all_room_is_not_kept_and_removes_nothing(tmp_path: Path, maker: Maker) -> None:
    shared = SharedCache(tmp_path, most_bytes=3000)
    maker(shared)
    assert len(maker(shared, "b", 5000)) == 5000
    maker(shared)
    assert maker.made == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path, maker: Maker) -> None:
    (tmp_path / "shared").write_text("a file in the way")
    assert maker(SharedCache.inside(tmp_path)) == b"a" * 10


def test_an_error_of_the_maker_is_the_callers(tmp_path: Path, maker: Maker) -> None:
    def fail() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        SharedCache(tmp_path).get("test", {"name": "a"}, fail, write=write, read=read)
    assert list(tmp_path.iterdir()) == []
    assert maker(SharedCache(tmp_path)) == b"a" * 10
