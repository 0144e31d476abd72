"""Equal tuning: every model gets the same budget, and the search is a function of seed and results alone.

A study can be replayed: given the same results it proposes the same settings. So after a kill, trials with a result are
looked up and not computed again.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchsuite.api import Categorical, Plugin, Range

if TYPE_CHECKING:
    import optuna

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Budget:
    """What each model may spend on each fold.

    Attributes:
        on: the metric to tune on, measured on the validation fold.
        trials: how many settings may be tried, or None.
        seconds: how many seconds of fitting and scoring may be spent, or None; the trial that exceeds the limit counts.
    """

    on: str
    trials: int | None = None
    seconds: float | None = None

    def left(self, trials: int, seconds: float) -> bool:
        """Return True while another trial may begin; the first limit that is reached ends the search."""
        few = self.trials is None or trials < self.trials
        return few and (self.seconds is None or seconds < self.seconds)

    def most(self, *, searched: bool) -> int:
        """Return how many trials one study has at most: one where nothing is searched, or only seconds limit it."""
        return (self.trials or 1) if searched else 1

    def longest(self, seconds: float, *, searched: bool) -> float:
        """Return how many seconds one study takes at most, where a trial takes as many as are given."""
        if not searched:
            return seconds
        if self.seconds is None:
            return seconds * (self.trials or 1)
        whole = self.seconds + seconds  # the trial that exceeds the limit counts
        return min(seconds * self.trials, whole) if self.trials else whole


@dataclass(frozen=True)
class Trial:
    """One tried setting.

    Attributes:
        settings: all settings of the model.
        value: the metric on validation, or None when the trial failed.
        seconds: of fitting and scoring.
        key: the validation cell behind it.
        reason: why there is no value.
    """

    settings: Settings
    value: float | None
    seconds: float
    key: str
    reason: str = ""


@dataclass
class Study:
    """The search for one model on one fold. The first trial is the model's own defaults, beside what is held.

    Attributes:
        plugin: the model with its settings, which are defaults but for those held.
        budget: what may be spent.
        seed: of the sampler.
        higher_is_better: of the metric.
        held: settings that are not searched, as whoever wrote the experiment gave them.
        trials: what was tried, in order.
    """

    plugin: Plugin
    budget: Budget
    seed: int
    higher_is_better: bool = True
    held: Container[str] = ()
    trials: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the search ranges from the model's annotations."""
        self.space = {name: wanted for name, wanted in self.plugin.space().items() if name not in self.held}
        self._study: optuna.Study | None = None
        self._asked: optuna.trial.Trial | None = None

    @property
    def seconds(self) -> float:
        """The seconds of all trials so far."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def best(self) -> Trial | None:
        """The best trial, the earliest of equals; None when all failed."""
        sign = 1 if self.higher_is_better else -1
        known = [trial for trial in self.trials if trial.value is not None]
        return max(known, key=lambda trial: sign * (trial.value or 0.0), default=None)

    def ask(self) -> dict[str, Any] | None:
        """Return the settings to try next, or None when the budget is spent or there is nothing to search."""
        if not self.budget.left(len(self.trials), self.seconds) or (self.trials and not self.space):
            return None
        defaults = self.plugin.settings()
        if not self.trials:
            return defaults
        study = self._search()
        self._asked = study.ask(self._distributions())
        return defaults | self._asked.params

    def tell(self, trial: Trial) -> None:
        """Record the result of the settings asked for last."""
        import optuna

        self.trials.append(trial)
        value = trial.value
        if self._asked is not None:
            state = None if value is not None else optuna.trial.TrialState.FAIL
            self._search().tell(self._asked, value, state=state)
            self._asked = None
        elif value is not None and self.space:
            distributions = self._distributions()
            inside = {name: trial.settings[name] for name in distributions}
            if all(d._contains(d.to_internal_repr(inside[n])) for n, d in distributions.items()):  # noqa: SLF001
                frozen = optuna.trial.create_trial(params=inside, distributions=distributions, value=value)
                self._search().add_trial(frozen)

    def edges(self) -> list[str]:
        """Return the settings of the best trial that lie at an end of their search range; none after a single trial."""
        best = self.best
        if best is None or len(self.trials) == 1:
            return []
        found = []
        for name, wanted in self.space.items():
            value = best.settings[name]
            if isinstance(wanted, Range) and isinstance(value, int | float):
                low, high = wanted.low, wanted.high
                place, span = (
                    (math.log(max(value, 1e-300) / low), math.log(high / low))
                    if wanted.log
                    else (value - low, high - low)
                )
                if min(place, span - place) <= _EDGE * span:
                    found.append(name)
        return found

    def _search(self) -> optuna.Study:
        if self._study is None:
            import optuna

            optuna.logging.set_verbosity(optuna.logging.ERROR)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                sampler = optuna.samplers.TPESampler(seed=self.seed, n_startup_trials=_RANDOM_TRIALS, multivariate=True)
            aims = optuna.study.StudyDirection
            aim = aims.MAXIMIZE if self.higher_is_better else aims.MINIMIZE
            self._study = optuna.create_study(direction=aim, sampler=sampler)
        return self._study

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        found: dict[str, Any] = {}
        for name, wanted in self.space.items():
            if isinstance(wanted, Categorical):
                found[name] = CategoricalDistribution(wanted.options)
            elif isinstance(getattr(self.plugin, name), int):
                found[name] = IntDistribution(int(wanted.low), int(wanted.high), log=wanted.log)
            else:
                found[name] = FloatDistribution(wanted.low, wanted.high, log=wanted.log)
        return found


_EDGE = 0.02
"""A best setting within this share of its range from an end is flagged: the range may be too narrow."""

_RANDOM_TRIALS = 6
"""Random trials before the sampler starts to model what it saw."""
