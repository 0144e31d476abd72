"""Run a plan: skip what the store has, work the rest off, count everything."""

from __future__ import annotations

from benchsuite.plan import Plan
from benchsuite.provenance import cores
from benchsuite.runner.jobs import make_jobs
from benchsuite.runner.pool import Fixed, Options, Outcome, Pool, Watcher
from benchsuite.runner.tuning import TuneQueue
from benchsuite.store import Store


def run(plan: Plan, store: Store, options: Options, watcher: Watcher) -> tuple[Plan, Outcome]:
    """Tune if the plan says so, then work off every cell that has no result yet.

    Args:
        plan: what to do.
        store: where results are found and kept.
        options: how to run.
        watcher: who shows it to the user.

    Returns:
        The plan, with tuned settings in place, and what the run came to.

    Raises:
        StoreError: when a result cannot be kept; finished cells are safe.
    """
    threads = options.threads or max(1, cores() // options.workers)
    if plan.settings["tune"] is not None:
        queue = TuneQueue(plan, store, threads, options.device)
        watcher.expect(queue.most + sum(cell.stage == "test" for cell in plan.cells if not cell.reason))
        Pool(store, options.workers, watcher).run(queue)
        plan = queue.tuned_plan()
    possible = [cell for cell in plan.cells if not cell.reason]
    if options.retry_failed:
        for cell in possible:
            if store.has("cell", cell.key) and store.get("cell", cell.key).manifest["state"] == "failed":
                store.drop("cell", cell.key)
    missing = [cell for cell in possible if not store.has("cell", cell.key)]
    watcher.expect(len({cell.key for cell in missing}))
    Pool(store, options.workers, watcher).run(Fixed(make_jobs(plan, missing, threads, options.device)))
    outcome = Outcome(len(plan.cells), len(possible) - len(missing), len(missing))
    outcome.not_applicable = len(plan.cells) - len(possible)
    outcome.trials = sum(len(trials.values) for trials in plan.tuning)
    for cell in possible:
        manifest = store.get("cell", cell.key).manifest
        if manifest["state"] == "failed":
            place = f"{cell.model} on {cell.dataset}, {cell.split}, {cell.stage}"
            outcome.failed.append((place, manifest["reason"]))
    return plan, outcome
