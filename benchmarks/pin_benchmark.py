"""Pin a new benchmark: ``python benchmarks/pin_benchmark.py NAME`` cuts its folds and writes their digests beside it.

Who asks in each fold is kept with the results. A benchmark that is pinned already is not pinned again: a protocol that
changed is a new version under a new name.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from benchsuite.arguments import data_locations, store_folder
from benchsuite.benchmark.asked import ASKED, Asked, write_asked
from benchsuite.benchmark.pins import pins_of
from benchsuite.benchmark.places import pins_path, results_root
from benchsuite.errors import BenchsuiteError, ConfigError
from benchsuite.keys import file_digest
from benchsuite.plan import Plan, read_experiment
from benchsuite.runner import prepare
from benchsuite.store import Store
from benchsuite.stored_folds import StoredFolds


def pin(name: str, store: Store, *, again: bool = False) -> Path:
    """Cut the folds of a benchmark, write its pins and who asks; return the file of pins.

    Raises:
        ConfigError: when it is no benchmark, or has other pins.
    """
    experiment = read_experiment(name)
    if experiment.benchmark is None:
        raise ConfigError("it has no table [benchmark]", where=name, remedy="add one")
    plan = prepare(experiment, store, data_locations((), offline=True), lambda line: print(line, file=sys.stderr))
    pins = pins_of(plan, store)
    path = pins_path(name)
    if path.is_file() and not again:
        raise ConfigError(f"{name} is pinned", where=str(path), remedy="a changed protocol is a new version")
    write_asked(_asked(plan, store), results_root() / name)
    dataclasses.replace(pins, queries=file_digest(results_root() / name / ASKED)).write(name)
    return path


def _asked(plan: Plan, store: Store) -> dict[tuple[str, str, int, str], Asked]:
    folds = StoredFolds(store)
    found: dict[tuple[str, str, int, str], Asked] = {}
    for cell in plan.cells:
        place = (cell.dataset, cell.split, cell.seed, cell.fold)
        if place not in found and cell.fold_key:
            fold = folds.fold(cell.fold_key)
            found[place] = Asked.of(fold.queries, len(fold.train.users))
    return found


def main() -> int:
    """Pin the benchmarks that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--store", type=Path, default=store_folder(None))
    parser.add_argument("--again", action="store_true", help="for a version that nobody has seen yet")
    options = parser.parse_args()
    try:
        for name in options.names:
            print(pin(name, Store(options.store), again=options.again), results_root() / name / ASKED)
    except BenchsuiteError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
