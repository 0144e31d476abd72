"""Published values beside ours, on the published splits: each part a command of its own, as some take hours.

    python benchmarks/published_tables.py ease-beauty                          # 2 minutes of the processor
    python benchmarks/published_tables.py ease-gowalla --regularization 80     # 14 minutes of a core, about 8 GB
    python benchmarks/published_tables.py lightgcn-gowalla --epochs 20 --minutes 60  # an epoch: 3 minutes of a core
    python benchmarks/published_tables.py sasrec-beauty softmax|bce|"sampled softmax"  # softmax: an hour of a core
    python benchmarks/published_tables.py why PART ROW "the reason of a difference"
    python benchmarks/published_tables.py page

Every result is written into ``reports/published/published-tables.json`` as it comes, and the page beside it is made of
that file alone. Networks keep checkpoints, so a command that was broken off goes on where it was. ``--try`` runs a part
on a demonstration set in seconds, prints what it found and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from data import CACHE
from means import judged
from published_page import Results, page
from published_values import PARTS, PUBLISHED, Part

from benchsuite.api import Context, Model
from benchsuite.arguments import data_locations
from benchsuite.data import Fold
from benchsuite.registry import load_model, load_source, load_split
from benchsuite_rivals.lightgcn import LightGCN

FILE = HERE.parent / "reports" / "published" / "published-tables.json"
GRID = (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
"""Regularizations of EASE that are tried on the validation part."""

_DEMO = {"users": 80, "items": 50}
_NEVER = 10**6


class Watched(LightGCN):
    """LightGCN whose test values are told along the way, as the published log tells them."""

    def watch(self, fold: Fold, context: Context, epochs: int, told: Callable[[], float]) -> None:
        """Train until so many epochs are done, counted from the first one ever; call ``told`` after each."""
        self._threads = context.threads
        self._notes = {}
        self._train(fold.train, context, epochs, "published", told)


def main() -> None:
    """Compute a part, give a reason, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", type=Path, action="append", default=[], help="folder of data sets")
    common.add_argument("--threads", type=int, default=1)
    common.add_argument("--seed", type=int, default=1)
    common.add_argument("--try", dest="trying", action="store_true", help="a demonstration set; nothing is written")
    common.add_argument("--store", type=Path, default=CACHE / "published", help="folder of checkpoints")
    common.add_argument("--file", type=Path, default=FILE, help="the results; the page is written beside it")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("ease-beauty", parents=[common])
    ease = verbs.add_parser("ease-gowalla", parents=[common])
    ease.add_argument("--regularization", type=float, default=80.0)
    graph = verbs.add_parser("lightgcn-gowalla", parents=[common])
    graph.add_argument("--epochs", type=int, required=True, help="in all, those of earlier commands counted")
    graph.add_argument("--every", type=int, default=5, help="epochs between two looks at the test part")
    graph.add_argument("--minutes", type=float, help="begin no epoch after so many")
    sequence = verbs.add_parser("sasrec-beauty", parents=[common])
    sequence.add_argument("loss", choices=[one.row for one in PUBLISHED["sasrec-beauty"]])
    sequence.add_argument("--epochs", type=int, help="at most")
    sequence.add_argument("--patience", type=int, help="looks at validation without a better one, after which it stops")
    why = verbs.add_parser("why", parents=[common])
    why.add_argument("part", choices=list(PARTS))
    why.add_argument("row", help="or all")
    why.add_argument("reason")
    verbs.add_parser("page", parents=[common])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if options.trying:
            options.file, options.store = Path(scratch) / FILE.name, Path(scratch) / "checkpoints"
        results = Results(options.file)
        if options.verb == "why":
            known = list(results.rows(options.part))
            if options.row not in ["all", *known]:
                parser.error(f"{options.part} has no row {options.row!r}; rows: {', '.join(known) or 'none yet'}")
            for row in known if options.row == "all" else [options.row]:
                results.explain(options.part, row, options.reason)
        elif options.verb != "page":
            COMMANDS[options.verb](results, options)
        told = page(results)
        if options.trying:
            print(told)
        else:
            options.file.with_suffix(".md").write_text(told, "utf-8")
            print(f"wrote {options.file.with_suffix('.md')}")


def ease_beauty(results: Results, options: Any) -> None:
    """Choose the regularization on the validation part, and look at the test part once."""
    part = PARTS["ease-beauty"]
    fold = cut(part, options)
    inner = fold.validation
    assert inner is not None
    began, tried = time.perf_counter(), {}
    for value in GRID:
        model = load_model("ease").from_settings({"regularization": value})
        assert isinstance(model, Model)
        tried[value] = judged(model.fit(inner.train, context_of(options)), inner, 10)["ndcg"]
        print(f"regularization {value:g}: nDCG@10 on validation {tried[value]:.4f}", flush=True)
    best = max(tried, key=lambda value: tried[value])
    seen = {f"{value:g}": round(found, 5) for value, found in tried.items()}
    facts = {"regularization": best, "validation nDCG@10": seen}
    once(results, "ease-beauty", "chosen on validation", {"regularization": best}, fold, options, began, facts)


def ease_gowalla(results: Results, options: Any) -> None:
    """Fit EASE once."""
    value = options.regularization
    fold = cut(PARTS["ease-gowalla"], options)
    once(results, "ease-gowalla", f"regularization {value:g}", {"regularization": value}, fold, options)


def sasrec_beauty(results: Results, options: Any) -> None:
    """Find the number of epochs on the validation part, train anew, look at the test part once."""
    part = PARTS["sasrec-beauty"]
    (row,) = (one for one in PUBLISHED["sasrec-beauty"] if one.row == options.loss)
    settings = {**part.settings, **row.settings}
    settings |= {name: value for name in ("epochs", "patience") if (value := getattr(options, name)) is not None}
    if options.trying:
        settings |= {"epochs": 4, "every": 1, "patience": 1}
    once(results, "sasrec-beauty", row.row, settings, cut(part, options), options)


def lightgcn_gowalla(results: Results, options: Any) -> None:
    """Train LightGCN and write down its test values every so many epochs."""
    part = PARTS["lightgcn-gowalla"]
    fold = cut(part, options)
    # It never stops early, and the number of epochs asked for is not part of the checkpoint's name.
    model = Watched.from_settings({**part.settings, "patience": _NEVER})
    began, at = time.perf_counter(), 0

    def report(done: int, total: int, note: str) -> None:
        nonlocal at
        at = done
        print(f"epoch {done} of {total}, {note}, {time.perf_counter() - began:.0f} s", flush=True)

    def told() -> float:
        if at % options.every and at != options.epochs:
            return 0.0
        values = named(part, judged(model, fold, 20))
        seconds = round(time.perf_counter() - began, 1)
        results.put(
            "lightgcn-gowalla",
            f"epoch {at}",
            {"values": values, "version": model.version, "seconds since start": seconds},
        )
        print(f"epoch {at}: {values}", flush=True)
        return values["ndcg@20"]

    deadline = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    model.watch(fold, context_of(options, report=report, deadline=deadline), options.epochs, told)


COMMANDS: Mapping[str, Callable[[Results, Any], None]] = {
    "ease-beauty": ease_beauty,
    "ease-gowalla": ease_gowalla,
    "lightgcn-gowalla": lightgcn_gowalla,
    "sasrec-beauty": sasrec_beauty,
}


def once(
    results: Results,
    part: str,
    row: str,
    settings: Mapping[str, Any],
    fold: Fold,
    options: Any,
    began: float | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Fit a model, look at the test part, keep the result."""
    began = time.perf_counter() if began is None else began
    model = load_model(PARTS[part].model).from_settings(settings)
    assert isinstance(model, Model)

    def report(done: int, total: int, note: str) -> None:
        print(f"{done} of {total}, {note}, {time.perf_counter() - began:.0f} s", flush=True)

    model.fit(fold.view().train, context_of(options, fold, report=report))
    values = named(PARTS[part], judged(model, fold, 10 if "ndcg@10" in PARTS[part].metrics else 20))
    told = {name: value for name, value in model.facts().items() if name == "stopping"} | dict(facts or {})
    found = {
        "values": values,
        "seconds": round(time.perf_counter() - began, 1),
        "version": model.version,
        "facts": told,
    }
    results.put(part, row, found)
    print(f"{part}, {row}: {values}", flush=True)


def named(part: Part, found: Mapping[str, float]) -> dict[str, float]:
    """Return the values that the part's table shows, by their names there."""
    return {metric: round(found[metric.partition("@")[0]], 5) for metric in part.metrics}


def cut(part: Part, options: Any) -> Fold:
    """Return the fold of the published split."""
    source, split = (part.data, part.split) if not options.trying else ("demo", "leave-last-out")
    place = data_locations(options.data, offline=options.trying, quiet=True)
    data = load_source(source).from_settings(_DEMO if options.trying else {}).load(place)
    return next(iter(load_split(split).from_settings({}).split(data, options.seed)))


def context_of(options: Any, fold: Fold | None = None, **more: Any) -> Context:
    """Return the context of a fit, with a place for checkpoints."""
    options.store.mkdir(parents=True, exist_ok=True)
    inner = None if fold is None else fold.validation
    return Context(seed=options.seed, threads=options.threads, validation=inner, checkpoint=options.store, **more)


if __name__ == "__main__":
    main()
