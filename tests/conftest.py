"""Fixtures for all tests.

Real data: the folder named by the environment variable ``BENCHSUITE_DATA`` holds one sub-folder per data set, with the
files as their sources distribute them. Tests that need it take a fixture:

- ``real_data``: that folder. Without the variable the test is skipped; with one that names no folder it fails.
- ``real_set``: a function from a data set's name to its sub-folder; a set that is not there skips the test.
- ``ml_100k``: the prepared MovieLens-100K. Without the variable it is fetched the way a user's is, so these tests run
  on a fresh machine too.

Marks (see pyproject.toml): a test that takes one of these fixtures is ``realdata``, one that takes ``command``,
``install``, ``toy_store``, ``run_toy`` or ``finished_run`` is ``process``; files and tests say the others themselves.

The last lines of a run count the tests that were skipped for want of data, or of a package for a cluster.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from support.kept_servers import KeptForkServers
from support.shared import made_once

# Before any library starts its threads: tests are small, threads that wait for each other cost more than they bring,
# the more so where several tests run side by side. What a test says of threads itself still counts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Compiled code is kept, also where Python is told to write none: else each of pytest's processes compiles all tests
# anew, and each process that a test starts compiles what it imports of the packages, which an installed one has.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

if "PYTEST_XDIST_WORKER" in os.environ:
    gc.disable()  # until all is collected; see pytest_collection_finish

# Tests with Hypothesis measure no time: how long an example takes, or how long drawing it takes, depends on what else
# the machine does. A test that suppresses more names too_slow again, because its own list replaces this one.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

REPOSITORY = Path(__file__).parent.parent
_NO_DATA = "no real data:"
_NO_PACKAGE = "is not installed:"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_MARKS = {
    "real_data": "realdata",
    "real_set": "realdata",
    "ml_100k": "realdata",
    "command": "process",
    "install": "process",
    "toy_store": "process",
    "run_toy": "process",
    "finished_run": "process",
}
"""Marks that follow from the fixtures a test takes, directly or through others."""


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets."""
    named = os.environ.get("BENCHSUITE_DATA")
    if not named:
        pytest.skip(f"{_NO_DATA} BENCHSUITE_DATA is not set")
    folder = Path(named)
    assert folder.is_dir(), f"BENCHSUITE_DATA={named} is no folder"
    return folder


@pytest.fixture(scope="session")
def real_set(real_data: Path) -> Callable[[str], Path]:
    """A function that returns the folder of one data set."""

    def find(name: str) -> Path:
        folder = real_data / name
        if not folder.is_dir():
            pytest.skip(f"{_NO_DATA} {name} is not in BENCHSUITE_DATA")
        return folder

    return find


@pytest.fixture(scope="session")
def place() -> Any:
    """Where data sources look: the named folder, the user's cache, and the network only without a named folder."""
    from benchsuite.api import DataLocations

    named = os.environ.get("BENCHSUITE_DATA")
    return DataLocations(folders=(Path(named),), offline=True) if named else DataLocations()


@pytest.fixture(scope="session")
def ml_100k(place: Any) -> Any:
    """MovieLens-100K, prepared with default settings."""
    from benchsuite.registry import load_source

    return load_source("ml-100k")().load(place)


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``benchsuite`` in a process of its own, as a user would."""

    def run(
        *words: str, path: tuple[Path, ...] = (), cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        surroundings = {
            **os.environ,
            "PYTHONSAFEPATH": "1",
            "PYTHONPATH": os.pathsep.join(str(folder) for folder in path),
            **(env or {}),
        }
        for name in ("NO_COLOR", "COLUMNS"):
            surroundings.pop(name, None) if name not in (env or {}) else None
        return subprocess.run(
            [sys.executable, "-m", "benchsuite.cli.main", *words],
            capture_output=True,
            text=True,
            cwd=cwd,
            env=surroundings,
            timeout=250,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def install() -> Callable[[Path, Path], None]:
    """Install a package from a folder into a target folder, with pip and without a network."""

    def run(source: Path, target: Path) -> None:
        words = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", *words, "--target", str(target), str(source)],
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture(scope="session")
def example_plugin(install: Callable[[Path, Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the stranger's package ``tests/example_plugin`` is installed; put it on PYTHONPATH."""
    source = REPOSITORY / "tests" / "example_plugin"
    return made_once(tmp_path_factory, "stranger", lambda target: install(source, target))


@pytest.fixture(scope="session")
def toy_parts() -> dict[str, Any]:
    """An experiment in plain values: forty users, two seeds, and a model that fails."""
    toy = REPOSITORY / "tests" / "runner" / "toy.py"
    counts, raises = {"use": f"{toy}:Counts", "label": "counts"}, {"use": f"{toy}:Raises", "label": "<raises>"}
    return {
        "sources": [f"{toy}:Toy"],
        "splits": ["random-holdout"],
        "models": [counts, {"use": "random", "label": "other"}, raises],
        "metrics": ["f1", "ndcg@10"],
        "seeds": (0, 1),
        "k": 20,
    }


@pytest.fixture(scope="session")
def toy_store(toy_parts: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which it was run under the name "toy"; tests may add to it but change nothing."""
    import benchsuite

    def make(folder: Path) -> None:
        experiment = benchsuite.Experiment("toy", **toy_parts)
        benchsuite.run(experiment, store=folder / "runs", offline=True, threads=1, quiet=True)

    made = made_once(tmp_path_factory, "toy", make)
    return Path(shutil.copytree(made / "runs", tmp_path_factory.mktemp("toy") / "runs"))


_BORROWERS = ("benchmark", "cli", "compare", "documents", "functions", "saved", "store")
"""Folders whose tests look at what runs compute and show, and not at processes."""

_MORE_BORROWERS = {f"runner/test_{name}" for name in ("boundary", "model_code", "relevance", "reproducibility", "run")}
_MORE_BORROWERS |= {"runner/test_time_estimate"}
_NO_BORROWERS = {"cli/test_hygiene", "cli/test_stop"}


@pytest.fixture(scope="session")
def kept_fork_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptForkServers]:
    kept = KeptForkServers(tmp_path_factory.mktemp("fork-servers"))
    yield kept
    kept.close()


@pytest.fixture(scope="module", autouse=True)
def _borrowed_fork_servers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the runs of a module in this process share fork servers; see :mod:`support.kept_servers`."""
    name = request.path.relative_to(REPOSITORY / "tests").with_suffix("").as_posix()
    if name in _NO_BORROWERS or not (name in _MORE_BORROWERS or name.startswith(tuple(f"{x}/" for x in _BORROWERS))):
        yield
        return
    from benchsuite.runner import local_executor

    kept: KeptForkServers = request.getfixturevalue("kept_fork_servers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_executor, "worker_factory", kept.lend)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the chromium package")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield running
        running.close()


@pytest.fixture
def pretend(tmp_path: Path) -> Callable[..., Path]:
    """Write the metadata of a distribution that was never built, with its modules; return its folder."""

    def write(name: str, kind: str, points: Mapping[str, str], modules: Mapping[str, str] | None = None) -> Path:
        folder = tmp_path / f"site-{name}"
        metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"[benchsuite.{kind}]", *(f"{point} = {target}" for point, target in points.items())]
        (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, code in (modules or {}).items():
            (folder / f"{module}.py").write_text(code)
        return folder

    return write


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the fixtures it takes, before ``-m`` selects."""
    for item in items:
        for mark in {_MARKS[name] for name in getattr(item, "fixturenames", ()) if name in _MARKS}:
            item.add_marker(mark)


def pytest_collection_finish() -> None:
    """Keep what was imported and collected out of the garbage collector, which took an eighth of the processor time."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Count what could not be tested for want of data or of a package."""
    told = [str(report.longrepr) for report in terminalreporter.getreports("skipped")]
    for reason, why in (
        (_NO_DATA, "real data is not at hand"),
        (_NO_PACKAGE, "a package is not installed"),
    ):
        if skipped := sum(reason in one for one in told):
            terminalreporter.write_line(f"{skipped} tests skipped because {why}")
