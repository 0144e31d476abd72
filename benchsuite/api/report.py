"""The contract of a report: a pure function from a comparison to files."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from benchsuite.api.plugin import Plugin
from benchsuite.data import Comparison
from benchsuite.data.tabular import Form


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

    @abstractmethod
    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return file contents by relative file name. The same comparison gives the same bytes."""
