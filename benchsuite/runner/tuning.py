"""Equal tuning: one study for each model on each fold, trials as stored cells, many studies at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchsuite.data import Fold, Trials
from benchsuite.data.files import load_dataset, load_fold
from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate import gather
from benchsuite.keys import content_key
from benchsuite.plan import Cell, Plan, retarget
from benchsuite.registry import load_metric, load_model
from benchsuite.runner.jobs import Job, make_jobs
from benchsuite.store import Store
from benchsuite.tune import Budget, Study, Trial


@dataclass
class _Open:
    """A study that is not finished."""

    cell: Cell
    study: Study
    key: str
    trial: Cell | None = None
    settings: Mapping[str, Any] | None = None


class TuneQueue:
    """Jobs of all studies of a plan; finished studies are kept and never asked again."""

    def __init__(self, plan: Plan, store: Store, threads: int, device: str) -> None:
        self._plan = plan
        self._store = store
        self._threads = threads
        self._device = device
        tune = plan.settings["tune"]
        self._budget = Budget(tune["on"], tune["trials"], tune["seconds"])
        about = next(metric for metric in plan.metrics if metric.label == tune["on"])
        self._metric = load_metric(about.plugin).from_settings(about.settings, about.label)
        self._metric_identity = [about.plugin, about.version, dict(about.settings)]
        self._folds: dict[str, Fold] = {}
        self._flying: dict[str, _Open] = {}
        self._open = [self._begin(cell) for cell in plan.cells if cell.stage == "validation" and not cell.reason]
        self.finished: dict[tuple[str, str], Trials] = {}

    @property
    def most(self) -> int:
        """How many trials there can be in studies that are not finished; a limit of seconds may end them earlier."""
        studies = {study.key for study in self._open if not self._store.has("tune", study.key)}
        return len(studies) * (self._budget.trials or 1)

    def pop(self) -> Job | None:
        """Return the next trial that needs work, telling every study what is known on the way."""
        for opened in list(self._open):
            job = self._advance(opened)
            if job is not None:
                self._open.remove(opened)
                self._flying[job.cells[0]["key"]] = opened
                return job
        return None

    def ended(self, job: Job) -> None:
        """Let the study of this trial go on."""
        self._open.insert(0, self._flying.pop(job.cells[0]["key"]))

    def _begin(self, cell: Cell) -> _Open:
        identity = {
            "fold": cell.fold_key,
            "model": cell.identity["model"],
            "seed": cell.seed,
            "k": cell.identity["k"],
            "budget": dataclasses.asdict(self._budget),
            "metric": self._metric_identity,
            "relevant": self._plan.settings["relevant"],
            "threshold": self._plan.settings["threshold"],
        }
        model = cell.identity["model"]
        plugin = load_model(model["plugin"]).from_settings(model["settings"])
        study = Study(plugin, self._budget, cell.seed, self._metric.higher_is_better)
        return _Open(cell, study, content_key("tune", identity))

    def _advance(self, opened: _Open) -> Job | None:
        """Go on with a study until it needs work or is finished."""
        if self._store.has("tune", opened.key):
            self._close(opened)
            return None
        while True:
            if opened.trial is None:
                opened.settings = opened.study.ask()
                if opened.settings is None:
                    self._keep(opened)
                    self._close(opened)
                    return None
                opened.trial = retarget(opened.cell, opened.settings)
            if not self._store.has("cell", opened.trial.key):
                return make_jobs(self._plan, [opened.trial], self._store, self._threads, self._device)[0]
            opened.study.tell(self._result(opened))
            opened.trial = None

    def _result(self, opened: _Open) -> Trial:
        cell, settings = opened.trial, opened.settings
        if cell is None or settings is None:
            raise BenchsuiteError("a trial without settings")
        entry = self._store.get("cell", cell.key)
        costs = entry.manifest["costs"]
        seconds = costs.get("fit_seconds", 0.0) + costs.get("score_seconds", 0.0)
        if entry.manifest["state"] != "ok":
            return Trial(settings, None, seconds, cell.key)
        arrays = entry.arrays()
        plan = self._plan.settings
        fold = self._validation(cell.fold_key)
        own = self._plan.predicts_values(cell.model)
        evidence, _ = gather(fold, arrays, arrays, plan["relevant"], plan["threshold"], predicts_values=own)
        values = np.asarray(self._metric.measure(evidence), np.float64)
        value = float(self._metric.estimate(evidence, values, np.ones((1, len(evidence))))[0])
        return Trial(settings, None if np.isnan(value) else value, seconds, cell.key)

    def _keep(self, opened: _Open) -> None:
        study = opened.study
        with self._store.write("tune", opened.key) as draft:
            draft.manifest = {
                "trials": [dataclasses.asdict(trial) for trial in study.trials],
                "best": None if study.best is None else study.trials.index(study.best),
                "edges": study.edges(),
                "searched": list(study.space),
            }

    def _close(self, opened: _Open) -> None:
        """Read the finished study."""
        manifest = self._store.get("tune", opened.key).manifest
        cell = opened.cell
        trials = manifest["trials"]
        self.finished[cell.fold_key, cell.model] = Trials(
            dataset=cell.dataset,
            split=cell.split,
            model=cell.model,
            seed=cell.seed,
            fold=cell.fold,
            on=self._budget.on,
            budget={"trials": self._budget.trials, "seconds": self._budget.seconds},
            searched=tuple(manifest["searched"]),
            settings=tuple(trial["settings"] for trial in trials),
            values=tuple(trial["value"] for trial in trials),
            seconds=tuple(trial["seconds"] for trial in trials),
            keys=tuple(trial["key"] for trial in trials),
            best=manifest["best"],
            edges=tuple(manifest["edges"]),
        )
        self._open.remove(opened)

    def _validation(self, key: str) -> Fold:
        if key not in self._folds:
            entry = self._store.get("fold", key)
            dataset = load_dataset(self._store.folder("data", entry.manifest["data"]))
            fold = load_fold(entry.folder, dataset).validation
            if fold is None:
                raise BenchsuiteError("the split makes no validation fold to tune on")
            self._folds[key] = fold
        return self._folds[key]

    def tuned_plan(self) -> Plan:
        """Return the plan with each model's best settings in place of its defaults."""
        cells = []
        for cell in self._plan.cells:
            trials = self.finished.get((cell.fold_key, cell.model))
            if trials is None or trials.best is None or cell.reason:
                cells.append(cell)
            else:
                cells.append(retarget(cell, trials.settings[trials.best]))
        models = tuple(dataclasses.replace(model, tuned=True) for model in self._plan.models)
        tuning = tuple(self.finished.values())
        return dataclasses.replace(self._plan, cells=tuple(cells), models=models, tuning=tuning)
