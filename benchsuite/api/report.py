"""The contract of a report: a pure function from a comparison to files."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from benchsuite.api.plugin import Plugin
from benchsuite.data import Comparison
from benchsuite.data.tabular import Form
from benchsuite.errors import UsageError


@dataclasses.dataclass
class Report(Plugin):
    """Base of all reports."""

    printable: ClassVar[bool] = False
    """True when the only file is text for a terminal, to be printed rather than written."""

    complete: ClassVar[bool] = True
    """False for reports that draw numbers only (figures); every other report shows each planned cell or its reason."""

    users: ClassVar[int] = 0
    """How many users' cases the report shows in full; the harness fills ``Comparison.per_user`` when it is not 0."""

    tabular: ClassVar[Form | None] = None
    """For reports of tidy tables: the form in which the harness writes what is too large for a comparison (values query
    by query, lists) beside the report's files, when a reader asks for it."""

    delivers: ClassVar[str] = ""
    """What the report writes by itself to a folder or a server, such as ``MLflow runs``; "" for reports that are files
    and leave the writing to the harness."""

    @abstractmethod
    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return file contents by relative file name. The same comparison gives the same bytes."""

    def deliver(self, comparison: Comparison, target: str) -> Mapping[str, int]:
        """Write to a folder or an address; asked only of a report that says what it :attr:`delivers`.

        Args:
            comparison: what to write.
            target: as the user typed it.

        Returns:
            How many things came to what, such as ``{"new": 3, "unchanged": 0}``.

        Raises:
            UsageError: when this report does not, or lacks what it needs for that.
            StoreError: when nothing can be written there.
        """
        raise UsageError(f"{type(self).__name__} makes files and delivers nothing by itself")
