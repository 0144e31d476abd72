"""One process, one job: fit a model on a fold, keep what it answers. Run as ``python -m benchsuite.runner.worker``.

Progress leaves through a pipe of its own, one JSON line each; everything that libraries print goes to the log.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, TextIO

from benchsuite.api import Context, Model, Need
from benchsuite.data import Fold, Pairs, Rankings
from benchsuite.data.files import load_dataset, load_fold
from benchsuite.errors import BenchsuiteError, StoreError
from benchsuite.evaluate import labelled_pairs, rank, score_pairs
from benchsuite.provenance import now, provenance
from benchsuite.registry import load_model
from benchsuite.runner.device import choose_device
from benchsuite.runner.jobs import Job, write_failure
from benchsuite.runner.logs import read_log
from benchsuite.runner.meter import Meter
from benchsuite.store import Draft, Store

_DEADLINE_SHARE = 0.9
"""A model is asked to come to an end after this share of the time after which it is killed."""


def main(job_path: str, log_path: str, pipe: int, parent: int) -> None:
    """Do the job, as long as the process ``parent`` lives, which may have ended before this one came so far."""
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    with os.fdopen(pipe, "w", encoding="utf-8") as channel:
        job = Job.load(Path(job_path))
        try:
            _work(job, Path(log_path), channel)
        except StoreError as error:
            _tell(channel, fatal=[error.what, error.where, error.remedy])


def _end_with_parent(parent: int) -> None:
    """End at once when the process that started this one is gone: nobody waits for the result."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _work(job: Job, log: Path, channel: TextIO) -> None:
    store = Store(Path(job.store))
    started = time.perf_counter()
    entry = store.get("fold", job.fold_key)
    dataset = load_dataset(store.folder("data", entry.manifest["data"]))
    fold = load_fold(entry.folder, dataset)
    load_seconds = time.perf_counter() - started
    for cell in job.cells:
        _tell(channel, start=cell["key"], stage=cell["stage"])
        mark = log.stat().st_size
        costs = {"load_seconds": load_seconds}
        try:
            part = fold if cell["stage"] == "test" else fold.validation
            if part is None:
                raise BenchsuiteError("the split makes no validation fold")  # noqa: TRY301 - one way to fail
            with (
                store.checkpoint(cell["key"]) as checkpoint,
                store.write("cell", cell["key"]) as draft,
                tempfile.TemporaryDirectory() as scratch,
            ):
                _run_cell(job, cell, part, draft, costs, (Path(scratch), checkpoint), channel)
                (draft.folder / "log.txt").write_text(_log_since(log, mark), "utf-8")
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a model raises is that cell's result
            traceback.print_exc()
            reason = str(error) if isinstance(error, BenchsuiteError) else f"{type(error).__name__}: {error}"
            write_failure(store, cell, " ".join(reason.split())[:500], _log_since(log, mark), costs)
            _tell(channel, failed=cell["key"], reason=reason)
        else:
            _tell(channel, done=cell["key"], seconds=costs["fit_seconds"] + costs["score_seconds"])


def _run_cell(
    job: Job,
    cell: Mapping[str, Any],
    fold: Fold,
    draft: Draft,
    costs: dict[str, float],
    folders: tuple[Path, Path],
    channel: TextIO,
) -> None:
    """Fit, rank, score; fill the draft. The folders are scratch and checkpoint, see :class:`Context`."""
    identity = cell["identity"]
    model = _model(identity["model"], job.trusted)
    seed = int(identity["seed"])
    if Need.PREFERENCES not in model.needs:
        fold = _without_preferences(fold)
    context = Context(
        seed=seed,
        device=choose_device(job.device, model),
        threads=job.threads,
        validation=fold.validation,
        deadline=time.monotonic() + job.timeout * _DEADLINE_SHARE,
        scratch=folders[0],
        checkpoint=folders[1],
        report=lambda done, total, note: _tell(channel, phase="fit", done=done, total=total, note=note),
    )
    pairs = labelled_pairs(fold, seed)
    meter = Meter(context.device)
    _reset_peak()
    began = now()
    started = time.perf_counter()
    model = model.fit(fold.train, context)
    fitted = time.perf_counter()
    rankings = rank(
        model,
        fold,
        int(identity["k"]),
        lambda done, total, note: _tell(channel, phase="rank", done=done, total=total, note=note),
        job.threads,
    )
    scores = score_pairs(model, fold.queries, pairs)
    costs |= {
        "fit_seconds": fitted - started,
        "score_seconds": time.perf_counter() - fitted,
        "peak_memory_mb": _peak_mb(),
    }
    costs["cpu_seconds"], power = meter.read()
    _keep(draft, rankings, pairs, scores=scores)
    draft.manifest = {
        "identity": identity,
        "state": "ok",
        "reason": "",
        "costs": {name: round(value, 4) for name, value in costs.items()},
        "parameters": _parameters(model),
        "power": power,
        "facts": dict(model.facts()),
        "device": context.device,
        "threads": context.threads,
        "started": began,
        "finished": now(),
        "provenance": provenance(),
    }


def _keep(draft: Draft, rankings: Rankings, pairs: Pairs, scores: Any) -> None:
    draft.arrays(
        item=rankings.item,
        score=rankings.score,
        fallback=rankings.fallback,
        pair_query=pairs.query,
        pair_item=pairs.item,
        pair_label=pairs.label,
        pair_value=pairs.value,
        pair_score=scores,
    )


def _model(identity: Mapping[str, Any], trusted: Sequence[str]) -> Model:
    """Set up the model, from the code that the plan means and no other."""
    cls = load_model(identity["plugin"], trusted=trusted, code=identity.get("code", ""), apart=False)
    return cls.from_settings(identity["settings"])


def _parameters(model: Model) -> int | None:
    """Return how many numbers the model says that it learnt."""
    told: object = model.parameter_count()
    if told is not None and (isinstance(told, bool) or not isinstance(told, Integral) or told < 0):
        raise BenchsuiteError(
            f"parameter_count() returned {told!r}", remedy="return a whole number from 0 on, or None for not told"
        )
    return None if told is None else int(told)


def _without_preferences(fold: Fold) -> Fold:
    """Take the known truth of simulated data away from a model that did not declare to need it."""
    validation = None if fold.validation is None else _without_preferences(fold.validation)
    train = dataclasses.replace(fold.train, preferences=None)
    return dataclasses.replace(fold, train=train, validation=validation)


def _reset_peak() -> None:
    """Start counting peak memory anew, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return


def _peak_mb() -> float:
    """Return the peak resident memory in MB (10^6 bytes) since the last reset, libraries and data included."""
    try:
        status = Path("/proc/self/status").read_text("ascii", errors="replace")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def _log_since(log: Path, mark: int) -> str:
    sys.stdout.flush()
    sys.stderr.flush()
    return read_log(log, mark)


def _tell(channel: TextIO, **message: Any) -> None:
    """Send one line to the parent; a parent that is gone is no reason to stop."""
    try:
        channel.write(json.dumps(message) + "\n")
        channel.flush()
    except (BrokenPipeError, ValueError):
        return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
