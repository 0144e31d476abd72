"""Kill runner, workers and fork server at random moments: every digit must come out as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from attack.chance import chance
from attack.digits import Tables, cell_differences, read_tables, wrong_digits
from attack.findings import Fault, Journal, Result
from attack.program import MARK, OUR_MISTAKE, call, command, end_marked, environment, fresh, marked

EXPERIMENT = """
name = "kills"
seeds = [1, 2, 3]
sources = [{{ use = "demo", with = {{ users = {users}, items = {items}, events_per_user = 16 }} }}]
splits = ["random-holdout", {{ use = "item-cold", with = {{ items = 0.2, validation_items = 0.2 }} }}]
models = ["popular", "item-knn", "user-knn", "als", "ease"]
metrics = ["f1", "ndcg@10", "recall@20"]
tune = {{ on = "ndcg@10", trials = 4 }}
"""
"""60 cells, test and validation, behind 102 trials."""

_SMALL = EXPERIMENT.replace("[1, 2, 3]", "[1]").replace('"user-knn", "als", ', "").replace("trials = 4", "trials = 3")

RUNNER = ("runner SIGKILL", "runner SIGTERM", "runner SIGINT")
_MIXTURE = ("worker", "worker", "worker", "fork server", *RUNNER)
_INTERRUPTED = (130, 143)
_AT_WORK = 0.8
"""In so many of the starts the first shot waits until the runner has started somebody."""

_SHOWN = 5
_ROUND_LIMIT = 900.0


@dataclass
class _Round:
    """A store that is attacked until its run ends by itself."""

    case: str
    folder: Path
    store: Path
    temporary: Path
    draw: random.Random
    mark: str
    longest: float
    restarts: int
    faults: list[Fault]
    counts: Counter[str]
    victims: Iterator[str]

    def words(self, *more: str) -> list[str]:
        return ["run", "kills.toml", "--store", str(self.store), "--offline", "--workers", "2", "--threads", "1", *more]

    def add(self, check: str, detail: str = "") -> None:
        self.faults.append(Fault.of(self.case, check, detail))


def attack(n: int, seed: int, out: Path, *, small: bool = False) -> Result:
    """Kill ``n`` times, in rounds with a store each, and compare every round with an undisturbed run.

    Args:
        n: how many kills.
        seed: draws moments and victims.
        out: a folder for stores and the journal; rounds that are finished are not done again.
        small: 8 cells instead of 60.
    """
    folder = out / "kills"
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "journal.jsonl", {"n": n, "seed": seed, "small": small})
    text = (_SMALL if small else EXPERIMENT).format(users=80 if small else 200, items=60 if small else 150)
    (folder / "kills.toml").write_text(text, "utf-8")
    right = _undisturbed(folder)
    result = Result("kills", seed)
    killed = number = 0
    while killed < n:
        case, left = f"round {number}", n - killed
        row = journal.once(case, lambda case=case, left=left: _attack_round(case, left, seed, folder, right, small))  # type: ignore[misc]
        journal.into(result, row)
        killed += sum(count for what, count in row["counts"].items() if what.startswith("killed "))
        number += 1
    result.tried = killed
    result.counts["rounds"] = number
    return result


def _undisturbed(folder: Path) -> Tables:
    """Return the report of a run that nobody disturbs; its store is ``right``."""
    store, temporary = folder / "right", fresh(folder / "tmp-right")
    words = ["run", "kills.toml", "--store", str(store), "--offline", "--workers", "2", "--threads", "1"]
    answer = call(words, cwd=folder, temporary=temporary, seconds=1800)
    if answer.code:
        raise SystemExit(f"the undisturbed run ended with {answer.code}: {answer.err}")
    return _report(folder, store, temporary)


def _report(folder: Path, store: Path, temporary: Path) -> Tables:
    page = fresh(folder / f"page-{store.name}")
    call(["report", "kills", "--store", str(store), "--as", "csv", "--out", str(page)], cwd=folder, temporary=temporary)
    return read_tables(page)


def _attack_round(
    case: str, kills: int, seed: int, folder: Path, right: Tables, small: bool
) -> tuple[list[Fault], Counter[str]]:
    shutil.rmtree(folder / "attacked", ignore_errors=True)
    draw = chance(seed, case)
    one = _Round(
        case=case,
        folder=folder,
        store=folder / "attacked",
        temporary=fresh(folder / "tmp"),
        draw=draw,
        mark=uuid.uuid4().hex,
        longest=1.0 if small else 3.0,
        restarts=1 if small else 3,
        faults=[],
        counts=Counter(),
        victims=_victims(draw),
    )
    try:
        code = _run_under_fire(one, kills)
        if code == 1:
            one.counts["rounds that needed --retry-failed"] += 1
            answer = call(one.words("--retry-failed"), cwd=folder, temporary=one.temporary, seconds=900)
            code = answer.code
        if code:
            one.add("not complete in the end", f"exit {code}")
        one.faults += [Fault.of(case, check, detail) for check, detail in _end_state(one, right)]
    finally:
        end_marked(one.mark)
    return one.faults, one.counts


def _victims(draw: random.Random) -> Iterator[str]:
    """Yield victims without end: each mixture in an order of its own."""
    while True:
        yield from draw.sample(_MIXTURE, len(_MIXTURE))


def _run_under_fire(one: _Round, kills: int) -> int:
    """Start the run again and again, kill, and return the exit code of the run that ended by itself."""
    begun = time.monotonic()
    while True:
        log = one.folder / "run.log"
        with log.open("wb") as output:
            runner = subprocess.Popen(
                command(one.words("--json")),
                cwd=one.folder,
                env=environment(one.temporary, **{MARK: one.mark}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )
        ended = _fire(one, runner, kills, begun)
        said = log.read_text("utf-8", "replace")
        if "mistake in the program" in said or runner.returncode == OUR_MISTAKE:
            one.add("a mistake in the program", said[-400:])
        if ended:
            return runner.returncode
        if runner.returncode in (0, 1):  # it ended by itself just before the shot
            return runner.returncode


def _fire(one: _Round, runner: subprocess.Popen[bytes], kills: int, begun: float) -> bool:
    """Kill until the runner is dead; return True when it ended by itself."""
    process = psutil.Process(runner.pid)
    if one.draw.random() < _AT_WORK:
        _wait_for_work(runner, process)
    while True:
        shot = sum(count for what, count in one.counts.items() if what.startswith("killed ")) < kills
        shot &= time.monotonic() - begun < _ROUND_LIMIT
        try:
            runner.wait(one.draw.uniform(0.05, one.longest) if shot else _ROUND_LIMIT)
        except subprocess.TimeoutExpired:
            if not shot:
                runner.kill()
                runner.wait()
                one.add("no end within the time limit")
                return True
        else:
            return True
        if (victim := next(one.victims)) in RUNNER:
            _kill_runner(one, runner, process, victim)
            return False
        _kill_below(one, process, victim)


def _wait_for_work(runner: subprocess.Popen[bytes], process: psutil.Process, seconds: float = 60) -> None:
    """Wait until the runner has started somebody, or has ended."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(psutil.Error):
        while runner.poll() is None and not process.children() and time.monotonic() < deadline:
            time.sleep(0.02)


def _kill_runner(one: _Round, runner: subprocess.Popen[bytes], process: psutil.Process, victim: str) -> None:
    """End the runner by a signal, and see that it takes everybody with it."""
    with contextlib.suppress(psutil.Error):
        at_work = bool(process.children())
        started = process.children(recursive=True)
        wanted = signal.Signals[victim.partition(" ")[2]]
        process.send_signal(wanted)
        one.counts[f"killed {victim}"] += 1
        try:
            runner.wait(30)
        except subprocess.TimeoutExpired:
            one.add(f"goes on after {wanted.name}")
            runner.kill()
            runner.wait()
        if wanted != signal.SIGKILL and at_work and runner.returncode not in (*_INTERRUPTED, 0, 1):
            one.add(f"{wanted.name} is not handled", f"exit {runner.returncode}")
        _, left = psutil.wait_procs(started, timeout=15)
        if left:
            one.add("processes outlive the runner", f"{len(left)} after {victim}")
            end_marked(one.mark)


def _kill_below(one: _Round, process: psutil.Process, victim: str) -> None:
    """Kill a worker (who has nobody below) or a fork server (a child of the runner that has)."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.Error):
            direct = [child for child in process.children() if "resource_tracker" not in " ".join(child.cmdline())]
            servers = [child for child in direct if child.children()]
            below = [child for child in process.children(recursive=True) if child not in direct]
            workers = [child for child in below if not child.children()]
            if found := servers or direct if victim == "fork server" else workers:
                one.draw.choice(found).kill()
                one.counts[f"killed {victim}"] += 1
                return
        time.sleep(0.01)


def _end_state(one: _Round, right: Tables) -> Iterator[tuple[str, str]]:
    """Yield what is not as it should be once all is over."""
    yield from _quick_restarts(one)
    answer = call(one.words("--json"), cwd=one.folder, temporary=one.temporary)
    with contextlib.suppress(ValueError, KeyError):
        if (done := json.loads(answer.out)["done"]) != 0:
            yield "finished work was done again", f"{done} cells"
    if answer.code:
        yield "the last run is not complete", f"exit {answer.code}: {answer.err[-300:]}"
    wrong = list(wrong_digits(_report(one.folder, one.store, one.temporary), right, costs=False))
    for line in wrong[:_SHOWN]:
        yield "a wrong digit", line
    one.counts["wrong digits"] += len(wrong)
    for line in list(cell_differences(one.store, one.folder / "right"))[:_SHOWN]:
        yield "a stored cell differs", line
    left = marked(one.mark)
    if left:
        yield "processes are left", f"{len(left)}: {left[0].cmdline()}"
    scratch = sorted(path.name for path in one.temporary.iterdir())
    if scratch:
        yield "scratch is left in TMPDIR", f"{len(scratch)}: {', '.join(scratch[:_SHOWN])}"
    drafts = sorted(path.name for path in (one.store / "drafts").glob("*"))
    if drafts:
        yield "drafts are left in the store", f"{len(drafts)}: {', '.join(drafts[:_SHOWN])}"


def _quick_restarts(one: _Round) -> Iterator[tuple[str, str]]:
    """Start the finished run again and kill it at once: its results must stay in sight."""
    for _ in range(one.restarts):
        runner = subprocess.Popen(
            command(one.words("--json")),
            cwd=one.folder,
            env=environment(one.temporary, **{MARK: one.mark}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            runner.wait(one.draw.uniform(0.4, 2.0))
        runner.kill()
        runner.wait()
        answer = call(["status", "kills", "--store", str(one.store), "--json"], cwd=one.folder, temporary=one.temporary)
        try:
            totals = json.loads(answer.out)["totals"]
        except (ValueError, KeyError):
            yield "status says nothing", f"exit {answer.code}: {answer.err[-300:]}"
            return
        if set(totals) != {"done"}:
            yield "finished results are hidden by a new start", str(totals)
            return
