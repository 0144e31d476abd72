"""Jobs: the cells of one model on one fold, done by one process, as plain values in a JSON file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchsuite.api import Requirement
from benchsuite.errors import PluginError
from benchsuite.provenance import now
from benchsuite.registry import load_model
from benchsuite.runner.logs import clip
from benchsuite.store import Store

if TYPE_CHECKING:  # a worker needs no plan, and importing it costs each process time
    from benchsuite.plan import Cell, Plan
    from benchsuite.store import Store

_LONGEST_REASON = 500

_LANGUAGE_MODELS = (
    "torch",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.bert.modeling_bert",
)
"""What loading an encoder imports, 1,500 modules: three seconds of each process that imports them itself."""


@dataclass(frozen=True)
class Job:
    """What one process has to do.

    Attributes:
        label: its name in the progress bar, unique in the plan.
        fold_key: where the fold lies.
        cells: each with ``key``, ``stage`` and ``identity``, in the order of work.
        threads: how many threads the model may use.
        device: ``cpu``, ``cuda`` or ``auto``.
        timeout: seconds allowed for each cell.
        modules: imported before the worker starts.
        trusted: the files that the user named as plugins.
        memory: bytes that the process may allocate on a CPU; 0 means the usual share of the machine's.
        raw_files: of the data's sources, which the model may not open.
    """

    label: str
    fold_key: str
    cells: tuple[Mapping[str, Any], ...]
    threads: int
    device: str
    timeout: float
    modules: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    memory: int = 0
    raw_files: tuple[str, ...] = ()

    @property
    def may_use_gpu(self) -> bool:
        """Whether its model computes on a GPU where there is one."""
        return self.device == "cuda" or (self.device == "auto" and "torch" in self.modules)


@dataclass(frozen=True)
class WorkerJob:
    """A job as a worker gets it: where to read what a model may see, and where to write the answers.

    Attributes:
        data: folder of the data set.
        cells: each with ``key``, ``stage``, ``identity`` and the folders ``fold`` (what may be seen in this stage),
            ``checkpoint`` ("" for none) and ``answers``.
        threads: how many threads the model may use.
        device: ``cpu``, ``cuda`` or ``auto``.
        timeout: seconds allowed for each cell.
        shared: folder of what all fits share.
        trusted: the files that the user named as plugins.
        memory: as in :class:`Job`.
        store: the real path of the store, of which a model may open only what it is given.
        raw_files: as in :class:`Job`.
    """

    data: str
    cells: tuple[Mapping[str, Any], ...]
    threads: int
    device: str
    timeout: float
    shared: str
    trusted: tuple[str, ...] = ()
    memory: int = 0
    store: str = ""
    raw_files: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Write the order as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self)), "utf-8")

    @classmethod
    def load(cls, path: Path) -> WorkerJob:
        """Read what :meth:`save` wrote."""
        table = json.loads(path.read_text("utf-8"))
        return cls(**{**table, **{name: tuple(table[name]) for name in ("cells", "trusted", "raw_files")}})


@dataclass(frozen=True)
class Limits:
    """What one cell may use, where it is not as the experiment says; no part of any key.

    Attributes:
        minutes: of wall-clock time; None means the experiment's ``timeout_minutes``.
        memory_gib: that a process may allocate on a CPU, in GiB; None means the experiment's ``memory_gib``, and where
            that is not set, nine tenths of the machine's memory.
    """

    minutes: float | None = None
    memory_gib: float | None = None


NO_LIMITS = Limits()


def make_jobs(plan: Plan, cells: Sequence[Cell], threads: int, device: str, limits: Limits = NO_LIMITS) -> list[Job]:
    """Group the cells without a result by model and fold, in the plan's order; equal cells are done once.

    The stage ``validation`` comes first: its truth is part of what the stage ``test`` shows.
    """
    minutes = float(plan.settings["timeout_minutes"]) if limits.minutes is None else limits.minutes
    gib = float(plan.settings.get("memory_gib", 0)) if limits.memory_gib is None else limits.memory_gib
    grouped: dict[tuple[str, str], list[Cell]] = {}
    seen: set[str] = set()
    for cell in cells:
        if cell.key not in seen:
            seen.add(cell.key)
            model = json.dumps(cell.identity["model"], sort_keys=True)
            grouped.setdefault((cell.fold_key, model), []).append(cell)
    several = _several(plan)
    jobs = []
    for group in grouped.values():
        group.sort(key=lambda cell: cell.stage == "test")
        first = group[0]
        work = tuple({"key": cell.key, "stage": cell.stage, "identity": dict(cell.identity)} for cell in group)
        seeds, folds = several[first.dataset, first.split]
        label = f"{first.model} on {first.dataset}, {first.split}"
        label += (f", seed {first.seed}" if seeds else "") + (f", fold {first.fold}" if folds else "")
        modules = modules_for(first.identity["model"]["plugin"], plan.trusted)
        trusted, raw_files = tuple(sorted(plan.trusted)), tuple(sorted(plan.raw_files))
        bounds = minutes * 60, modules, trusted, int(gib * 2**30), raw_files
        jobs.append(Job(label, first.fold_key, work, threads, device, *bounds))
    return jobs


def modules_for(plugin: str, trusted: Collection[str] = ()) -> tuple[str, ...]:
    """Return the modules that this model needs and that take long to import; the user named the ``trusted`` files."""
    try:
        model = load_model(plugin, trusted=trusted)
    except PluginError:
        return ()  # the worker reports why, as the result of its cells
    if model.uses_language_model:
        return _LANGUAGE_MODELS
    return ("torch",) if Requirement.GPU in model.needs else ()


def _several(plan: Plan) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return for each data set and split whether it has several seeds or folds, so that each job gets its own name."""
    seeds: dict[tuple[str, str], set[int]] = {}
    folds: dict[tuple[str, str], set[str]] = {}
    for cell in plan.cells:
        seeds.setdefault((cell.dataset, cell.split), set()).add(cell.seed)
        folds.setdefault((cell.dataset, cell.split), set()).add(cell.fold)
    return {place: (len(seeds[place]) > 1, len(folds[place]) > 1) for place in seeds}


Cause = Literal["error", "timeout", "signal", "lost"]
"""Why a cell has no result: what the model raised or how it ended its process, the time that was allowed, a signal that
killed it, or a process that could not be started or kept. The last two need not be the model's fault."""


def lacks_package(reason: str) -> bool:
    """Return whether a failure says which package to install: then the next run tries again without being told to."""
    return "pip install" in reason


def write_failure(
    store: Store,
    cell: Mapping[str, Any],
    reason: str,
    log: str,
    costs: Mapping[str, float],
    made_with: Mapping[str, Any],
    cause: Cause = "error",
) -> None:
    """Keep a failure: it is a result like any other.

    Args:
        store: where it is kept.
        cell: what failed, as in the job.
        reason: one line.
        log: what the worker printed.
        costs: seconds and MB as far as they are known.
        made_with: the provenance of the run.
        cause: why there is no result.
    """
    with store.write("cell", cell["key"]) as draft:
        (draft.folder / "log.txt").write_text(log, "utf-8")
        draft.manifest = {
            "identity": dict(cell["identity"]),
            "state": "failed",
            "reason": clip(reason, _LONGEST_REASON),
            "cause": cause,
            "costs": dict(costs),
            "finished": now(),
            "provenance": dict(made_with),
        }
