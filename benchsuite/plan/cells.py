"""The plan: every cell that an experiment means, each with its key, or with the reason why it is not applicable.

A *cell* is one model on one fold in one stage. The stage ``validation`` fits on the inner training part and answers the
validation queries (thresholds, calibration and tuning rest on it); the stage ``test`` fits on the whole training part.
Where nothing is tuned and only rankings are judged, nothing rests on the stage ``validation``, and it is not planned.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchsuite.api import Metric, Model, Plugin, Requirement, Source, Split
from benchsuite.data import Dataset, DatasetInfo, MetricInfo, ModelInfo, SplitInfo, Trials
from benchsuite.errors import BenchsuiteError
from benchsuite.keys import content_key
from benchsuite.plan.experiment_file import Experiment
from benchsuite.plan.resolve import ResolvedPlugin, ResolvedPlugins, heading, trying

Stage = Literal["validation", "test"]
STAGES: tuple[Stage, ...] = ("validation", "test")


@dataclass(frozen=True)
class Cell:
    """One planned cell.

    Attributes:
        dataset: label.
        split: label.
        model: label.
        seed: the experiment's seed.
        fold: the fold's name.
        stage: ``validation`` or ``test``.
        fold_key: where the fold lies in the store.
        identity: what changes the numbers; its content key is ``key``.
        key: where the result lies in the store.
        reason: why the cell is not applicable, or "".
    """

    dataset: str
    split: str
    model: str
    seed: int
    fold: str
    stage: Stage
    fold_key: str
    identity: Mapping[str, Any]
    key: str
    reason: str = ""


@dataclass(frozen=True)
class PlanRow:
    """A row of the plan: the cells of one model on one data set by one split.

    Attributes:
        dataset: label.
        split: label.
        model: label.
        cells: in the plan's order.
    """

    dataset: str
    split: str
    model: str
    cells: tuple[Cell, ...]

    @property
    def pairs(self) -> list[tuple[Cell, Cell | None]]:
        """Of each seed and fold the test cell and its validation cell, None where none is planned."""
        places: dict[tuple[int, str], dict[str, Cell]] = {}
        for cell in self.cells:
            places.setdefault((cell.seed, cell.fold), {})[cell.stage] = cell
        return [(stages["test"], stages.get("validation")) for stages in places.values()]


@dataclass(frozen=True)
class FoldPlace:
    """A fold made from a data set by a split with a seed, and where it lies in the store."""

    dataset: str
    split: str
    seed: int
    name: str
    key: str
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything that an experiment means, as plain values: reports and status need only the plan and the store.

    Attributes:
        trusted: the files, with their classes, that the user named as plugins, and the commands of their programs. It
            is never stored: a stored plan trusts no file and no command.
        raw_files: the real paths of the sources' files with rows, which no model may open. They are those of this
            machine and never stored.
    """

    name: str
    settings: Mapping[str, Any]
    datasets: tuple[DatasetInfo, ...]
    splits: tuple[SplitInfo, ...]
    models: tuple[ModelInfo, ...]
    metrics: tuple[MetricInfo, ...]
    cells: tuple[Cell, ...]
    tuning: tuple[Trials, ...] = ()
    trusted: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    raw_files: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)

    def trusting(self, names: Collection[str]) -> Plan:
        """Return the plan with more files that the user named."""
        return dataclasses.replace(self, trusted=self.trusted | frozenset(names))

    def to_json(self) -> str:
        """Return the plan as JSON text; fields that an older plan lacks are left out, so that its key stays."""
        table: dict[str, Any] = {"name": self.name, "settings": self.settings}
        for kind in ("datasets", "splits", "models"):
            table[kind] = [info.record() for info in getattr(self, kind)]
        table["metrics"] = [_metric_record(metric) for metric in self.metrics]
        table["cells"] = [vars(cell) for cell in self.cells]
        table["tuning"] = [dataclasses.asdict(trials) for trials in self.tuning]
        for trials in table["tuning"]:
            if not trials["reasons"]:
                del trials["reasons"]
        return json.dumps(table, ensure_ascii=False, default=dict)

    def rows(self) -> tuple[PlanRow, ...]:
        """Return the plan's rows, in the order of their first cells."""
        found: dict[tuple[str, str, str], list[Cell]] = {}
        for cell in self.cells:
            found.setdefault((cell.dataset, cell.split, cell.model), []).append(cell)
        return tuple(PlanRow(*place, tuple(cells)) for place, cells in found.items())

    def predicts_values(self, model: str) -> bool:
        """Return whether the scores of the model with this label are on the scale of the data's values."""
        return any(info.label == model and info.predicts_values for info in self.models)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what :meth:`to_json` wrote. Stored text says nothing of trust: only the user can give it."""
        table = json.loads(text)
        for name in ("trusted", "raw_files"):
            table.pop(name, None)
        table["datasets"] = tuple(DatasetInfo.from_record(one) for one in table["datasets"])
        table["splits"] = tuple(SplitInfo.from_record(one) for one in table["splits"])
        table["models"] = tuple(ModelInfo.from_record(one) for one in table["models"])
        table["metrics"] = tuple(
            dataclasses.replace(MetricInfo.from_record(one), title=one.get("title", ""), unit=one.get("unit", ""))
            for one in table["metrics"]
        )
        table["cells"] = tuple(Cell(**cell) for cell in table["cells"])
        table["tuning"] = tuple(Trials(**_tuples(trials)) for trials in table["tuning"])
        return cls(**table)


def _metric_record(metric: MetricInfo) -> dict[str, Any]:
    """Return the record of a metric, with heading and unit where they are known."""
    told = {"title": metric.title, "unit": metric.unit}
    return metric.record() | {name: value for name, value in told.items() if value}


def unmet(needs: frozenset[Requirement], dataset: Dataset) -> str:
    """Return "" when the data has all that is needed, else the reason, e.g. ``needs item text``."""
    rows = dataset.interactions
    has = {
        Requirement.TIMESTAMPS: rows.timestamp is not None,
        Requirement.ORDER: rows.timestamp is not None or dataset.ordered,
        Requirement.VALUES: bool(len(rows)) and bool((rows.value != 1).any()),
        Requirement.ITEM_TEXT: dataset.items.text is not None,
        Requirement.USER_TEXT: dataset.users.text is not None,
        Requirement.ITEM_FEATURES: dataset.items.features is not None,
        Requirement.USER_FEATURES: dataset.users.features is not None,
        Requirement.LINKS: dataset.links is not None,
        Requirement.PARTS: rows.part is not None,
        Requirement.PREFERENCES: dataset.preferences is not None,
        Requirement.GPU: Path("/dev/nvidia0").exists(),
    }
    missing = [str(need) for need in sorted(needs) if not has[need]]
    return f"needs {' and '.join(missing)}" if missing else ""


def make_plan(
    experiment: Experiment,
    picked: ResolvedPlugins,
    datasets: Mapping[str, tuple[ResolvedPlugin, Dataset]],
    folds: Sequence[FoldPlace],
    refused: Mapping[tuple[str, str], str],
) -> Plan:
    """Plan every cell.

    Args:
        experiment: what to compare.
        picked: its plugins.
        datasets: loaded data by label.
        folds: all folds, in order.
        refused: why a split cannot cut a data set, by data set and split label.
    """
    cells = []
    stages = _stages(experiment, picked)
    for label, (_, dataset) in datasets.items():
        lacking = [unmet(_needs(model.plugin), dataset) or model.unavailable for model in picked.models]
        for split in picked.splits:
            places = [f for f in folds if (f.dataset, f.split) == (label, split.label)]
            reason = refused.get((label, split.label), "")
            if not places:
                places = [FoldPlace(label, split.label, seed, "", "") for seed in experiment.seeds]
            for place in places:
                for model, why in zip(picked.models, lacking, strict=True):
                    cells += [_cell(place, model, stage, experiment.k, reason or why) for stage in stages]
    return Plan(
        name=experiment.name,
        settings={
            "summary": experiment.summary,
            "seeds": list(experiment.seeds),
            "k": experiment.k,
            **experiment.relevance.settings(),
            "threshold": experiment.threshold,
            "timeout_minutes": experiment.timeout_minutes,
            **({} if experiment.memory_gib is None else {"memory_gib": experiment.memory_gib}),
            "tune": None if experiment.tune is None else experiment.tune.model_dump(),
            **({} if experiment.benchmark is None else {"benchmark": experiment.benchmark.model_dump()}),
        },
        datasets=tuple(_dataset_info(source, dataset) for source, dataset in datasets.values()),
        splits=tuple(_split_info(split, folds) for split in picked.splits),
        models=tuple(_model_info(model) for model in picked.models),
        metrics=tuple(_metric_info(metric, datasets) for metric in picked.metrics),
        cells=tuple(cells),
        trusted=frozenset(
            [pick.entry.target for pick in picked.all if pick.entry.is_file]
            + [pick.command for pick in picked.models if pick.command]
        ),
    )


def _stages(experiment: Experiment, picked: ResolvedPlugins) -> tuple[Stage, ...]:
    ranked = all(isinstance(pick.plugin, Metric) and pick.plugin.task == "ranking" for pick in picked.metrics)
    return ("test",) if ranked and experiment.tune is None else STAGES


def _needs(plugin: Plugin) -> frozenset[Requirement]:
    return plugin.needs if isinstance(plugin, Model | Split) else frozenset()


def _cell(place: FoldPlace, model: ResolvedPlugin, stage: Stage, k: int, reason: str) -> Cell:
    identity = {"fold": place.key, "stage": stage, "model": model.identity, "seed": place.seed, "k": k}
    key = cell_key(identity)
    names = (place.dataset, place.split, model.label, place.seed, place.name)
    return Cell(*names, stage, place.key, identity, key, reason)


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    """Turn JSON's lists back into tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


def without_folder(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model's numbers depend on: of a file its name, class and code, and not where it lies."""
    return {**model, "plugin": Path(model["plugin"]).name} if "code" in model else dict(model)


def cell_key(identity: Mapping[str, Any]) -> str:
    """Return where the result of a cell lies in the store."""
    return content_key("cell", {**identity, "model": without_folder(identity["model"])})


def with_settings(cell: Cell, settings: Mapping[str, Any]) -> Cell:
    """Return the same cell with other settings of the model."""
    identity = dict(cell.identity) | {"model": dict(cell.identity["model"]) | {"settings": dict(settings)}}
    return dataclasses.replace(cell, identity=identity, key=cell_key(identity))


def _dataset_info(source: ResolvedPlugin, dataset: Dataset) -> DatasetInfo:
    plugin = source.plugin
    if not isinstance(plugin, Source):
        raise BenchsuiteError(f"{source.label} is not a source")
    return DatasetInfo(
        **source.told,
        domain=plugin.domain,
        licence=plugin.licence,
        url=plugin.url,
        simulated=dataset.simulated,
        fingerprint=dataset.fingerprint,
        users=len(dataset.users),
        items=len(dataset.items),
        interactions=len(dataset.interactions),
        steps=tuple(dataset.steps),
    )


def _split_info(split: ResolvedPlugin, folds: Sequence[FoldPlace]) -> SplitInfo:
    own = [fold for fold in folds if fold.split == split.label]
    counts = {f"{fold.dataset}, seed {fold.seed}, fold {fold.name}": dict(fold.counts) for fold in own}
    groups = tuple(dict.fromkeys(group for fold in own for group in fold.groups))
    kinds = {"users": getattr(split.plugin, "cold_users", False), "items": getattr(split.plugin, "cold_items", False)}
    cold = tuple(kind for kind, promised in kinds.items() if promised)
    drawn = getattr(split.plugin, "draws_items", False) or None
    shown = groups if len(groups) > 1 else ()
    return SplitInfo(**split.told, counts=counts, groups=shown, cold=cold, draws_items=drawn)


def _model_info(model: ResolvedPlugin) -> ModelInfo:
    plugin = model.plugin
    if not isinstance(plugin, Model):
        raise BenchsuiteError(f"{model.label} is not a model")
    with trying(model):
        space = {name: dataclasses.asdict(wanted) for name, wanted in plugin.space().items()}
        return ModelInfo(
            **model.told,
            needs=tuple(sorted(plugin.needs)),
            uses_language_model=plugin.reads_with_language_model(),
            is_candidate=plugin.is_candidate,
            is_oracle=plugin.is_oracle,
            predicts_values=plugin.predicts_values,
            is_network=plugin.is_network or None,
            tuned=False,
            space={name: wanted for name, wanted in space.items() if name not in model.given},
            held=tuple(sorted(space.keys() & model.given)),
        )


def _metric_info(metric: ResolvedPlugin, datasets: Mapping[str, tuple[ResolvedPlugin, Dataset]]) -> MetricInfo:
    plugin = metric.plugin
    if not isinstance(plugin, Metric):
        raise BenchsuiteError(f"{metric.label} is not a metric")
    return MetricInfo(
        **metric.told,
        title=heading(plugin, metric.label, metric.entry.name),
        unit=plugin.unit,
        task=plugin.task,
        higher_is_better=plugin.higher_is_better,
        convention=plugin.convention,
        plugin=metric.identity["plugin"],
        code=metric.code if metric.entry.is_file else "",
        unmet={label: why for label, (_, data) in datasets.items() if (why := unmet(plugin.needs, data))},
    )
