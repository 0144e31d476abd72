"""What makes an experiment a benchmark: a version, a headline metric, references, and a short form of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import BaseModel, ConfigDict

from benchsuite.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from benchsuite.plan.experiment_file import Experiment, PluginSpec, Tune

LITE = "lite"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?: \([A-Za-z0-9_.=, -]+\))*")
_LONGEST = 100


class Lite(BaseModel):
    """The short form of a benchmark: some of its seeds, sources and splits, whose cells are those of the whole.

    Attributes:
        seeds: some of the experiment's seeds.
        sources: labels of some of its data sets.
        splits: labels of some of its splits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    seeds: Annotated[list[int], MinLen(1)]
    sources: Annotated[list[str], MinLen(1)]
    splits: Annotated[list[str], MinLen(1)]


class BenchmarkRules(BaseModel):
    """The table ``[benchmark]`` of an experiment that is frozen under a version.

    A benchmark's protocol never changes: what must change is a new version under a new name.

    Attributes:
        version: a whole number, raised with each change of the protocol.
        title: what it asks, in a few words.
        headline: the metric that models are compared by.
        kept: metrics of which the value of every query is kept, so that models can be tested against each other
            without fitting any of them again; the headline metric is always kept.
        references: labels of the models that scores are divided by, task by task the best of them.
        trials: how many settings every tuned model may try, the same for all.
        tuned: labels of the models that stand in it once more, with searched settings; they are no references.
        without_row: models that come with benchsuite and have no row, by the reason.
        lite: the short form.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Annotated[int, Gt(0)]
    title: str
    headline: str
    kept: list[str] = []
    references: Annotated[list[str], MinLen(1)]
    trials: Annotated[int, Ge(2), Le(1000)] = 10
    tuned: list[str] = []
    without_row: dict[str, list[str]] = {}
    lite: Lite

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose values by query are kept, the headline first."""
        return tuple(dict.fromkeys((self.headline, *self.kept)))


def check_rules(experiment: Experiment, where: str) -> None:
    """Refuse a benchmark that names what its experiment does not have.

    Raises:
        ConfigError: naming the key and the closest name.
    """
    rules = experiment.benchmark
    if rules is None:
        return
    if not experiment.name.endswith(f".v{rules.version}"):
        remedy = f'call it "{experiment.name.partition(".v")[0]}.v{rules.version}"'
        raise ConfigError("the name of a benchmark ends with its version", where=f"{where}: name", remedy=remedy)
    labels = {
        table: [choice.label for choice in experiment.expanded(table)]
        for table in ("sources", "splits", "models", "metrics")
    }
    for key, table, named in (
        ("headline", "metrics", rules.metrics),
        ("references", "models", rules.references),
        ("tuned", "models", rules.tuned),
        ("lite.sources", "sources", rules.lite.sources),
        ("lite.splits", "splits", rules.lite.splits),
    ):
        _check_known(named, labels[table], f"{where}: benchmark.{key}", table)
    if not set(rules.lite.seeds) <= set(experiment.seeds):
        raise ConfigError("is no subset of seeds", where=f"{where}: benchmark.lite.seeds", remedy="name some of them")


def _check_known(named: Collection[str], known: Collection[str], where: str, table: str) -> None:
    for name in named:
        if name not in known:
            raise ConfigError(f'no "{name}" in {table}', where=where, remedy=did_you_mean(name, known))


def narrowed(experiment: Experiment, rules: BenchmarkRules) -> Experiment:
    """Return the short form of a benchmark."""
    lite = rules.lite

    def some(table: list[PluginSpec], labels: Collection[str]) -> list[PluginSpec]:
        return [choice for spec in table for choice in spec.expand() if choice.label in labels]

    update = {
        "name": f"{experiment.name}-{LITE}",
        "seeds": list(lite.seeds),
        "sources": some(experiment.sources, lite.sources),
        "splits": some(experiment.splits, lite.splits),
    }
    return experiment.model_copy(update=update)


def slug(label: str) -> str:
    """Return a label as part of the name of a file: letters that it cannot have are told by a digest."""
    short = _UNFIT.sub("-", label).strip("-.")[:_LONGEST] or "model"
    plain = _PLAIN.fullmatch(label) and len(label) <= _LONGEST
    return short if plain else f"{short}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def tuned_label(label: str) -> str:
    """Return the label of a model's row with searched settings."""
    return f"{label} (tuned)"


def row_labels(experiment: Experiment) -> list[str]:
    """Return the labels of all rows of a benchmark, those with searched settings last."""
    rules = experiment.benchmark
    tuned = [] if rules is None else [tuned_label(label) for label in rules.tuned]
    return [*(choice.label for choice in experiment.expanded("models")), *tuned]


def with_model(experiment: Experiment, spec: PluginSpec, tune: Tune | None) -> Experiment:
    """Return a benchmark with one model in place of its own, tuned with the benchmark's budget if that is asked.

    Args:
        experiment: the benchmark, or its short form.
        spec: the model.
        tune: the budget, None to keep the model's settings.
    """
    label = spec.expand()[0].label
    name = f"{experiment.name}.{slug(label)}"
    return experiment.model_copy(update={"name": name, "models": [spec], "tune": tune})
