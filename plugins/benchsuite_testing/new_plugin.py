"""Write a plugin package that is ready to install."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from benchsuite.errors import UsageError
from benchsuite.interface import Frames, FunctionResult, Option, PathLike, Style, check_choice, frame, plain

Writable = Literal["model"]

_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
description = "The model {name} for benchsuite"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["benchsuite"]

[project.entry-points."benchsuite.models"]
{name} = "{package}:{klass}"
"""

_MODEL = '''\
"""The model {name}."""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from annotated_types import Ge
from benchsuite.api import Context, Model, Range
from benchsuite.data import Dataset, Float32, Int32, Queries


@dataclass
class {klass}(Model):
    """Scores an item by how many users took it together with items of the history."""

    shrinkage: Annotated[float, Ge(0), Range(0, 100)] = 10.0

    def fit(self, train: Dataset, context: Context) -> Self:
        """Count which items are taken together."""
        taken = train.matrix()
        together = np.asarray((taken.T @ taken).todense(), np.float32)
        self._share = together / (np.diag(together)[:, None] + self.shrinkage + 1e-9)
        np.fill_diagonal(self._share, 0.0)
        self._known = np.diag(together) > 0
        return self

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c]; the harness leaves out seen items, breaks ties and cuts the list."""
        history = queries.matrix(len(self._share))
        scores = (history @ self._share).astype(np.float32)
        # NaN says "no opinion", and the harness answers: of items that nobody took, and after a history of such items.
        scores[:, ~self._known] = np.nan
        scores[history @ self._known.astype(np.float32) == 0] = np.nan
        return scores if candidates is None else scores[:, candidates]
'''

_TEST = '''\
"""{klass} keeps the contract of a model."""

from benchsuite_testing import parametrize
from {package} import {klass}


@parametrize("models", {klass})
def test_conformance(check):
    check()
'''


@dataclass(repr=False, eq=False)
class NewPlugin(FunctionResult):
    """A package that was written.

    Attributes:
        folder: with the files.
        files: their paths in it.
    """

    folder: Path
    files: Sequence[str]

    def text(self, style: Style = plain) -> str:
        """Return the files and what to do next."""
        paths = [str(self.folder / path) for path in self.files]
        return "\n".join([*paths, "", f"Next: pip install -e {self.folder} && benchsuite check {self.folder.name}"])

    def frames(self) -> Frames:
        """Return ``files``."""
        return {"files": frame(({"file": path} for path in self.files), ("file",))}


def new_plugin(kind: Writable, name: str, *, into: Annotated[PathLike, Option(metavar="DIR")] = Path()) -> NewPlugin:
    """Write a plugin package that is ready to install.

    Args:
        kind: what to write.
        name: what experiments will call it, such as my-model.
        into: where the new folder goes (default: here).

    Raises:
        UsageError: when the name cannot be one, or the folder exists.
    """
    check_choice(kind, Writable, "KIND")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        remedy = "use small letters, digits and single hyphens, such as my-model"
        raise UsageError(f'"{name}" is no name for a {kind}', remedy=remedy)
    folder = Path(into) / name
    files = package(name)
    try:
        folder.mkdir(parents=True)
        for path, content in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(content, "utf-8")
    except FileExistsError:
        remedy = "choose another name or another --into DIR"
        raise UsageError("exists already", where=str(folder), remedy=remedy) from None
    except OSError as error:
        remedy = "choose another --into DIR"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(folder), remedy=remedy) from None
    return NewPlugin(folder, list(files))


def package(name: str) -> dict[str, str]:
    """Return the files of a package with a model, by path."""
    words = {
        "name": name,
        "package": name.replace("-", "_"),
        "klass": "".join(part.capitalize() for part in name.split("-")),
    }
    return {
        "pyproject.toml": _PYPROJECT.format(**words),
        f"{words['package']}.py": _MODEL.format(**words),
        "tests/test_conformance.py": _TEST.format(**words),
    }
