"""From names to plugins: everything an experiment picks, found, loaded, set up and checked before any work begins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.api import Metric, Plugin
from benchsuite.data import split_cutoff
from benchsuite.errors import ConfigError, PluginError, did_you_mean
from benchsuite.plan.experiment import Choice, Experiment
from benchsuite.registry import Entry, Kind, entries, find


@dataclass(frozen=True)
class Pick:
    """A plugin picked by an experiment, loaded and set up."""

    label: str
    entry: Entry
    plugin: Plugin

    @property
    def identity(self) -> dict[str, Any]:
        """What changes the numbers: which plugin, its version and all its settings."""
        name = f"{self.entry.distribution}/{self.entry.name}" if self.entry.distribution else self.entry.target
        identity = {"plugin": name, "version": self.plugin.version, "settings": self.plugin.settings()}
        if not self.entry.distribution:
            code = Path(self.entry.target.rpartition(":")[0]).read_bytes()
            identity["code"] = hashlib.sha256(code).hexdigest()
        return identity

    @property
    def told(self) -> dict[str, Any]:
        """What any plugin tells of itself: the fields of :class:`benchsuite.data.PluginInfo`."""
        plugin = self.plugin
        named = {"label": self.label, "name": self.entry.name, "summary": plugin.summary()}
        made = {"version": plugin.version, "origin": self.entry.origin}
        return named | {"settings": plugin.settings(), "cite": tuple(plugin.cite)} | made


def heading(metric: Metric, label: str, name: str) -> str:
    """Return how a metric is headed in tables: its title stands in the label for its plugin's name.

    A label that the experiment's author chose stays as it is.

    Args:
        metric: the plugin.
        label: in the experiment: ``ndcg@10``, or with a grid ``log-loss (clip=0.1)``.
        name: the plugin's name: ``ndcg@k``.
    """
    base = split_cutoff(name)[0]
    rest = label.removeprefix(base)
    if not metric.title or rest == label or rest[:1] not in ("", "@", " "):
        return label
    return f"{metric.title}{rest}"


@dataclass(frozen=True)
class Picked:
    """All plugins of an experiment, in its order."""

    sources: tuple[Pick, ...]
    splits: tuple[Pick, ...]
    models: tuple[Pick, ...]
    metrics: tuple[Pick, ...]


def pick_all(experiment: Experiment) -> Picked:
    """Find, load and set up everything an experiment names, so that a mistake shows before any work begins.

    Raises:
        PluginError: when a plugin is unknown, broken or ambiguous.
        ConfigError: when a setting is wrong, or two parts of the experiment do not fit together.
    """

    def every(kind: Kind, choices: list[Choice]) -> tuple[Pick, ...]:
        return tuple(pick(kind, choice, f"{experiment.name}: {kind}") for choice in choices)

    picked = Picked(
        sources=every("sources", experiment.expanded("sources")),
        splits=every("splits", experiment.expanded("splits")),
        models=every("models", experiment.expanded("models")),
        metrics=every("metrics", experiment.expanded("metrics")),
    )
    for metric in picked.metrics:
        k = metric.plugin.settings().get("k", 1)
        if isinstance(k, int) and k > experiment.k:
            what = f"{metric.label} looks past the stored lists"
            raise ConfigError(what, where=experiment.name, remedy=f"set k = {k}")
    tune = experiment.tune
    if tune is not None and tune.on not in {metric.label for metric in picked.metrics}:
        what = f"tunes on {tune.on}, which it does not measure"
        raise ConfigError(what, where=experiment.name, remedy="add it to metrics")
    return picked


def pick(kind: Kind, choice: Choice, where: str) -> Pick:
    """Find, load and set up a chosen plugin.

    Raises:
        PluginError: when it is unknown, broken or ambiguous.
        ConfigError: when a setting is wrong.
    """
    settings = dict(choice.settings)
    name = choice.use
    if kind == "metrics" and "@" in name and not name.endswith("@k"):
        name, settings = _cutoff(name, settings, where)
    try:
        entry = find(kind, name)
    except PluginError as error:
        raise PluginError(error.what, where=where, remedy=error.remedy) from None
    plugin = entry.load().from_settings(settings, where=f"{where}: {choice.label}")
    return Pick(choice.label, entry, plugin)


def _cutoff(name: str, settings: dict[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """Read ``ndcg@10`` as the metric ``ndcg@k`` with ``k = 10``."""
    base, cutoff = split_cutoff(name)
    if not cutoff.isdigit():
        raise ConfigError(f'"{name}" has no number after @', where=where, remedy=f"write for example {base}@10")
    known = {entry.name for entry in entries("metrics")}
    if f"{base}@k" not in known:
        options = {known_name.replace("@k", f"@{cutoff}") for known_name in known}
        raise PluginError(f'unknown metric "{name}"', where=where, remedy=did_you_mean(name, options))
    return f"{base}@k", {"k": int(cutoff)} | settings
