"""What happens once, before any model is fitted: load data, cut and check folds, store both."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import cast

from benchsuite.api import DataLocations, Metric, Source, Split
from benchsuite.data import Dataset
from benchsuite.data.files import save_dataset
from benchsuite.errors import DataError
from benchsuite.evaluate import CrossFoldChecks, check_fold
from benchsuite.keys import content_key
from benchsuite.plan import Experiment, Plan, make_plan, resolve_all
from benchsuite.plan.cells import FoldPlace, unmet
from benchsuite.plan.resolve import ResolvedPlugin, trying
from benchsuite.runner.checkpoints import why_nothing_is_kept
from benchsuite.runner.plugin_code import warn_of_changed_code
from benchsuite.runner.relevance_checks import check_data, check_held_out
from benchsuite.store import Leases, Store
from benchsuite.stored_folds import complete, separate_truth, write_fold

Say = Callable[[str], None]


def prepare(experiment: Experiment, store: Store, place: DataLocations, say: Say) -> Plan:
    """Make data and folds and plan every cell.

    Args:
        experiment: what to compare.
        store: where data and folds are kept.
        place: where data may be found.
        say: shows one line.

    Raises:
        BenchsuiteError: when data cannot be had, a plugin or setting is wrong, a fold leaks, or nothing is relevant.
    """
    with Leases(store.root) as leases:
        return _prepare(experiment, store, place, say, leases)


def _prepare(experiment: Experiment, store: Store, place: DataLocations, say: Say, leases: Leases) -> Plan:
    picked = resolve_all(experiment)
    warn_of_changed_code(picked, store, say)
    if unkept := why_nothing_is_kept():
        say(unkept)
    datasets: dict[str, tuple[ResolvedPlugin, Dataset]] = {}
    folds: list[FoldPlace] = []
    refused: dict[tuple[str, str], str] = {}
    raw_files: set[str] = set()
    ranked = any(cast("Metric", metric.plugin).task == "ranking" for metric in picked.metrics)
    judged = ranked or not experiment.relevance.is_default
    for source in picked.sources:
        with trying(source):
            dataset = cast("Source", source.plugin).load(place)
            raw_files |= _raw_files(cast("Source", source.plugin), place)
        if not len(dataset.interactions):
            raise DataError("no interactions are left after preparation", where=source.label)
        if judged:
            check_data(experiment.relevance, dataset, experiment.name, source.label)
        datasets[source.label] = (source, dataset)
        _keep(store, dataset, leases, say)  # before its folds, which cannot be read without it
        for split in picked.splits:
            reason = unmet(cast("Split", split.plugin).needs, dataset)
            try:
                with trying(split):
                    made = [] if reason else list(_folds(experiment, store, source.label, dataset, split, leases, say))
            except DataError as error:
                made, reason = [], str(error)
            if judged:
                check_held_out(experiment.relevance, store, made, experiment.name)
            folds += made
            if reason:
                refused[source.label, split.label] = f"{split.label}: {reason}"
    plan = make_plan(experiment, picked, datasets, folds, refused)
    return dataclasses.replace(plan, raw_files=frozenset(raw_files))


def _raw_files(source: Source, place: DataLocations) -> set[str]:
    """Return the real paths of the files from which a source's rows can be read."""
    return {os.path.realpath(path) for path in source.raw_files(place) if os.path.isfile(path)}  # noqa: PTH113 - also where nobody may look


def _keep(store: Store, dataset: Dataset, leases: Leases, say: Say) -> None:
    key = dataset.fingerprint
    if store.has("data", key):
        return
    with leases.alone("data", key, f"the data of {dataset.name}", say):
        if not store.has("data", key):
            with store.write("data", key) as draft:
                save_dataset(dataset, draft.folder)
                draft.manifest = {"name": dataset.name, "rows": len(dataset.interactions)}


def _folds(
    experiment: Experiment,
    store: Store,
    label: str,
    dataset: Dataset,
    split: ResolvedPlugin,
    leases: Leases,
    say: Say,
) -> Iterator[FoldPlace]:
    """Yield the places of a split's folds; cut, check and store those that are missing."""
    for seed in experiment.seeds:
        identity = cut_identity(dataset, split, seed)
        split_key = content_key("split", identity)
        if not _is_cut(store, split_key):
            with leases.alone("split", split_key, f"the folds of {label} by {split.label}, seed {seed}", say):
                if not _is_cut(store, split_key):
                    say(f"cutting {label} by {split.label}, seed {seed}")
                    _cut(store, dataset, split, seed, split_key, identity)
        for entry in store.get("split", split_key).manifest["folds"]:
            separate_truth(store, entry["key"], dataset)
            place = (label, split.label, seed, entry["name"], entry["key"])
            yield FoldPlace(*place, entry["counts"], tuple(entry["groups"]))


def _is_cut(store: Store, split_key: str) -> bool:
    if not store.has("split", split_key):
        return False
    return all(complete(store, entry["key"]) for entry in store.get("split", split_key).manifest["folds"])


def cut_identity(dataset: Dataset, split: ResolvedPlugin, seed: int) -> dict[str, object]:
    """Return the identity of a cut: what makes it different from any other."""
    return {"data": dataset.fingerprint, "split": split.identity, "seed": seed}


def fold_key(identity: dict[str, object], name: str) -> str:
    """Return where a fold of a cut lies in the store."""
    return content_key("fold", identity | {"fold": name})


def _cut(
    store: Store, dataset: Dataset, split: ResolvedPlugin, seed: int, split_key: str, identity: dict[str, object]
) -> None:
    plugin = cast("Split", split.plugin)
    made = []
    where = f"{dataset.name}, {split.label}, seed {seed}"
    across = CrossFoldChecks(plugin, dataset, where)
    for fold in plugin.split(dataset, seed):
        evidence = check_fold(fold, plugin, f"{where}, fold {fold.name}", dataset)
        across.add(fold)
        key = fold_key(identity, fold.name)
        told = {"identity": identity | {"fold": fold.name}, "data": dataset.fingerprint}
        write_fold(store, key, fold, told | {"guard": evidence, "counts": dict(fold.counts)})
        groups = list(fold.queries.groups)
        made.append({"name": fold.name, "key": key, "counts": dict(fold.counts), "groups": groups})
    together = across.guard()
    with store.write("split", split_key) as draft:
        draft.manifest = {"identity": identity, "folds": made, "guard": together}
