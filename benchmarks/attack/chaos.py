"""Kill, fill disks, withdraw rights and damage files at random moments: every digit must come out as if undisturbed."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from attack.chance import chance
from attack.chaos_page import KILLS, SHARES, numbers
from attack.counted_fits import EXPERIMENT, FITS, PLUGIN, SMALL, begun, done_again, finished
from attack.digits import Tables, cell_differences, read_tables, wrong_digits
from attack.findings import Fault, Journal, Result
from attack.kills import BELOW, EVERYTHING, kill_below, kill_everything, kill_runner, wait_for_work
from attack.program import MARK, Answer, call, command, end_marked, environment, fresh, marked
from attack.troubles import DAMAGE, SAID, TROUBLES, bound_by_rights, no_disk, possible, small_disk, trouble

_AT_WORK = 0.8
"""In so many of the starts the first shot waits until a worker is at work."""

_SHOWN = 5
_ROUND_LIMIT = 3600.0
_TROUBLE_LIMIT = 20.0
"""Seconds that a trouble lasts when the run does not end by it."""

_STOPPED = 2
_TWICE = 2


@dataclass
class _Round:
    """A store that is attacked until its run ends by itself."""

    case: str
    folder: Path
    store: Path
    temporary: Path
    draw: random.Random
    longest: float
    restarts: int
    wanted: Mapping[str, int]
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    damaged: set[str] = field(default_factory=set)
    """The keys of entries that were damaged. A trial of a search that has its result is not done again."""

    @property
    def fits(self) -> Path:
        return self.folder / "fits.txt"

    def words(self, *more: str) -> list[str]:
        return ["run", "chaos.toml", "--store", str(self.store), "--offline", "--workers", "2", "--threads", "1", *more]

    def ask(self, *words: str, seconds: float = 900) -> Answer:
        """Call the command, undisturbed."""
        more = {MARK: self.mark, FITS: str(self.fits)}
        return call(words, cwd=self.folder, temporary=self.temporary, seconds=seconds, more=more)

    def add(self, check: str, detail: str = "") -> None:
        self.faults.append(Fault.of(self.case, check, detail))

    def next(self) -> str | None:
        """Draw what comes next among all that is most behind its number; None when all has happened."""
        left = {name: number - self.counts[name] for name, number in self.wanted.items() if number > self.counts[name]}
        return self.draw.choices(list(left), list(left.values()))[0] if left else None


class _Run:
    """One start of the run, whose words are kept."""

    def __init__(self, one: _Round) -> None:
        self._words = one.words("--json")
        self.process = subprocess.Popen(
            [*(bound_by_rights() or ()), *command(self._words)],
            cwd=one.folder,
            env=environment(one.temporary, **{MARK: one.mark, FITS: str(one.fits)}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._said: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.shot = False
        self.below = 0
        self.befallen: list[str] = []

    def _read(self) -> None:
        if self.process.stderr is not None:
            self._said.extend(self.process.stderr)

    def ends_within(self, seconds: float) -> bool:
        """Wait for the end for so long; return whether it came."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is not None

    def answer(self) -> Answer:
        """Return how it ended and what it said."""
        self._reader.join(10)
        said = b"".join(self._said).decode("utf-8", "replace")
        return Answer(tuple(self._words), self.process.returncode, "", said)


def attack(n: int, seed: int, out: Path, *, small: bool = False) -> Result:
    """Disturb a run until ``n`` kills and a share of other troubles have happened, in rounds with a store each.

    Args:
        n: how many kills.
        seed: draws moments and victims.
        out: a folder for stores and the journal; rounds that are finished are not done again.
        small: 6 cells instead of 60.
    """
    folder = out / "chaos"
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "journal.jsonl", {"n": n, "seed": seed, "small": small})
    text = (SMALL if small else EXPERIMENT).format(users=80 if small else 200, items=60 if small else 150)
    (folder / "chaos.toml").write_text(text, "utf-8")
    (folder / "counted.py").write_text(PLUGIN, "utf-8")
    disks = [folder / "disk-store", folder / "disk-tmp"]
    for one in disks:
        no_disk(one)  # of a call that was killed
    disk = all(small_disk(one) for one in disks)
    try:
        return _attack(n, seed, folder, journal, possible(disk), small=small)
    finally:
        for one in disks:
            no_disk(one)


def _attack(n: int, seed: int, folder: Path, journal: Journal, allowed: list[str], *, small: bool) -> Result:
    right = _undisturbed(folder)
    result = Result("chaos", seed)
    left = numbers(n, allowed)
    result.counts.update({f"not possible on this machine: {name}": 1 for name in TROUBLES if name not in allowed})
    number = 0
    while left:
        case = f"round {number}"
        row = journal.once(case, lambda case=case, left=left: _attack_round(case, left, seed, folder, right, small))  # type: ignore[misc]
        journal.into(result, row)
        left = {name: wanted for name in left if (wanted := left[name] - row["counts"].get(name, 0)) > 0}
        number += 1
    result.tried = sum(result.counts[name] for name in SHARES)
    result.counts["kills"] = sum(result.counts[name] for name in KILLS)
    result.counts["rounds"] = number
    return result


def _undisturbed(folder: Path) -> Tables:
    """Return the report of a run that nobody disturbs; its store is ``right``."""
    store, temporary, fits = folder / "right", fresh(folder / "tmp-right"), folder / "fits-right.txt"
    if not store.is_dir():
        fits.unlink(missing_ok=True)
        words = ["run", "chaos.toml", "--store", str(store), "--offline", "--workers", "2", "--threads", "1"]
        answer = call(words, cwd=folder, temporary=temporary, seconds=1800, more={FITS: str(fits)})
        if answer.code:
            shutil.rmtree(store, ignore_errors=True)
            raise SystemExit(f"the undisturbed run ended with {answer.code}: {answer.err}")
    cells, fitted = len(finished(store)), len(begun(fits))
    if not cells == fitted == len({which for _, which in begun(fits)}):
        raise SystemExit(f"the undisturbed run has {cells} cells and {fitted} fits: fits cannot be told apart")
    return _report(folder, store, temporary)


def _report(folder: Path, store: Path, temporary: Path) -> Tables:
    page = fresh(folder / f"page-{store.name}")
    call(["report", "chaos", "--store", str(store), "--as", "csv", "--out", str(page)], cwd=folder, temporary=temporary)
    return read_tables(page)


def _attack_round(
    case: str, wanted: Mapping[str, int], seed: int, folder: Path, right: Tables, small: bool
) -> tuple[list[Fault], Counter[str]]:
    store, temporary = folder / "disk-store" / "attacked", folder / "disk-tmp" / "tmp"
    shutil.rmtree(store, ignore_errors=True)
    longest, restarts = (1.0, 1) if small else (3.0, 3)
    one = _Round(case, folder, store, fresh(temporary), chance(seed, case), longest, restarts, wanted)
    one.fits.unlink(missing_ok=True)
    try:
        code = _until_it_ends(one)
        if code == 1:
            one.counts["rounds that needed --retry-failed"] += 1
            for line in _wrongly_failed(one):
                one.add("the machine's trouble became a model's failure", line)
            code = one.ask(*one.words("--retry-failed")).code
        if code:
            one.add("not complete in the end", f"exit {code}")
        one.faults += [Fault.of(case, check, detail) for check, detail in _end_state(one, right)]
    finally:
        end_marked(one.mark)
    return one.faults, one.counts


def _until_it_ends(one: _Round) -> int:
    """Start the run again and again, disturb it, and return the exit code of the run that ended by itself."""
    deadline = time.monotonic() + _ROUND_LIMIT
    while True:
        run = _Run(one)
        _disturb(one, run, deadline)
        answer = run.answer()
        if not run.shot:
            one.faults += list(answer.faults(one.case, one.temporary))
            # An import is tried again where its process was killed, once.
            twice = run.below >= _TWICE and "was killed by SIGKILL" in answer.err
            if answer.code == _STOPPED and not run.befallen and not twice:
                one.add("stopped without a cause", answer.err[-300:])
        _mend(one, run)
        if answer.code in (0, 1) and not run.shot and DAMAGE not in run.befallen:
            return answer.code
        if time.monotonic() > deadline:
            one.add("no end within the time limit")
            return answer.code


def _disturb(one: _Round, run: _Run, deadline: float) -> None:
    """Let one thing after another befall the run until it has ended."""
    if one.draw.random() < _AT_WORK:
        wait_for_work(run.process)
    while not run.ends_within(one.draw.uniform(0.05, one.longest)):
        name = one.next()
        told = f"{sum(one.counts[kind] for kind in SHARES)} troubles, {len(finished(one.store))} results"
        print(f"{one.case}: {told}; now: {name or 'nothing more'}", file=sys.stderr, flush=True)
        if name is None:
            if not run.ends_within(max(1.0, deadline - time.monotonic())):
                run.process.kill()
                run.process.wait()
            return
        if name in BELOW:
            killed = kill_below(run.process, name, one.draw)
            one.counts[name] += killed
            run.below += killed
        elif name in KILLS:
            run.shot = True
            found = kill_everything(run.process, one.draw) if name == EVERYTHING else kill_runner(run.process, name)
            for check, detail in found:
                one.add(check, detail)
            one.counts[name] += 1
            return
        else:
            run.befallen.append(name)
            with trouble(name, run.process.pid, one.store, one.temporary, one.draw) as key:
                one.counts[name] += 1
                one.damaged.add(key)
                if name != DAMAGE:
                    ended = run.ends_within(_TROUBLE_LIMIT)
                    one.counts["troubles that stopped the run" if ended else "troubles that the run outlived"] += 1


def _mend(one: _Round, run: _Run) -> None:
    """Find and set aside what was damaged, with the tools for a store; nothing is damaged but what was."""
    if DAMAGE not in run.befallen:
        return
    check = one.ask("store", "check", "--store", str(one.store), "--json")
    one.faults += list(check.faults(one.case, one.temporary))
    if check.code:
        one.counts["damages that store check found"] += 1
        repair = one.ask("store", "repair", "--store", str(one.store))
        if repair.code:
            one.add("store repair leaves faults", f"exit {repair.code}: {repair.out[-300:]}{repair.err[-300:]}")


def _wrongly_failed(one: _Round) -> Iterator[str]:
    """Yield the failures that are the machine's fault."""
    for path in sorted(one.store.glob("cell/*/*/manifest.json")):
        told = json.loads(path.read_text("utf-8"))
        if told["state"] == "failed":
            one.counts["fits that failed"] += 1
            if any(word in told["reason"] for word in SAID):
                yield told["reason"]


def _end_state(one: _Round, right: Tables) -> Iterator[tuple[str, str]]:
    """Yield what is not as it should be once all is over."""
    yield from _quick_restarts(one)
    answer = one.ask(*one.words("--json"))
    with contextlib.suppress(ValueError, KeyError):
        if (done := json.loads(answer.out)["done"]) != 0:
            yield "finished work was done again", f"{done} cells"
    if answer.code:
        yield "the last run is not complete", f"exit {answer.code}: {answer.err[-300:]}"
    for line in list(done_again(one.fits, one.store))[:_SHOWN]:
        yield "finished work was done again", line
    one.counts["fits begun"] += len(begun(one.fits))
    one.counts["fits with a result"] += len(finished(one.store))
    wrong = list(wrong_digits(_report(one.folder, one.store, one.temporary), right, costs=False))
    for line in wrong[:_SHOWN]:
        yield "a wrong digit", line
    one.counts["wrong digits"] += len(wrong)
    planned = {key for row in json.loads(_status(one).out)["rows"] for key in row["keys"]}
    gone = {key[:12] for key in one.damaged - planned}
    differences = list(cell_differences(one.store, one.folder / "right"))
    missing = [line for line in differences if line.endswith(" is missing") and line[:12] in gone]
    one.counts["trials whose damaged answers nobody needs"] += len(missing)
    for line in [line for line in differences if line not in missing][:_SHOWN]:
        yield "a stored cell differs", line
    check = one.ask("store", "check", "--store", str(one.store))
    if check.code or "nothing is wrong" not in check.out:
        yield "store check is not clean", f"exit {check.code}: {check.out[-300:]}{check.err[-300:]}"
    yield from _left_over(one)


def _left_over(one: _Round) -> Iterator[tuple[str, str]]:
    """Yield what no run may leave behind."""
    left = marked(one.mark)
    if left:
        yield "processes are left", f"{len(left)}: {left[0].cmdline()}"
    scratch = sorted(path.name for path in one.temporary.iterdir())
    if scratch:
        yield "scratch is left in TMPDIR", f"{len(scratch)}: {', '.join(scratch[:_SHOWN])}"
    for name in ("drafts", "leases", "running"):
        if there := sorted(path.name for path in (one.store / name).glob("*")):
            yield f"{name} are left in the store", f"{len(there)}: {', '.join(there[:_SHOWN])}"


def _status(one: _Round) -> Answer:
    return one.ask("status", "chaos", "--store", str(one.store), "--json")


def _quick_restarts(one: _Round) -> Iterator[tuple[str, str]]:
    """Start the finished run again and kill it at once: its results must stay in sight."""
    for _ in range(one.restarts):
        run = _Run(one)
        run.ends_within(one.draw.uniform(0.4, 2.0))
        run.process.kill()
        run.process.wait()
        answer = _status(one)
        try:
            totals = json.loads(answer.out)["totals"]
        except (ValueError, KeyError):
            yield "status says nothing", f"exit {answer.code}: {answer.err[-300:]}"
            return
        if set(totals) != {"done"}:
            yield "finished results are hidden by a new start", str(totals)
            return
