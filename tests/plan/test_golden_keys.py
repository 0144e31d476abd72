"""The keys of every bundled experiment, held for good: what has a key was paid for, and no rename may lose it.

``golden_keys.json`` says of each experiment which folds it cuts, from data of which fingerprint, and the sha256 over
the keys of all its cells. No data is needed: a key rests on fingerprints and settings alone. After a change that is
meant to move keys (a new version of a model, another bundled experiment), write the file anew::

    python tests/plan/test_golden_keys.py STORE...    # stores in which the experiments were planned
    python tests/plan/test_golden_keys.py             # the same folds: only models, settings or versions have changed
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchsuite.plan import Plan, bundled, read_experiment, resolve_all
from benchsuite.plan.cells import FoldPlace, _cell, _stages
from benchsuite.runner.preparation import cut_identity, fold_key

GOLDEN = Path(__file__).with_name("golden_keys.json")
PUBLISHED = Path(__file__).parents[2] / "reports" / "published"


def _line(cell: Any) -> str:
    return "|".join(map(str, (cell.dataset, cell.split, cell.model, cell.seed, cell.fold, cell.stage, cell.key)))


def digest(cells: Any) -> str:
    """Return the sha256 over the keys of cells in any order."""
    return hashlib.sha256("\n".join(sorted(map(_line, cells))).encode()).hexdigest()


def record(plan: Plan) -> dict[str, Any]:
    """Return what the golden file says of a plan that was made from real data."""
    fingerprints = {data.label: data.fingerprint for data in plan.datasets}
    folds = dict.fromkeys((c.dataset, fingerprints[c.dataset], c.split, c.seed, c.fold) for c in plan.cells)
    return {"folds": [list(fold) for fold in folds], "cells": len(plan.cells), "sha256": digest(plan.cells)}


def planned(name: str, folds: list[list[Any]]) -> list[Any]:
    """Return the cells of a bundled experiment on folds that the golden file tells."""
    experiment = read_experiment(name)
    picked = resolve_all(experiment)
    splits = {split.label: split for split in picked.splits}
    places = []
    for dataset, fingerprint, split, seed, fold in folds:
        made = fold != ""  # a split that cannot cut a data set makes no fold
        identity = cut_identity(SimpleNamespace(fingerprint=fingerprint), splits[split], seed)
        places.append(FoldPlace(dataset, split, seed, fold, fold_key(identity, fold) if made else ""))
    return [
        _cell(place, model, stage, experiment.k, "")
        for place in places
        for model in picked.models
        for stage in _stages(experiment, picked)
    ]


@pytest.mark.parametrize("name", bundled())
def test_the_keys_of_a_bundled_experiment_have_not_moved(name: str) -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))[name]
    cells = planned(name, golden["folds"])
    assert (len(cells), digest(cells)) == (golden["cells"], golden["sha256"])


def older_rows() -> list[str]:
    """Return the rows of published runs that today's versions would fit anew, such as "item-knn of quick"."""
    found: dict[str, None] = {}
    for name, golden in json.loads(GOLDEN.read_text("utf-8")).items():
        for path in sorted((PUBLISHED / name).glob("*/provenance.json")):
            keys = json.loads(path.read_text("utf-8"))["cells"]
            cells = planned(name, golden["folds"])
            found |= dict.fromkeys(f"{cell.model} of {name}" for cell in cells if cell.key not in keys)
    return list(found)


def test_the_page_of_published_runs_names_the_rows_of_older_versions() -> None:
    page = " ".join((PUBLISHED / "README.md").read_text("utf-8").split())
    assert f"Rows of older versions than today's: {', '.join(older_rows()) or 'none'}." in page


if __name__ == "__main__":
    paths = [path for name in sys.argv[1:] for path in sorted((Path(name) / "plans").glob("*.json"))]
    plans = [Plan.from_json(path.read_text("utf-8")) for path in paths]
    kept = json.loads(GOLDEN.read_text("utf-8"))
    golden = kept | {plan.name: record(plan) for plan in plans}
    for name, told in kept.items() if not plans else ():
        cells = planned(name, told["folds"])
        golden[name] = told | {"cells": len(cells), "sha256": digest(cells)}
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", "utf-8")
