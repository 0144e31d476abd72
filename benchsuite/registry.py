"""Name to class, from entry points, lazily: listing reads metadata only and imports no plugin."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from benchsuite.errors import PluginError, did_you_mean

if TYPE_CHECKING:
    from benchsuite.api import Metric, Model, Plugin, Report, Source, Split

Kind = Literal["models", "sources", "splits", "metrics", "reports"]
KINDS: tuple[Kind, ...] = ("models", "sources", "splits", "metrics", "reports")


@dataclass(frozen=True)
class Entry:
    """One installed plugin, known by its metadata alone.

    Attributes:
        kind: the entry-point group without its prefix.
        name: what experiments call it.
        distribution: the package that brings it, or "" for a file in development.
        distribution_version: that package's version.
        target: ``"module:Class"`` or ``"file.py:Class"``.
    """

    kind: Kind
    name: str
    distribution: str
    distribution_version: str
    target: str

    @property
    def origin(self) -> str:
        """Where the plugin comes from, for provenance."""
        return f"{self.distribution} {self.distribution_version}" if self.distribution else self.target

    def load(self) -> type[Plugin]:
        """Import the plugin's class.

        Raises:
            PluginError: when the import fails or the target is not a plugin of this kind.
        """
        where = f"{self.kind[:-1]} {self.name} ({self.origin})"
        module, _, attribute = self.target.partition(":")
        try:
            found = _load_file(Path(module)) if module.endswith(".py") else importlib.import_module(module)
            plugin = getattr(found, attribute)
        except Exception as error:  # a stranger's code may raise anything while it is imported
            reason = f"{type(error).__name__}: {error}"
            remedy = f"reinstall {self.distribution}" if self.distribution else f"correct {module}"
            raise PluginError(f"cannot be loaded: {reason}", where=where, remedy=remedy) from error
        base = _base(self.kind)
        if not (isinstance(plugin, type) and issubclass(plugin, base)):
            raise PluginError(f"{self.target} is not a benchsuite.api.{base.__name__}", where=where)
        return plugin


def _base(kind: Kind) -> type[Plugin]:
    """Return the contract of a kind of plugin."""
    api = importlib.import_module("benchsuite.api")
    return cast("type[Plugin]", getattr(api, kind[:-1].capitalize()))


def _load_file(path: Path) -> Any:
    """Import a Python file by its path, once."""
    path = path.resolve()
    name = f"benchsuite_file_{path.stem}_{abs(hash(str(path)))}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise FileNotFoundError(f"no Python file {path}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _installed() -> Iterator[tuple[str, str, EntryPoint]]:
    """Yield (distribution, version, entry point); of two installs of one distribution the first on the path counts."""
    seen: set[str] = set()
    for distribution in distributions():
        if not _has_entry_points(distribution):
            continue
        # Asked for once: each time, the whole text with its README is parsed anew.
        metadata = distribution.metadata
        name: str | None = metadata["Name"]  # None where an install is broken, whatever the type says
        version = metadata["Version"]
        if name is None or name.lower() in seen:
            continue
        seen.add(name.lower())
        for point in distribution.entry_points:
            if point.group.startswith("benchsuite."):
                yield name, version, point


def _has_entry_points(distribution: Any) -> bool:
    """Skip, without parsing its metadata, a distribution that cannot bring a plugin."""
    text = distribution.read_text("entry_points.txt")
    return text is not None and "[benchsuite." in text


def entries(kind: Kind) -> tuple[Entry, ...]:
    """Return all installed plugins of a kind, by name; two distributions with one name give two entries."""
    group = f"benchsuite.{kind}"
    found = [
        Entry(kind, point.name, distribution, version, point.value)
        for distribution, version, point in _installed()
        if point.group == group
    ]
    return tuple(sorted(found, key=lambda entry: (entry.name, entry.distribution)))


def find(kind: Kind, name: str) -> Entry:
    """Return the plugin with this name, ``distribution/name``, or ``./file.py:Class``.

    Raises:
        PluginError: when there is none, or more than one.
    """
    if ".py:" in name:
        file, _, attribute = name.rpartition(":")
        return Entry(kind, attribute, "", "", f"{file}:{attribute}")
    distribution, _, plain = name.rpartition("/")
    known = entries(kind)
    matches = [e for e in known if e.name == plain and distribution.lower() in ("", e.distribution.lower())]
    if not matches:
        raise PluginError(f'unknown {kind[:-1]} "{name}"', remedy=did_you_mean(name, {e.name for e in known}))
    if len(matches) > 1:
        owners = " and ".join(e.distribution for e in matches)
        remedy = f"write {' or '.join(f'{e.distribution}/{e.name}' for e in matches)}"
        raise PluginError(f'{kind[:-1]} "{name}" is brought by {owners}', remedy=remedy)
    return matches[0]


def function_entries() -> dict[str, EntryPoint]:
    """Return by name the functions that installed packages bring to ``import benchsuite`` and the command line."""
    return {point.name: point for _, _, point in _installed() if point.group == "benchsuite.functions"}


def load_function(name: str) -> Callable[..., Any]:
    """Import a function that an installed package brings.

    Raises:
        PluginError: when there is none of this name, or its import fails.
    """
    found = function_entries()
    if name not in found:
        raise PluginError(f'unknown function "{name}"', remedy=did_you_mean(name, found))
    try:
        return cast("Callable[..., Any]", found[name].load())
    except Exception as error:  # a stranger's code may raise anything while it is imported
        reason = f"{type(error).__name__}: {error}"
        raise PluginError(f"cannot be loaded: {reason}", where=f"function {name} ({found[name].value})") from error


def resolve_metric(name: str, where: str) -> Metric:
    """Return a metric with its default settings; ``ndcg@10`` is ``ndcg@k`` with ``k = 10``."""
    base, _, cutoff = name.partition("@")
    settings = {"k": int(cutoff)} if cutoff.isdigit() else {}
    try:
        metric = load_metric(f"{base}@k" if settings else name)
    except PluginError as error:
        raise PluginError(error.what, where=where, remedy=error.remedy) from None
    return metric.from_settings(settings, name)


def load_model(name: str) -> type[Model]:
    """Return the model class with this name."""
    return cast("type[Model]", find("models", name).load())


def load_source(name: str) -> type[Source]:
    """Return the source class with this name."""
    return cast("type[Source]", find("sources", name).load())


def load_split(name: str) -> type[Split]:
    """Return the split class with this name."""
    return cast("type[Split]", find("splits", name).load())


def load_metric(name: str) -> type[Metric]:
    """Return the metric class with this name."""
    return cast("type[Metric]", find("metrics", name).load())


def load_report(name: str) -> type[Report]:
    """Return the report class with this name."""
    return cast("type[Report]", find("reports", name).load())
