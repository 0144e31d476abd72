"""Make, list and remove the environments of rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from benchsuite.interface import Frames, FunctionResult, Option, Style, frame, plain, print_status, silent, table
from benchsuite.shared_folders import folder_bytes
from benchsuite_external.environments import (
    RIVALS,
    Rival,
    make_environment,
    remove_environment,
    rival_of,
    rivals_folder,
)


@dataclass(repr=False, eq=False)
class RivalEnvironment(FunctionResult):
    """The environment of one rival.

    Attributes:
        name: of the rival.
        folder: where it lies.
        python: its version of Python.
        packages: versions by name.
    """

    name: str
    folder: Path
    python: str
    packages: Mapping[str, str]

    def text(self, style: Style = plain) -> str:
        """Return one line."""
        version = self.packages[RIVALS[self.name].package]
        return f"{self.name} {version} with Python {self.python} and {len(self.packages)} packages: {self.folder}"

    def advice(self) -> Sequence[str]:
        """Return how it is used."""
        return [
            f'next: write {{ use = "{self.name}", with = {{ model = "...", options = {{ }} }} }} into an experiment'
        ]

    def frames(self) -> Frames:
        """Return ``packages``."""
        rows = [{"package": name, "version": version} for name, version in self.packages.items()]
        return {"packages": frame(rows, ("package", "version"))}


@dataclass(frozen=True)
class RivalRow:
    """One rival in the list; megabytes are 10^6 bytes on disk."""

    name: str
    version: str
    state: str
    megabytes: int
    why: str


@dataclass(repr=False, eq=False)
class RivalList(FunctionResult):
    """All rivals.

    Attributes:
        rivals: one row each.
        folder: where environments are kept.
    """

    rivals: Sequence[RivalRow]
    folder: Path

    def text(self, style: Style = plain) -> str:
        """Return a row for each rival."""
        rows = [(one.name, one.version, one.state, one.megabytes or "", one.why) for one in self.rivals]
        return table(("rival", "version", "state", "MB", "why it is apart"), rows)

    def advice(self) -> Sequence[str]:
        """Return what to do about the first that is not set up."""
        missing = [one.name for one in self.rivals if one.state != "ready"]
        return [f"next: benchsuite rivals add {missing[0]}"] if missing else []

    def frames(self) -> Frames:
        """Return ``rivals``."""
        return {"rivals": frame(self.rivals, RivalRow)}


@dataclass(repr=False, eq=False)
class RemovedRival(FunctionResult):
    """What was removed.

    Attributes:
        name: of the rival.
        folders: that are gone.
    """

    name: str
    folders: Sequence[Path]

    def text(self, style: Style = plain) -> str:
        """Return a line for each folder."""
        return "\n".join(f"removed {folder}" for folder in self.folders) or f"{self.name} was not set up"

    def to_dict(self) -> dict[str, Any]:
        """Return name and folders as plain values."""
        return {"name": self.name, "folders": [str(folder) for folder in self.folders]}

    def frames(self) -> Frames:
        """Return ``folders``."""
        return {"folders": frame([{"folder": str(folder)} for folder in self.folders], ("folder",))}


def rivals_add(
    name: str,
    *,
    python: Annotated[str, Option(metavar="FILE")] = "",
    quiet: Annotated[bool, Option(hidden=True)] = False,
) -> RivalEnvironment:
    """Make the pinned environment of a library that cannot live beside benchsuite; once is enough.

    Args:
        name: lenskit, rectools or recbole.
        python: the interpreter to make it from (default: the present one).
        quiet: show no progress.

    Raises:
        UsageError: when there is no such rival, Python does not fit, or a package cannot be installed.
    """
    rival = rival_of(name)
    told = make_environment(rival, python, silent if quiet else print_status)
    return RivalEnvironment(name, rival.folder, told["python"], told["packages"])


def rivals_list() -> RivalList:
    """List the libraries that run in environments of their own, and which of these are set up."""
    return RivalList([_row(rival) for rival in RIVALS.values()], rivals_folder())


def rivals_remove(name: str) -> RemovedRival:
    """Remove the environment of a rival.

    Args:
        name: lenskit, rectools or recbole.

    Raises:
        UsageError: when there is no such rival.
    """
    return RemovedRival(name, remove_environment(rival_of(name)))


def _row(rival: Rival) -> RivalRow:
    ready = bool(rival.manifest())
    megabytes = round(folder_bytes(rival.folder) / 1e6) if ready else 0
    return RivalRow(rival.name, rival.versions[rival.package], "ready" if ready else "not set up", megabytes, rival.why)
