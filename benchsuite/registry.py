"""Name to class, from entry points, lazily: listing reads metadata only and imports no plugin."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from benchsuite.cutoff import cutoff_of, split_cutoff
from benchsuite.errors import PluginError, did_you_mean
from benchsuite.loading import digest, import_file, import_installed, said

if TYPE_CHECKING:
    from benchsuite.api import Metric, Model, Plugin, Report, Source, Split

Kind = Literal["models", "sources", "splits", "metrics", "reports"]
KINDS: tuple[Kind, ...] = ("models", "sources", "splits", "metrics", "reports")
OWN = "benchsuite"
"""The distribution whose plugins are ours; all others are strangers'."""


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

    @property
    def is_file(self) -> bool:
        """Whether it is a file in development; what is installed is a module."""
        return not self.distribution

    def load(self) -> type[Plugin]:
        """Import the plugin's class; a stranger's module is imported in a child first.

        Raises:
            PluginError: when the import fails or the target is not a plugin of this kind.
        """
        return self.load_code()[0]

    def load_code(self, *, apart: bool = True) -> tuple[type[Plugin], str]:
        """Import the plugin's class, and return with it the sha256 of the file that was run, "" for an installed one.

        Args:
            apart: import a stranger's module in a child first. A process that may die with its work needs none.

        Raises:
            PluginError: when the import fails or the target is not a plugin of this kind.
        """
        where = f"{self.kind[:-1]} {self.name} ({self.origin})"
        module, _, attribute = self.target.rpartition(":") if self.is_file else self.target.partition(":")
        remedy = f"reinstall {self.distribution}" if self.distribution else f"correct {module}"
        code = ""
        try:
            if self.is_file:
                content = _read(Path(module))
                code = digest(content)
                found = import_file(Path(module).resolve(), content, apart=apart)
            else:
                found = import_installed(module, apart=apart and self.distribution != OWN)
            plugin = getattr(found, attribute)
        except PluginError as error:
            raise PluginError(error.what, where=where, remedy=error.remedy or remedy) from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a stranger's code may raise anything while it is imported
            raise PluginError(f"cannot be loaded: {said(error)}", where=where, remedy=remedy) from error
        base = _base(self.kind)
        if not (isinstance(plugin, type) and issubclass(plugin, base)):
            raise PluginError(f"{self.target} is not a benchsuite.api.{base.__name__}", where=where)
        return plugin, code


def _base(kind: Kind) -> type[Plugin]:
    """Return the contract of a kind of plugin."""
    api = importlib.import_module("benchsuite.api")
    return cast("type[Plugin]", getattr(api, kind[:-1].capitalize()))


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"no Python file {path}")
    return path.read_bytes()


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


def is_file(name: str) -> bool:
    """Return whether a name means a class in a file, as ``./file.py:Class`` does."""
    return name.rpartition(":")[0].endswith(".py")


def find(kind: Kind, name: str, *, trusted: Collection[str] = ()) -> Entry:
    """Return the plugin with this name, ``distribution/name``, or ``./file.py:Class``.

    Args:
        kind: of the plugin.
        name: may come from anywhere, stored results included.
        trusted: the files, with their classes, that the user named; no other file is found. Where the user typed the
            name itself, that is ``[name]``.

    Raises:
        PluginError: when there is none, or more than one, or the name means a file that the user did not name.
    """
    if is_file(name):
        if _place(name) not in {_place(one) for one in trusted}:
            what = f'stored results name the file "{name}" as a {kind[:-1]}, and a file runs only when you name it'
            raise PluginError(what, remedy=f"if you trust it, add --trust {name}, or install it as a package")
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
    """Import a function that an installed package brings; a stranger's module is imported in a child first.

    Raises:
        PluginError: when there is none of this name, or its import fails.
    """
    known = function_entries()
    if name not in known:
        raise PluginError(f'unknown function "{name}"', remedy=did_you_mean(name, known))
    point = known[name]
    where = f"function {name} ({point.value})"
    stranger = point.dist is None or point.dist.name != OWN
    try:
        found = getattr(import_installed(point.module, apart=stranger), point.attr)
    except PluginError as error:
        raise PluginError(error.what, where=where, remedy=error.remedy) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a stranger's code may raise anything while it is imported
        raise PluginError(f"cannot be loaded: {said(error)}", where=where) from error
    return cast("Callable[..., Any]", found)


def resolve_metric(name: str, where: str) -> Metric:
    """Return a metric with its default settings; ``ndcg@10`` is ``ndcg@k`` with ``k = 10``.

    Args:
        name: as the user typed it; it may be a file.
        where: for the error.

    Raises:
        PluginError: when there is none of this name.
    """
    cutoff = cutoff_of(name)
    full = name if cutoff is None else f"{split_cutoff(name)[0]}@k"
    try:
        metric = load_metric(full, trusted=[name])
    except PluginError as error:
        known = {entry.name.replace("@k", f"@{cutoff}") for entry in entries("metrics")}
        if cutoff is not None and name not in known:  # in the user's own words, not as the plugin is called
            raise PluginError(f'unknown metric "{name}"', where=where, remedy=did_you_mean(name, known)) from None
        raise PluginError(error.what, where=where, remedy=error.remedy) from None
    return metric.from_settings({} if cutoff is None else {"k": cutoff}, name)


def _place(name: str) -> tuple[str, str]:
    """Return the file and the class that a name means, one spelling for each file."""
    file, _, attribute = name.rpartition(":")
    try:
        return os.path.realpath(file), attribute
    except ValueError:  # a NUL byte; there is no such file
        return file, attribute


def load(kind: Kind, name: str, *, trusted: Collection[str] = (), code: str | None = None, apart: bool = True) -> Any:
    """Return the class with this name.

    Args:
        kind: of the plugin.
        name: as in :func:`find`.
        trusted: as in :func:`find`.
        code: the sha256 that its file had when the plan was made; None asks for nothing.
        apart: as in :meth:`Entry.load_code`.

    Raises:
        PluginError: when it is not found or cannot be loaded, or its file has another content.
    """
    plugin, found = find(kind, name, trusted=trusted).load_code(apart=apart)
    if code is not None and found != code:
        what = f"the file changed since the plan was made (sha256 {found[:12]}, was {code[:12]})"
        raise PluginError(what, where=f"{kind[:-1]} {name}", remedy="run the experiment again")
    return plugin


def load_model(name: str, *, trusted: Collection[str] = (), code: str | None = None, apart: bool = True) -> type[Model]:
    """Return the model class with this name; see :func:`load`."""
    return cast("type[Model]", load("models", name, trusted=trusted, code=code, apart=apart))


def load_source(name: str, *, trusted: Collection[str] = ()) -> type[Source]:
    """Return the source class with this name; see :func:`load`."""
    return cast("type[Source]", load("sources", name, trusted=trusted))


def load_split(name: str, *, trusted: Collection[str] = ()) -> type[Split]:
    """Return the split class with this name; see :func:`load`."""
    return cast("type[Split]", load("splits", name, trusted=trusted))


def load_metric(name: str, *, trusted: Collection[str] = (), code: str | None = None) -> type[Metric]:
    """Return the metric class with this name; see :func:`load`."""
    return cast("type[Metric]", load("metrics", name, trusted=trusted, code=code))


def load_report(name: str, *, trusted: Collection[str] = ()) -> type[Report]:
    """Return the report class with this name; see :func:`load`."""
    return cast("type[Report]", load("reports", name, trusted=trusted))
