"""How long a large ratings file takes: from CSV to a data set, from our cache, and with other libraries' readers.

Generates a CSV in MovieLens' format, then lets every side read it in a process of its own, one after the other, round
after round. Prints the median of wall-clock seconds, of processor seconds and of the peak of memory, and how each
compares with pandas. ``read_csv`` does less: it neither checks cells, nor maps ids to codes, nor drops repeated pairs.

    python benchmarks/reading.py --rows 20000000 --rounds 3
    python benchmarks/reading.py --rows 10000000 --other ../before/.venv/bin/python

``--other`` names the Python of a second environment with another version of benchsuite. The two take turns, and only
pandas is measured beside them.

Needs Linux. The readers of polars and duckdb are measured where they are installed; the table says where not.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

USERS, ITEMS = 138_493, 26_744
"""As in MovieLens 20M."""

BLOCK = 2_000_000
"""Rows written at a time."""

FEWEST = 1_000_000
"""Smaller sets are not kept in the cache."""

KIBI = 1024


def generate(path: Path, rows: int, seed: int = 1) -> None:
    """Write ratings of users in ascending order, popular items first, as MovieLens' files have them."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    user = np.sort(random.integers(1, USERS + 1, rows))
    for begin in range(0, rows, BLOCK):
        part = user[begin : begin + BLOCK]
        item = (ITEMS * random.random(len(part)) ** 2.5).astype(np.int64) * 5 + 1
        rating = random.integers(1, 11, len(part)) / 2
        when = random.integers(789_652_009, 1_427_784_002, len(part))
        frame = pd.DataFrame({"userId": part, "movieId": item, "rating": rating, "timestamp": when})
        frame.to_csv(path, mode="a", index=False, header=begin == 0)


def ours(path: Path, cache: Path) -> int:
    """Return the rows of the file as a data set, prepared with default settings."""
    from benchsuite.api import DataLocations
    from benchsuite.registry import load_source

    source = load_source("file").from_settings({"path": str(path)})
    return len(source.load(DataLocations(cache=cache, offline=True, say=lambda _line: None)).interactions)


def with_pandas(path: Path, _cache: Path) -> int:
    """Read with pandas; ids become whole numbers."""
    import pandas as pd

    return len(pd.read_csv(path))


def with_arrow(path: Path, _cache: Path) -> int:
    """Read with pyarrow; ids become dictionaries of text."""
    import pyarrow as pa
    from pyarrow import csv

    text = pa.dictionary(pa.int32(), pa.string())
    options = csv.ConvertOptions(column_types={"userId": text, "movieId": text})
    return int(csv.read_csv(path, convert_options=options).unify_dictionaries().num_rows)


def with_polars(path: Path, _cache: Path) -> int:
    """Read with polars; ids become categories of text."""
    import polars as pl

    types = {"userId": pl.Categorical, "movieId": pl.Categorical}
    return len(pl.read_csv(path, schema_overrides=types))


def with_duckdb(path: Path, _cache: Path) -> int:
    """Read with duckdb and hand over as Arrow; ids stay text, it has no dictionary without naming all cells."""
    import duckdb

    types = "{'userId': 'VARCHAR', 'movieId': 'VARCHAR', 'rating': 'DOUBLE', 'timestamp': 'BIGINT'}"
    found = duckdb.sql(f"select * from read_csv('{path}', header = true, columns = {types})")  # noqa: S608 - our own path
    return int(found.to_arrow_table().num_rows)


SIDES: dict[str, tuple[str, Callable[[Path, Path], int]]] = {
    "pandas.read_csv": ("pandas", with_pandas),
    "benchsuite, from the CSV": ("benchsuite", ours),
    "benchsuite, from its cache": ("benchsuite", ours),
    "pyarrow, ids as text": ("pyarrow", with_arrow),
    "polars, ids as text": ("polars", with_polars),
    "duckdb, ids as text": ("duckdb", with_duckdb),
}
"""What is measured: the distribution it needs, and how it reads."""

FIRST, AGAIN = "benchsuite, from the CSV", "benchsuite, from its cache"
OTHER = "other version, "
"""What the sides of the second environment are called, before the name of ours."""


def measure(side: str, path: Path, cache: Path, python: str = sys.executable) -> dict[str, float]:
    """Let one side read in a process of its own and return seconds, processor seconds and gigabytes."""
    command = [python, __file__, "--one", side, "--file", str(path), "--cache", str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side}: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(side: str, path: Path, cache: Path) -> None:
    """Be the process that reads: imports count, as a user waits for them too."""
    begun, worked = time.perf_counter(), time.process_time()
    rows = SIDES[side][1](path, cache)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak(), "rows": rows}))


def peak() -> float:
    """Return the most memory this process held, in gigabytes; getrusage would count the parent's too."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * KIBI / 1e9


def installed(distribution: str) -> bool:
    """Return whether a distribution is there."""
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def main() -> None:
    """Generate, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder by default")
    parser.add_argument("--other", default="", help="the Python of an environment with another version of benchsuite")
    parser.add_argument("--one", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one, args.file, args.cache)
        return
    if args.rows < FEWEST:
        parser.error(f"needs at least {FEWEST:,} rows: smaller sets are not kept in the cache")
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        path = Path(name) / "ratings.csv"
        generate(path, args.rows)
        with path.open("rb") as file:  # all sides find the file in memory
            while file.read(1 << 24):
                pass
        size = path.stat().st_size / 1e6
        print(f"{args.rows:,} rows, {size:.0f} MB; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        table(beside(path, args.rounds, args.other) if args.other else rounds(path, args.rounds))


def beside(path: Path, number: int, other: str) -> dict[str, list[dict[str, float]]]:
    """Return the measures of pandas and of two versions of benchsuite, the versions taking turns in going first."""
    sides = {side: (side, sys.executable) for side in ("pandas.read_csv", FIRST, AGAIN)}
    sides |= {OTHER + side.removeprefix("benchsuite, "): (side, other) for side in (FIRST, AGAIN)}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for at in range(number):
        shutil.rmtree(path.parent / "caches", ignore_errors=True)
        order = [*sides] if at % 2 else [*reversed(sides)]
        for name in sorted(order, key=lambda name: sides[name][0] == AGAIN):  # the cache is made by the first reading
            side, python = sides[name]
            cache = path.parent / "caches" / ("other" if python == other else "own")
            found[name].append(measure(side, path, cache, python))
    return found


def rounds(path: Path, number: int) -> dict[str, list[dict[str, float]]]:
    """Return the measures of every side, the sides alternating; our cache is empty before each first reading."""
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    cache = path.parent / "cache"
    for _ in range(number):
        for side, (distribution, _read) in SIDES.items():
            if side == FIRST:
                shutil.rmtree(cache, ignore_errors=True)
            if installed(distribution):
                found[side].append(measure(side, path, cache))
    return found


def table(found: dict[str, list[dict[str, float]]]) -> None:
    """Print medians, and how many times pandas' processor seconds each takes."""
    base = statistics.median(one["cpu"] for one in found["pandas.read_csv"])
    print(f"{'side':32}{'seconds':>10}{'cpu s':>10}{'peak GB':>10}{'cpu / pandas':>14}{'rows':>14}")
    for side, measures in found.items():
        if not measures:
            print(f"{side:32}{'not installed':>20}")
            continue
        seconds, cpu, most = (statistics.median(one[key] for one in measures) for key in ("seconds", "cpu", "peak"))
        print(f"{side:32}{seconds:10.2f}{cpu:10.2f}{most:10.2f}{cpu / base:14.2f}{measures[0]['rows']:14,.0f}")


if __name__ == "__main__":
    main()
