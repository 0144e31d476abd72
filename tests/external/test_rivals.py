"""Environments of rivals: pinned, made once and whole; rows of those that are not made say how."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest

import benchsuite
from benchsuite.api import Context
from benchsuite.errors import NotApplicable, UsageError
from benchsuite.registry import load_model
from benchsuite_external import environments
from benchsuite_external.environments import RIVALS, make_environment, rival_of
from benchsuite_testing import check_model
from benchsuite_testing.samples import last_events, small_dataset


class Installer:
    """Answers for the programs that make an environment, without a network."""

    def __init__(self, monkeypatch) -> None:
        self.calls: list[str] = []
        self.version = [3, 11, 7]
        self.packages: dict[str, str] = {}
        self.fails = ""
        monkeypatch.setattr(environments, "_run", self)

    def __call__(self, words: list[str], doing: str) -> str:
        self.calls.append(" ".join(words[1:4]))
        if self.fails and self.fails in words:
            raise UsageError("failed: no route to the shop", where=doing)
        if "venv" in words:
            (Path(words[-1]) / "bin").mkdir(parents=True)
            (Path(words[-1]) / "bin" / "python").touch()
        if words[-1] == environments._ASK:
            return json.dumps([*self.version, "cpython"])
        return json.dumps(self.packages) if words[-1] == environments._LIST else ""


@pytest.fixture
def installer(monkeypatch, tmp_path):
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path))
    made = Installer(monkeypatch)
    made.packages = {name.replace("-", "_"): version for name, version in RIVALS["lenskit"].versions.items()}
    made.packages |= {"torch": f"{made.packages['torch']}+cpu", "pip": "24"}
    return made


@pytest.mark.parametrize("name", RIVALS)
def test_every_package_is_pinned_to_one_version(name):
    lines = rival_of(name).pins.read_text("utf-8").splitlines()
    assert len(lines) > 20
    assert [line for line in lines if line.count("==") != 1 or line != line.strip()] == []
    assert rival_of(name).package in rival_of(name).versions


def test_an_environment_is_made_once_and_says_what_it_holds(installer):
    rival = rival_of("lenskit")
    assert load_model("lenskit")().unavailable() == "lenskit is not set up: benchsuite rivals add lenskit"
    assert [row.state for row in benchsuite.rivals_list().rivals] == ["not set up"] * len(RIVALS)
    told = benchsuite.rivals_add("lenskit", quiet=True)
    assert told.python == "3.11.7"
    assert str(told).startswith(f"lenskit {rival.versions['lenskit']} with Python 3.11.7 and {len(told.packages)} pack")
    made = len(installer.calls)
    assert benchsuite.rivals_add("lenskit", quiet=True).folder == told.folder
    assert len(installer.calls) == made
    assert load_model("lenskit")().unavailable() == ""
    assert rival.manifest()["packages"]["torch"].endswith("+cpu")
    (told.folder / "environment.json").write_text("{")
    assert not rival.manifest(), "a damaged one is none"
    benchsuite.rivals_add("lenskit", quiet=True)
    assert rival.manifest()
    assert benchsuite.rivals_remove("lenskit").folders == [told.folder]
    assert not rival.manifest()
    assert str(benchsuite.rivals_remove("lenskit")) == "lenskit was not set up"


def test_an_environment_that_cannot_be_made_leaves_nothing(installer):
    rival = rival_of("lenskit")
    installer.packages["numpy"] = "1.0"
    with pytest.raises(UsageError, match=rf"numpy {rival.versions['numpy']} is pinned, and 1\.0 was installed"):
        make_environment(rival, "", lambda _: None)
    installer.fails = "pip"
    with pytest.raises(UsageError, match="lenskit: installing: failed: no route"):
        make_environment(rival, "", lambda _: None)
    installer.fails = ""
    installer.version = [3, 14, 0]
    with pytest.raises(UsageError, match=r"lenskit needs Python 3\.11, and .* is 3\.14\.0; name another with --python"):
        make_environment(rival, "", lambda _: None)
    assert not rival.folder.exists()
    with pytest.raises(UsageError, match='no rival "lenskitt"; did you mean "lenskit"'):
        rival_of("lenskitt")


@pytest.mark.usefixtures("installer")
def test_a_row_without_its_environment_is_not_applicable():
    fold = last_events(small_dataset())
    with pytest.raises(NotApplicable, match="benchsuite rivals add recbole"):
        load_model("recbole")().fit(fold.train, Context())


ROWS = {
    "lenskit": {"model": "ItemKNNScorer", "options": {"feedback": "implicit", "max_nbrs": 20}},
    "rectools": {"model": "EASEModel", "options": {"regularization": 50.0}},
    "recbole": {"model": "SASRec", "options": {"epochs": 2, "hidden_size": 16, "inner_size": 16}},
}


UNLEARNT = {"recbole": {"checkerboard"}}
"""Two passes of SASRec keep the contract, but are too few to learn two tastes."""


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("name", ROWS)
def test_a_rival_answers_in_its_environment(name):
    settings = ROWS[name]
    make = functools.partial(load_model(name).from_settings, settings)
    if reason := make().unavailable():
        pytest.skip(reason)
    fold = last_events(small_dataset())
    model = make().fit(fold.train, Context(seed=1))
    scores = model.score(fold.queries, None)
    assert np.isfinite(scores).any()
    assert model.facts()["environment"]["packages"]
    failed = {one.name: one.reason for one in check_model(make) if one.state == "failed"}
    assert failed.keys() == UNLEARNT.get(name, set()), failed
    with pytest.raises(Exception, match="NoSuch"):
        load_model(name).from_settings({"model": "NoSuch"}).fit(fold.train, Context())
