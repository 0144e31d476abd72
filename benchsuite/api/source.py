"""The contract of a data source: where a data set comes from, under which licence, and how to load it."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from benchsuite.api.plugin import Plugin
from benchsuite.data import Dataset


def _silent(message: str) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class DataLocations:
    """Where files may be found and kept.

    Attributes:
        folders: folders the user named, searched first, in order; a set's files may lie in one directly or in a
            sub-folder with the set's name.
        cache: where downloads and prepared data are kept.
        offline: True forbids any network access.
        say: shows one line to the user (licence, what is being downloaded, how rows were kept).
        ask: shows a question and returns whether the answer was yes; None where nobody is there to answer.
    """

    folders: tuple[Path, ...] = ()
    cache: Path = field(default_factory=lambda: Path.home() / ".cache" / "benchsuite")
    offline: bool = False
    say: Callable[[str], None] = field(default=_silent)
    ask: Callable[[str], bool] | None = None


@dataclass(frozen=True)
class PublishedCounts:
    """What a source's files hold, against what was published of them.

    Attributes:
        here: whether the files were found at all.
        found: counts before preparation, by ``rows``, ``users``, ``items`` and ``links``.
        expected: the published counts, as far as there are any.
        checksums: how the files' bytes were checked, in a few words.
    """

    here: bool
    found: Mapping[str, int] = field(default_factory=dict)
    expected: Mapping[str, int] = field(default_factory=dict)
    checksums: str = ""


@dataclasses.dataclass
class Source(Plugin):
    """Base of all data sources. Fields are preparation settings; they are part of the data set's identity."""

    domain: ClassVar[str] = ""
    """Such as ``"movies"`` or ``"e-commerce"``."""

    licence: ClassVar[str] = ""
    """What one may do with the data, in one line."""

    url: ClassVar[str] = ""
    """The upstream home page."""

    simulated: ClassVar[bool] = False
    """True when no row comes from the real world; shown wherever the data is shown."""

    @abstractmethod
    def load(self, place: DataLocations) -> Dataset:
        """Find or download, check and prepare the data.

        The same settings give the same fingerprint, whichever way the files came.

        Raises:
            DataError: when files are missing, unreachable, damaged or malformed.
        """

    def raw_files(self, place: DataLocations) -> Iterable[Path]:
        """Return the files that hold rows, wherever copies of them lie: the cell of a model that opens one fails.

        None by default. A source that reads files names them here, so that no model finds its test rows there; it is
        asked after :meth:`load`, and what does not exist may be among them.
        """
        return ()

    def check(self, place: DataLocations) -> PublishedCounts | None:
        """Count what the files hold and check their bytes; None for a source that has no files of its own.

        Raises:
            DataError: when files are damaged or malformed.
        """
        return None
