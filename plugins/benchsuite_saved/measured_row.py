"""A model's row in an experiment that was run: its settings, and its numbers for a model card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchsuite.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from benchsuite.api import Model
    from benchsuite.data import Dataset, ModelInfo
    from benchsuite.plan import Plan
    from benchsuite.store import Store
    from benchsuite_saved.model_card import Benchmark


@dataclass(frozen=True)
class Measured:
    """One row of an experiment.

    Attributes:
        plan: of the experiment.
        store: with its results.
        about: the model.
        plugin: ``distribution/name`` of the model.
        settings: those that won most of the tuning studies, of equals the first; without tuning the row's own.
        origin: one sentence: where they come from.
    """

    plan: Plan
    store: Store
    about: ModelInfo
    plugin: str
    settings: Mapping[str, Any]
    origin: str

    def benchmark(self, model: Model, dataset: Dataset, given: Mapping[str, Any]) -> Benchmark:
        """Return the numbers of the row on this data.

        Args:
            model: about to be fitted.
            dataset: the data, as it is now.
            given: settings that were given by hand.

        Raises:
            UsageError: when the experiment measured other data, or another version of the model.
        """
        from benchsuite.analysis import build, plan_key
        from benchsuite_saved.model_card import Benchmark

        name = self.plan.name
        places = [one.label for one in self.plan.datasets if one.fingerprint == dataset.fingerprint]
        if not places:
            labels = ", ".join(one.label for one in self.plan.datasets)
            what = f"measured other data ({labels}), not {dataset.name} as it was loaded now"
            raise UsageError(what, where=f"experiment {name}", remedy="name that --source, with its --source-with")
        if self.about.version != model.version:
            what = f"measured version {self.about.version} of the model, and {model.version} is installed"
            raise UsageError(what, where=f"experiment {name}", remedy=f"run it again: benchsuite run {name}")
        changed = [key for key, value in model.settings().items() if key in given and value != self.settings.get(key)]
        origin = self.origin
        if changed:
            origin += (
                f" Then changed by hand: {', '.join(changed)}. The numbers below are of a fit without that change."
            )
        comparison = build(self.plan, self.store)
        metrics = {one.label for one in self.plan.metrics}
        here = (places[0], self.about.label)
        return Benchmark(
            experiment=name,
            plan=plan_key(self.plan),
            dataset=places[0],
            model=self.about.label,
            origin=origin,
            rows=tuple(r for r in comparison.rows if (r.dataset, r.model) == here and r.metric in metrics),
            contrasts=tuple(
                c for c in comparison.contrasts if (c.dataset, c.model) == here and c.role == "best reference"
            ),
        )


def measured(store: Store, experiment: str, label: str, trust: Collection[str] = ()) -> Measured:
    """Find a model's row in an experiment.

    Args:
        store: with its results.
        experiment: its name.
        label: of the model.
        trust: files with plugins that the user named.

    Raises:
        StoreError: when it was not run.
        UsageError: when it has no such model.
    """
    from benchsuite.analysis import latest_plan

    plan = latest_plan(store, experiment).trusting(trust)
    about = next((one for one in plan.models if one.label == label), None)
    if about is None:
        remedy = did_you_mean(label, [one.label for one in plan.models])
        raise UsageError(f'no model "{label}"', where=f"experiment {experiment}", remedy=remedy)
    plugin = next(cell.identity["model"]["plugin"] for cell in plan.cells if cell.model == label)
    won = [
        json.dumps(trials.settings[trials.best])
        for trials in plan.tuning
        if trials.model == label and trials.best is not None
    ]
    if not won:
        return Measured(plan, store, about, plugin, about.settings, f"As in the experiment {experiment}, not tuned.")
    best, times = Counter(won).most_common(1)[0]
    origin = f"Tuned in the experiment {experiment}: these won {times} of {len(won)} studies, one for each fold."
    return Measured(plan, store, about, plugin, json.loads(best), origin)
