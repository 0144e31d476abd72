"""What all verbs share: printing, colours, JSON, and errors as one line with an exit code."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TextIO

from benchsuite.errors import NotApplicable, UsageError
from benchsuite.interface import FunctionResult, print_status

OK = 0
SOME_FAILED = 1
"""Some cells, checks or plugins failed; everything else is fine and nothing is lost."""
USER_ERROR = 2
OUR_ERROR = 3
INTERRUPTED = 130
"""What a shell expects after Ctrl-C."""
TERMINATED = 143
"""What it expects after SIGTERM, by which Slurm, Docker and systemd end a process."""

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def print_result(text: str = "") -> None:
    """Print a result line to standard output."""
    sys.stdout.write(f"{text}\n")


def print_json(value: Any) -> None:
    """Print a value as JSON; what JSON cannot say becomes text, and NaN is an error."""
    print_result(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=str))


def coloured(stream: TextIO | None = None) -> bool:
    """Return True where colours are welcome: a terminal, without NO_COLOR (https://no-color.org) and TERM=dumb."""
    stream = sys.stdout if stream is None else stream
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, name: str, stream: TextIO | None = None) -> str:
    """Return the text in ``bold``, ``dim``, ``red``, ``green`` or ``yellow`` where colours are welcome."""
    return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if coloured(stream) else text


class Terminated(KeyboardInterrupt):
    """SIGTERM has come: everything is stopped as by Ctrl-C."""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Raise :class:`Terminated` on SIGTERM within the block, where nobody else handles it."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def end(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what is being stopped shall be stopped in peace
        raise Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def guarded(work: Callable[[], int]) -> int:
    """Do the work and turn every error into one line on standard error and an exit code, never a traceback.

    0 fine, 1 something failed or differs (both decided by the work itself), 2 the user's mistake, 3 ours, 130 Ctrl-C,
    143 SIGTERM.
    """
    try:
        with _terminable():
            code = work()
        sys.stdout.flush()
    except (UsageError, NotApplicable) as error:
        return _fail(str(error), USER_ERROR)
    except KeyboardInterrupt as end:
        code = TERMINATED if isinstance(end, Terminated) else INTERRUPTED
        return _fail("interrupted; what is finished is kept, the same command goes on from there", code)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has seen enough; nothing more can be written, not even at exit.
        _discard_output()
        return OK
    except BaseException as error:  # noqa: BLE001 - the last line of defence
        return _unforeseen(error)
    return code


def _unforeseen(error: BaseException) -> int:
    """Print what nobody foresaw and return the exit code."""
    if isinstance(error, OSError):
        # What is ours to foresee has its own error; what is left is the system's: a disk that is full, a right we lack.
        return _fail(_refused(error), USER_ERROR)
    if isinstance(error, MemoryError):
        return _fail("there is not enough memory; take less data, smaller settings or fewer --workers", USER_ERROR)
    if isinstance(error, ModuleNotFoundError) and (absent := absent_requirements()):
        remedy = "pip install benchsuite brings all; to read results, see docs/install.md"
        return _fail(f"{error}; of what benchsuite needs, {', '.join(absent)} is not installed; {remedy}", USER_ERROR)
    if not isinstance(error, Exception):
        # No verb leaves by sys.exit; a plugin or a library has.
        what = f"a plugin ended the program ({' '.join(repr(error).split())})"
        return _fail(f"{what}; find out which with: benchsuite check NAME", USER_ERROR)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return _fail(f"{what}; this is a mistake in the program, {_kept()}", OUR_ERROR)


def absent_requirements() -> list[str]:
    """Return the names of the packages that benchsuite names as its dependencies and that are not installed."""
    from importlib.metadata import PackageNotFoundError, distribution, requires

    absent = []
    for line in requires("benchsuite") or ():
        requirement, _, marker = line.partition(";")
        name = re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]
        if "extra" in marker:
            continue
        try:
            distribution(name)
        except PackageNotFoundError:
            absent.append(name)
    return absent


def _refused(error: OSError) -> str:
    """Say what the system refused, and keep the interpreter from trying it again at exit."""
    try:
        sys.stdout.flush()
    except OSError as again:
        _discard_output()
        return f"standard output cannot be written: {again.strerror or again}; free some space or write elsewhere"
    where = f"{error.filename}: " if error.filename else ""
    remedy = "free some space, also where standard output and $TMPDIR go, or name other places"
    return f"{where}the system refuses: {error.strerror or error}; {remedy}"


def _discard_output() -> None:
    """Send what is still to be printed nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def open_streams() -> bool:
    """Return whether there is a standard output; standard input and error that are closed are opened to nowhere.

    Otherwise the next file that is opened would take their place, and what is printed would be written into it.
    """
    closed = [number for number in (0, 1, 2) if not _is_open(number)]
    for number in closed:
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as we live
    return 1 not in closed and sys.stdout is not None


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _kept() -> str:
    """Write the traceback being handled to a file and say where."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="benchsuite-", suffix=".txt", delete=False, encoding="utf-8") as f:
            f.write(f"{' '.join(sys.argv)}\n\n{traceback.format_exc()}")
    except OSError:
        return "and the traceback could not be written"
    return f"the traceback is in {f.name}"


def _fail(line: str, code: int) -> int:
    print_status(f"{style('error', 'red', sys.stderr)}: {line}")
    return code


def print_function_result(result: FunctionResult, *, as_json: bool) -> int:
    """Print what a function returned and return the exit code."""
    if as_json:
        print_json(result.to_dict())
    elif text := result.text(style):
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    for line in result.advice():
        print_status(line)
    return OK if result.ok else SOME_FAILED
