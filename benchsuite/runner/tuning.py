"""Equal tuning: one study for each model on each fold, trials as stored cells, many studies at a time."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benchsuite.data import Relevance, Trials
from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate import evaluation_input
from benchsuite.interface import count
from benchsuite.keys import content_key
from benchsuite.plan import Cell, Plan, with_settings, without_folder
from benchsuite.registry import load_metric, load_model
from benchsuite.runner.jobs import NO_LIMITS, Job, Limits, lacks_package, make_jobs
from benchsuite.runner.time_estimate import TimeEstimate, duration
from benchsuite.store import Holder, Leases, Store
from benchsuite.stored_folds import StoredFolds
from benchsuite.tune import Budget, Study, Trial


@dataclass
class _Open:
    """A study that is not finished, or whose result was not read yet."""

    cell: Cell
    study: Study
    key: str
    trial: Cell | None = None
    settings: Mapping[str, Any] | None = None
    holder: Holder | None = None


class TuneQueue:
    """Jobs of all studies of a plan; finished studies are kept and not asked again.

    Args:
        plan: what to tune.
        store: where trials and studies are found and kept.
        threads: of each model.
        device: ``cpu``, ``cuda`` or ``auto``.
        retry: do failed trials again and reopen their studies: all, not only those that lacked a package. A study is a
            function of seed and results alone, so its replay ends as a run without failures would have ended.
        leases: of this run; None where nothing is fitted.
        limits: what each trial may use, where it is not as the experiment says.
        say: shows one line.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        threads: int,
        device: str,
        *,
        retry: bool = False,
        leases: Leases | None = None,
        limits: Limits = NO_LIMITS,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._plan = plan
        self._say = say
        self._store = store
        self._threads = threads
        self._device = device
        self._retry = retry
        self._leases = leases
        self._limits = limits
        self._elsewhere: set[str] = set()
        self.tried: set[str] = set()
        self._relevance = Relevance.of(plan.settings)
        tune = plan.settings["tune"]
        self._budget = Budget(**tune)
        about = next(metric for metric in plan.metrics if metric.label == tune["on"])
        metric = load_metric(about.plugin, trusted=plan.trusted, code=about.code or None)
        self._metric = metric.from_settings(about.settings, about.label)
        self._metric_identity = [about.plugin, about.version, dict(about.settings)]
        self._metric_identity += [about.code] if about.code else []
        self._folds = StoredFolds(store)
        self._in_flight: dict[str, _Open] = {}
        self._done: set[str] = set()
        self._reopened: set[str] = set()
        self._open = [self._begin(cell) for cell in plan.cells if cell.stage == "validation" and not cell.reason]
        self._sorted = False
        self.finished: dict[tuple[str, str], Trials] = {}

    @property
    def most(self) -> int:
        """How many trials there can be in studies that are not finished; a limit of seconds may end them earlier."""
        studies = {opened.key: opened.study for opened in self._open if not self._sealed(opened)}
        return sum(self._budget.most(searched=bool(study.space)) for study in studies.values())

    def about(self) -> str:
        """Return how many trials there are at most, and about how long they take, where that is known."""
        studies = {opened.key: opened for opened in self._open if not self._sealed(opened)}
        told = f"tuning first: at most {count(self.most, 'trial')} of {count(len(studies), 'model')} on a fold each"
        known = [
            (seconds, bool(opened.study.space))
            for opened in studies.values()
            if (seconds := self._estimate.seconds(opened.cell)[0]) is not None
        ]
        if not known:
            return told
        total = sum(self._budget.longest(seconds, searched=searched) for seconds, searched in known)
        return f"{told}, about {duration(total)} in one process by default settings"

    @cached_property
    def _estimate(self) -> TimeEstimate:
        return TimeEstimate(self._plan, self._store)

    def pop(self) -> Job | None:
        """Return the next trial that needs work, cheap models first; pass results that are known to their studies."""
        if not self._sorted:
            self._open.sort(key=lambda opened: self._estimate.tier(opened.cell))
            self._sorted = True
        for opened in list(self._open):
            job = self._advance(opened)
            if job is not None:
                self._open.remove(opened)
                self._in_flight[job.cells[0]["key"]] = opened
                return job
        return None

    def ended(self, job: Job) -> None:
        """Continue the study of this trial."""
        key = job.cells[0]["key"]
        if self._leases is not None:
            self._leases.give_back("cell", key)
        self._open.insert(0, self._in_flight.pop(key))

    def waits_for(self) -> Sequence[Holder]:
        """Return who computes the trials that open studies wait for."""
        return [opened.holder for opened in self._open if opened.holder is not None]

    def _begin(self, cell: Cell) -> _Open:
        identity = {
            "fold": cell.fold_key,
            "model": without_folder(cell.identity["model"]),
            "seed": cell.seed,
            "k": cell.identity["k"],
            "budget": dataclasses.asdict(self._budget),
            "metric": self._metric_identity,
            "threshold": self._plan.settings["threshold"],
        } | self._folds.relevance_identity(self._relevance, cell.fold_key, "validation")
        model = cell.identity["model"]
        plugin = load_model(model["plugin"], trusted=self._plan.trusted).from_settings(model["settings"])
        held = list(next(about.held for about in self._plan.models if about.label == cell.model))
        identity |= {"held": held} if held else {}
        study = Study(plugin, self._budget, cell.seed, self._metric.higher_is_better, held)
        return _Open(cell, study, content_key("tune", identity))

    def _advance(self, opened: _Open) -> Job | None:
        """Continue a study until a trial needs work or the study is finished."""
        if self._sealed(opened):
            self._close(opened)
            return None
        while True:
            if opened.trial is None:
                opened.settings = opened.study.ask()
                if opened.settings is None:
                    self._keep(opened)
                    self._close(opened)
                    return None
                opened.trial = with_settings(opened.cell, opened.settings)
            if opened.trial.key in self._in_flight:
                return None  # two models have the same settings: one fit serves both
            if self._is_needed(opened.trial.key):
                job = make_jobs(self._plan, [opened.trial], self._threads, self._device, self._limits)[0]
                job = dataclasses.replace(job, label=f"{job.label}, {self._numbered(opened)}")
                if self._take(opened, job):
                    return job
                if opened.holder is not None:
                    return None  # another run computes it
            opened.study.tell(self._result(opened))
            opened.trial = opened.holder = None

    def _is_needed(self, key: str) -> bool:
        """Return whether a trial must be computed: it has no result, or it failed and is to be tried once more."""
        if not self._store.has("cell", key):
            return True
        manifest = self._store.get("cell", key).manifest
        tried = key in self.tried | self._elsewhere
        return manifest["state"] == "failed" and not tried and self._again(manifest["reason"])

    def _take(self, opened: _Open, job: Job) -> bool:
        """Return whether this run computes a trial now; else another one does, or has done it just now."""
        key = job.cells[0]["key"]
        opened.holder = None if self._leases is None else self._leases.take("cell", key, job.label)
        if opened.holder is not None:
            self._elsewhere.add(key)
            return False
        if not self._is_needed(key):
            if self._leases is not None:
                self._leases.give_back("cell", key)
            return False
        if self._store.has("cell", key):
            reason = self._store.get("cell", key).manifest["reason"]
            self._say(f"trying again: {job.label}, which failed: {reason}")
            self._store.drop("cell", key)
        self.tried.add(key)
        return True

    def _numbered(self, opened: _Open) -> str:
        """Return ``trial 3 of 20 (factors=32)``: the number of the trial, and the settings that are searched."""
        most = self._budget.trials if opened.study.space else 1
        of = f" of {most}" if most else ""
        settings = opened.settings or {}
        shown = [f"{name}={_brief(settings[name])}" for name in opened.study.space if name in settings]
        return f"trial {len(opened.study.trials) + 1}{of}" + (f" ({', '.join(shown)})" if shown else "")

    def _sealed(self, opened: _Open) -> bool:
        """Return whether the study is finished for good; one with trials to be done again is replayed."""
        if not self._store.has("tune", opened.key):
            return False
        if opened.key in self._done:
            return True
        trials = self._store.get("tune", opened.key).manifest["trials"]
        if not any(trial["value"] is None and self._again(trial.get("reason", "")) for trial in trials):
            return True
        self._reopened.add(opened.key)
        return False

    def _again(self, reason: str) -> bool:
        """Return whether a trial that failed so is done once more: on request, or as it said what to install."""
        return self._retry or (self._leases is not None and lacks_package(reason))

    def _result(self, opened: _Open) -> Trial:
        cell, settings = opened.trial, opened.settings
        if cell is None or settings is None:
            raise BenchsuiteError("a trial without settings")
        entry = self._store.get("cell", cell.key)
        costs = entry.manifest["costs"]
        seconds = costs.get("fit_seconds", 0.0) + costs.get("score_seconds", 0.0)
        if entry.manifest["state"] != "ok":
            return Trial(settings, None, seconds, cell.key, entry.manifest["reason"])
        arrays = entry.arrays()
        aim = self._plan.settings["threshold"]
        fold = self._folds.part(cell.fold_key, cell.stage)
        own = self._plan.predicts_values(cell.model)
        evidence, _ = evaluation_input(fold, arrays, arrays, self._relevance, aim, predicts_values=own)
        values = np.asarray(self._metric.measure(evidence), np.float64)
        value = float(self._metric.estimate(evidence, values, np.ones((1, len(evidence))))[0])
        if np.isnan(value):
            return Trial(settings, None, seconds, cell.key, f"{self._budget.on} is not a number")
        return Trial(settings, value, seconds, cell.key)

    def _keep(self, opened: _Open) -> None:
        """Store a study all of whose trials have ended; replace one that was reopened."""
        study = opened.study
        self._done.add(opened.key)
        trials = [dataclasses.asdict(trial) for trial in study.trials]
        if opened.key in self._reopened and self._store.has("tune", opened.key):
            if self._store.get("tune", opened.key).manifest["trials"] == json.loads(json.dumps(trials)):
                return  # another run that tries again was faster
            self._store.drop("tune", opened.key)
        with self._store.write("tune", opened.key) as draft:
            draft.manifest = {
                "trials": trials,
                "best": None if study.best is None else study.trials.index(study.best),
                "edges": study.edges(),
                "searched": list(study.space),
            }

    def _close(self, opened: _Open) -> None:
        """Read the finished study."""
        manifest = self._store.get("tune", opened.key).manifest
        cell = opened.cell
        trials = manifest["trials"]
        reasons = tuple(trial.get("reason", "") for trial in trials)
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
            reasons=reasons if any(reasons) else (),
        )
        self._open.remove(opened)

    def read_finished(self) -> None:
        """Read the studies that are finished already."""
        for opened in list(self._open):
            if self._sealed(opened):
                self._close(opened)

    def tuned_plan(self) -> Plan:
        """Return the plan with each model's best settings in place of its defaults, as far as they are known."""
        open_models = {opened.cell.model for opened in (*self._open, *self._in_flight.values())}
        places = dict.fromkeys((cell.fold_key, cell.model) for cell in self._plan.cells)
        cells = []
        for cell in self._plan.cells:
            trials = self.finished.get((cell.fold_key, cell.model))
            if trials is None or trials.best is None or cell.reason:
                cells.append(cell)
            else:
                cells.append(with_settings(cell, trials.settings[trials.best]))
        models = tuple(
            dataclasses.replace(model, tuned=bool(model.space) and model.label not in open_models)
            for model in self._plan.models
        )
        tuning = tuple(self.finished[place] for place in places if place in self.finished)
        return dataclasses.replace(self._plan, cells=tuple(cells), models=models, tuning=tuning)


def _brief(value: Any) -> str:
    """Return a setting's value, a number with four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
