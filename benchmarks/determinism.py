"""Does every model give the same bytes with any number of workers and threads, as its card says?

    python benchmarks/determinism.py [--quick] [--only MODEL ...] [--page FILE]

Fits every model of this distribution on simulated data into stores of their own: 1 worker and 1 thread, 2 and 2, 4 and
4. Models whose answers then differ are fitted with 1 thread by 2 and by 4 workers, and with 4 threads by 1, too: are
the bytes the same for one number of threads? What is found is held against what each model declares
(``reproducibility``); the exit code is 1 where one promises more than it keeps. Data are small, and for those that
took little time larger, as libraries share small work among no threads. A model that says less than was seen here is
named: a sum that is split among threads may come out the same by chance.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from records import hardware, put_page

from benchsuite.registry import OWN, entries

APART = frozenset({"cornac", "external", "lenskit", "rectools", "recbole"})
"""Models that run what the user names: what holds for them is what holds for that."""

SLOW = ("bert4rec", "flm", "gru4rec", "sasrec", "tiger", "vaecf", "lightgcn", "two-tower", "dropoutnet")
"""Beginnings of names that are not fitted on the larger data."""

SIZES = {"small": (120, 80, 12), "larger": (400, 300, 40)}
WIDE = ((1, 1), (2, 2), (4, 4))
"""Workers and threads."""
NARROW = ((2, 1), (4, 1), (1, 4))

Digests = Mapping[tuple[int, int], str]
"""By workers and threads the sha256 of a model's answers, or why there are none."""


@dataclass(frozen=True)
class Found:
    """What one model did on one data set.

    Attributes:
        model: its name.
        size: which data.
        digests: of its answers.
    """

    model: str
    size: str
    digests: Digests

    @property
    def failed(self) -> str:
        """Why it has no answers, or ""."""
        return next((told for told in self.digests.values() if " " in told), "")

    @property
    def any_threads(self) -> bool:
        """Whether all answers are the same bytes."""
        return len(set(self.digests.values())) == 1

    @property
    def one_thread(self) -> bool:
        """Whether answers by one thread are the same bytes."""
        return len({told for (_, threads), told in self.digests.items() if threads == 1}) == 1

    @property
    def same_threads(self) -> bool:
        """Whether answers by one number of threads are the same bytes."""
        numbers = {threads for _, threads in self.digests}
        return all(len({told for (_, t), told in self.digests.items() if t == threads}) == 1 for threads in numbers)


def main() -> int:
    """Measure, print and write the page; 1 where a model promises more than it keeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small data, fast models; the page is printed")
    parser.add_argument("--only", nargs="*", default=(), help="these models; the page keeps its other rows")
    parser.add_argument("--page", type=Path, default=HERE.parent / "reports" / "published" / "determinism.md")
    options = parser.parse_args()
    names = [entry.name for entry in entries("models") if entry.distribution == OWN and entry.name not in APART]
    names = sorted(set(names) & set(options.only or names))
    fast = [name for name in names if not name.startswith(SLOW)]
    found = list(measure(fast if options.quick else names, "small"))
    if not options.quick:
        found += measure(fast, "larger")
    kept = options.page.read_text("utf-8") if options.only and options.page.exists() else ""
    put_page(_page(found, kept), options.page, quick=options.quick)
    return 1 if any(broken(one, declared(one.model)) for one in found) else 0


def measure(names: Collection[str], size: str) -> Iterator[Found]:
    """Yield what each model did on data of this size."""
    digests: dict[str, dict[tuple[int, int], str]] = {name: {} for name in names}
    for how in WIDE:
        for name, told in _fit(names, size, *how).items():
            digests[name][how] = told
    differ = [name for name, told in digests.items() if len(set(told.values())) > 1]
    for how in NARROW if differ else ():
        for name, told in _fit(differ, size, *how).items():
            digests[name][how] = told
    for name in names:
        yield Found(name, size, digests[name])


def declared(model: str) -> str:
    """Return what a model promises, by the name of the promise."""
    from benchsuite.registry import load_model

    return str(load_model(model).reproducibility.name)


def broken(found: Found, promise: str) -> bool:
    """Return whether a model promises more than it kept."""
    if found.failed:
        return False
    if promise == "ONE_THREAD":
        return not found.one_thread
    return (promise == "ANY_THREADS" and not found.any_threads) or (promise != "NONE" and not found.same_threads)


def _fit(names: Collection[str], size: str, workers: int, threads: int) -> dict[str, str]:
    """Fit the models into a new store and return the sha256 of each one's answers."""
    users, items, events = SIZES[size]
    shop = f'{{ use = "demo", with = {{ users = {users}, items = {items}, events_per_user = {events} }} }}'
    text = f'name = "bytes"\nsources = [{shop}]\nsplits = ["random-holdout"]\nmetrics = ["ndcg@10"]\n'
    text += f"models = {json.dumps(sorted(names))}\ntimeout_minutes = 30\n"
    print(f"{size}: {len(names)} models, {workers} workers, {threads} threads", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bytes.toml").write_text(text, "utf-8")
        words = [sys.executable, "-m", "benchsuite", "run", "bytes.toml", "--store", "store", "--device", "cpu"]
        words += ["--workers", str(workers), "--threads", str(threads)]
        # What all fits share (encoded texts) is made anew by each of the runs.
        surroundings = os.environ | {"BENCHSUITE_CACHE": str(Path(folder) / "cache")}
        done = subprocess.run(words, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr)
        return dict(_answers(Path(folder) / "store"))


def _answers(store: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(store.glob("cell/*/*/manifest.json")):
        told = json.loads(path.read_text("utf-8"))
        name = told["identity"]["model"]["plugin"].rpartition("/")[2]
        if told["state"] == "ok":
            yield name, hashlib.sha256((path.parent / "arrays.npz").read_bytes()).hexdigest()
        else:
            yield name, f"failed: {told['reason']}"


def _page(found: Collection[Found], before: str = "") -> str:
    """Return the page, with the rows of an earlier one for all that was not measured now."""
    rows = {_place(line): line for line in before.splitlines() if line.endswith(("thread |", "threads |"))}
    rows |= {_place(line): line for line in map(_row, found)}
    lines = [
        "# The same bytes",
        "",
        "What `python benchmarks/determinism.py` found: the stored answers (lists and scores) of the models below,",
        "which come with benchsuite, fitted with 1 worker and 1 thread, 2 and 2, 4 and 4, and, where these differ,",
        "with one number of threads by 1, 2 and 4 workers. Users, items and events a user of the simulated data:",
        ", ".join(f"{size} {' x '.join(map(str, numbers))}" for size, numbers in SIZES.items()) + ".",
        "",
        f"Machine: {hardware()}. Each model's rows are from the last run that measured it.",
        "",
        "| model | data | any number of threads | one number of threads | promised |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *rows.values()]) + "\n"


def _row(one: Found) -> str:
    if one.failed:
        return f"| {one.model} | {one.size} | not measured: {one.failed[:120]} | | {_told(one.model)} |"
    same = ["the same" if yes else "**different**" for yes in (one.any_threads, one.same_threads)]
    return f"| {one.model} | {one.size} | {same[0]} | {same[1]} | {_told(one.model)} |"


def _place(row: str) -> tuple[str, str]:
    """Return the model and the size of the data that a row tells of."""
    model, size = row.removeprefix("| ").split(" | ")[:2]
    return model, size


def _told(model: str) -> str:
    return declared(model).lower().replace("_", " ")


if __name__ == "__main__":
    raise SystemExit(main())
