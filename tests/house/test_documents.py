"""What the documentation names is there: files, modules, functions, packages."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

CODE = re.compile(r"`([^`]+)`")
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")
LEAST_QUESTIONS = 6


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the tables below a heading, without head and rule."""
    section = re.split(r"^## ", text.partition(f"## {heading}\n")[2], flags=re.MULTILINE)[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def defined(source: str) -> set[str]:
    """Return the functions and classes of a module, methods as ``Class.method``."""
    names = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return names


def test_where_is_what_names_functions_that_exist(repository):
    found = rows((repository / "benchsuite/README.md").read_text("utf-8"), "Where is what")
    assert sum(question.startswith("Where ") for question, _, _ in found) >= LEAST_QUESTIONS
    for question, file, functions in found:
        (path,) = CODE.findall(file)
        assert (repository / path).is_file(), question
        names = set(CODE.findall(functions))
        assert names, question
        assert all(NAME.fullmatch(name) for name in names), question
        assert names <= defined((repository / path).read_text("utf-8")), question


def test_every_part_of_the_core_has_a_row(repository):
    text = (repository / "benchsuite/README.md").read_text("utf-8")
    told = {CODE.findall(line)[0].strip("/") for line in text.splitlines() if line.startswith("| `")}
    parts = {path.stem for path in (repository / "benchsuite").iterdir() if path.suffix == ".py"}
    parts |= {path.parent.name for path in (repository / "benchsuite").glob("*/__init__.py")}
    assert told == parts - {"__init__", "__main__"}


def test_the_layers_are_those_that_are_checked(repository):
    text = (repository / "benchsuite/README.md").read_text("utf-8")
    drawn = text.partition("```\n")[2].partition("```")[0]
    contracts = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["name"] == "Imports point down")
    lines = [line.split("   ")[1].replace("benchsuite.", "") for line in drawn.splitlines() if line.startswith("   ")]
    boxes = [line for line in lines if re.fullmatch(r"\w+( \| \w+)*", line.strip())]
    assert [box.strip() for box in boxes] == [layer.replace("benchsuite.", "") for layer in layers]


@pytest.mark.parametrize("heading", ["Data", "Experiment", "Models and their answers", "Results", "Sharing results"])
def test_the_glossary_points_to_modules_that_exist(heading, repository):
    found = rows((repository / "docs/glossary.md").read_text("utf-8"), heading)
    assert found
    for term, meaning, where in found:
        assert meaning.endswith("."), term
        (path,) = CODE.findall(where)
        assert (repository / path).is_file(), term


def test_one_module_name_means_one_thing(files):
    """Modules of two packages share a name only where the contracts and the verbs name the same kind of thing."""
    shelves = ("benchsuite", "plugins", "datasets", "reports")
    places: dict[str, list[str]] = {}
    for path in files:
        if path.parts[0] in shelves and path.suffix == ".py" and path.stem not in {"__init__", "__main__"}:
            places.setdefault(path.stem, []).append(str(path))
    shared = {name: paths for name, paths in places.items() if len(paths) > 1}
    assert shared == {"report": ["benchsuite/api/report.py", "benchsuite/functions/report.py"]}
