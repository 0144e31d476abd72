"""Everything that is installed loads, says what it is, and imports nothing heavy by being looked at."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import get_args

import pytest

from benchsuite import api
from benchsuite.errors import ConfigError, PluginError
from benchsuite.registry import KINDS, FunctionGroup, entries, find, function_entries

BUILT_IN = [entry for kind in KINDS for entry in entries(kind) if entry.distribution == "benchsuite"]
LANGUAGE_MODELS = ("benchsuite_flm", "benchsuite_content")


def test_installed_entry_points_are_those_of_pyproject(repository):
    declared = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    installed = {kind: {entry.name: entry.target for entry in BUILT_IN if entry.kind == kind} for kind in KINDS}
    groups = {f"benchsuite.{kind}": points for kind, points in installed.items()}
    for group in get_args(FunctionGroup):
        groups[f"benchsuite.{group}"] = {name: point.value for name, point in function_entries(group).items()}
    assert groups == declared


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: f"{entry.kind}:{entry.name}")
def test_every_plugin_loads_and_tells_what_it_is(entry):
    plugin = entry.load()
    assert issubclass(plugin, getattr(api, entry.kind[:-1].capitalize()))
    assert 10 < len(plugin.summary()) <= 140
    assert plugin.summary().endswith(".") or "``" in plugin.summary()
    assert plugin.version
    assert find(entry.kind, entry.name) == entry
    assert find(entry.kind, f"benchsuite/{entry.name}") == entry


def test_names_are_spelled_alike():
    for entry in BUILT_IN:
        assert entry.name == entry.name.lower()
        assert "_" not in entry.name
        assert " " not in entry.name


def imported(modules):
    code = f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.process
def test_importing_plugins_that_need_no_torch_imports_no_torch():
    modules = sorted({e.target.partition(":")[0] for e in BUILT_IN if not e.target.startswith(LANGUAGE_MODELS)})
    heavy = {"torch", "transformers", "implicit", "surprise", "sklearn", "pandas", "rich", "matplotlib", "pyarrow"}
    assert imported(modules) & heavy == set()


@pytest.mark.process
def test_looking_at_language_models_does_not_import_torch():
    """A table of models shows all summaries and settings; nobody should wait for torch to read them."""
    modules = sorted({e.target.partition(":")[0] for e in BUILT_IN if e.target.startswith(LANGUAGE_MODELS)})
    assert imported(modules) & {"torch", "transformers", "sklearn", "pandas"} == set()


@pytest.mark.process
def test_the_core_imports_no_plugin():
    core = ["benchsuite.registry", "benchsuite.api", "benchsuite.data", "benchsuite.plan"]
    core += ["benchsuite.store", "benchsuite.evaluate", "benchsuite.provenance", "benchsuite.runner"]
    core += ["benchsuite.analysis", "benchsuite.cli.main", "benchsuite.functions.run"]
    roots = imported(core)
    assert {root for root in roots if root.startswith("benchsuite_")} == set()
    assert roots & {"torch", "transformers", "implicit", "surprise"} == set()


@pytest.mark.process
def test_the_help_of_every_verb_imports_nothing_heavy():
    """What ``--help`` and the completion of a shell need: signatures and metadata."""
    code = (
        "import sys\nfrom benchsuite.cli.main import VERBS, main\n"
        "for verb in VERBS: main([*verb.name.split(), '--help'])\n"
        "assert main(['--help']) == main(['list']) == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    roots = {name.partition(".")[0] for name in done.stderr.split()}
    assert (
        roots & {"numpy", "pandas", "pydantic", "scipy", "torch", "transformers", "rich", "pyarrow", "sklearn"} == set()
    )
    brought = {point.module.partition(".")[0] for point in function_entries().values()}
    assert {root for root in roots if root.startswith("benchsuite_")} == brought


def test_a_cut_off_is_read_behind_a_package_too():
    from benchsuite.registry import read_cutoff

    assert read_cutoff("ndcg@10", "here") == ("ndcg@k", {"k": 10})
    assert read_cutoff("benchsuite/ndcg@10", "here") == ("benchsuite/ndcg@k", {"k": 10})
    assert read_cutoff("./mine@home.py:Metric", "here") == ("./mine@home.py:Metric", {})
    with pytest.raises(PluginError, match='unknown metric "ndgc@10"; did you mean "ndcg@10"'):
        read_cutoff("ndgc@10", "here")
    with pytest.raises(ConfigError, match="has no number after @"):
        read_cutoff("ndcg@ten", "here")


@pytest.mark.parametrize("name", ["my.py:Mine", "./my.py:Mine", "sub/../my.py:Mine", ".//my.py:Mine"])
def test_a_file_has_one_spelling_as_it_is_part_of_keys(name):
    assert find("models", name, trusted=[name]).target == "./my.py:Mine"


@pytest.mark.parametrize("name", ["../my.py:Mine", "/somewhere/my.py:Mine"])
def test_a_file_elsewhere_stays_what_it_is(name):
    assert find("models", name, trusted=[name]).target == name
