"""One running process of a model's program: its lines, what it tells, and why it ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchsuite.errors import BenchsuiteError
from benchsuite_external.fold_folder import PROTOCOL

_MOST_PRINTED = 2**20
"""Bytes of what a program prints that reach the log."""

_LONGEST_LINE = 4096
_LONGEST_REASON = 300
_KEPT_BYTES = 16 * _LONGEST_LINE
_PAUSE = 0.2
_WAIT_SECONDS = 10.0

_FIRST_WORD_SECONDS = 600.0
"""A program may take this long to say which protocol it speaks: libraries take minutes to load on some machines."""

Progress = Callable[[int, int, str], None]


class RunningProgram:
    """One process, with its lines."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], home: Path | None) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - a program that the user named, or one that comes with us
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=home,
            bufsize=0,
        )
        self._selector = selectors.DefaultSelector()
        self._parts = {"stdout": b"", "stderr": b""}
        self._told = b""
        self._printed = 0
        self._protocol = ""
        self._began = time.monotonic()
        for name, stream in (("stdout", self._process.stdout), ("stderr", self._process.stderr)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._selector.register(stream, selectors.EVENT_READ, name)

    def send(self, line: str) -> None:
        """Write an order; a program that has ended says why when it is listened to."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(OSError):
            self._process.stdin.write(f"{line}\n".encode())

    def listen(self, doing: str, until: float, progress: Progress | None, *, ends: bool) -> None:
        """Read lines until the order is done; ``ends`` where the end of the process says so."""
        try:
            for line in self._lines(until, doing):
                word, _, rest = line.partition(" ")
                if word == "@protocol" or not self._protocol:
                    self._check_protocol(rest.strip() if word == "@protocol" else "")
                elif word == "@progress" and progress is not None:
                    progress(*_progress(rest))
                elif word == "@done" and not ends:
                    self._check_protocol(self._protocol)
                    return
            code = self._process.wait()
        except BaseException:
            self.end()
            raise
        self.end()
        if code or not ends:
            raise BenchsuiteError(f"its program {_ending(code)} while it {doing}: {self._reason()}{self._silent()}")
        self._check_protocol(self._protocol)

    def _silent(self) -> str:
        """Return that it never said which protocol it speaks, where that is so: it may not know of any."""
        return "" if self._protocol else f'; it never wrote the line "@protocol {PROTOCOL}"'

    def _check_protocol(self, number: str) -> None:
        self._protocol = number
        if number != str(PROTOCOL):
            told = f"speaks protocol {number[:20]}" if number else "did not say which protocol it speaks"
            remedy = f'write the line "@protocol {PROTOCOL}" to standard output first'
            raise BenchsuiteError(f"its program {told}; benchsuite speaks {PROTOCOL}", remedy=remedy)

    def _lines(self, until: float, doing: str) -> Iterator[str]:
        """Yield the lines of standard output that begin with @; all others go to the log.

        Raises:
            BenchsuiteError: when it takes too long.
        """
        while True:
            ended = self._process.poll() is not None
            found = self._selector.select(timeout=0 if ended else _PAUSE)
            for key, _ in found:
                yield from self._read(key)
            if not found and (ended or not self._selector.get_map()):
                yield from self._take("stdout", whole=True)
                return
            if time.monotonic() > until and self._process.poll() is None:
                told = f"its program was stopped: it {doing} for longer than the time allows{self._silent()}"
                raise BenchsuiteError(told)
            if not self._protocol and time.monotonic() > self._began + _FIRST_WORD_SECONDS:
                self._check_protocol("")

    def _read(self, key: selectors.SelectorKey) -> Iterator[str]:
        name = str(key.data)
        try:
            part = os.read(key.fd, _KEPT_BYTES)
        except BlockingIOError:
            return
        if not part:
            self._selector.unregister(key.fileobj)
            return
        if name == "stderr":
            self._told = (self._told + part)[-_KEPT_BYTES:]
            self._log(part)
            return
        self._parts[name] += part
        yield from self._take(name)

    def _take(self, name: str, *, whole: bool = False) -> Iterator[str]:
        """Yield the lines that have come whole; what is long without an end is for the log."""
        *lines, rest = self._parts[name].split(b"\n")
        if whole or len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        self._parts[name] = rest
        for line in lines:
            if line.startswith(b"@") and len(line) <= _LONGEST_LINE:
                yield line.decode("utf-8", "replace").rstrip("\r")
            elif line:
                self._log(line + b"\n")

    def _log(self, part: bytes) -> None:
        room = _MOST_PRINTED - self._printed
        self._printed += len(part)
        if room > 0:
            text = part[:room].decode("utf-8", "replace")
            sys.stderr.write(text if len(part) <= room else f"{text}\n[what it printed from here on is left out]\n")

    def _reason(self) -> str:
        """Return the last line on standard error that is not blank."""
        lines = [line for line in self._told.decode("utf-8", "replace").splitlines() if line.strip()]
        if not lines:
            return "it said nothing on standard error"
        line = "".join(letter if letter.isprintable() else " " for letter in lines[-1])
        return " ".join(line.split())[:_LONGEST_REASON]

    def end(self) -> None:
        """End the process and its children, as far as they can be found, and close the pipes."""
        import psutil

        with contextlib.suppress(psutil.Error):
            started = psutil.Process(self._process.pid).children(recursive=True)
            for child in started:
                with contextlib.suppress(psutil.Error):
                    child.kill()
        if self._process.poll() is None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_WAIT_SECONDS)
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _progress(rest: str) -> tuple[int, int, str]:
    """Read ``DONE TOTAL NOTE``; what is no number counts as 0."""
    words = [*rest.split(maxsplit=2), "", "", ""]
    done, total = (int(word) if word.isdecimal() and len(word) < len(str(2**53)) else 0 for word in words[:2])
    return done, total, words[2]


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
