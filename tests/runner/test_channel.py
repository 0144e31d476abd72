"""What a model may write into the pipe, to the log and into messages ends no run and floods nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchsuite.progress import ProgressBars
from benchsuite.runner import Options, logs, progress_pipe, scratch
from benchsuite.runner.channel import Channel, parse
from benchsuite.runner.logs import KEPT_BYTES, clip, read_log, trim_log
from benchsuite.store import Store


@pytest.fixture
def channel():
    receiving, sending = os.pipe()
    made = Channel(receiving)
    yield made, sending
    made.close()
    os.close(sending)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"\xff", b"[]", b"5", b"null", b"{}", b"[" * 5000, b'{"start": 5}', b'{"fatal": 1}', b'{"fatal": [1]}'),
        *(b'{"phase": 7, "done": 1}', b'{"done": null}', b'{"failed": []}', b'{"phase": ' + b"9" * 6000 + b"}"),
    ],
)
def test_what_is_no_message_is_skipped(line: bytes) -> None:
    assert parse(line) is None


@pytest.mark.parametrize(
    ("told", "done", "total"),
    [
        ({"done": 3, "total": 10}, 3, 10),
        ({"done": float("nan"), "total": float("inf")}, 0, 2**53),
        ({"done": -4, "total": -1}, 0, 0),
        ({"done": 12, "total": 10}, 10, 10),
        ({"done": "three", "total": 10}, 0, 10),
        ({"done": 10**400, "total": 10**400}, 2**53, 2**53),
        ({"done": True, "total": [1]}, 0, 0),
        ({}, 0, 0),
    ],
)
def test_odd_numbers_become_numbers_that_can_be_shown(told, done: int, total: int) -> None:
    message = parse(json.dumps({"phase": "fit", **told}).encode())
    assert message == {"phase": "fit", "done": done, "total": total, "note": ""}


def test_a_million_steps_are_a_few_messages(channel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty at once, then ten in a second, and the last of each phase; the same again for the next cell."""
    made, sending = channel
    clock = iter(range(10**6))
    monkeypatch.setattr(progress_pipe, "time", SimpleNamespace(monotonic=lambda: next(clock) / 64))
    with os.fdopen(os.dup(sending), "w") as stream:
        pipe = progress_pipe.ProgressPipe(stream)
        for cell in ("a", "b"):
            pipe.tell(start=cell)
            for done in range(1, 101):
                pipe.progress("fit", done, 100, f"step {done}")
            pipe.progress("rank", 1, 9, "held back until the next message")
            pipe.tell(ranked=cell)
    told = made.read()
    assert [next(iter(one)) for one in told] == 2 * ["start", *(len(told) // 2 - 2) * ["phase"], "ranked"]
    first = [one["done"] for one in told[: len(told) // 2] if one.get("phase") == "fit"]
    assert first[:20] == list(range(1, 21))
    assert set(np.diff(first[25:-1])) == {6, 7}  # 64 steps a second
    assert first[-1] == 100
    assert first == [one["done"] for one in told[len(told) // 2 :] if one.get("phase") == "fit"]
    assert [one["note"] for one in told if one.get("phase") == "rank"] == 2 * ["held back until the next message"]


def test_a_text_is_one_short_line_that_any_stream_can_show() -> None:
    message = parse(json.dumps({"phase": "fit", "note": "a\n\ud800\x1b[31m" + "y" * 9000}).encode())
    assert message is not None
    assert message["note"].startswith("a \\ud800\ufffd[31myyy")
    assert len(message["note"]) == 500
    assert clip("short", 5) == "short"


def test_a_line_that_is_too_long_is_skipped_and_the_next_is_read(channel) -> None:
    made, sending = channel
    os.write(sending, b'{"start": "a"}\n')
    assert [message["start"] for message in made.read()] == ["a"]
    for _ in range(40):
        os.write(sending, b"x" * 5000)
        assert made.read() == []
    os.write(sending, b'"}\n{"start": "b"}\n{"sta')
    assert [message["start"] for message in made.read_all()] == ["b"]
    os.write(sending, b'rt": "c"}\n')
    assert [message["start"] for message in made.read()] == ["c"]


def test_all_that_a_worker_left_in_the_pipe_is_read(channel) -> None:
    made, sending = channel
    line = b'{"start": "' + b"k" * (2**14 - 14) + b'"}\n'
    assert len(line) == 2**14
    for _ in range(4):
        os.write(sending, line)
    assert len(made.read_all()) == 4


@pytest.mark.slow
def test_junk_in_the_pipe_ends_no_run(tmp_path: Path, toy_experiment, run_toy) -> None:
    plan, outcome, watcher = run_toy(toy_experiment(["Junk"], metrics=["ndcg@10"]))
    assert (outcome.done, outcome.failed) == (1, [])
    assert ("fit", "") in watcher.moved
    (cell,) = plan.cells
    assert Store(tmp_path / "runs").get("cell", cell.key).manifest["state"] == "ok"


def test_a_bar_takes_no_text_for_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with ProgressBars() as watch:
        watch.job_started("a [/x]")
        watch.job_moved("a [/x]", "fit", 0, 0, "[/b]")
        watch.job_ended("a [/x]")


def test_a_long_log_keeps_its_two_ends(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"first" + b"x" * (3 * KEPT_BYTES) + b"last")
    text = read_log(log)
    assert len(text) < KEPT_BYTES + 100
    assert text.startswith("firstx")
    assert text.endswith("xlast")
    assert "\n[... 2.1 MB were cut here ...]\n" in text
    assert read_log(log, log.stat().st_size - 4) == "last"
    assert read_log(tmp_path / "gone.txt") == ""


def test_a_growing_log_is_cut_while_others_append_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LIVE_BYTES", 2 * KEPT_BYTES)
    log = tmp_path / "log.txt"
    with log.open("ab", buffering=0) as worker:
        worker.write(b"first")
        for _ in range(50):
            worker.write(b"x" * (KEPT_BYTES // 2))
            trim_log(log)
            assert log.stat().st_size <= 3 * KEPT_BYTES
        worker.write(b"last")
    text = read_log(log)
    assert text.startswith("firstx")
    assert text.endswith("last")
    assert "were cut here" in text


def test_what_a_model_prints_and_raises_is_bounded_in_the_store(tmp_path: Path, toy_experiment, run_toy) -> None:
    plan, _, _ = run_toy(toy_experiment(["Prints"], metrics=["ndcg@10"]))
    (cell,) = plan.cells
    entry = Store(tmp_path / "runs").get("cell", cell.key)
    log = (entry.folder / "log.txt").read_text("utf-8")
    assert len(log) < KEPT_BYTES + 100
    assert log.startswith("the first words")
    assert "Traceback" in log
    reason = entry.manifest["reason"]
    assert reason.startswith("ValueError: a lone \\ud800 and much more: yyy")
    assert len(reason) <= 500


def test_folders_of_killed_runs_are_swept_and_those_of_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    code = (
        "import os, signal, sys, tempfile\n"
        "from benchsuite.runner.scratch import scratch_folder\n"
        "tempfile.tempdir = sys.argv[1]\n"
        "with scratch_folder() as folder:\n"
        "    (folder / 'job').mkdir()\n"
        "    (folder / 'job' / 'log.txt').touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    (tmp_path / "benchsuite-not-ours").mkdir()
    with scratch.scratch_folder() as living:
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
        assert done.returncode < 0
        assert len(list(tmp_path.iterdir())) == 3
        with scratch.scratch_folder() as other:
            assert sorted(tmp_path.iterdir()) == sorted([living, other, tmp_path / "benchsuite-not-ours"])
    assert list(tmp_path.iterdir()) == [tmp_path / "benchsuite-not-ours"]


def test_a_folder_for_temporary_files_that_is_gone_is_one_line(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path / "gone"))
    message = "temporary files cannot be written: No such file"
    with pytest.raises(scratch.UsageError, match=message), scratch.scratch_folder():
        pass


@pytest.mark.slow
def test_a_model_has_the_same_number_of_threads_whatever_the_number_of_workers(
    tmp_path: Path, toy_experiment, run_toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for options, wanted in ((Options(), 2), (Options(workers=3), 2), (Options(threads=1), 1)):
        folder = f"{options.workers} {options.threads}"
        plan, _, _ = run_toy(toy_experiment(["Threads"], metrics=["ndcg@10"]), options, folder=folder)
        manifest = Store(tmp_path / folder).get("cell", plan.cells[0].key).manifest
        assert manifest["threads"] == wanted
        assert set(manifest["facts"]["pools"].values()) == {wanted}
        told = manifest["facts"]["told"]
        assert told.pop("OMP_DYNAMIC") == told.pop("MKL_DYNAMIC") == "FALSE"
        assert set(told.values()) == {str(wanted)}
        assert len(told) >= 5
