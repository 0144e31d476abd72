"""Environments of the rivals: one folder each in the user's cache, with pinned versions, made when asked for.

A folder is complete once it holds ``environment.json``, which is written last and says what is in it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.atomic_writes import replaced_file
from benchsuite.errors import UsageError, did_you_mean

_MANIFEST = "environment.json"
_SAID = 300
_ASK = "import json, sys; print(json.dumps([*sys.version_info[:3], sys.implementation.name]))"
_LIST = (
    "import json; from importlib.metadata import distributions; "
    "print(json.dumps({one.metadata['Name']: one.version for one in distributions()}))"
)


@dataclass(frozen=True)
class Rival:
    """A library that cannot live beside us, and its environment.

    Attributes:
        name: of the plugin and of the file of pins.
        package: whose version is told.
        pythons: versions of Python that the pins were made for, (major, minor).
        why: why it cannot be installed beside us.
    """

    name: str
    package: str
    pythons: tuple[tuple[int, int], ...]
    why: str

    @property
    def pins(self) -> Path:
        """The file that names every package with its version."""
        return Path(__file__).with_name("environments") / f"{self.name}.txt"

    @property
    def versions(self) -> dict[str, str]:
        """The pinned version of each package."""
        lines = (line.partition("#")[0].strip() for line in self.pins.read_text("utf-8").splitlines())
        return {name: version for name, _, version in (line.partition("==") for line in lines if line)}

    @property
    def digest(self) -> str:
        """The sha256 of the pins: an environment of other pins is another environment."""
        return hashlib.sha256(self.pins.read_bytes()).hexdigest()

    @property
    def folder(self) -> Path:
        """Where its environment lies."""
        return rivals_folder() / f"{self.name}-{self.digest[:12]}"

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self.folder / "bin" / "python"

    def manifest(self) -> Mapping[str, Any]:
        """Return what the finished environment says of itself; {} where there is none, or a damaged one."""
        try:
            told = json.loads((self.folder / _MANIFEST).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        whole = isinstance(told, dict) and told.get("pins") == self.digest and self.python.exists()
        return told if whole else {}


RIVALS = {
    rival.name: rival
    for rival in (
        Rival("lenskit", "lenskit", ((3, 11),), "its last release for Python 3.11 needs pandas below 3"),
        Rival("rectools", "RecTools", ((3, 11),), "needs NumPy below 2 and pandas below 3"),
        Rival("recbole", "recbole", ((3, 11),), "needs NumPy below 2"),
    )
}
"""All rivals by name."""


def rivals_folder() -> Path:
    """Return where environments are kept: in the user's cache."""
    from benchsuite.api import DataLocations  # late: the help of the verbs imports nothing heavy

    return Path(os.environ.get("BENCHSUITE_CACHE") or DataLocations().cache).absolute() / "rivals"


def rival_of(name: str) -> Rival:
    """Return a rival by name.

    Raises:
        UsageError: when there is none of this name.
    """
    if name not in RIVALS:
        raise UsageError(f'no rival "{name}"', remedy=did_you_mean(name, RIVALS))
    return RIVALS[name]


def make_environment(rival: Rival, python: str, say: Callable[[str], None]) -> Mapping[str, Any]:
    """Make a rival's environment unless it is there, and return its manifest.

    Args:
        rival: which.
        python: an interpreter of a fitting version; "" for the present one.
        say: shows one line.

    Raises:
        UsageError: when the version of Python does not fit, or a package cannot be installed.
    """
    with _locked(rival):
        if told := rival.manifest():
            return told
        base = python or sys.executable
        version = _version(base)
        if version[:2] not in rival.pythons:
            wanted = " or ".join(f"{major}.{minor}" for major, minor in rival.pythons)
            what = f"{rival.name} needs Python {wanted}, and {base} is {'.'.join(map(str, version))}"
            raise UsageError(what, remedy=f"name another with --python, such as /usr/bin/python{wanted[:4]}")
        say(f"making the environment of {rival.name} in {rival.folder}")
        shutil.rmtree(rival.folder, ignore_errors=True)
        try:
            _run([base, "-m", "venv", str(rival.folder)], f"{rival.name}: making the environment")
            say(f"installing {len(rival.versions)} pinned packages; this takes minutes")
            words = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-compile",
                "--disable-pip-version-check",
                "--requirement",
                str(rival.pins),
            ]
            _run([str(rival.python), *words], f"{rival.name}: installing")
            packages = json.loads(_run([str(rival.python), "-c", _LIST], f"{rival.name}: listing what is installed"))
            _check_pins(rival, packages)
            told = {"rival": rival.name, "pins": rival.digest, "python": ".".join(map(str, version))}
            told |= {"packages": dict(sorted(packages.items(), key=lambda one: one[0].lower()))}
            with replaced_file(rival.folder / _MANIFEST) as draft:
                draft.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
        except BaseException:
            shutil.rmtree(rival.folder, ignore_errors=True)
            raise
        return told


def remove_environment(rival: Rival) -> list[Path]:
    """Remove a rival's environments, those of earlier pins included, and return their folders."""
    found = sorted(folder for folder in rivals_folder().glob(f"{rival.name}-*") if folder.is_dir())
    for folder in found:
        (folder / _MANIFEST).unlink(missing_ok=True)  # first, so that half an environment is none
        shutil.rmtree(folder)
    return found


def _check_pins(rival: Rival, packages: Mapping[str, str]) -> None:
    """Refuse an environment that does not hold what is pinned; a local part (``+cpu``) is left out.

    Raises:
        UsageError: naming the first package that differs.
    """
    found = {_plain(name): version.partition("+")[0] for name, version in packages.items()}
    for name, version in rival.versions.items():
        if (there := found.get(_plain(name))) != version:
            raise UsageError(f"{name} {version} is pinned, and {there or 'nothing'} was installed", where=rival.name)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _version(python: str) -> tuple[int, int, int]:
    """Return the version of an interpreter.

    Raises:
        UsageError: when it is none.
    """
    told = _run([python, "-c", _ASK], f"{python}: asking for its version")
    try:
        major, minor, micro, _ = json.loads(told)
    except ValueError:
        raise UsageError("is no Python interpreter", where=python, remedy="name one with --python") from None
    return int(major), int(minor), int(micro)


def _run(words: list[str], doing: str) -> str:
    """Run a program and return what it printed.

    Raises:
        UsageError: with the line of its errors that says most.
    """
    free = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=free)  # noqa: S603 - our words
    except OSError as error:
        raise UsageError(f"cannot be started: {error.strerror}", where=words[0], remedy="check the path") from None
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        reason = next((line for line in lines if line.startswith("ERROR")), lines[-1])
        raise UsageError(f"failed: {reason[:_SAID]}", where=doing, remedy="see whether packages can be fetched here")
    return done.stdout


@contextmanager
def _locked(rival: Rival) -> Iterator[None]:
    """Let one process at a time make the environment of a rival.

    Raises:
        UsageError: when the cache cannot be written.
    """
    try:
        rivals_folder().mkdir(parents=True, exist_ok=True)
        lock = (rivals_folder() / f".{rival.name}.lock").open("w")
    except OSError as error:
        remedy = "set BENCHSUITE_CACHE to a folder that you may write"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(rivals_folder()), remedy=remedy) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
