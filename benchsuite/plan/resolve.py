"""From names to plugins: everything that an experiment names is found, loaded, built and checked before any work."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchsuite.api import Metric, Model, Plugin
from benchsuite.cutoff import split_cutoff
from benchsuite.errors import BenchsuiteError, ConfigError, PluginError, shortened
from benchsuite.loading import plugin_code
from benchsuite.plan.experiment_file import Experiment, PluginSpec
from benchsuite.programs import command_line, program_digest
from benchsuite.registry import OWN, Kind, PluginEntry, find, read_cutoff

_FLAGS = (
    "uses_language_model",
    "is_candidate",
    "is_oracle",
    "is_network",
    "predicts_values",
    "is_personalized",
    "may_abstain",
)
"""What a model says of itself with True or False."""


@dataclass(frozen=True)
class ResolvedPlugin:
    """A plugin of an experiment, loaded and built.

    Attributes:
        label: its name in tables.
        entry: where it comes from.
        plugin: the plugin, built from its settings.
        code: the sha256 of the file that was run, "" for an installed plugin.
        program: the sha256 of the program that a model runs in a process of its own, "" where there is none.
        command: the command of the user's that starts that program, "" where there is none.
        unavailable: why a model cannot be used here, or "".
        given: the settings that the experiment gives; a search holds them fixed.
    """

    label: str
    entry: PluginEntry
    plugin: Plugin
    code: str = ""
    program: str = ""
    command: str = ""
    unavailable: str = ""
    given: frozenset[str] = frozenset()

    @functools.cached_property
    def identity(self) -> dict[str, Any]:
        """What changes the numbers: the plugin's name, its version and all its settings."""
        name = f"{self.entry.distribution}/{self.entry.name}" if self.entry.distribution else self.entry.target
        identity = {"plugin": name, "version": self.plugin.version, "settings": self.plugin.settings()}
        identity |= {"code": self.code} if self.entry.is_file else {}
        return identity | ({"program": self.program} if self.program else {})

    @property
    def told(self) -> dict[str, Any]:
        """What every plugin declares: the fields of :class:`benchsuite.data.PluginInfo`."""
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
class ResolvedPlugins:
    """All plugins of an experiment, in its order."""

    sources: tuple[ResolvedPlugin, ...]
    splits: tuple[ResolvedPlugin, ...]
    models: tuple[ResolvedPlugin, ...]
    metrics: tuple[ResolvedPlugin, ...]

    @property
    def all(self) -> tuple[ResolvedPlugin, ...]:
        """All plugins, of every kind."""
        return self.sources + self.splits + self.models + self.metrics


def resolve_all(experiment: Experiment) -> ResolvedPlugins:
    """Find, load and build everything that an experiment names, so that a mistake shows before any work begins.

    Raises:
        PluginError: when a plugin is unknown, broken or ambiguous.
        ConfigError: when a setting is wrong, or two parts of the experiment do not fit together.
    """

    def every(kind: Kind, choices: list[PluginSpec]) -> tuple[ResolvedPlugin, ...]:
        _try_strangers(kind, choices)
        return tuple(resolve(kind, choice, f"{experiment.name}: {kind}") for choice in choices)

    picked = ResolvedPlugins(
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


def _try_strangers(kind: Kind, choices: Sequence[PluginSpec]) -> None:
    """Set up each stranger's plugin with all its settings in one child: a child for each would cost .3 s each.

    Whatever is wrong is told by :func:`resolve`.
    """
    asked: dict[PluginEntry, list[Mapping[str, Any]]] = {}
    for choice in choices:
        with contextlib.suppress(BenchsuiteError):
            entry, settings = _find(kind, choice, "")
            asked.setdefault(entry, []).append(settings)
    for entry, several in asked.items():
        if len(several) > 1 and entry.distribution != OWN:
            with contextlib.suppress(BenchsuiteError):
                entry.load_code(settings=several)


def resolve(kind: Kind, choice: PluginSpec, where: str) -> ResolvedPlugin:
    """Find, load and build one plugin.

    Raises:
        PluginError: when it is unknown, broken or ambiguous.
        ConfigError: when a setting is wrong.
    """
    entry, settings = _find(kind, choice, where)
    cls, code = entry.load_code(settings=[settings])
    with plugin_code(f"{where}: {choice.label}"):
        plugin = cls.from_settings(settings, where=f"{where}: {choice.label}")
        plugin.settings()
    version: object = plugin.version
    if not isinstance(version, str) or not version:
        what = f"its version is {shortened(version)}, which is no text"
        raise PluginError(what, where=f"{where}: {choice.label}", remedy=f'set version = "1" in {cls.__name__}')
    if not isinstance(plugin, Model):
        return ResolvedPlugin(choice.label, entry, plugin, code)
    with plugin_code(f"{where}: {choice.label}"):
        flags: dict[str, object] = {name: getattr(plugin, name) for name in _FLAGS}
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            what = f"its {name} is {shortened(flag)}, neither True nor False"
            raise PluginError(what, where=f"{where}: {choice.label}", remedy=f"set {name} = True in {cls.__name__}")
    with plugin_code(f"{where}: {choice.label}"):
        program = program_digest(plugin), command_line(plugin), plugin.unavailable()
    return ResolvedPlugin(choice.label, entry, plugin, code, *program, given=frozenset(settings))


def _find(kind: Kind, choice: PluginSpec, where: str) -> tuple[PluginEntry, dict[str, Any]]:
    """Return the plugin that is meant, and its settings, the number of ``ndcg@10`` among them.

    Raises:
        PluginError: when it is unknown or ambiguous.
        ConfigError: when no number follows the @.
    """
    settings, name = dict(choice.settings), choice.use
    if kind == "metrics":
        name, cutoff = read_cutoff(name, where)
        settings = cutoff | settings
    try:
        return find(kind, name, trusted=[name]), settings  # the user wrote the experiment, or named it
    except PluginError as error:
        place = f"{where}: {error.where}" if error.where else where
        raise PluginError(error.what, where=place, remedy=error.remedy) from None


def trying(pick: ResolvedPlugin) -> contextlib.AbstractContextManager[None]:
    """Turn what a foreign plugin raises into one line that names it; errors of our own plugins pass."""
    ours = pick.entry.distribution == OWN
    return (
        contextlib.nullcontext() if ours else plugin_code(f"{pick.entry.kind[:-1]} {pick.label} ({pick.entry.origin})")
    )
