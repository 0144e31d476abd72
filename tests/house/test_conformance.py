"""Every built-in plugin keeps its contract: one test for each plugin and check, by the kit that outsiders use.

All are checked with their defaults; models that read texts with a language model as it is use its real weights. Models
that train it, and rivals that train a network, do so with tiny models or small settings, but for the checkerboard: that
they must complete as they come. Re-rankers would need weights that are not at hand or minutes of training: they read
with tiny models throughout.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import benchsuite_external
from benchsuite.registry import KINDS, PluginEntry, entries
from benchsuite_content.backbone_files import DEFAULT_DECODER
from benchsuite_testing import check_names, checks
from support.small_rivals import is_small, skip_without_cornac, small_settings
from support.tiny_models import save_reader

BUILT_IN = [entry for kind in KINDS for entry in entries(kind) if entry.distribution == "benchsuite"]
MAY_SKIP = {
    "settings_are_typed",
    "search_ranges_are_valid",
    "recommend_equals_ranking",
    "printable_is_one_text",
    "only_the_first_k_places_count",
    "only_pairs_with_a_value_count",
    "saved_model_agrees",
    "threads_do_not_matter",
    "sums_are_what_is_estimated",
}
"""Checks that do not apply to every plugin: no settings, no own ranking, not printable, no k, no ratings, no saving, no
promise of threads, no sum over queries.

Any other skip must be declared by the plugin; one that is not would be a hole in this net.
"""

RERANKER = {"backbone", "length", "pairs", "epochs", "candidates", "history"}
"""Settings by which a re-ranker is known: it reads pairs of texts, which takes minutes with a model of real size."""

LENGTHS = {"bert": 48, "gpt2": 96}
"""Tokens per pair of the tiny models that re-rankers read with, by architecture.

What little such a model can learn would spoil the order of the checkerboard, so there only one candidate is read: it
shows that what the first stage puts first stays first. That reading teaches something is tested with the models.
"""

_WORDS = """a thing of red fire summer desert blue ocean winter glacier lamp chair boat kettle drum clock ladder mirror
basket bell story sea waves harbour sailor city street night taxi forest river bear camp person liked these would this
also like answer"""


FROZEN = {"flm-frozen", "content-lm", "als-content", "als-kernel", "als-kernel-likelihood", "ease-content"}
TRAINED = {"flm", "flm-text", "flm-hybrid", "flm-likelihood", "flm-hybrid-likelihood", "flm-seq", "flm-seq-hybrid"}
"""Models that read texts with the default language model as it is, and those that train it: ten seconds a fit."""

APART = {"lenskit", "rectools", "recbole"}
"""Libraries in environments of their own, which tests/external checks where these are made."""

SIMULATED = {"demo", "file"}
LARGE = {"gowalla"}
DEEP = {"bert4rec"}
"""Rivals that take long to complete the checkerboard as they come."""

DEAR = {
    "als-content",
    "als-kernel",
    "als-kernel-likelihood",
    "ease-content",
    "flm-decoder",
    "flm-frozen",
    "gru4rec",
    "sasrec",
    "tiger",
}
DEAR |= {"figures", "paper"}
"""Models and reports whose checks take two seconds or more together; the quick tests check others of their packages."""


def marks_of(entry: PluginEntry, name: str) -> list[pytest.MarkDecorator]:
    """Return the marks of a check of a plugin."""
    marks = []
    if entry.name in FROZEN or (entry.name in TRAINED and name == "checkerboard"):
        marks.append(pytest.mark.weights)
    if entry.name in TRAINED | LARGE | DEAR or (entry.name in DEEP and name == "checkerboard"):
        marks.append(pytest.mark.slow)
    if entry.kind == "sources" and entry.name not in SIMULATED:
        marks.append(pytest.mark.realdata)
    return marks


@functools.cache
def reader(model: str) -> str:
    """Return the folder of a tiny model that knows the words of the kit's data."""
    folder = tempfile.mkdtemp(prefix="benchsuite-reader-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return save_reader(Path(folder), model, _WORDS)


@functools.cache
def bound(entry: PluginEntry) -> dict[str, Any]:
    """Return the checks of a plugin by name."""
    make = entry.load()
    if entry.kind == "models" and set(make.fields()) >= RERANKER:
        model = "gpt2" if make().backbone == DEFAULT_DECODER else "bert"
        small = {"backbone": reader(model), "length": LENGTHS[model], "pairs": 60, "epochs": 1}
        small |= {"candidates": 5, "history": 3}
        found = checks(entry.kind, functools.partial(make, **small))
        board = checks(entry.kind, functools.partial(make, **{**small, "candidates": 1}))
        return {check.name: check for check in found} | {one.name: one for one in board if one.name == "checkerboard"}
    if entry.kind == "models" and "decoder" in make.fields():
        make = functools.partial(make, decoder=reader("gpt2"))
    if entry.name == "external":
        command = [sys.executable, str(Path(benchsuite_external.__file__).parent / "programs" / "example_program.py")]
        make = functools.partial(make, command=command)
    if entry.kind == "models" and entry.name in TRAINED:
        found = checks(entry.kind, functools.partial(make, backbone=reader("bert"), epochs=3))
        board = checks(entry.kind, make)
        return {check.name: check for check in found} | {one.name: one for one in board if one.name == "checkerboard"}
    if entry.kind == "models" and is_small(entry.name):
        skip_without_cornac(entry.name)
        less = small_settings(entry.name, lambda: reader("bert"))
        found = checks(entry.kind, functools.partial(make, **less))
        full = {name: value for name, value in less.items() if name == "backbone"}
        board = checks(entry.kind, functools.partial(make, **full))
        return {check.name: check for check in found} | {one.name: one for one in board if one.name == "checkerboard"}
    return {check.name: check for check in checks(entry.kind, make)}


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        pytest.param(entry, name, id=f"{entry.kind}:{entry.name}:{name}", marks=marks_of(entry, name))
        for entry in BUILT_IN
        if entry.kind != "sources" and entry.name not in APART
        for name in check_names(entry.kind)
    ],
)
def test_conformance(entry, name):
    skip_without_cornac(entry.name)
    result = bound(entry)[name].run()
    if result.state == "skipped":
        assert result.by_design or name in MAY_SKIP, f"unexpected skip: {result.reason}"
        pytest.skip(result.reason)
    assert result.state == "passed", result.reason


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: f"{entry.kind}:{entry.name}")
def test_exemptions_name_checks_and_say_why(entry):
    exempt = entry.load().exempt
    assert set(exempt) <= set(check_names(entry.kind))
    assert all(exempt.values())


EVERYWHERE = {"ml-100k", "demo", "file"}
"""Sources that work on a fresh machine: fetched with pip, generated, or written below. Others need BENCHSUITE_DATA."""


@pytest.fixture(scope="module")
def own_table(tmp_path_factory):
    """A table of one's own, for the source that reads any."""
    path = tmp_path_factory.mktemp("own") / "ratings.csv"
    rows = [f"u{n % 7},i{n % 11},{n % 5 + 1},{1_500_000_000 + n}" for n in range(60)]
    path.write_text("\n".join(["user,item,rating,timestamp", *rows]) + "\n")
    return path


@functools.cache
def sourced(entry: PluginEntry, place: Any, own_table: Path) -> dict[str, Any]:
    """Return the checks of a source at a place."""
    source = entry.load()
    make = functools.partial(source, path=str(own_table)) if entry.name == "file" else source
    return {check.name: check for check in checks("sources", make, place)}


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        pytest.param(entry, name, id=f"{entry.name}:{name}", marks=marks_of(entry, name))
        for entry in BUILT_IN
        if entry.kind == "sources"
        for name in check_names("sources")
    ],
)
def test_conformance_of_sources(entry, name, place, own_table):
    if entry.name not in EVERYWHERE:
        place = dataclasses.replace(place, offline=True)
    result = sourced(entry, place, own_table)[name].run()
    if result.state == "skipped":
        absent = "the data is not at hand" in result.reason
        assert name == "search_ranges_are_valid" or (absent and entry.name not in EVERYWHERE), result.reason
        pytest.skip(f"no real data: {result.reason}" if absent else result.reason)
    assert result.state == "passed", result.reason
