"""Jobs: the cells of one model on one fold, done by one process, as plain values in a JSON file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.provenance import now, provenance
from benchsuite.store import Store

if TYPE_CHECKING:  # a worker reads jobs and knows no plan; each process would pay for importing it
    from benchsuite.plan import Cell, Plan


@dataclass(frozen=True)
class Job:
    """What a worker is told.

    Attributes:
        store: the store's folder.
        label: what the progress bar calls it; no other job of the plan has it.
        fold_key: where the fold lies.
        cells: each with ``key``, ``stage`` and ``identity``, in the order of work.
        threads: how many threads the model may use.
        device: ``cpu``, ``cuda`` or ``auto``.
        timeout: seconds allowed for each cell.
    """

    store: str
    label: str
    fold_key: str
    cells: tuple[Mapping[str, Any], ...]
    threads: int
    device: str
    timeout: float

    def save(self, path: Path) -> None:
        """Write the job as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self)), "utf-8")

    @classmethod
    def load(cls, path: Path) -> Job:
        """Read what :meth:`save` wrote."""
        table = json.loads(path.read_text("utf-8"))
        return cls(**{**table, "cells": tuple(table["cells"])})


def make_jobs(plan: Plan, cells: Sequence[Cell], store: Store, threads: int, device: str) -> list[Job]:
    """Group cells that need work by model and fold, in the plan's order; equal cells are done once."""
    grouped: dict[tuple[str, str], list[Cell]] = {}
    seen: set[str] = set()
    for cell in cells:
        if cell.key not in seen:
            seen.add(cell.key)
            model = json.dumps(cell.identity["model"], sort_keys=True)
            grouped.setdefault((cell.fold_key, model), []).append(cell)
    jobs = []
    for group in grouped.values():
        first = group[0]
        work = tuple({"key": cell.key, "stage": cell.stage, "identity": dict(cell.identity)} for cell in group)
        label = ", ".join([f"{first.model} on {first.dataset}", first.split, *_among(plan, first)])
        timeout = float(plan.settings["timeout_minutes"]) * 60
        jobs.append(Job(str(store.root.resolve()), label, first.fold_key, work, threads, device, timeout))
    return jobs


def _among(plan: Plan, cell: Cell) -> list[str]:
    """Name the seed and the fold where there are several: jobs that run at once must not share a name."""
    beside = [other for other in plan.cells if (other.dataset, other.split) == (cell.dataset, cell.split)]
    seed = [f"seed {cell.seed}"] * (len({other.seed for other in beside}) > 1)
    fold = [f"fold {cell.fold}"] * (len({other.fold for other in beside}) > 1)
    return seed + fold


def write_failure(store: Store, cell: Mapping[str, Any], reason: str, log: str, costs: Mapping[str, float]) -> None:
    """Keep a failure: it is a result like any other."""
    with store.write("cell", cell["key"]) as draft:
        (draft.folder / "log.txt").write_text(log, "utf-8")
        draft.manifest = {
            "identity": dict(cell["identity"]),
            "state": "failed",
            "reason": reason,
            "costs": dict(costs),
            "finished": now(),
            "provenance": provenance(),
        }
