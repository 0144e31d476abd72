"""Start benchsuite as a user does: as a process of its own or, where calls are many, as a fork that calls ``main``."""

from __future__ import annotations

import contextlib
import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from attack.findings import Fault

TIMED_OUT = 124
"""The exit code of a call that was ended because it took too long."""

MARK = "BENCHSUITE_ATTACK"
"""An environment variable with a name drawn for each call, by which its processes are found wherever they went."""

OUR_MISTAKE = 3
_ERROR_LINES = 3
_MEMORY = 24 * 2**30
"""Bytes of address space of a call: a bomb fails in its own process, not on the machine."""


@dataclass(frozen=True)
class Answer:
    """How a call ended: its exit code, negative the signal that ended it, and what it printed."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    def faults(self, case: str, temporary: Path | None = None) -> Iterator[Fault]:
        """Yield what no call may do, whatever it was given.

        Args:
            case: what was done.
            temporary: the folder of temporary files, which no message may name.
        """
        said = f"{self.words[0]}: exit {self.code}: {self.err[-400:]}"
        if self.code == TIMED_OUT:
            yield Fault.of(case, "no end within the time limit", said)
            return
        if self.code == OUR_MISTAKE or "mistake in the program" in self.err:
            yield Fault.of(case, "a mistake in the program", said)
        elif self.code not in (0, 1, 2):
            yield Fault.of(case, "an exit code other than 0, 1 or 2", said)
        if "Traceback (most recent call last)" in self.err + self.out:
            yield Fault.of(case, "a traceback was shown", said)
        errors = [line for line in self.err.splitlines() if line.startswith("error")]
        if len(errors) > _ERROR_LINES:
            yield Fault.of(case, "more than a few lines of errors", f"{len(errors)}: {errors[0]}")
        if self.code == 2 and not errors:
            yield Fault.of(case, "exit 2 without a line that says why", said)
        if temporary is not None and self.code != OUR_MISTAKE and f"{temporary}/" in self.err + self.out:
            yield Fault.of(case, "a temporary path was shown", said)


def environment(temporary: Path, **more: str) -> dict[str, str]:
    """Return what a call of ours runs under: no network, one thread, its own folder for temporary files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BENCHSUITE_")}
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return (
        kept
        | dict.fromkeys(names, "1")
        | {"HF_HUB_OFFLINE": "1", "NO_COLOR": "1", "COLUMNS": "100", "TMPDIR": str(temporary), **more}
    )


def command(words: Sequence[str]) -> list[str]:
    """Return the command line of benchsuite in this environment."""
    return [sys.executable, "-m", "benchsuite", *words]


def call(
    words: Sequence[str], *, cwd: Path, temporary: Path, seconds: float = 300, more: Mapping[str, str] | None = None
) -> Answer:
    """Run the command in a process of its own, with more environment variables if given, and wait for it."""
    try:
        done = subprocess.run(
            command(words),
            capture_output=True,
            cwd=cwd,
            env=environment(temporary, **(more or {})),
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        return Answer(tuple(words), TIMED_OUT, _text(error.stdout), _text(error.stderr))
    return Answer(tuple(words), done.returncode, _text(done.stdout), _text(done.stderr))


def warm(words: Sequence[str], *, cwd: Path) -> None:
    """Do a call in this process, so that its forks have imported what calls need."""
    from benchsuite.cli.main import main

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
        here = Path.cwd()
        os.chdir(cwd)
        try:
            code = main(list(words))
        finally:
            os.chdir(here)
    if code:
        raise SystemExit(f"the warming call {' '.join(words)} ended with {code}: {told.getvalue()}")


def forked(words: Sequence[str], *, cwd: Path, temporary: Path, seconds: float = 60) -> Answer:
    """Run the command in a fork of this process; whatever it leaves running is ended.

    Args:
        words: the arguments.
        cwd: the folder it runs in.
        temporary: its ``TMPDIR``; made anew when it is gone.
        seconds: after this long it is ended with :data:`TIMED_OUT`.
    """
    temporary.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex
    output = [cwd / f".{name}-{mark}" for name in ("out", "err")]
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # libraries' threads sleep; see warm()
        child = os.fork()
    if child == 0:
        _work(words, cwd, temporary, output, mark)
    code = _wait(child, seconds)
    end_marked(mark)
    out, err = (_text(path.read_bytes()[: 2**20]) if path.exists() else "" for path in output)
    for path in output:
        path.unlink(missing_ok=True)
    return Answer(tuple(words), code, out, err)


def _work(words: Sequence[str], cwd: Path, temporary: Path, output: Sequence[Path], mark: str) -> None:
    """Be the program; never return."""
    code = 70
    try:
        os.setsid()
        os.chdir(cwd)
        for number, path in enumerate(output, 1):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(handle, number)
            os.close(handle)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", line_buffering=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", line_buffering=True)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        os.environ.clear()
        os.environ.update(environment(temporary, **{MARK: mark}))
        import tempfile

        tempfile.tempdir = None
        sys.argv = ["benchsuite", *words]
        from benchsuite.cli.main import main

        code = main(list(words))
        sys.stdout.flush()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - what a shell would see: a traceback and exit code 1
        traceback.print_exc()
        code = 1
    finally:
        os._exit(code)


def _wait(child: int, seconds: float) -> int:
    """Return the exit code of a child that leads a session; end it when it takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMED_OUT


def marked(mark: str) -> list[psutil.Process]:
    """Return all processes that carry a mark, also those that left group and session."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == mark:
                found.append(process)
    return found


def end_marked(mark: str) -> int:
    """End the processes that carry a mark; return how many there were."""
    left = marked(mark)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=5)
    return len(left)


def fresh(folder: Path) -> Path:
    """Return the folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _text(raw: bytes | str | None) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw or ""
