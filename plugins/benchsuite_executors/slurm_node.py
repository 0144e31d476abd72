"""What runs as a job of Slurm: our own worker process, in a folder that the machine of the run sees, too."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from benchsuite.atomic_writes import replaced_file
from benchsuite.runner.jobs import Job
from benchsuite.runner.local_executor import LocalExecutor
from benchsuite.runner.scratch import scratch_folder
from benchsuite_executors.node import NodeWorker, difference, ingredients, made_here, models_of

MESSAGES, BEGUN, ENDED, STOP, BEAT = "messages.jsonl", "begun.json", "ended.json", "stop", "beat"
"""Files in the folder of a job; the last in the one above: the run touches it as long as it lives."""

PATIENCE = 300.0
"""Seconds without a sign of life after which the run counts as dead, by this machine's own clock."""


def serve(folder: str, job: Job, here: Mapping[str, str]) -> None:
    """Do a job: write its messages and how it ended into its folder, until it ends or nobody waits for it.

    Args:
        folder: of the job, with the order for its worker.
        job: what it needs.
        here: the ingredients of the run's machine.
    """
    place = Path(folder)
    try:
        os.close(os.open(place / f"{BEGUN}.claim", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except (FileExistsError, FileNotFoundError):
        return  # Slurm repeats what it lost with a node, and so does the run, in another folder; or the run has ended
    differs = difference(here, ingredients(models_of(job)))
    _write(place / BEGUN, {"host": socket.gethostname(), "unlike": differs, "made_with": made_here("slurm")})
    if differs:
        return
    with scratch_folder() as scratch, contextlib.ExitStack() as stack:
        local = LocalExecutor()
        local.begin(scratch, lambda _: None, lambda: None)
        stack.callback(local.end)
        messages = stack.enter_context((place / MESSAGES).open("a", encoding="utf-8"))
        worker = NodeWorker(local, job, place / "job.json", place / "log.txt")
        run = _Alive(place.parent / BEAT)
        while worker.code is None:
            for message in worker.read(0.2):
                messages.write(json.dumps(message) + "\n")
            messages.flush()
            if (place / STOP).exists() or not run.alive():
                worker.kill()
            for answers in place.glob("answers-*"):
                with contextlib.suppress(OSError):
                    list(answers.iterdir())  # else a shared folder may show for half a minute what was in it before
    if place.is_dir():
        _write(place / ENDED, {"code": worker.code, "lost": worker.lost})


class _Alive:
    """Whether the run gives signs of life: the time of change of its file moves."""

    def __init__(self, beat: Path) -> None:
        self._beat = beat
        self._seen: tuple[int, float] = 0, time.monotonic()

    def alive(self) -> bool:
        """Look once more."""
        with contextlib.suppress(OSError):
            changed = self._beat.stat().st_mtime_ns
            if changed != self._seen[0]:
                self._seen = changed, time.monotonic()
        return time.monotonic() - self._seen[1] < PATIENCE


def _write(path: Path, told: Mapping[str, object]) -> None:
    with contextlib.suppress(OSError), replaced_file(path) as draft:  # without the folder nobody waits for it
        draft.write_text(json.dumps(told), "utf-8")
