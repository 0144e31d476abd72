"""Where benchmarks, their pins and the results that come with the package lie."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import benchsuite
from benchsuite.errors import ConfigError, did_you_mean
from benchsuite.plan import Experiment, bundled, read_experiment
from benchsuite.plan.benchmark_rules import LITE, BenchmarkRules

FIRST = "films.v1"
"""The benchmark that is shown where none is named."""

RESULTS = "BENCHSUITE_RESULTS"
"""The environment variable that names another folder of results."""


def benchmark_names() -> list[str]:
    """Return the names of all benchmarks that come with the package: films first, generated data last."""
    names = [name for name, path in bundled().items() if (path.parent / f"{name}.pins.json").is_file()]
    return sorted(names, key=lambda name: (name != FIRST, name.startswith("demo"), name))


def read_benchmark(name: str) -> tuple[Experiment, BenchmarkRules]:
    """Read a benchmark by its name.

    Raises:
        ConfigError: when there is none of this name.
    """
    if not isinstance(name, str):
        raise ConfigError("a benchmark is named by a text", where=repr(name), remedy='such as "films.v1"')
    if name in bundled() and (rules := (found := read_experiment(name)).benchmark) is not None:
        return found, rules
    what = f"{name} is an experiment, no benchmark" if name in bundled() else f'no benchmark "{name}"'
    raise ConfigError(what, remedy=did_you_mean(name, benchmark_names()))


def benchmark_of(plan_name: str) -> str:
    """Return the benchmark that the name of an experiment belongs to: ``films.v1`` of ``films.v1-lite.mine``."""
    close = [name for name in benchmark_names() if plan_name == name or plan_name.startswith((f"{name}.", f"{name}-"))]
    return max(close, key=len, default="")


def is_lite(plan_name: str, benchmark: str) -> bool:
    """Return whether the name of an experiment says that it is the short form of a benchmark."""
    return plan_name.removeprefix(benchmark).startswith(f"-{LITE}")


def pins_path(name: str) -> Path:
    """Return where the pins of a benchmark lie."""
    return next(iter(bundled().values())).parent / f"{name}.pins.json"


def results_root() -> Path:
    """Return the folder of all results: the one that is named, that of the checkout, or that of the package."""
    if named := os.environ.get(RESULTS):
        return Path(named)
    checkout = Path(benchsuite.__file__).parents[1] / "reports" / "results"
    if checkout.is_dir():
        return checkout
    spec = importlib.util.find_spec("benchsuite_results")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) if places else checkout
