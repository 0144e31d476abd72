"""Every public function and class of the contracts, the data types and the Python functions says what it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import benchsuite
import benchsuite.api
import benchsuite.data
from benchsuite import errors

REPOSITORY = Path(__file__).parents[2]
FUNCTIONS = [name for name in benchsuite.__all__ if inspect.isfunction(getattr(benchsuite, name))]
ARRAY = re.compile(r"(float|int|bool)(8|16|32|64)?\[|csr\[|Ragged|of the (mask|rows)")
ARRAYS = {"Bool", "Float32", "Float64", "Int8", "Int32", "Int64"}


def modules() -> list[Path]:
    """Return the files of ``api`` and ``data``, and those that the Python functions lie in."""
    folders = [REPOSITORY / "benchsuite" / name for name in ("api", "data", "functions")]
    found = [path for folder in folders for path in folder.glob("*.py")]
    return found + [Path(inspect.getfile(getattr(benchsuite, name))) for name in FUNCTIONS]


def public(tree: ast.AST, inside: str = "") -> list[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Return public functions, classes and methods with their names; what a private class holds is private."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append((f"{inside}{node.name}", node))
            if isinstance(node, ast.ClassDef):
                found += public(node, f"{inside}{node.name}.")
    return found


@pytest.mark.parametrize("path", sorted(set(modules())), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_everything_public_has_a_docstring(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "the module"
    assert [name for name, node in public(tree) if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_of_a_function_is_told(name):
    function = getattr(benchsuite, name)
    text = inspect.getdoc(function) or ""
    told = set(re.findall(r"^    (\w+): ", text.partition("Args:\n")[2].partition("Raises:")[0], re.MULTILINE))
    assert set(inspect.signature(function).parameters) == told


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_raises(name):
    """A function that raises an error of ours by itself names it."""
    function = getattr(benchsuite, name)
    raised = set(re.findall(r"\braise (\w+Error|NotApplicable)\b", inspect.getsource(function)))
    told = (inspect.getdoc(function) or "").partition("Raises:\n")[2]
    kinds = tuple(getattr(errors, kind) for kind in re.findall(r"^    (\w+): ", told, re.MULTILINE))
    assert [kind for kind in raised if not issubclass(getattr(errors, kind), kinds)] == []


@pytest.mark.parametrize("module", ["benchsuite.api", "benchsuite.data"])
def test_arrays_have_their_shapes(module):
    """A function or property that returns an array, and a field that is one, says type and shape: ``float32[q, k]``."""
    missing = []
    for name, value in vars(importlib.import_module(module)).items():
        if not inspect.isclass(value) or not value.__module__.startswith("benchsuite."):
            continue
        (tree,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(value))).body
        text = inspect.getdoc(value) or ""
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and names_array(node.annotation):
                row = re.search(rf"^    {node.target.id}: (.*)$", text, re.MULTILINE)
                if not (row and ARRAY.search(row[1])):
                    missing.append(f"{name}.{node.target.id}")
            elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                untold = names_array(node.returns) and not ARRAY.search(ast.get_docstring(node) or "")
                missing += [f"{name}.{node.name}"] * untold
    assert missing == []


def names_array(annotation: ast.expr | None) -> bool:
    """Return whether an annotation is an array, or one or None."""
    text = "" if annotation is None else ast.unparse(annotation)
    return "[" not in text and bool(set(re.split(r"\W+", text)) & ARRAYS)
