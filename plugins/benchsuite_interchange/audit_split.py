"""Diagnose a split that any program made, from its train and test files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    PathLike,
    Style,
    check_choice,
    count,
    frame,
    plain,
    plain_values,
    several,
)
from benchsuite_interchange.table_options import Column, Encoding, Header, IdsAs, OnBad, Separator, Time, Written

if TYPE_CHECKING:
    from benchsuite_interchange.foreign_rows import ForeignRows
    from benchsuite_interchange.split_findings import AuditLine

Promise = Literal["cold-items", "cold-users", "ordered", "ordered-users"]
_COLOURS = {"leak": "red", "warning": "yellow", "fine": "green", "note": "dim"}


@dataclass(repr=False, eq=False)
class SplitAudit(FunctionResult):
    """What is wrong with a split.

    Attributes:
        train: the training rows.
        test: the test rows.
        lines: one check each.
    """

    train: ForeignRows
    test: ForeignRows
    lines: Sequence[AuditLine]

    @property
    def leaks(self) -> int:
        """How many checks found a leak."""
        return sum(line.verdict == "leak" for line in self.lines)

    @property
    def ok(self) -> bool:
        """True when nothing leaks."""
        return not self.leaks

    def text(self, style: Style = plain) -> str:
        """Return what was read, each check, and the counts."""
        said = []
        for name, part in (("training", self.train), ("test", self.test)):
            said += [f"{count(len(part), f'{name} row')} in {part.path}", *part.told()]
        said.append("")
        for line in self.lines:
            share = f" ({line.found / line.of:.2%})" if line.of and 0 < line.found < line.of else ""
            verdict = style(f"{line.verdict:<8}", _COLOURS[line.verdict])
            said.append(f"{verdict}{line.check}: {line.found:,} of {line.of:,}{share}")
            said.append(f"        {line.meaning}")
        warnings = sum(line.verdict == "warning" for line in self.lines)
        return "\n".join([*said, "", f"{count(self.leaks, 'leak')}, {count(warnings, 'warning')}"])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        files = {"train": str(self.train.path), "test": str(self.test.path)}
        rows = {"train": len(self.train), "test": len(self.test)}
        columns = {"train": self.train.columns, "test": self.test.columns}
        facts: dict[str, Any] = {**files, "rows": rows, "columns": columns, "leaks": self.leaks}
        facts["notes"] = [*self.train.told(), *self.test.told()]
        return facts | {"lines": plain_values(self.lines)}

    def frames(self) -> Frames:
        """Return ``checks``."""
        return {"checks": frame(self.lines, ("check", "found", "of", "verdict", "meaning"))}


def audit_split(
    train: Annotated[PathLike, Option(metavar="TRAIN")],
    test: Annotated[PathLike, Option(metavar="TEST")],
    *,
    user: Column = "",
    item: Column = "",
    timestamp: Column = "",
    value: Column = "",
    time: Time = "",
    separator: Separator = "",
    encoding: Encoding = "utf-8",
    header: Header = None,
    ids_as: IdsAs = "text",
    on_bad_row: OnBad = "stop",
    missing: OnBad = "stop",
    promises: Annotated[Promise | Sequence[Promise], Option("--promise")] = (),
) -> SplitAudit:
    """Say what is wrong with a split: overlap, repeats, future rows, cold users and items, drift, negatives.

    Both files are CSV and the like with or without a header line, JSON lines, Parquet or qrels; also packed.

    Args:
        train: the training rows.
        test: the test rows.
        user: the column of the user: a name, or a number where the files have no header line.
        item: the column of the item.
        timestamp: the column of the time, or none.
        value: the column of the value, or none.
        time: how times are written: s, ms, us, ns, iso, or like %d-%m-%Y.
        separator: what stands between cells.
        encoding: utf-8, latin-1 or cp1252.
        header: whether the first line names the columns.
        ids_as: integer where 7, 7.0 and 007 are one id.
        on_bad_row: drop to leave rows with bad cells out.
        missing: drop to leave rows with empty cells out.
        promises: what the split promises; breaking it is a leak; may be repeated.

    Raises:
        DataError: when a file cannot be read, or the files have neither users nor items in common.
        UsageError: when a promise is unknown.
    """
    promised = several(promises)
    for one in promised:
        check_choice(one, Promise, "--promise")
    from benchsuite_interchange.foreign_rows import read_foreign
    from benchsuite_interchange.split_findings import diagnose

    written = Written(separator, encoding, header, ids_as, on_bad_row, missing, time)
    columns = {"user": user, "item": item, "timestamp": timestamp, "value": value}
    first, second = (read_foreign(Path(path), columns, tuple(columns), written) for path in (train, test))
    return SplitAudit(first, second, diagnose(first, second, promised))
