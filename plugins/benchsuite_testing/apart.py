"""Runs checks in a process of their own: a plugin that ends it, hangs or eats the memory fails one check.

Two processes take part. The *warden* runs no foreign code: it starts the one that runs the checks, ends it when it is
late, adopts and ends what it leaves behind, and starts another for the checks that are left. Only systems that can fork
have it; elsewhere the checks run here.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from benchsuite.child_processes import (
    adopt_orphans,
    end_children,
    end_with_parent,
    ending,
    kill,
    limit_memory,
    usual_memory,
)
from benchsuite_testing.outcome import Check, CheckResult, raised

_FORKS = sys.platform == "linux"
_DEATHS = 3
"""After so many checks that ended their process, or one that was late, the others are not tried."""

_NOT_TRIED = "not tried, as checks before it ended their process"

_LONGEST = 2**16
_PAUSE = 0.2


@dataclass(frozen=True)
class Limits:
    """What the checks may take.

    Attributes:
        seconds: of one check.
        memory: bytes that the process may allocate; 0 means the usual share of the machine's.
    """

    seconds: float
    memory: int = 0


def run_apart(checks: Sequence[Check], limits: Limits) -> list[CheckResult]:
    """Run checks in another process and return their results; this process is not touched by what they do."""
    if not _FORKS:
        return [check.run() for check in checks]
    receiving, sending = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    warden = os.fork()
    if not warden:
        os.close(receiving)
        _warden(checks, limits, sending)
    os.close(sending)
    try:
        with open(receiving, encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
            results = [CheckResult(**json.loads(line)) for line in stream]
    except BaseException:
        os.kill(warden, signal.SIGTERM)
        raise
    finally:
        os.waitpid(warden, 0)
    lost = checks[len(results) :]
    return results + [CheckResult(one.name, "failed", "the process that watched over it ended", 0.0) for one in lost]


def _warden(checks: Sequence[Check], limits: Limits, sending: int) -> NoReturn:
    """Watch over the checks and send their results, one line of JSON each."""
    code = 1
    try:
        os.setsid()
        adopt_orphans()
        end_with_parent()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        left, deaths = list(checks), 0
        while left:
            if deaths >= _DEATHS:
                found = [CheckResult(one.name, "skipped", _NOT_TRIED, 0.0) for one in left]
            else:
                found, late = _watched(left, limits)
                deaths += _DEATHS if late else 1
            left = left[len(found) :]
            os.write(sending, "".join(f"{json.dumps(one.to_dict())}\n" for one in found).encode())
        code = 0
    finally:
        end_children()
        os._exit(code)


def _watched(checks: Sequence[Check], limits: Limits) -> tuple[list[CheckResult], bool]:
    """Run checks in a process until all are done or it ends; the check during which it ended has failed.

    The second value says whether that was because it was late.
    """
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        os.close(receiving)
        _run(checks, limits, sending)
    os.close(sending)
    text, since, late = b"", time.monotonic(), False
    while not late:
        if select.select([receiving], [], [], _PAUSE)[0]:
            chunk = os.read(receiving, _LONGEST)
            text, since = text + chunk, time.monotonic()
            if not chunk:
                break
        elif os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break  # what it left running may hold the other end open
        else:
            late = time.monotonic() - since > limits.seconds
    kill(child)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    end_children()
    os.close(receiving)
    results: list[CheckResult] = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError, TypeError):  # a plugin may have written there
            told = CheckResult(**json.loads(line))
            results += [told] if len(results) < len(checks) and told.name == checks[len(results)].name else []
    if len(results) < len(checks):
        seconds = time.monotonic() - since
        why = f"stopped after {limits.seconds:g} seconds" if late else f"it {ending(code)}"
        results.append(CheckResult(checks[len(results)].name, "failed", why, seconds))
    return results, late


def _run(checks: Sequence[Check], limits: Limits, sending: int) -> NoReturn:
    """Run checks and send each result as it comes; what the plugin prints goes nowhere."""
    os.setsid()
    end_with_parent()
    adopt_orphans()
    faulthandler.disable()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    limit_memory(limits.memory or usual_memory())
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    sys.stdout = sys.stderr = open(nowhere, "w", errors="replace", closefd=False)  # noqa: SIM115 - to the end
    own = os.getpid()
    for check in checks:
        line = f"{json.dumps(_result(check).to_dict())}\n".encode()
        if os.getpid() != own:
            os._exit(0)  # a copy that the plugin made
        os.write(sending, line)
    os._exit(0)


def _result(check: Check) -> CheckResult:
    """Run a check where nobody presses Ctrl-C: the plugin raised it."""
    begin = time.perf_counter()
    try:
        return check.run()
    except KeyboardInterrupt as error:
        return CheckResult(check.name, "failed", raised(error), time.perf_counter() - begin)
