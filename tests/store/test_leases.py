"""Leases: one holder for each key; the dead are taken over at once, those of other machines after a silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchsuite.errors import StoreError
from benchsuite.store import Leases, Store, held, leases
from benchsuite.store.leases import holders

KEY = "ab" * 32
_KILLED = """
import os, signal, sys
from pathlib import Path
from benchsuite.store import Leases
assert Leases(Path(sys.argv[1])).take("cell", sys.argv[2], "als on demo") is None
os.kill(os.getpid(), signal.SIGKILL)
"""


def change(root: Path, **process: object) -> Path:
    """Make the one lease of a store another process's."""
    (path,) = (root / "leases").iterdir()
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"process": told["process"] | process}))
    return path


@pytest.fixture
def of_the_dead(tmp_path: Path) -> Path:
    """A store in which a process that is gone holds a lease."""
    Leases(tmp_path).take("cell", KEY, "als on demo")
    change(tmp_path, started=-1.0)
    return tmp_path


@pytest.fixture
def from_far_away(tmp_path: Path) -> Path:
    """A store in which a process of another machine holds a lease."""
    Leases(tmp_path).take("cell", KEY, "als on demo")
    change(tmp_path, host="far-away boot")
    return tmp_path


def test_one_runner_holds_a_key_until_it_gives_it_back(tmp_path: Path) -> None:
    with Leases(tmp_path) as ours, Leases(tmp_path) as theirs:
        assert ours.take("cell", KEY, "als on demo") is None
        holder = theirs.take("cell", KEY)
        assert holder is not None
        assert (holder.about, holder.pid, holder.alive) == ("als on demo", os.getpid(), True)
        assert holder.who == f"process {os.getpid()}"
        assert theirs.take("cell", KEY[::-1]) is None  # another key
        assert theirs.take("fold", KEY) is None  # another kind
        ours.give_back("cell", KEY)
        assert Leases(tmp_path).take("cell", KEY) is None
    assert [one.key for one in holders(tmp_path)] == [KEY]  # that of the one who has not ended


def test_the_end_of_a_runner_gives_everything_back(tmp_path: Path) -> None:
    with Leases(tmp_path) as ours:
        ours.take("cell", KEY)
        ours.take("fold", KEY)
        assert len(held(tmp_path)) == 2
    assert not (tmp_path / "leases").exists()


def test_what_a_dead_process_holds_is_taken_over_at_once(of_the_dead: Path) -> None:
    assert held(of_the_dead) == []
    with Leases(of_the_dead) as ours:
        assert ours.take("cell", KEY) is None
        assert [(one.key, one.alive) for one in held(of_the_dead)] == [(KEY, True)]
        assert len(list((of_the_dead / "leases").iterdir())) == 1


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), KEY], check=False)
    (left,) = holders(tmp_path)
    assert (left.about, left.alive) == ("als on demo", False)
    with Leases(tmp_path) as ours:
        assert ours.take("cell", KEY) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only /proc tells whether a process is suspended")
def test_who_waits_for_a_suspended_process_is_told_so(tmp_path: Path) -> None:
    """It keeps what it holds, as it may go on; only a person can tell whether it will."""
    asleep = _KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "os.kill(os.getpid(), signal.SIGSTOP)")
    with subprocess.Popen([sys.executable, "-c", asleep, str(tmp_path), KEY]) as theirs:
        os.waitid(os.P_PID, theirs.pid, os.WSTOPPED | os.WNOWAIT)
        try:
            holder = Leases(tmp_path).take("cell", KEY)
            assert holder is not None
            assert holder.alive
            assert holder.who == f"process {theirs.pid} (suspended)"
        finally:
            theirs.kill()


def test_another_machine_counts_as_dead_after_a_silence_by_our_clock(from_far_away: Path) -> None:
    (path,) = (from_far_away / "leases").iterdir()
    os.utime(path, (0, 0))  # its clock is wrong by decades: only a change counts
    patient, hasty = Leases(from_far_away), Leases(from_far_away, patience=0.0)
    holder = hasty.take("cell", KEY)
    assert holder is not None
    assert (holder.who, holder.alive) == (f"process {os.getpid()} on far-away", None)
    os.utime(path, (1, 1))  # a sign of life
    hasty._known.clear()
    assert hasty.take("cell", KEY) is not None
    hasty._known.clear()
    time.sleep(0.001)
    assert hasty.take("cell", KEY) is None
    assert patient.take("cell", KEY) is not None


def test_of_many_that_take_over_at_once_one_succeeds(of_the_dead: Path) -> None:
    runners = [Leases(of_the_dead) for _ in range(8)]
    start, won = threading.Barrier(len(runners)), list[int]()

    def go(number: int) -> None:
        start.wait()
        if runners[number].take("cell", KEY) is None:
            won.append(number)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_who_was_too_slow_to_take_over_takes_nothing_from_the_next(of_the_dead: Path) -> None:
    path = of_the_dead / "leases" / f"cell-{KEY}.0"
    (dead,) = holders(of_the_dead)
    with Leases(of_the_dead) as fast:
        fast.take("cell", KEY)
    with Leases(of_the_dead) as next_one:
        assert next_one.take("cell", KEY) is None
        slow = Leases(of_the_dead)
        assert not slow._create(path.with_suffix(".1"), "", path, dead)  # it read the dead one's lease before all this
        assert slow.take("cell", KEY) is not None


def test_a_lease_that_is_being_written_is_held(tmp_path: Path) -> None:
    (tmp_path / "leases").mkdir()
    (tmp_path / "leases" / f"cell-{KEY}.0").touch()
    holder = Leases(tmp_path).take("cell", KEY)
    assert holder is not None
    assert holder.who == "process 0 on an unknown machine"


def test_a_holder_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT", 0.01)
    with Leases(tmp_path) as ours:
        ours.take("cell", KEY)
        (path,) = (tmp_path / "leases").iterdir()
        os.utime(path, (0, 0))
        while path.stat().st_mtime == 0:
            time.sleep(0.01)


def test_alone_waits_and_says_for_whom(tmp_path: Path) -> None:
    lines: list[str] = []
    theirs = Leases(tmp_path)
    theirs.take("split", KEY)

    def say(line: str) -> None:
        lines.append(line)
        theirs.give_back("split", KEY)

    with Leases(tmp_path) as ours, ours.alone("split", KEY, "the folds of demo", say):
        assert theirs.take("split", KEY) is not None
    assert lines == [f"waiting for the folds of demo, which process {os.getpid()} makes"]


def test_a_store_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "leases").write_text("")
    with pytest.raises(StoreError, match="leases: cannot be written"):
        Leases(tmp_path).take("cell", KEY)


def test_dropping_an_entry_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write("truth", KEY) as draft:
        draft.manifest = {"data": "x"}
    store.drop("truth", KEY)
    store.drop("truth", KEY)  # it is not there any more
    assert not store.exists("truth", KEY)
    assert list((tmp_path / "drafts").iterdir()) == []
