"""``benchsuite new``: write a plugin package that is ready to install."""

from __future__ import annotations

import re
from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

from benchsuite.cli.console import OK, refuse, say, say_json
from benchsuite.cli.options import add_json, add_verb

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
from benchsuite.api import Context, Model, Search
from benchsuite.data import Dataset, Float32, Int32, Queries


@dataclass
class {klass}(Model):
    """Scores an item by how many users took it together with items of the history."""

    shrinkage: Annotated[float, Ge(0), Search(0, 100)] = 10.0

    def fit(self, train: Dataset, context: Context) -> Self:
        """Count which items are taken together."""
        taken = train.matrix()
        together = np.asarray((taken.T @ taken).todense(), np.float32)
        self._share = together / (np.diag(together)[:, None] + self.shrinkage + 1e-9)
        np.fill_diagonal(self._share, 0.0)
        return self

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c]; the harness leaves out seen items, breaks ties and cuts the list."""
        scores = (queries.matrix(len(self._share)) @ self._share).astype(np.float32)
        return scores if candidates is None else scores[:, candidates]
'''

_TEST = '''\
"""{klass} keeps the contract of a model."""

from benchsuite.testing import parametrize
from {package} import {klass}


@parametrize("models", {klass})
def test_conformance(check):
    check()
'''


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "new", run, "write a plugin package that is ready to install")
    parser.add_argument("kind", choices=["model"], help="what to write")
    parser.add_argument("name", metavar="NAME", help="what experiments will call it, such as my-model")
    parser.add_argument(
        "--into", type=Path, default=Path(), metavar="DIR", help="where the new folder goes (default: .)"
    )
    add_json(parser)


def run(args: Namespace) -> int:
    """Write the folder and say what to do next."""
    name: str = args.name
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        remedy = "use small letters, digits and single hyphens, such as my-model"
        refuse(f'"{name}" is no name for a model', remedy=remedy)
    folder: Path = args.into / name
    files = package(name)
    try:
        folder.mkdir(parents=True)
        for path, content in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(content, "utf-8")
    except FileExistsError:
        refuse("exists already", where=str(folder), remedy="choose another name or another --into DIR")
    except OSError as error:
        refuse(f"cannot be written: {error.strerror}", where=str(folder), remedy="choose another --into DIR")
    if args.json:
        say_json({"folder": str(folder), "files": sorted(files)})
        return OK
    for path in files:
        say(str(folder / path))
    say()
    say(f"Next: pip install -e {folder} && benchsuite check {name}")
    return OK


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
