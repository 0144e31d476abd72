"""Every built-in plugin keeps its contract: one test for each plugin and check, by the kit that outsiders use.

All are checked with their defaults; models that read text with a language model use its real weights. Two would need
weights that are not at hand or minutes of training: they read with tiny models of random weights, see ``READERS``.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from benchsuite.registry import KINDS, Entry, entries
from benchsuite.testing import check_names, checks

BUILT_IN = [entry for kind in KINDS for entry in entries(kind) if entry.distribution == "benchsuite"]
MAY_SKIP = {
    "settings_are_typed",
    "search_ranges_are_valid",
    "recommend_equals_ranking",
    "printable_is_one_text",
    "only_the_first_k_places_count",
    "only_pairs_with_a_value_count",
    "saved_model_agrees",
}
"""Checks that do not apply to every plugin: no settings, no own ranking, not printable, no k, no ratings, no saving."""

BY_DESIGN = {
    ("random", "checkerboard"),
    ("parquet", "shows_every_model"),
    ("parquet", "shows_every_state"),
    ("popular", "checkerboard"),
    ("damped-means", "checkerboard"),
    ("coverage@k", "perfect_answer_is_best"),
    ("gini@k", "perfect_answer_is_best"),
    ("novelty@k", "perfect_answer_is_best"),
    ("popularity-lift@k", "perfect_answer_is_best"),
    ("diversity@k", "perfect_answer_is_best"),
    ("figures", "shows_every_state"),
}
"""Skips that a plugin declares; any other skip would be a hole in this net."""


READERS = {"flm-cross": ("bert", 48), "flm-decoder": ("gpt2", 96)}
"""Re-rankers: the architecture of the tiny model each reads with, and tokens per pair.

What little such a model can learn would spoil the order of the checkerboard, so there only one candidate is read: it
shows that what the first stage puts first stays first. That reading teaches something is tested with the models.
"""

_WORDS = """a thing of red fire summer desert blue ocean winter glacier lamp chair boat kettle drum clock ladder mirror
basket bell story sea waves harbour sailor city street night taxi forest river bear camp person liked these would this
also like answer"""


@functools.cache
def reader(model: str) -> str:
    """Return the folder of a tiny model that knows the words of the kit's data."""
    spec = importlib.util.spec_from_file_location("reading", Path(__file__).parent.parent / "flm" / "reading.py")
    assert spec is not None
    assert spec.loader is not None
    reading = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reading)
    folder = tempfile.mkdtemp(prefix="benchsuite-reader-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(reading.save_reader(Path(folder), model, _WORDS))


@functools.cache
def bound(entry: Entry) -> dict[str, Any]:
    """Return the checks of a plugin by name."""
    make = entry.load()
    if entry.name in READERS:
        model, length = READERS[entry.name]
        small = {"backbone": reader(model), "length": length, "pairs": 60, "epochs": 1, "candidates": 5, "history": 3}
        found = checks(entry.kind, functools.partial(make, **small))
        board = checks(entry.kind, functools.partial(make, **{**small, "candidates": 1}))
        return {check.name: check for check in found} | {one.name: one for one in board if one.name == "checkerboard"}
    return {check.name: check for check in checks(entry.kind, make)}


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        pytest.param(entry, name, id=f"{entry.kind}:{entry.name}:{name}")
        for entry in BUILT_IN
        if entry.kind != "sources"
        for name in check_names(entry.kind)
    ],
)
def test_conformance(entry, name):
    result = bound(entry)[name].run()
    if result.state == "skipped":
        assert name in MAY_SKIP or (entry.name, name) in BY_DESIGN, f"unexpected skip: {result.reason}"
        pytest.skip(result.reason)
    assert result.state == "passed", result.reason


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
def sourced(entry: Entry, place: Any, own_table: Path) -> dict[str, Any]:
    """Return the checks of a source at a place."""
    source = entry.load()
    make = functools.partial(source, path=str(own_table)) if entry.name == "file" else source
    return {check.name: check for check in checks("sources", make, place)}


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        pytest.param(entry, name, id=f"{entry.name}:{name}")
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
