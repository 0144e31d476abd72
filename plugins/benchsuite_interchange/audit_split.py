"""Diagnose a split that any program made, from its train and test files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from benchsuite.errors import UsageError
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

if TYPE_CHECKING:
    from benchsuite_interchange.split_audit import AuditLine
    from benchsuite_interchange.split_files import SplitPart

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

    train: SplitPart
    test: SplitPart
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
            used = ", ".join(f"{role} = {column}" for role, column in part.columns.items())
            said.append(f"{len(part):,} {name} rows in {part.path} (columns: {used})")
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
        return facts | {"lines": plain_values(self.lines)}

    def frames(self) -> Frames:
        """Return ``checks``."""
        return {"checks": frame(self.lines, ("check", "found", "of", "verdict", "meaning"))}


def audit_split(
    train: Annotated[PathLike, Option(metavar="TRAIN")],
    test: Annotated[PathLike, Option(metavar="TEST")],
    *,
    user: Annotated[str, Option(metavar="COL")] = "",
    item: Annotated[str, Option(metavar="COL")] = "",
    time: Annotated[str, Option(metavar="COL")] = "",
    value: Annotated[str, Option(metavar="COL")] = "",
    promises: Annotated[Promise | Sequence[Promise], Option("--promise")] = (),
) -> SplitAudit:
    """Say what is wrong with a split: overlap, repeats, future rows, cold users and items, drift, negatives.

    Both files are CSV and the like, or Parquet.

    Args:
        train: the training rows.
        test: the test rows.
        user: the column of the user: a name, or a number where the files have no header line.
        item: the column of the item.
        time: the column of the time.
        value: the column of the value.
        promises: what the split promises; breaking it is a leak; may be repeated.

    Raises:
        DataError: when a file cannot be read.
        UsageError: when columns are given by number and by name.
    """
    named = {role: name for role, name in (("user", user), ("item", item), ("time", time), ("value", value)) if name}
    if 0 < sum(name.isdigit() for name in named.values()) < len(named):
        raise UsageError("columns are given by number and by name", remedy="name all, or number all and have no header")
    promised = several(promises)
    for one in promised:
        check_choice(one, Promise, "--promise")
    from benchsuite_interchange.split_audit import diagnose
    from benchsuite_interchange.split_files import Wanted, read_part

    wanted = Wanted(**named)
    train_part, test_part = read_part(Path(train), wanted), read_part(Path(test), wanted)
    return SplitAudit(train_part, test_part, diagnose(train_part, test_part, promised))
