"""Finds plugins by name from entry points; listing reads metadata only and imports no plugin."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from benchsuite.cutoff import cutoff_of, split_cutoff
from benchsuite.errors import ConfigError, PluginError, did_you_mean
from benchsuite.loading import (
    SetUp,
    digest,
    error_text,
    file_and_class,
    import_file,
    import_installed,
    no_class_named,
    spelled,
)

if TYPE_CHECKING:
    from benchsuite.api import Metric, Model, Plugin, Report, Source, Split

Kind = Literal["models", "sources", "splits", "metrics", "reports"]
KINDS: tuple[Kind, ...] = ("models", "sources", "splits", "metrics", "reports")
FunctionGroup = Literal["functions", "exports", "sites", "executors"]
OWN = "benchsuite"
"""The distribution of our own plugins; all others are foreign."""


@dataclass(frozen=True)
class PluginEntry:
    """One installed plugin, known by its metadata alone.

    Attributes:
        kind: the entry-point group without its prefix.
        name: its name in experiments.
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
        """Import the plugin's class; a foreign module is tried in a child process first.

        Raises:
            PluginError: when the import fails or the target is not a plugin of this kind.
        """
        return self.load_code()[0]

    def load_code(self, *, apart: bool = True, settings: Sequence[Mapping[str, Any]] = ()) -> tuple[type[Plugin], str]:
        """Import the plugin's class, and return with it the sha256 of the file that was run, "" for an installed one.

        Args:
            apart: import a stranger's module in a child first. A process that may die with its work needs none.
            settings: what the plugin will be set up with here, once or more; a stranger's is set up in the child, too.

        Raises:
            PluginError: when the import fails or the target is not a plugin of this kind.
        """
        where = f"{self.kind[:-1]} {self.name} ({self.origin})"
        module, _, attribute = self.target.rpartition(":") if self.is_file else self.target.partition(":")
        remedy = f"correct {module}"
        if self.distribution:  # a plugin that is being written is installed, too
            remedy = f"correct it or install what it imports; if it is not yours, reinstall {self.distribution}"
        code = ""
        then = [SetUp(attribute, one) for one in settings]
        try:
            if self.is_file:
                content = _read(Path(module))
                code = digest(content)
                found = import_file(Path(module).resolve(), content, apart=apart, then=then)
            else:
                found = import_installed(module, apart=apart and self.distribution != OWN, then=then)
            plugin = _class_of(found, attribute)
        except PluginError as error:
            raise PluginError(error.what, where=where, remedy=error.remedy or remedy) from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # foreign code may raise anything while it is imported
            raise PluginError(f"cannot be loaded: {error_text(error)}", where=where, remedy=remedy) from error
        base = _base(self.kind)
        if not (isinstance(plugin, type) and issubclass(plugin, base)):
            raise PluginError(f"{self.target} is not a benchsuite.api.{base.__name__}", where=where)
        return plugin, code


def _class_of(module: object, name: str) -> Any:
    """Return what a module calls ``name``; where it has none, the error names the classes that it defines."""
    if not hasattr(module, name):
        own = getattr(module, "__name__", "")
        classes = [known for known, one in vars(module).items() if isinstance(one, type) and one.__module__ == own]
        raise PluginError(f'it has no class "{name}"', remedy=did_you_mean(name, classes))
    return getattr(module, name)


def _base(kind: Kind) -> type[Plugin]:
    """Return the contract of a kind of plugin."""
    api = importlib.import_module("benchsuite.api")
    return cast("type[Plugin]", getattr(api, kind[:-1].capitalize()))


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"no Python file {path}")
    return path.read_bytes()


def _installed() -> tuple[tuple[str, str, EntryPoint], ...]:
    """Return (distribution, version, entry point); of two installs of one distribution the first on the path counts."""
    return _scan(tuple((folder, _changed(folder)) for folder in sys.path))


def _changed(folder: str) -> int:
    """Return when something was last installed into a folder or removed from it, 0 where it is none."""
    try:
        return Path(folder).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


@functools.lru_cache(maxsize=4)
def _scan(_path: tuple[tuple[str, int], ...]) -> tuple[tuple[str, str, EntryPoint], ...]:
    """Read what is installed, once for each state of the path: hundreds of files, asked for by every name in a plan."""
    seen: set[str] = set()
    found: list[tuple[str, str, EntryPoint]] = []
    for distribution in distributions():
        if not _has_entry_points(distribution):
            continue
        # Read once, because each access parses the whole metadata anew.
        metadata = distribution.metadata
        name: str | None = metadata["Name"]  # None where an install is broken, whatever the type says
        version = metadata["Version"]
        if name is None or name.lower() in seen:
            continue
        seen.add(name.lower())
        found += [
            (name, version, point) for point in distribution.entry_points if point.group.startswith("benchsuite.")
        ]
    return tuple(found)


def _has_entry_points(distribution: Any) -> bool:
    """Skip, without parsing its metadata, a distribution that cannot bring a plugin."""
    text = distribution.read_text("entry_points.txt")
    return text is not None and "[benchsuite." in text


def plugin_packages() -> dict[str, str]:
    """Return the versions of the distributions that bring a plugin or a function, by name in lower case."""
    return {name.lower(): version for name, version, _ in _installed()}


def entries(kind: Kind) -> tuple[PluginEntry, ...]:
    """Return all installed plugins of a kind, by name; two distributions with one name give two entries."""
    group = f"benchsuite.{kind}"
    found = [
        PluginEntry(kind, point.name, distribution, version, point.value)
        for distribution, version, point in _installed()
        if point.group == group
    ]
    return tuple(sorted(found, key=lambda entry: (entry.name, entry.distribution)))


def is_file(name: str) -> bool:
    """Return whether a name means a class in a file, as ``./file.py:Class`` does."""
    return name.rpartition(":")[0].endswith(".py")


def find(kind: Kind, name: str, *, trusted: Collection[str] = ()) -> PluginEntry:
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
        if file_and_class(name) not in {file_and_class(one) for one in trusted}:
            what = f'stored results name the file "{name}" as a {kind[:-1]}, and a file runs only when you name it'
            raise PluginError(what, remedy=f"if you trust it, add --trust {name}, or install it as a package")
        file, _, attribute = name.rpartition(":")
        return PluginEntry(kind, attribute, "", "", f"{spelled(file)}:{attribute}")
    if name.endswith(".py"):
        raise no_class_named(name, kind, read=name in trusted)
    distribution, _, plain = name.rpartition("/")
    known = entries(kind)
    matches = [e for e in known if e.name == plain and distribution.lower() in ("", e.distribution.lower())]
    if not matches:
        raise PluginError(f'unknown {kind[:-1]} "{name}"', remedy=did_you_mean(plain, {e.name for e in known}))
    if len(matches) > 1:
        owners = " and ".join(e.distribution for e in matches)
        remedy = f"write {' or '.join(f'{e.distribution}/{e.name}' for e in matches)}"
        raise PluginError(f'{kind[:-1]} "{name}" is brought by {owners}', remedy=remedy)
    return matches[0]


def function_entries(group: FunctionGroup = "functions") -> dict[str, EntryPoint]:
    """Return by name what installed packages bring in a group of functions; no package takes a name of our own.

    Args:
        group: ``functions``, for ``import benchsuite`` and the command line, or ``exports``, the formats of
            ``benchsuite data export``: each takes a data set, a folder, facts to tell, and a fold of it or None for the
            whole, writes files and returns the rows of each; or ``sites``: each takes leaderboards and returns the
            contents of files by name; or ``executors``: each is a :class:`benchsuite.runner.executor.Executor`.
    """
    found: dict[str, EntryPoint] = {}
    for distribution, _, point in _installed():
        if point.group == f"benchsuite.{group}" and (distribution == OWN or point.name not in found):
            found[point.name] = point
    return found


def load_function(name: str, group: FunctionGroup = "functions") -> Callable[..., Any]:
    """Import a function that an installed package brings; a stranger's module is imported in a child first.

    Args:
        name: of the function.
        group: see :func:`function_entries`.

    Raises:
        PluginError: when there is none of this name, or its import fails.
    """
    known = function_entries(group)
    if name not in known:
        raise PluginError(f'unknown {group[:-1]} "{name}"', remedy=did_you_mean(name, known))
    point = known[name]
    where = f"{group[:-1]} {name} ({point.value})"
    stranger = point.dist is None or point.dist.name != OWN
    try:
        found = getattr(import_installed(point.module, apart=stranger), point.attr)
    except PluginError as error:
        raise PluginError(error.what, where=where, remedy=error.remedy) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code may raise anything while it is imported
        raise PluginError(f"cannot be loaded: {error_text(error)}", where=where) from error
    return cast("Callable[..., Any]", found)


def resolve_metric(name: str, where: str) -> Metric:
    """Return a metric with its default settings; ``ndcg@10`` is ``ndcg@k`` with ``k = 10``.

    Args:
        name: as the user typed it; it may be a file.
        where: for the error.

    Raises:
        PluginError: when there is none of this name.
    """
    full, settings = read_cutoff(name, where)
    try:
        metric = load_metric(full, trusted=[name])
    except PluginError as error:
        raise PluginError(error.what, where=where, remedy=error.remedy) from None
    return metric.from_settings(settings, name)


def read_cutoff(name: str, where: str) -> tuple[str, dict[str, Any]]:
    """Read ``ndcg@10`` as the metric ``ndcg@k`` with ``k = 10``; any other name is as it is, without settings.

    Raises:
        ConfigError: when no number follows the @.
        PluginError: when there is no such metric.
    """
    if is_file(name) or "@" not in name or name.endswith("@k"):
        return name, {}
    base, cutoff = split_cutoff(name)
    k = cutoff_of(name)
    if k is None:
        raise ConfigError(f'"{name}" has no number after @', where=where, remedy=f"write for example {base}@10")
    known = {entry.name for entry in entries("metrics")}
    if f"{base.rpartition('/')[2]}@k" not in known:
        options = {known_name.replace("@k", f"@{cutoff}") for known_name in known}
        raise PluginError(f'unknown metric "{name}"', where=where, remedy=did_you_mean(name, options))
    return f"{base}@k", {"k": k}


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
