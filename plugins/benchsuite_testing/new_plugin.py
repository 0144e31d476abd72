"""Write a plugin package that is ready to install."""

from __future__ import annotations

import difflib
import importlib.util
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from benchsuite.errors import UsageError
from benchsuite.interface import Frames, FunctionResult, Option, PathLike, Style, check_choice, frame, plain
from benchsuite_testing.plugin_package import Writable, called, package, shown

_TAKEN = ("benchsuite", "tests")
"""Names of modules that a package beside its own tests cannot have."""

_NEAR = 0.85
"""From this likeness of two names on, one may be a typing error for the other."""


@dataclass(repr=False, eq=False)
class NewPlugin(FunctionResult):
    """A package that was written.

    Attributes:
        kind: of the plugin.
        name: what experiments call it.
        folder: with the files.
        files: their paths in it.
        near: names of installed plugins of the same kind that are much like this one.
    """

    kind: Writable
    name: str
    folder: Path
    files: Sequence[str]
    near: Sequence[str] = ()

    def text(self, style: Style = plain) -> str:
        """Return the files and what to do next."""
        name = called(self.kind, self.name)
        steps = [
            f"pip install -e {self.folder}",
            f"benchsuite check {self.kind} {name}",
            f"benchsuite run {self.folder / 'try.toml'}",
            *shown(self.kind, self.name),
        ]
        paths = [str(self.folder / path) for path in self.files]
        return "\n".join([*paths, "", "Next:", *(f"  {step}" for step in steps)])

    def advice(self) -> Sequence[str]:
        """Say which installed plugins have nearly the same name."""
        near = " and ".join(f'"{one}"' for one in self.near)
        return [f'note: "{self.name}" is much like {near}, which is installed; another name would not be mistaken'][
            : len(self.near)
        ]

    def frames(self) -> Frames:
        """Return ``files``."""
        return {"files": frame(({"file": path} for path in self.files), ("file",))}


def new_plugin(
    kind: Writable, name: str, *, out: Annotated[PathLike | None, Option(metavar="DIR")] = None
) -> NewPlugin:
    """Write a plugin package that is ready to install: a module, a test, a README, and an experiment to try it in.

    Args:
        kind: what to write.
        name: what experiments will call it, such as my-model.
        out: the new folder (default: NAME, here).

    Raises:
        UsageError: when the name cannot be one or is taken, or the folder exists.
    """
    check_choice(kind, Writable, "KIND")
    near = _check_name(kind, name)
    folder = Path(name if out is None else out)
    files = package(kind, name)
    try:
        folder.mkdir(parents=True)
        for path, content in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(content, "utf-8")
    except FileExistsError:
        remedy = "choose another name or another --out DIR; nothing is overwritten"
        raise UsageError("exists already", where=str(folder), remedy=remedy) from None
    except OSError as error:
        remedy = "choose another --out DIR"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(folder), remedy=remedy) from None
    return NewPlugin(kind, name, folder, list(files), near)


def _check_name(kind: Writable, name: str) -> list[str]:
    """Return the names of installed plugins that are much like this one.

    Raises:
        UsageError: when no plugin or module can have this name, or one has it.
    """
    from benchsuite.plugin_names import kind_of
    from benchsuite.registry import entries

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        remedy = "use small letters, digits and single hyphens, such as my-model"
        raise UsageError(f'"{name}" is no name for a {kind}', remedy=remedy)
    known = {entry.name.removesuffix("@k"): entry.distribution for entry in entries(kind_of(kind))}
    if name in known:
        raise UsageError(f'the {kind} "{name}" is there already, from {known[name]}', remedy="choose another name")
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or module in _TAKEN or importlib.util.find_spec(module) is not None:
        what = f'"{name}" is no name for a package: Python would take "{module}" for something else'
        raise UsageError(what, remedy=f"choose another name, such as {name}-{kind}")
    return difflib.get_close_matches(name, known, n=2, cutoff=_NEAR)
