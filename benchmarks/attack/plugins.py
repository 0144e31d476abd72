"""Run broken model plugins beside healthy ones: the healthy ones' numbers stay, the broken ones fail with a reason."""

from __future__ import annotations

import itertools
import math
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attack.breakers import Breaker, deeds, errors
from attack.chance import chance
from attack.digits import COSTS, Row, Tables, arrays, read_tables, wrong_digits
from attack.findings import Fault, Journal, Result
from attack.program import Answer, forked, fresh, warm
from attack.wrong_answers import answers, readers

_EXPERIMENT = """
name = "plugins"
sources = [{{ use = "demo", with = {{ users = 40, items = 40, events_per_user = 10 }} }}]
splits = ["random-holdout"]
models = ["popular", "item-knn", {{ use = "./twin.py:Broken", label = "twin" }}{more}]
metrics = ["f1", "ndcg@10", "recall@20"]
k = 20
timeout_minutes = {timeout}
"""
_HEALTHY = ("popular", "item-knn", "twin")
_BATCH = 8
_LONGEST_REASON = 1000
_LARGEST_FILE = 5 * 10**6
_TIME = 400.0
_FAR = "tmp/far/away/from/all/results"
"""Temporary files lie where the folders above them do not lead to the store."""

Numbered = tuple[int, Breaker]


def attack(n: int, seed: int, out: Path, *, small: bool = False) -> Result:
    """Try ``n`` broken plugins, several in one experiment.

    Args:
        n: how many.
        seed: draws them from the catalogue.
        out: a folder for stores and the journal; batches that are finished are not done again.
        small: give cells less time.
    """
    folder = out / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "journal.jsonl", {"n": n, "seed": seed, "small": small})
    timeout = 0.25 if small else 0.5
    (folder / "twin.py").write_text(Breaker("nothing").source(), "utf-8")
    (folder / "healthy.toml").write_text(_EXPERIMENT.format(more="", timeout=timeout), "utf-8")
    warm(["run", "healthy.toml", "--store", str(fresh(folder / "right")), "--offline"], cwd=folder)
    page = fresh(folder / "page-right")
    warm(["report", "plugins", "--store", "right", "--as", "csv", "--out", str(page)], cwd=folder)
    right = read_tables(page)
    drawn = list(enumerate(_draw(n, seed)))
    together = [one for one in drawn if not one[1].alone]
    batches = [together[first : first + _BATCH] for first in range(0, len(together), _BATCH)]
    batches += [[one] for one in drawn if one[1].alone]
    result = Result("plugins", seed, tried=len(drawn))
    for batch in batches:
        case = "plugins " + ", ".join(str(number) for number, _ in batch)

        def work(batch: list[Numbered] = batch) -> tuple[list[Fault], Counter[str]]:
            return _attack_batch(batch, folder, right, timeout)

        journal.into(result, journal.once(case, work))
    return result


def _draw(n: int, seed: int) -> list[Breaker]:
    """Take from all kinds of breakers in turn, in a drawn order."""
    draw = chance("plugins", seed)
    kinds = [errors(), deeds(), answers(), readers()]
    early = [one for one in kinds[0] if one.alone]
    kinds = [early, [one for one in kinds[0] if not one.alone], *kinds[1:]]
    for kind in kinds:
        draw.shuffle(kind)
    turns = itertools.zip_longest(*kinds)
    return [one for turn in turns for one in turn if one is not None][:n]


def _attack_batch(
    batch: Sequence[Numbered], folder: Path, right: Tables, timeout: float
) -> tuple[list[Fault], Counter[str]]:
    """Run one experiment with these plugins; when all suffer, halve it until it is clear from whom."""
    shutil.rmtree(folder / "store", ignore_errors=True)
    temporary = fresh(folder / _FAR)
    more = ""
    for number, breaker in batch:
        (folder / f"broken_{number}.py").write_text(breaker.source(), "utf-8")
        more += f', {{ use = "./broken_{number}.py:Broken", label = "b{number}" }}'
    (folder / "batch.toml").write_text(_EXPERIMENT.format(more=more, timeout=timeout), "utf-8")
    words = ["run", "batch.toml", "--store", "store", "--offline", "--workers", "2", "--threads", "1"]
    answer = forked(words, cwd=folder, temporary=temporary, seconds=_TIME)
    page = fresh(folder / "page")
    words = ["report", "plugins", "--store", "store", "--as", "csv", "--out", "page"]
    report = forked(words, cwd=folder, temporary=temporary, seconds=_TIME)
    tables = read_tables(page)
    name = "; ".join(breaker.name for _, breaker in batch)
    early = all(breaker.alone for _, breaker in batch)
    shared = list(_shared(name, answer, report, tables, right, early=early))
    if shared and len(batch) > 1:
        halves = [
            _attack_batch(part, folder, right, timeout) for part in (batch[: len(batch) // 2], batch[len(batch) // 2 :])
        ]
        return [fault for faults, _ in halves for fault in faults], halves[0][1] + halves[1][1]
    counts: Counter[str] = Counter({f"run: exit {answer.code}": 1})
    for number, breaker in batch:
        rows = [row for row in tables.get("results", []) if row["model"] == f"b{number}"]
        counts[f"plugins that came out as {_state(rows, answer)}"] += 1
        shared += list(_own(breaker, rows, right))
    shared += list(_stored(name, folder / "store"))
    return shared, counts


def _shared(
    name: str, answer: Answer, report: Answer, tables: Tables, right: Tables, *, early: bool
) -> Iterator[Fault]:
    """Yield what hurts more than the broken plugin.

    Args:
        name: what is wrong with the plugins.
        answer: of the run.
        report: of the report.
        tables: what the report shows.
        right: what it shows without broken plugins.
        early: no plugin can be had at all, so that the experiment may be refused as a whole.
    """
    yield from answer.faults(name)
    if answer.code == 2:
        if not early:
            yield Fault.of(name, "a model ended the whole run", answer.err[-300:])
        return
    yield from report.faults(name)
    healthy = {table: [row for row in tables.get(table, []) if row["model"] in _HEALTHY] for table in ("results",)}
    wanted = {table: right[table] for table in healthy}
    lost = {f"{row['model']} is {row['state']}: {row['reason']}" for row in healthy["results"] if row["state"] != "ok"}
    if not healthy["results"]:
        yield Fault.of(name, "a run that ended well left no results", f"exit {answer.code}: {report.err[-300:]}")
        return
    for line in sorted(lost)[:3]:
        yield Fault.of(name, "a healthy model was hurt", line)
    for line in list(wrong_digits(healthy, wanted, costs=False, models=_HEALTHY))[:3]:
        yield Fault.of(name, "a wrong digit of a healthy model", line)


def _state(rows: Sequence[Row], answer: Answer) -> str:
    states = {row["state"] for row in rows if row["metric"] not in (*COSTS, "parameters")}
    if not states:
        return "refused" if answer.code == 2 else "nothing"
    return "ok" if states == {"ok"} else "failed" if "failed" in states else ", ".join(sorted(states))


def _own(breaker: Breaker, rows: Sequence[Row], right: Tables) -> Iterator[Fault]:
    """Yield what is wrong with a broken plugin's own rows: they fail with a line that says why, or are right."""
    twins = {row["metric"]: row for row in right["results"] if row["model"] == "twin"}
    for row in rows:
        if row["metric"] in COSTS or row["metric"] == "parameters":
            continue
        if row["state"] == "missing":
            yield Fault.of(breaker.name, "a planned cell was never done", row["reason"])
            return
        if row["state"] != "ok":
            reason = row["reason"]
            if not reason or "\n" in reason or len(reason) > _LONGEST_REASON:
                yield Fault.of(breaker.name, "no line that says why", f"{row['state']}: {reason[:200]!r}")
            return
        value = float(row["mean"] or "nan")
        if breaker.free:
            if not 0 <= value <= 1:
                yield Fault.of(breaker.name, "an impossible value", f"{row['metric']} is {row['mean']}")
        elif row["mean"] != twins[row["metric"]]["mean"]:
            told = f"{row['metric']} is {row['mean']}, right is {twins[row['metric']]['mean']}"
            yield Fault.of(breaker.name, "a wrong answer was believed", told)
            return


def _stored(name: str, store: Path) -> Iterator[Fault]:
    """Yield files that are far too large, and numbers that are none, in what was kept."""
    for path in store.glob("cell/*/*/*"):
        if path.stat().st_size > _LARGEST_FILE:
            yield Fault.of(name, "an unbounded file is kept", f"{path.name}: {path.stat().st_size:,} bytes")
        if path.suffix == ".npz":
            for column, values in arrays(path).items():
                if values.dtype.kind == "f" and np.isinf(values).any():
                    yield Fault.of(name, "an infinite number is kept", f"{column}: {math.inf}")
                if values.dtype.kind in "cOUSV":
                    yield Fault.of(name, "an array of no numbers is kept", f"{column}: {values.dtype}")
