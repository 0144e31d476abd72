"""Drafts are swept when their owner is dead, never while it lives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchsuite.store import Store
from benchsuite.store.owners import claim, release

DAY = 86400
_WRITER = """
import os, signal, sys
from pathlib import Path
from benchsuite.store import Store
store = Store(Path(sys.argv[1]))
with store.write("cell", "ab" * 32) as draft:
    (draft.folder / "half").write_text("half")
    if sys.argv[2] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    print("writing", flush=True)
    sys.stdin.readline()
    raise SystemExit
"""


def age(path: Path, days: float) -> None:
    os.utime(path, (time.time() - days * DAY,) * 2)


def test_a_draft_of_a_dead_process_goes_at_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _WRITER, str(tmp_path), "die"], check=False, capture_output=True)
    assert len(list((tmp_path / "drafts").iterdir())) == 2
    Store(tmp_path)
    assert list((tmp_path / "drafts").iterdir()) == []


def test_a_draft_of_a_living_process_stays_whatever_its_age(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path), "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        assert writer.stdout.readline() == "writing\n"
        found = sorted((tmp_path / "drafts").iterdir())
        for path in found:
            age(path, 400)
        Store(tmp_path)
        assert sorted((tmp_path / "drafts").iterdir()) == found
        writer.stdin.close()
    Store(tmp_path)
    assert list((tmp_path / "drafts").iterdir()) == []


def test_another_process_of_the_same_number_is_not_the_owner(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write("statistics", "ab" * 32) as draft:
        draft.manifest = {"identity": {}, "content": {}}
    drafts = tmp_path / "drafts"
    (drafts / "left").mkdir()
    claim(drafts / "own")
    owner = json.loads((drafts / "own.owner").read_text())
    release(drafts / "own")
    (drafts / "left.owner").write_text(json.dumps(owner | {"started": owner["started"] - 1}))
    Store(tmp_path)
    assert list(drafts.iterdir()) == []


@pytest.mark.parametrize("told", ['{"host": "elsewhere", "pid": 1, "started": 1.0}', "[]", None])
def test_what_nobody_here_can_judge_goes_after_a_week(tmp_path: Path, told: str | None) -> None:
    for name, days in (("young", 6), ("old", 8)):
        folder = tmp_path / "drafts" / name
        folder.mkdir(parents=True)
        age(folder, days)
        if told is not None:
            folder.with_name(f"{name}.owner").write_text(told)
    Store(tmp_path)
    assert {path.name.removesuffix(".owner") for path in (tmp_path / "drafts").iterdir()} == {"young"}
