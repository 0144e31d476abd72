"""Typed facts of each data set, split, model and metric of a comparison, and their records in files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from benchsuite.cutoff import split_cutoff
from benchsuite.data.dataset import Step
from benchsuite.data.rows import split_label

MetricTask = Literal["ranking", "classification", "rating", "cost"]

_TUPLES = ("needs", "groups", "cold", "held")
_NEVER_EMPTY = ("plugin", "code", "version", "origin", "held")


@dataclass(frozen=True)
class PluginInfo:
    """What is known of any plugin.

    Attributes:
        label: the name used in the rows.
        name: the plugin's name.
        summary: one line.
        settings: every setting with its value.
        cite: BibTeX entries.
        version: the plugin's version, "" for what is no plugin.
        origin: the package that brings it, with that package's version, or its file.
    """

    FACTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """(name in a record, name of the field) of what one kind of plugin tells beyond the others, in a record's order."""

    label: str
    name: str
    summary: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    cite: tuple[str, ...] = ()
    version: str = ""
    origin: str = ""

    def record(self) -> dict[str, Any]:
        """Return JSON-like values, as plans and reports keep them; what is not known is left out."""
        facts = {}
        for fact, name in (*self.FACTS, ("version", "version"), ("origin", "origin")):
            value = getattr(self, name)
            if value is not None and not (name in _NEVER_EMPTY and not value):
                facts[fact] = _plain(value)
        told = {"label": self.label, "name": self.name, "summary": self.summary}
        return told | {"settings": dict(self.settings), "cite": list(self.cite), "facts": facts}

    @classmethod
    def from_record(cls, table: Mapping[str, Any]) -> Self:
        """Read what :meth:`record` of this or an older version returned; a missing fact keeps its default."""
        facts = table["facts"]
        known = (*cls.FACTS, ("version", "version"), ("origin", "origin"))
        values = {name: _typed(name, facts[fact]) for fact, name in known if fact in facts}
        base = {name: table[name] for name in ("label", "name", "summary", "settings")}
        return cls(**base, cite=tuple(table["cite"]), **values)


@dataclass(frozen=True)
class DatasetInfo(PluginInfo):
    """What is known of a data set.

    Attributes:
        domain: what its items are.
        licence: its terms.
        url: where it comes from.
        simulated: whether it was generated, not observed.
        fingerprint: sha256 of its content.
        users: how many, None where nobody counted.
        items: how many.
        interactions: how many rows.
        steps: how it was prepared, counted.
    """

    FACTS: ClassVar[tuple[tuple[str, str], ...]] = tuple(
        (name, name)
        for name in (
            "domain",
            "licence",
            "url",
            "simulated",
            "fingerprint",
            "users",
            "items",
            "interactions",
            "steps",
        )
    )

    domain: str = ""
    licence: str = ""
    url: str = ""
    simulated: bool = False
    fingerprint: str = ""
    users: int | None = None
    items: int | None = None
    interactions: int | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class SplitInfo(PluginInfo):
    """What is known of a split, or of one group of its queries.

    Attributes:
        counts: counted rows, queries and the like; one table for each data set, seed and fold.
        groups: the groups of queries that are judged apart; empty where there is one.
        cold: ``users`` and ``items`` as far as the split promises that they are new; None in plans older than that.
        draws_items: whether each seed chooses other items to ask about; None where it does not, or nobody knows.
        group: the group that this tells of, "" for the whole split.
    """

    FACTS: ClassVar[tuple[tuple[str, str], ...]] = tuple(
        (name, name) for name in ("counts", "groups", "cold", "draws_items")
    )

    counts: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    cold: tuple[str, ...] | None = None
    draws_items: bool | None = None
    group: str = ""

    @property
    def split_label(self) -> str:
        """Label of the split, group included."""
        return split_label(self.label, self.group)

    def record(self) -> dict[str, Any]:
        """Return JSON-like values; a group has the label of its rows, and says whose it is."""
        table = super().record() | {"label": self.split_label}
        if self.group:
            table["facts"]["group_of"] = self.label
        return table

    def of_group(self, group: str) -> SplitInfo:
        """Return what is known of one group of the queries."""
        return dataclasses.replace(self, group=group)


@dataclass(frozen=True)
class ModelInfo(PluginInfo):
    """What is known of a model.

    Attributes:
        needs: what the data must have.
        uses_language_model: whether a language model reads texts for it.
        is_candidate: whether it is put to the test; all others are references.
        is_oracle: whether it is an oracle, which is shown apart and never called best.
        predicts_values: whether its scores are on the scale of the data's values.
        is_network: True for a neural network of several layers, None for others and where nobody told.
        tuned: whether its settings were searched, None where nobody told.
        space: search range of each setting that has one and was not given.
        held: settings that have a range and were given, so that a search leaves them alone.
        fitted: the facts of the fitted model, None in a plan.
    """

    FACTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("needs", "needs"),
        ("uses_language_model", "uses_language_model"),
        ("proposed", "is_candidate"),
        ("ceiling", "is_oracle"),
        ("predicts_values", "predicts_values"),
        ("network", "is_network"),
        ("tuned", "tuned"),
        ("space", "space"),
        ("held", "held"),
    )

    needs: tuple[str, ...] = ()
    uses_language_model: bool = False
    is_candidate: bool = False
    is_oracle: bool = False
    predicts_values: bool = False
    is_network: bool | None = None
    tuned: bool | None = None
    space: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    fitted: Mapping[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """Return JSON-like values."""
        table = super().record()
        if self.fitted is not None:
            table["facts"]["fitted"] = dict(self.fitted)
        return table


@dataclass(frozen=True)
class MetricInfo(PluginInfo):
    """What is known of a metric or a cost.

    Attributes:
        title: its heading in tables, ``nDCG@10``; "" in plans older than titles.
        unit: what kind of number it is, see :attr:`benchsuite.api.Metric.unit`.
        task: what it judges, or ``cost``.
        higher_is_better: its direction.
        convention: how it is computed, in one line.
        plugin: ``distribution/name`` by which the registry finds it, or a file; "" for a cost.
        code: sha256 of that file, "" for what is installed.
        unmet: by data set, what the data lacks.
    """

    FACTS: ClassVar[tuple[tuple[str, str], ...]] = tuple(
        (name, name) for name in ("task", "higher_is_better", "convention", "plugin", "code", "unmet")
    )

    title: str = ""
    unit: str = ""
    task: MetricTask = "ranking"
    higher_is_better: bool = True
    convention: str = ""
    plugin: str = ""
    code: str = ""
    unmet: Mapping[str, str] | None = None

    @property
    def heading(self) -> str:
        """How it is headed: its title, else its label."""
        return self.title or self.label

    @property
    def is_ndcg_10(self) -> bool:
        """Whether it is nDCG@10, whatever its label."""
        named = split_cutoff(self.label.lower()) == ("ndcg", "10")
        return named or (split_cutoff(self.name)[0] == "ndcg" and self.settings.get("k") == 10)  # noqa: PLR2004 - the k in its name


def main_metric(metrics: Sequence[MetricInfo]) -> MetricInfo | None:
    """Return the metric that speaks for the others: nDCG@10, else the first for ranking, else the first but costs."""
    judged = [metric for metric in metrics if metric.task != "cost"]
    ranking = [metric for metric in judged if metric.task == "ranking"]
    best = [metric for metric in ranking if metric.is_ndcg_10]
    return next(iter([*best, *ranking, *judged]), None)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [dataclasses.asdict(one) if isinstance(one, Step) else one for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _typed(name: str, value: Any) -> Any:
    if name == "steps":
        return tuple(Step(**step) for step in value)
    return tuple(value) if name in _TUPLES else value
