"""How time and memory grow with users, items, interactions and cells; then the page ``reports/published/scale.md``.

    python benchmarks/growth.py [--quick] [--fresh] [--largest 20000000]

Interactions are generated (``data.zipf``): doublings from 10,000 on, with the density of real sets (20 rows a user, one
item to two users), so that users and items grow along; then items alone and users alone. Each point is a process of
its own, measured once. A run that was broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from data import CACHE
from measurement_steps import Step, carry_out, measured_apart, worker_environment
from records import Records, hardware, put_page
from scale_page import write_scale

POINT = HERE / "growth_point.py"
MODELS = ("popular", "item-knn", "user-knn", "als", "ease")
SECONDS_A_ROW = {"popular": 6e-6, "item-knn": 2e-5, "user-knn": 5e-5, "als": 3e-5, "ease": 2e-4}
"""Rough guesses, for the estimate of how long the rest takes."""
ROWS_PER_USER, USERS_PER_ITEM = 20, 2
LARGEST_EASE = 30_000
"""Items; beyond, one matrix alone takes more than 3.6 GB."""
LARGEST_USER_KNN = 200_000
"""Users; every query looks at everybody who shares an item."""


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="up to 40,000 interactions; the page is printed")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--largest", type=int, default=20_000_000, help="interactions")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds for a point; larger ones are then left out")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--page", type=Path, default=HERE.parent / "reports" / "published" / "scale.md")
    options = parser.parse_args()
    records = Records(CACHE / ("growth-quick.jsonl" if options.quick else "growth.jsonl"), fresh=options.fresh)
    records.once({"what": "machine"}, lambda: {"hardware": hardware(), "threads": options.threads})
    steps: list[Step] = []

    def measure(key: dict[str, Any]) -> Callable[[], dict[str, Any]]:
        words = [json.dumps(key), str(options.threads)]
        place = worker_environment(options.threads)
        return functools.partial(measured_apart, POINT, words, place, timeout=options.timeout)

    for model in MODELS:
        for axis, points in _points(model, 40_000 if options.quick else options.largest, quick=options.quick).items():
            for users, items, rows in points:
                key = {"what": "model", "model": model, "axis": axis, "users": users, "items": items, "rows": rows}
                name = f"{model}, {axis}: {users:,} users, {items:,} items, {rows:,} rows"
                guess = 5 + rows * SECONDS_A_ROW[model]
                steps.append(Step(name, key, measure(key), guess, f"{model} {axis}"))
    for cells in (4, 8, 16) if options.quick else (4, 8, 16, 32, 64, 128):
        key = {"what": "cells", "cells": cells}
        steps.append(Step(f"{cells} cells", key, measure(key), 5 + 1.0 * cells, "cells"))
    carry_out(records, steps)
    page = write_scale(records.all())
    put_page(page, options.page, quick=options.quick)


def _points(model: str, largest: int, *, quick: bool) -> dict[str, list[tuple[int, int, int]]]:
    """Return by axis the (users, items, interactions) to measure."""
    together, rows = [], 10_000
    while rows <= largest:
        users = rows // ROWS_PER_USER
        together.append((users, users // USERS_PER_ITEM, rows))
        rows *= 2
    if rows // 2 < largest:
        users = largest // ROWS_PER_USER
        together.append((users, users // USERS_PER_ITEM, largest))
    doublings = range(3 if quick else 5)
    base = 10_000 if quick else 200_000
    users = base // ROWS_PER_USER
    axes = {
        "all": together,
        "items": [(users, users // USERS_PER_ITEM * 2**n, base) for n in doublings],
        "users": [(users * 2**n, users // USERS_PER_ITEM, base) for n in doublings],
    }
    most = {"ease": (10**9, LARGEST_EASE), "user-knn": (LARGEST_USER_KNN, 10**9)}.get(model, (10**9, 10**9))
    return {name: [p for p in points if p[0] <= most[0] and p[1] <= most[1]] for name, points in axes.items()}


if __name__ == "__main__":
    main()
