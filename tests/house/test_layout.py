"""The house looks as it was drawn."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TOP = {
    ".ci",
    ".dockerignore",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CITATION.cff",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "benchsuite",
    "datasets",
    "docs",
    "plugins",
    "pyproject.toml",
    "reports",
    "tests",
}
SHELVES = {
    "plugins": {
        "benchsuite_classic",
        "benchsuite_content",
        "benchsuite_doctor",
        "benchsuite_executors",
        "benchsuite_external",
        "benchsuite_flm",
        "benchsuite_interchange",
        "benchsuite_protocol",
        "benchsuite_rivals",
        "benchsuite_saved",
        "benchsuite_social",
        "benchsuite_testing",
    },
    "datasets": {"benchsuite_data_verbs", "benchsuite_datasets", "benchsuite_tables"},
    "reports": {"benchsuite_reports", "benchsuite_site", "published", "results"},
}
DOCUMENTS = {"published", "results"}
"""Folders of a shelf that hold no code."""

LONGEST_FILE = 350


def test_the_top_level_is_fixed(files):
    assert {path.parts[0] for path in files} == TOP


def test_shelves_hold_packages_and_nothing_else(files):
    for shelf, packages in SHELVES.items():
        inside = {path.parts[1] for path in files if path.parts[0] == shelf}
        assert inside <= packages
        assert packages - inside <= DOCUMENTS


@pytest.mark.parametrize("shelf", ["datasets", "plugins", "reports", "tests"])
def test_shelves_are_no_packages(shelf, files, repository):
    """An ``__init__.py`` there would shadow installed packages of that name, such as Hugging Face datasets."""
    assert not (repository / shelf / "__init__.py").exists()
    assert any(path.parts[0] == shelf for path in files)


@pytest.mark.process
def test_a_regular_package_called_datasets_wins_over_the_shelf(repository, tmp_path):
    """The shelf ``datasets/`` must not be what a library gets that imports Hugging Face datasets."""
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "__init__.py").write_text("WHO = 'the installed one'\n")
    code = f"import sys; sys.path[:] = ['', *sys.path, {str(tmp_path)!r}]; import datasets; print(datasets.WHO)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=repository, timeout=60, check=False
    )
    assert done.stdout == "the installed one\n", done.stderr


def test_no_file_is_long(files, repository):
    lengths = {path: len((repository / path).read_text("utf-8").splitlines()) for path in files if path.suffix == ".py"}
    assert len(lengths) > 50
    long = {str(path): length for path, length in lengths.items() if length > LONGEST_FILE}
    assert long == {}


def test_every_package_tells_types(repository):
    for package in ["benchsuite", *(f"{s}/{p}" for s, ps in SHELVES.items() for p in ps if p not in DOCUMENTS)]:
        assert (repository / package / "py.typed").is_file()


def test_nothing_is_pickled(files, repository):
    """Not even where a linter is told to look away."""
    banned = {"pickle", "cloudpickle", "dill", "joblib", "shelve"}
    for path in files:
        if path.suffix != ".py" or path.parts[0] == "tests":
            continue
        text = (repository / path).read_text("utf-8")
        if not any(name in text for name in banned):
            continue  # most files: parsing all of them takes seconds
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = getattr(node, "module", None) or ""
            assert not banned & {name.partition(".")[0] for name in [*names, module]}, path


def test_the_wheel_takes_every_package(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]) - {"reports/results"}
    assert packages == {"benchsuite", *(f"{s}/{p}" for s, ps in SHELVES.items() for p in ps if p not in DOCUMENTS)}
    assert set(project["tool"]["importlinter"]["root_packages"]) == {Path(package).name for package in packages}


def test_tests_mirror_the_source(files):
    areas = {path.parts[1] for path in files if path.parts[0] == "tests" and len(path.parts) > 2}
    assert {"core", "cli", "testing", "house", "example_plugin"} <= areas


def _imported(tree: ast.Module) -> set[str]:
    """Return the packages that a file of tests imports, each with those above it."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {module.rsplit(".", depth)[0] for module in modules for depth in range(module.count(".") + 1)}


def _says_slow(nodes: list[ast.expr]) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr == "slow" for node in nodes for part in ast.walk(node))


def _has_quick_tests(tree: ast.Module) -> bool:
    """Tell whether a file keeps a test when slow ones are left out."""
    marks = [
        node for node in tree.body if isinstance(node, ast.Assign) and "pytestmark" in ast.unparse(node.targets[0])
    ]
    if _says_slow([node.value for node in marks]):
        return False
    return any(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not _says_slow(node.decorator_list)
        for node in tree.body
    )


def test_every_package_is_tested_without_the_slow_tests(files, repository):
    """Each is imported, or called as ``benchsuite.<its function>``, by a file that keeps some of its tests."""
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    functions = project["entry-points"]["benchsuite.functions"].items()
    package_of = {f"benchsuite.{re.sub('[ -]', '_', verb)}(": target.partition(".")[0] for verb, target in functions}
    quick = set()
    for path in files:
        if path.parts[0] == "tests" and path.name.startswith("test_"):
            text = (repository / path).read_text("utf-8")
            tree = ast.parse(text)
            if _has_quick_tests(tree):
                quick |= _imported(tree) | {package for call, package in package_of.items() if call in text}
    roots = ("benchsuite", "plugins", "datasets", "reports")
    packages = {path.parent for path in files if path.name == "__init__.py" and path.parts[0] in roots}
    names = {".".join(path.parts if path.parts[0] == "benchsuite" else path.parts[1:]) for path in packages}
    assert len(names) > 20
    assert sorted(names - quick) == []
