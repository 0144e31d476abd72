"""What ``pip install`` brings: the wheel holds everything that is needed and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import numpy as np
import pytest

from benchsuite.benchmark.kept_standings import read_kept
from benchsuite.benchmark.packed_values import unpack
from benchsuite.benchmark.pins import read_pins
from benchsuite.benchmark.values_together import read_values
from benchsuite.keys import file_digest
from support.shared import made_once

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    (path,) = made_once(tmp_path_factory, "wheel", lambda target: _build(repository, target)).glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def _build(repository, target):
    words = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *words, "--wheel-dir", str(target), str(repository)],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_it_holds_every_source_file(wheel, files):
    """Python and everything beside it: experiments, cards, templates."""
    wanted = {path.as_posix() for path in files if path.parts[0] == "benchsuite"}
    wanted |= {
        path.relative_to(path.parts[0]).as_posix()
        for path in files
        if path.parts[0] in ("plugins", "datasets", "reports") and path.parts[1].startswith("benchsuite_")
    }
    assert {name for name in wanted if name.endswith(".toml")}, "no data file at all is suspicious"
    assert wanted - set(wheel.namelist()) == set()


def test_it_holds_nothing_else(wheel):
    roots = {name.partition("/")[0] for name in wheel.namelist()}
    packages = {root for root in roots if not root.endswith(".dist-info")}
    assert packages == {
        "benchsuite",
        "benchsuite_classic",
        "benchsuite_content",
        "benchsuite_data_verbs",
        "benchsuite_datasets",
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
        "benchsuite_reports",
        "benchsuite_results",
        "benchsuite_site",
        "benchsuite_tables",
    }
    assert len(roots - packages) == 1


def test_it_has_a_licence_a_command_and_the_kit(wheel):
    names = wheel.namelist()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    (points,) = [name for name in names if name.endswith("entry_points.txt")]
    assert "benchsuite = benchsuite.__main__:main" in wheel.read(points).decode()
    assert "benchsuite_testing/kit.py" in names
    (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
    text = wheel.read(metadata).decode()
    assert "License-Expression: Apache-2.0" in text
    assert "Requires-Python: >=3.11" in text


def test_results_of_benchmarks_come_with_it(wheel):
    """So that a leaderboard is there at once; more than this would be a burden to everybody who installs it."""
    inside = [one for one in wheel.infolist() if one.filename.startswith("benchsuite_results/")]
    assert any(one.filename.endswith("demo.v1/leaderboard.json") for one in inside)
    assert sum(one.compress_size for one in inside) <= 5e6
    names = {one.filename.rpartition("/")[2] for one in inside}
    wanted = {"leaderboard.json", "queries.npz", "all_values.npz", "all_values.json", "result.json", "costs.json"}
    assert names - {"verified.json", "history.json"} == wanted


def test_results_that_come_with_it_are_those_of_the_checkout(wheel, repository, tmp_path):
    """Values by query lie together there: each row's come back bit by bit, and kept standings are believed."""
    wheel.extractall(tmp_path, [name for name in wheel.namelist() if name.startswith("benchsuite_results/")])
    rows = sorted((repository / "reports" / "results").glob("*/*/values.npz"))
    for path in rows:
        with np.load(path) as stored:
            own = unpack(dict(stored))
        folder = tmp_path / "benchsuite_results" / path.parent.relative_to(repository / "reports" / "results")
        found = read_values(folder, file_digest(path), "")
        assert {name: one.tobytes() for name, one in found.items()} == {n: one.tobytes() for n, one in own.items()}
    for folder in sorted({path.parents[1] for path in rows}):
        assert read_kept(tmp_path / "benchsuite_results" / folder.name, read_pins(folder.name)) is not None
