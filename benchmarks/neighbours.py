"""Which settings of neighbours are good everywhere, and how far do tuned ones reach? Chosen on validation parts only.

    python benchmarks/neighbours.py [--quick] [--data FOLDER] [--only MODEL]

Each model tries the same settings on the validation part of every data set: its defaults, those that the literature
names, and random ones; then a search of its own goes on from these on each set, and where trials ask a part of the
users, the best four are compared once more with all of them. The settings that are best over all
sets, by the mean of what they reach of each set's best, are what defaults are taken from. Defaults, this common choice
and the best settings of each set are then measured once on the test part. What was measured is kept, so a run that was
broken off goes on. ``--quick`` makes a few trials on a demonstration set and prints the page.

What ties in time are worth is kept beside this script, in ``neighbours_ties.jsonl``. ``--ties`` measures only what is
missing there, and writes that table and the words of the page anew; all other tables stay as they are.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from data import CACHE
from means import judged
from neighbours_page import page, with_ties
from neighbours_settings import BETWEEN, NEUTRAL, PUBLISHED, Settings, shared
from records import Records, put_page

from benchsuite.api import Context, DataLocations, Model
from benchsuite.arguments import data_locations
from benchsuite.data import Fold, Ragged
from benchsuite.registry import load_model, load_source, load_split
from benchsuite.tune import Budget, Study, Trial


@dataclass(frozen=True)
class Task:
    """A data set, how it is cut, and what is measured: nDCG@k, recall@k and the hit rate@k.

    ``random`` is how many random settings are tried, the same ones on all sets, and ``more`` how many trials the search
    on this set goes on for: fewer where a trial takes long.
    """

    name: str
    source: str
    split: str
    k: int = 10
    settings: Settings = field(default_factory=dict)
    models: tuple[str, ...] = ()
    random: int = 12
    more: int = 8


_BEAUTY = {"path": "amazon-beauty/Beauty.txt", "format": "lists", "items": "items.csv"}
UNORDERED = ("item-knn", "user-knn", "rp3beta", "p3alpha", "ease", "edlae")
ORDERED = ("sequential-knn", "item-knn", "user-knn", "rp3beta", "ease")
TASKS = (
    Task("amazon-beauty", "file", "leave-last-out", 10, _BEAUTY, ORDERED, 20, 16),
    Task("ml-100k", "ml-100k", "random-holdout", models=UNORDERED),
    Task("ml-latest-small", "ml-latest-small", "random-holdout", models=UNORDERED),
    Task("online-retail", "online-retail", "random-holdout", models=UNORDERED),
    Task("lastfm-hetrec2011", "lastfm-hetrec2011", "random-holdout", models=UNORDERED[:4]),
    Task("ml-100k, in order", "ml-100k", "leave-last-out", models=ORDERED),
    Task("online-retail, in order", "online-retail", "leave-last-out", models=ORDERED),
    Task("deskdrop, in order", "deskdrop", "leave-last-out", models=ORDERED),
    Task("gowalla", "gowalla", "fixed", 20, models=UNORDERED[:3], random=8, more=6),
)
DEMO = (Task("demo", "demo", "leave-last-out", 10, {"users": 80, "items": 50}, ("item-knn", "sequential-knn"), 2, 2),)

TIED = ("ml-100k", "ml-latest-small", "online-retail", "deskdrop", "groceries")
"""Sets with times, some of which tie."""

TIES = HERE / "neighbours_ties.jsonl"
"""What was measured with ties as in the file and shuffled: small, so it is kept in the repository."""

FEW = 5000
"""How many users of a validation part are asked at most."""


def main() -> None:
    """Search, measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few trials on a demonstration set; the page is printed")
    parser.add_argument("--data", type=Path, action="append", default=[], help="folder of data sets")
    parser.add_argument("--store", type=Path, default=CACHE / "neighbours")
    parser.add_argument("--only", action="append", default=[], help="models to try; all others must be there already")
    parser.add_argument("--on", action="append", default=[], help="tasks to try")
    parser.add_argument("--search", action="store_true", help="measure nothing on test parts yet")
    parser.add_argument("--ties", action="store_true", help="only ties in time; all other tables stay")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--page", type=Path, default=HERE.parent / "reports" / "published" / "neighbours.md")
    options = parser.parse_args()
    records = Records(options.store / ("quick.jsonl" if options.quick else "trials.jsonl"), fresh=options.quick)
    ties = Records(options.store / "quick_ties.jsonl" if options.quick else TIES, fresh=options.quick)
    place = data_locations(options.data, offline=False, quiet=True)
    if options.ties and not options.quick:
        compare_ties(ties, place, options)
        put_page(with_ties(options.page.read_text("utf-8"), ties.all()), options.page, quick=False)
        return
    for task in DEMO if options.quick else TASKS:
        names = [name for name in task.models if not options.only or name in options.only]
        if not names or (options.on and task.name not in options.on):
            continue
        dataset = load_source(task.source).from_settings(task.settings).load(place)
        fold = next(iter(load_split(task.split).from_settings({}).split(dataset, 0)))
        assert fold.validation is not None
        for name in names:
            judge(records, task, name, fold, options)
    if not options.on:
        compare_ties(ties, place, options)
    defaults = {name: searched(name, _plain(name)) for name in NEUTRAL}
    put_page(page(records.all(), defaults, ties.all()), options.page, quick=options.quick)


def judge(records: Records, task: Task, name: str, fold: Fold, options: Any) -> None:
    """Search on the validation part, then measure the defaults and what was best on the test part."""
    inner = fold.validation
    assert inner is not None

    def made(part: str, settings: Settings, on: Fold) -> None:
        key = {"task": task.name, "model": name, "settings": settings, "part": part}
        records.once(key, partial(measure, name, settings, on, task.k, options.threads))

    trials = search(records, task, name, inner, options)
    trials = finalists(records, task, name, trials, inner, options)
    best = max(trials, key=lambda trial: float(trial["ndcg"]))
    plain = searched(name, _plain(name))
    made("defaults on validation", plain, small(inner, FEW))
    print(f"{task.name}, {name}: best on validation {best['ndcg']:.4f}", flush=True)
    if not options.search:
        made("test", plain, fold)
        made("test", best["key"]["settings"], fold)
        if (task.name, name) in PUBLISHED:
            made("published settings", PUBLISHED[task.name, name], fold)


def compare_ties(records: Records, place: DataLocations, options: Any) -> None:
    """Measure models with and without order where the file's order of ties is kept, and where it is shuffled."""
    for name in ("demo",) if options.quick else TIED:
        for how, settings in (("as in the file", {}), ("shuffled", {"shuffle_ties": 1})):
            source = load_source(name).from_settings({} if options.quick else settings)
            places = [(seed, model) for seed in (1, 2, 3) for model in ("sequential-knn", "item-knn")]
            dataset = source.load(place)
            for seed, model in places:
                fold = next(iter(load_split("leave-last-out").from_settings({}).split(dataset, seed)))
                plain = searched(model, _plain(model))
                key = {"task": name, "model": model, "ties": how, "seed": seed, "settings": plain}
                records.once(key, partial(measure, model, plain, fold, 10, options.threads))
            print(f"{name}, ties {how}", flush=True)


def search(records: Records, task: Task, name: str, fold: Fold, options: Any) -> list[dict[str, Any]]:
    """Return all trials of a model on the validation part."""
    plain = _plain(name)
    study = Study(load_model(name).from_settings({}), Budget("ndcg", 999), seed=0)
    done = []
    asked = small(fold, FEW)

    def attempt(settings: Settings, *, told: bool = True) -> None:
        key = {"task": task.name, "model": name, "settings": settings, "part": "validation"}
        found = records.once(key, partial(measure, name, settings, asked, task.k, options.threads))
        if told:
            study.tell(Trial(plain | settings, found["ndcg"], found["seconds"], ""))
        done.append(found)

    random, more = (0, 0) if name == "ease" else (task.random, task.more)  # one setting needs no more
    for settings in shared(name, random):
        attempt(settings)
    for _ in range(more):
        asked_for = study.ask()
        assert asked_for is not None
        attempt(searched(name, asked_for))
    for between in BETWEEN.get(name, ()):
        attempt(NEUTRAL[name] | between, told=False)
    return done


def finalists(
    records: Records, task: Task, name: str, trials: list[dict[str, Any]], fold: Fold, options: Any
) -> list[dict[str, Any]]:
    """Return the best trials, measured with all users where trials asked some of them only."""
    if len(fold.queries) <= FEW:
        return trials
    made = []
    for trial in sorted(trials, key=lambda trial: -trial["ndcg"])[:4]:
        settings = trial["key"]["settings"]
        key = {"task": task.name, "model": name, "settings": settings, "part": "validation, everybody"}
        made.append(records.once(key, partial(measure, name, settings, fold, task.k, options.threads)))
    return made


def searched(name: str, settings: Settings) -> Settings:
    """Return the settings that have a search range; all others are the defaults throughout."""
    return {setting: settings[setting] for setting in load_model(name).space()}


def _plain(name: str) -> Settings:
    return load_model(name).from_settings({}).settings()


def measure(name: str, settings: Settings, fold: Fold, k: int, threads: int) -> dict[str, Any]:
    """Fit and judge: means over queries that have a truth."""
    began = time.perf_counter()
    model = load_model(name).from_settings(settings)
    assert isinstance(model, Model)
    found = judged(model.fit(fold.view().train, Context(seed=0, threads=threads)), fold, k)
    return found | {"seconds": time.perf_counter() - began}


def small(fold: Fold, count: int) -> Fold:
    """Return the fold with at most so many of its queries, drawn once, so that trials on large sets take seconds."""
    if len(fold.queries) <= count:
        return fold
    from benchsuite.data import GroundTruth, Queries

    kept = np.sort(np.random.default_rng(0).choice(len(fold.queries), count, replace=False))
    place = np.full(len(fold.queries), -1)
    place[kept] = np.arange(count)

    def rows(owner: Any) -> Any:
        return np.flatnonzero(place[owner] >= 0)

    shown, held, closed = rows(fold.queries.rows), rows(fold.truth.rows), rows(fold.blocked.rows)
    old = fold.truth
    start = np.append(0, np.cumsum(np.diff(old.start)[kept]))
    truth = GroundTruth(start, old.item[held], old.value[held])
    history = fold.queries.history.take(shown)
    start = np.append(0, np.cumsum(fold.queries.counts[kept]))
    queries = Queries(fold.queries.user[kept], start, history)
    blocked = Ragged.from_pairs(place[fold.blocked.rows[closed]], fold.blocked.item[closed], count)
    return Fold("part", fold.train, queries, truth, blocked, fold.candidates)


if __name__ == "__main__":
    main()
