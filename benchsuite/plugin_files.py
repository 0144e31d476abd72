"""The files that a plugin's code lies in, found without importing it, and their sha256.

A plugin's code is the module that its entry point names, and every module that this one imports, directly or not, from
packages that bring plugins, or from the folder of a plugin that is a single module and is not installed beside other
libraries. What the core and other libraries do is told by their versions.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path

from benchsuite.registry import KINDS, Kind, entries, is_file

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<base>\.*[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n#;]*)"
    r"|import[ \t]+(?P<modules>[^\n#;]*))",
    re.MULTILINE,
)


_LIBRARIES = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class PluginFiles:
    """The code of an installed plugin.

    Attributes:
        digest: sha256 over the names and contents of its files.
        version: that its class declares, as far as its own lines say it; else "".
    """

    digest: str
    version: str


class PluginFilesReader:
    """Reads the code of plugins as it lies on the disk when each file is first asked for; shared by many plugins."""

    def __init__(self) -> None:
        self._known: dict[str, PluginFiles | None] = {}
        self._sources: dict[str, tuple[bytes, tuple[str, ...]] | None] = {}
        self._specs: dict[str, ModuleSpec | None] = {}

    def read(self, kind: Kind, name: str) -> PluginFiles | None:
        """Return what is known of a plugin's code; None where it is not installed, or is a file, which keys hold.

        Args:
            kind: of the plugin.
            name: ``distribution/name``.
        """
        if is_file(name):
            return None
        target = self._targets.get(f"{kind} {name}", "")
        if target not in self._known:
            self._known[target] = self._read(*target.partition(":")[::2])
        return self._known[target]

    @functools.cached_property
    def _targets(self) -> dict[str, str]:
        """The ``module:Class`` of every installed plugin."""
        found = (entry for kind in KINDS for entry in entries(kind))
        return {f"{entry.kind} {entry.distribution}/{entry.name}": entry.target for entry in found}

    @functools.cached_property
    def _packages(self) -> set[str]:
        """The packages that bring plugins."""
        return {target.partition(":")[0].partition(".")[0] for target in self._targets.values()}

    @functools.cached_property
    def _folders(self) -> set[Path]:
        """Folders of plugins that are single modules, as ``pip install -e`` leaves them; no folder of libraries."""
        specs = (self._spec(root) for root in self._packages)
        single = (spec.origin for spec in specs if spec is not None and spec.submodule_search_locations is None)
        folders = {Path(origin).parent for origin in single if origin is not None}
        return {folder for folder in folders if folder.name not in _LIBRARIES}

    def _is_beside(self, root: str) -> bool:
        """Return whether a module or package lies beside a plugin that is a single module."""
        return any((folder / f"{root}.py").is_file() or (folder / root).is_dir() for folder in self._folders)

    def _read(self, module: str, attribute: str) -> PluginFiles | None:
        reached: dict[str, bytes] = {}
        left = [module]
        while left:
            name = left.pop()
            if name not in reached and (source := self._source(name)) is not None:
                reached[name] = source[0]
                left += source[1]
        if module not in reached:
            return None
        whole = hashlib.sha256()
        for name, content in sorted(reached.items()):
            whole.update(f"{name} {len(content)}\n".encode() + content)
        return PluginFiles(whole.hexdigest(), _declared(reached[module], attribute))

    def _source(self, name: str) -> tuple[bytes, tuple[str, ...]] | None:
        """Return the source of a module, and the modules that it may import; None where it is none of a plugin's."""
        root = name.partition(".")[0]
        if root not in self._packages and not self._is_beside(root):
            return None
        if name not in self._sources:
            self._sources[name] = None
            spec = self._spec(name)
            if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
                package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
                with contextlib.suppress(OSError):
                    content = Path(spec.origin).read_bytes()
                    more = [package] if package else []
                    self._sources[name] = content, (*_imports(content.decode("utf-8", "replace"), package), *more)
        return self._sources[name]

    def _spec(self, name: str) -> ModuleSpec | None:
        """Find a module as an import would, but run no code of its packages."""
        if name not in self._specs:
            above = name.rpartition(".")[0]
            outer = self._spec(above) if above else None
            places = None if outer is None else outer.submodule_search_locations
            self._specs[name] = None
            if not above or places is not None:
                finders = (getattr(finder, "find_spec", None) for finder in sys.meta_path)
                specs = (find_spec(name, places) for find_spec in finders if find_spec is not None)
                self._specs[name] = next((spec for spec in specs if spec is not None), None)
        return self._specs[name]


def _imports(source: str, package: str) -> Iterator[str]:
    """Yield the modules that a source may import; a name that is no module is found nowhere."""
    for line in _IMPORT.finditer(source):
        if line["modules"] is not None:
            yield from (part.split()[0] for part in line["modules"].split(",") if part.split())
            continue
        base = line["base"].lstrip(".")
        if dots := len(line["base"]) - len(base):
            above = package.rsplit(".", dots - 1)[0] if dots > 1 else package
            base = f"{above}.{base}".strip(".")
        yield base
        names = line["names"].strip("()").replace("\n", ",").split(",")
        yield from (f"{base}.{words[0]}" for words in map(str.split, names) if words)


def _declared(source: bytes, name: str) -> str:
    """Return the version that a class sets in its own body, or ""."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return ""
    for node in (one for cls in body if isinstance(cls, ast.ClassDef) and cls.name == name for one in cls.body):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        value = getattr(node, "value", None)
        if isinstance(value, ast.Constant) and any(isinstance(t, ast.Name) and t.id == "version" for t in targets):
            return str(value.value)
    return ""
