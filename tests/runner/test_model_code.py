"""Results keep the code that they came from; a model that changed under its version is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import benchsuite
from benchsuite.plugin_files import PluginFiles, PluginFilesReader
from benchsuite.store import Store

TOY = Path(__file__).parent / "toy.py"
OTHER = "f" * 64


@pytest.fixture
def package(pretend, monkeypatch):
    """An installed model whose code lies in three modules; a fourth is not its own."""
    site = pretend("parted", "models", {"parted": "parted.model:Parted"})
    folder = site / "parted"
    folder.mkdir()
    sources = {
        "__init__": "",
        "model": 'from .helper import (\n    one,  # a comment\n)\nclass Parted:\n    version: str = "4"\n',
        "helper": "def one():\n    from parted import deeper\n    return deeper\n",
        "deeper": "import no_such_module\n",
        "unrelated": "",
    }
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(site))
    return folder


def read() -> PluginFiles:
    found = PluginFilesReader().read("models", "parted/parted")
    assert found is not None
    return found


def test_a_plugins_code_is_what_its_module_reaches_and_nothing_is_imported(package):
    first = read()
    assert first.version == "4"
    for name, counts in {"unrelated": False, "deeper": True, "helper": True, "model": True, "__init__": True}.items():
        before = read().digest
        with (package / f"{name}.py").open("a") as file:
            file.write("\n# a change\n")
        assert (read().digest != before) == counts, name
    assert not any(name.partition(".")[0] == "parted" for name in sys.modules)


def test_a_module_beside_a_plugin_of_one_module_is_its_code_too(pretend, monkeypatch):
    """As ``pip install -e`` leaves a plugin; beside other libraries nobody can tell whose a module is."""
    site = pretend("lonely", "models", {"lonely": "lonely:Lonely"}, {"lonely": "import lonely_helper, numpy\n"})
    (site / "lonely_helper.py").write_text("POWER = 0.3\n")
    monkeypatch.syspath_prepend(str(site))

    def digest() -> str:
        found = PluginFilesReader().read("models", "lonely/lonely")
        assert found is not None
        return found.digest

    first = digest()
    (site / "lonely_helper.py").write_text("POWER = 0.9\n")
    second = digest()
    assert first != second
    monkeypatch.setattr("benchsuite.plugin_files._LIBRARIES", (site.name,))
    alone = digest()
    (site / "lonely_helper.py").write_text("POWER = 0.1\n")
    assert digest() == alone != second


def test_what_is_not_installed_or_a_file_has_none():
    reader = PluginFilesReader()
    assert reader.read("models", "nobody/nothing") is None
    assert reader.read("models", "./mine.py:Mine") is None
    assert reader.read("models", "benchsuite/ease") == PluginFilesReader().read("models", "benchsuite/ease")


@pytest.mark.slow
def test_results_of_other_code_of_the_same_version_are_told(tmp_path, monkeypatch):
    def run(*seeds: int) -> benchsuite.Results:
        experiment = benchsuite.Experiment(
            "mine",
            sources=[f"{TOY}:Toy"],
            splits=["random-holdout"],
            models=["popular", f"{TOY}:Counts"],
            metrics=["ndcg@10"],
            seeds=seeds,
        )
        return benchsuite.run(experiment, store=tmp_path / "runs", offline=True, threads=1, quiet=True)

    first = run(1)
    store = Store(tmp_path / "runs")
    codes = {cell.model: store.get("cell", cell.key).manifest.get("code") for cell in first.plan.cells}
    assert codes["Counts"] is None, "its key holds the file"
    assert len(codes["popular"]) == 64
    assert first.advice() == benchsuite.status("mine", store=tmp_path / "runs").advice() == []
    real = PluginFilesReader.read
    other = PluginFiles(OTHER, "")
    monkeypatch.setattr(PluginFilesReader, "read", lambda *words: real(*words) and other)
    told = ["note: 1 result of popular came from other code of the same version 1; if its numbers change, raise its "]
    told[0] += "version, which computes them anew"
    second = run(1, 2)
    assert second.outcome.found == 2, "keys do not move"
    assert second.advice() == benchsuite.status("mine", store=tmp_path / "runs").advice() == told
    assert told[0] in benchsuite.report("mine", store=tmp_path / "runs").advice()
    note = f"Results of popular were computed by different code of the same version 1: 1 by {codes['popular'][:8]}, "
    assert f"{note}1 by ffffffff." in second.notes
    other = PluginFiles(OTHER, "2")
    assert second.advice() == [], "another version is installed: its results have other keys"
