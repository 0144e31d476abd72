"""Judging alone: seconds of a report on the 768 cells of an experiment as wide as ``fair``, its caches gone.

    python benchmarks/judging.py [--quick] [--store FOLDER] [--profile FILE]

The folds, metrics and number of cells are those of ``fair`` (two film sets, four splits, three seeds, 16 rows, the
validation and the test fold of each); the models are cheap ones, as judging does not know what a fit has cost. The
cells are fitted once, and kept; each call then deletes what was judged and tells wall time and processor seconds of
one report in one process.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from data import CACHE
from records import Records, compiled, hardware, spent_inside

import benchsuite
from benchsuite.store import CACHES

_TARGET = 60.0
_SWEEPS = {"item-knn": (20, 50, 100, 200), "p3alpha": (50, 100), "rp3beta": (50, 100)}
_MODELS = [
    *(
        f'"{name}"'
        for name in ["random", "popular", "damped-means", "svd", "slope-one", "content-tfidf", "pure-svd", "ease"]
    ),
    *(
        f'{{ use = "{name}", with = {{ neighbours = {number} }}, label = "{name}-{number}" }}'
        for name, numbers in _SWEEPS.items()
        for number in numbers
    ),
]
"""16 rows; the language models of ``fair`` are judged by the same functions, on lists of the same lengths."""


def main() -> int:
    """Fit what is missing, judge all, tell; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=CACHE / "judging")
    parser.add_argument("--quick", action="store_true", help="one seed, two splits and four rows")
    parser.add_argument("--profile", default="", help="write a profile of the report to this file")
    options = parser.parse_args()
    options.store.mkdir(parents=True, exist_ok=True)
    name = "judging-quick" if options.quick else "judging"
    experiment = options.store / f"{name}.toml"
    experiment.write_text(_experiment(name, quick=options.quick), "utf-8")
    store = options.store / name
    words = ["--store", str(store)]
    command = [sys.executable, "-m", "benchsuite"]
    if subprocess.run([*command, "run", str(experiment), *words], check=False).returncode:
        return 1
    cells = len(list(store.glob("cell/*/*/manifest.json")))
    for kind in CACHES:
        shutil.rmtree(store / kind, ignore_errors=True)
    if options.profile:
        command = [sys.executable, "-m", "cProfile", "-o", options.profile, "-m", "benchsuite"]
    environment = compiled()
    with spent_inside() as spent:
        subprocess.run([*command, "report", name, *words], env=environment, stdout=subprocess.DEVNULL, check=True)
    print(hardware())
    took = f"{spent.wall:.1f} s, {spent.processor:.1f} processor seconds"
    print(f"{cells} cells judged in {took} (wanted: <= {_TARGET:g} s)")
    Records(CACHE / "judging.jsonl").put(
        {"what": name}, {"cells": cells, "wall": spent.wall, "processor": spent.processor}
    )
    return int(spent.wall > _TARGET)


def _experiment(name: str, *, quick: bool) -> str:
    """Return the text of the experiment: that of ``fair`` with cheap models, nothing tuned."""
    given = tomllib.loads((Path(benchsuite.__file__).parent / "experiments" / "fair.toml").read_text("utf-8"))
    splits = [_inline(split) for split in given["splits"]]
    seeds, models = (given["seeds"], _MODELS) if not quick else ([1], _MODELS[:4])
    return "\n".join(
        [
            f'name = "{name}"',
            f"seeds = {seeds}",
            f"sources = {json.dumps(given['sources'])}",
            f"splits = [{', '.join(splits if not quick else splits[:2])}]",
            f"models = [{', '.join(models)}]",
            f"metrics = {json.dumps(given['metrics'])}",
            "",
        ]
    )


def _inline(entry: str | dict[str, Any]) -> str:
    """Return an entry of the list of splits as TOML."""
    if isinstance(entry, str):
        return json.dumps(entry)
    settings = ", ".join(f"{key} = {json.dumps(value)}" for key, value in entry["with"].items())
    return f"{{ use = {json.dumps(entry['use'])}, with = {{ {settings} }} }}"


if __name__ == "__main__":
    raise SystemExit(main())
