"""Every model that comes with the package has a row in each benchmark, or a reason."""

import pytest

from benchsuite.benchmark.places import benchmark_names, read_benchmark
from benchsuite.cli.main import main
from benchsuite.registry import entries

NAMES = benchmark_names()

DOORS = {"cornac", "external", "lenskit", "oracle", "recbole", "rectools"}
"""What runs other libraries and programs, and the ceiling: no models of benchsuite's own."""


@pytest.mark.parametrize("name", [name for name in NAMES if name != "demo.v1"])
def test_every_model_has_a_row_or_a_reason(name):
    experiment, rules = read_benchmark(name)
    own = {entry.name for entry in entries("models") if entry.distribution == "benchsuite"} - DOORS
    assert {"flm", "als", "tiger", "social-knn"} <= own
    rows = [spec.label for spec in experiment.expanded("models")]
    without = [model for models in rules.without_row.values() for model in models]
    assert sorted([*own.intersection(rows), *without]) == sorted(own)


def test_reasons_for_no_row_are_told(capsys):
    assert main(["leaderboard", "films.v1", "--full"]) == 0
    assert "no row: social-knn: needs a network" in " ".join(capsys.readouterr().out.split())
