"""Our path and the rivals' on the same work, in turn, several rounds; then the page ``reports/published/speed.md``.

    BENCHSUITE_DATA=... python benchmarks/rivals/run.py [--quick] [--rounds 3] [--fresh] [--page-only]

Work: Gowalla as published, fit, top-20 for 29,858 users out of 40,981 items, Recall@20 and NDCG@20. Each contender is a
process of its own. Rounds alternate, so that a slow minute of the machine hits all; what is quoted are medians of
ratios to the same round's time of ours. A run that was broken off goes on where it was. The page also tells what
``large.py``, ``overhead.py`` and ``startup.py`` measured before; ``--page-only`` writes it again and measures nothing.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import kernels
from agreement import agreement
from data import CACHE, gowalla, small
from environments import python_of
from measurement_steps import Step, carry_out
from page import write_page
from records import Records, hardware, put_page
from targets import total

from benchsuite.runner.worker_processes import thread_limits

CONTENDERS = {
    "item-knn": {
        "benchsuite": ("benchsuite", "ours.py", (), 15),
        "implicit": ("benchsuite", "implicit_.py", (), 30),
        "RecTools": ("rectools", "rectools_.py", (), 30),
        "LensKit": ("lenskit", "lenskit_.py", (), 600),
        "Cornac": ("cornac", "cornac_.py", ("--users", "300"), 300),
    },
    "als": {
        "benchsuite": ("benchsuite", "ours.py", (), 60),
        "implicit": ("benchsuite", "implicit_.py", (), 60),
        "implicit, users solved anew": ("benchsuite", "implicit_.py", ("--fold-in",), 60),
        "RecTools": ("rectools", "rectools_.py", (), 70),
        "RecTools, users solved anew": ("rectools", "rectools_.py", ("--fold-in",), 70),
        "LensKit": ("lenskit", "lenskit_.py", (), 600),
    },
}
"""By model and name: environment, worker, arguments, a guess of seconds."""

SLOW = ("LensKit", "Cornac")
ENOUGH, START = 12, 20
"""Slow ones are stopped after so many times our own seconds, or a minute: a bound is enough. They get these seconds
more for starting and reading, which are not counted."""

ONCE = (*SLOW, "RecTools, users solved anew")
"""Asked in the first round only: the distance of the first two is not a matter of noise, the last is there for its
lists."""

LONGER = ("benchsuite", "implicit", "RecTools")
"""Those who also give longer lists, in the first round and after what is timed: ties are told from them."""


def main() -> None:
    """Measure, compare, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of all on a small generated set; no page")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--page-only", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--timeout", type=int, default=900, help="seconds that a contender may take")
    parser.add_argument("--page", type=Path, default=HERE.parents[1] / "reports" / "published" / "speed.md")
    options = parser.parse_args()
    folder = CACHE / ("rivals-quick" if options.quick else "rivals")
    # The small form proves that everything works; it must not remember what worked before.
    records = Records(folder / "measurements.jsonl", fresh=options.fresh or (options.quick and not options.page_only))
    if not options.page_only:
        _measure(records, folder, options)
    rows = records.all()
    size = "quick" if options.quick else "full"
    for name in ("startup.jsonl", f"large-{size}.jsonl", "overhead.jsonl"):
        rows += [row for row in Records(CACHE / name).all() if row["key"].get("what") != "machine"]
    put_page(write_page(rows), options.page, quick=options.quick)


def _measure(records: Records, folder: Path, options: argparse.Namespace) -> None:
    """Measure what the records lack."""
    machine = {"hardware": hardware(), "threads": options.threads, "small": options.quick}
    records.once({"what": "machine"}, lambda: machine)
    arrays = small() if options.quick else gowalla()
    for environment in {how[0] for contenders in CONTENDERS.values() for how in contenders.values()}:
        python_of(environment)
    steps: list[Step] = []
    for number in range(1 if options.quick else options.rounds):
        for model, contenders in CONTENDERS.items():
            for name, (environment, worker, more, guess) in contenders.items():
                if name in ONCE and number:
                    continue
                key = {"what": "path", "model": model, "who": name, "round": number}
                longer = ("--longer",) if not number and name.partition(",")[0] in LONGER else ()
                out = _lists(folder, model, name, number)
                allowed = functools.partial(_limit, records, model, name, options)
                make = functools.partial(
                    _run, (environment, worker, more + longer), model, arrays, out, options, allowed
                )
                title = f"{model} through {name}, round {number + 1}"
                steps.append(Step(title, key, make, guess / (20 if options.quick else 1)))
        steps += kernels.steps(number, quick=options.quick, threads=options.threads)
    for model, contenders in CONTENDERS.items():
        for name in contenders:
            files = _lists(folder, model, "benchsuite", 0), _lists(folder, model, name, 0)
            key = {"what": "agreement", "model": model, "who": name}
            make = functools.partial(agreement, *files, arrays)
            steps.append(Step(f"lists of {model} by {name} against ours", key, make, 3))
    carry_out(records, steps)


def _lists(folder: Path, model: str, name: str, number: int) -> Path:
    return folder / f"{model}-{name.replace(',', '').replace(' ', '-')}-{number}.npz"


def _run(
    how: tuple[str, str, tuple[str, ...]],
    model: str,
    arrays: Path,
    out: Path,
    options: argparse.Namespace,
    allowed: Callable[[], float],
) -> dict[str, Any]:
    """Run one contender and return what it tells, with the wall time of the whole process."""
    environment, worker, more = how
    python, limit = python_of(environment), allowed()
    words = [str(python), "-W", "ignore", worker, str(arrays), model, str(out), str(options.threads), *more]
    began = time.perf_counter()
    # A session of its own, so that a rival that is stopped leaves no workers behind.
    process = subprocess.Popen(
        words,
        cwd=HERE / "work",
        env=os.environ | thread_limits(options.threads),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out_text, error_text = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return {"failed": f"stopped after {limit:.0f} s, which is enough to tell", "at_least": limit - START}
    if process.returncode:
        return {"failed": (error_text.strip().splitlines() or ["it said nothing"])[-1][:300]}
    told: dict[str, Any] = json.loads(out_text.strip().splitlines()[-1])
    return told | {"process_seconds": time.perf_counter() - began, "arguments": list(more)}


def _limit(records: Records, model: str, name: str, options: argparse.Namespace) -> float:
    """Return the seconds a contender may take: for the slow ones somewhat more than the bound that is to be shown."""
    ours = {"what": "path", "model": model, "who": "benchsuite", "round": 0}
    if name not in SLOW or not records.has(ours):
        return float(options.timeout)
    row = records.once(ours, dict)
    return float(options.timeout) if "failed" in row else max(ENOUGH * total(row), 60.0) + START


if __name__ == "__main__":
    main()
