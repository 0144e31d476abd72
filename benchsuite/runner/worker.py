"""The process of one job: fits a model on a fold and writes its answers. Run as ``python -m benchsuite.runner.worker``.

The process has what a model may see and no ground truth; it never writes to the store. Progress is sent through a pipe
of its own, one JSON line for each message; everything that libraries print goes to the log.
"""

from __future__ import annotations

import contextlib
import dataclasses
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
from typing import Any, NoReturn

from benchsuite.api import Context, Model, Requirement, SharedCache
from benchsuite.checks import check_fitted
from benchsuite.child_processes import end_with_parent, limit_memory, memory_limit, usual_memory
from benchsuite.data import Dataset, FoldView, Rankings
from benchsuite.data.files import load_tables, load_view
from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate import check_sample, rank, score_pairs
from benchsuite.loading import locked_hint
from benchsuite.programs import check_program
from benchsuite.provenance import now
from benchsuite.registry import load_model
from benchsuite.runner.answers import wait_for_pairs, write_about, write_lists, write_scores
from benchsuite.runner.device import choose_device
from benchsuite.runner.jobs import WorkerJob
from benchsuite.runner.progress_pipe import LONGEST_TEXT, ProgressPipe, printable
from benchsuite.runner.resource_usage import ResourceUsage, peak_mb, running_children
from benchsuite.runner.traceback_place import last_frame
from benchsuite.runner.withheld import Watch

_DEADLINE_SHARE = 0.9
"""The deadline given to a model, as a share of the time after which it is killed."""


def main(job_path: str, log_path: str, pipe: int, parent: int) -> NoReturn:
    """Do the job, as long as the process ``parent`` lives, which may have ended before this one came so far.

    The process ends with it: what a model left for the end of the interpreter, and its threads, must not hold the place
    of the next job; and taking PyTorch down takes half a second.
    """
    end_with_parent()
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()  # it may have ended already
    code = 1
    try:
        with os.fdopen(pipe, "w", encoding="utf-8") as stream:
            order = WorkerJob.load(Path(job_path))
            work(order, Path(log_path), ProgressPipe(stream), Watch(order.store))
        code = 0
    except BaseException:  # noqa: BLE001 - the job cannot be read, or the model broke what reports it
        with contextlib.suppress(BaseException):
            traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


def _end_with_parent(parent: int) -> None:
    """End at once when the process that started this one has ended: the result has no reader."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def work(
    order: WorkerJob,
    log: Path,
    channel: ProgressPipe,
    watch: Watch,
    *,
    limited: bool = True,
    passing: tuple[type[BaseException], ...] = (),
) -> None:
    """Fit and score the cells of a job; whatever a model raises is its cell's result.

    Args:
        order: what to do.
        log: where what is printed goes.
        channel: to the runner.
        watch: over what the model opens.
        limited: bound the memory of this process.
        passing: what ends the work where it is raised.
    """
    tables: Dataset | None = None  # without rows: a model sees those of its fold, and no others
    for cell in order.cells:
        channel.tell(start=cell["key"], stage=cell["stage"])
        folder = Path(cell["answers"])
        about: dict[str, Any] = {"log_from": _size(log), "costs": {}}
        watch.begin(cell["stage"], cell["fold"], order.raw_files)
        try:
            started = time.perf_counter()
            tables = load_tables(Path(order.data)) if tables is None else tables
            if not cell["fold"]:
                raise BenchsuiteError("the split makes no validation fold")  # noqa: TRY301 - one way to fail
            fold = load_view(Path(cell["fold"]), tables)
            about["costs"] = {"load_seconds": round(time.perf_counter() - started, 4)}
            with tempfile.TemporaryDirectory() as scratch:
                _run_cell(order, cell, fold, about, Path(scratch), channel, limited=limited)
            if (opened := watch.error()) is not None:
                raise opened  # noqa: TRY301 - one way to fail
            write_about(folder, about)
        except BaseException as error:  # whatever a model raises is that cell's result
            if isinstance(error, passing):
                raise
            if not isinstance(error, BenchsuiteError):  # a foreseen error says all that there is to say
                with contextlib.suppress(BaseException):  # the model may have put anything in the place of the log
                    traceback.print_exc()
            _flush()
            with contextlib.suppress(OSError, BenchsuiteError):
                write_about(folder, {"log_from": about["log_from"], "costs": about["costs"]})
            channel.tell(failed=cell["key"], reason=_reason(watch.error() or error, cell, order.trusted))
        else:
            _flush()
            costs = about["costs"]
            channel.tell(done=cell["key"], seconds=costs["fit_seconds"] + costs["score_seconds"])


def _run_cell(
    order: WorkerJob,
    cell: Mapping[str, Any],
    fold: FoldView,
    about: dict[str, Any],
    scratch: Path,
    channel: ProgressPipe,
    *,
    limited: bool,
) -> None:
    """Fit, rank and score; write the answers and fill ``about``."""
    identity, folder = cell["identity"], Path(cell["answers"])
    model = _model(identity["model"], order.trusted)
    seed = int(identity["seed"])
    if Requirement.PREFERENCES not in model.needs:
        fold = _without_preferences(fold)
    context = Context(
        seed=seed,
        device=choose_device(order.device, model),
        threads=order.threads,
        validation=fold.validation,
        deadline=time.monotonic() + order.timeout * _DEADLINE_SHARE,
        scratch=scratch,
        checkpoint=Path(cell["checkpoint"]) if cell["checkpoint"] else None,
        shared=SharedCache(Path(order.shared)),
        report=lambda done, total, note: channel.progress("fit", done, total, note),
    )
    if limited and context.device == "cpu":  # a driver of a GPU maps far more than it uses
        limit_memory(order.memory or usual_memory())
    apart = model.program() is not None
    spent = _Spent(context.device, children=apart)
    _reset_peak()
    began = now()
    started = time.perf_counter()
    model = check_fitted(model.fit(fold.train, context))
    fitted = time.perf_counter()
    lists = rank(
        model,
        fold,
        int(identity["k"]),
        lambda done, total, note: channel.progress("rank", done, total, note),
        order.threads,
    )
    ranked = time.perf_counter()
    spent.pause()
    query, item = _asked(cell, folder, lists, channel)
    spent.go_on()
    asked = time.perf_counter()
    scores = score_pairs(model, fold.queries, query, item)
    scored = time.perf_counter()
    spent.pause()
    shared = context.shared
    times = {
        "fit_seconds": fitted - started + shared.owed,  # as if it had made what it read
        "score_seconds": ranked - fitted + scored - asked,
        "peak_memory_mb": _peak_mb(children=apart),
        "cpu_seconds": spent.seconds + shared.owed_cpu,
        **({"shared_seconds": shared.used} if shared.used else {}),
    }
    write_scores(folder, scores)
    about["costs"] |= {name: round(value, 4) for name, value in times.items()}
    about |= {
        "parameters": _parameters(model),
        "power": spent.power,
        "facts": dict(model.facts()),
        "device": context.device,
        "threads": context.threads,
        "started": began,
        "finished": now(),
    }
    check_sample(model, fold, lists, seed)


def _asked(cell: Mapping[str, Any], folder: Path, lists: Rankings, channel: ProgressPipe) -> Any:
    """Write the lists, and wait for the pairs to score, which the runner names only then."""
    write_lists(folder, lists)
    channel.tell(ranked=cell["key"])
    return wait_for_pairs(folder)


class _Spent:
    """The time that the process spent, without the time in which it waited."""

    def __init__(self, device: str, *, children: bool) -> None:
        self._device, self._children = device, children
        self.seconds = 0.0
        self.power: dict[str, Any] = {}
        self.go_on()

    def go_on(self) -> None:
        self._meter = ResourceUsage(self._device, children=self._children)

    def pause(self) -> None:
        seconds, power = self._meter.read()
        before, now_ = self.power.get("gpu_joules", 0.0), power["gpu_joules"]
        self.seconds += seconds
        self.power = power | {"gpu_joules": None if before is None or now_ is None else before + now_}


def _model(identity: Mapping[str, Any], trusted: Sequence[str]) -> Model:
    """Set up the model from the code, and with the program, whose sha256 is in the plan."""
    cls = load_model(identity["plugin"], trusted=trusted, code=identity.get("code", ""), apart=False)
    model = cls.from_settings(identity["settings"])
    check_program(model, identity.get("program", ""), trusted)
    return model


def _parameters(model: Model) -> int | None:
    """Return the model's own count of its parameters."""
    told: object = model.parameter_count()
    if told is not None and (isinstance(told, bool) or not isinstance(told, Integral) or told < 0):
        raise BenchsuiteError(
            f"parameter_count() returned {told!r}", remedy="return a whole number from 0 on, or None for not told"
        )
    return None if told is None else int(told)


def _without_preferences(fold: FoldView) -> FoldView:
    """Remove the true preferences of simulated data, unless the model declares that it needs them."""
    train, inner = dataclasses.replace(fold.train, preferences=None), fold.validation
    if inner is not None:
        inner = dataclasses.replace(inner, train=dataclasses.replace(inner.train, preferences=None))
    return dataclasses.replace(fold, train=train, validation=inner)


def _reset_peak() -> None:
    """Reset the peak-memory counter, where the system has one."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return


def _peak_mb(*, children: bool) -> float:
    """Return the peak resident memory in MB (10^6 bytes) since the last reset, libraries and data included.

    Args:
        children: add those of the processes that a model runs; one that has ended counts where it was larger.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    own = peak_mb()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6 if own is None else own
    if not children:
        return own
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6
    return own + max(ended, sum(child.peak_mb for child in running_children()))


def _size(log: Path) -> int:
    """Return the bytes of the log so far; 0 where a model removed it."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the model may have closed it, or put anything in its place
            stream.flush()


def _reason(error: BaseException, cell: Mapping[str, Any], trusted: Sequence[str]) -> str:
    """Return what was raised, in one line, and where in the plugin's code; our own errors say what to do themselves."""
    told = printable(error)
    if isinstance(error, BenchsuiteError):
        return told
    where = ""
    with contextlib.suppress(BaseException):  # a model may have broken what this rests on
        where = last_frame(error, cell["identity"]["model"]["plugin"], trusted)
    if isinstance(error, MemoryError) and (limit := memory_limit()):
        where += f"; its memory limit is {limit / 2**30:.3g} GiB"
    where += locked_hint(error)
    return f"{type(error).__name__}: {told}"[: LONGEST_TEXT - len(where)] + where


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
