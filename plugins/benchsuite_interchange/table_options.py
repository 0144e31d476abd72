"""What a user may say of how files are written; verbs share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from benchsuite.interface import Option, check_choice

Column = Annotated[str, Option(metavar="COL")]
Header = Annotated[bool | None, Option("--header/--no-header")]
Encoding = Literal["utf-8", "latin-1", "cp1252"]
IdsAs = Literal["text", "integer"]
OnBad = Literal["stop", "drop"]
Separator = Annotated[str, Option(metavar="TEXT")]
Time = Annotated[str, Option(metavar="TEXT")]


@dataclass(frozen=True)
class Written:
    """How files are written, as far as the user says it.

    Attributes:
        separator: what stands between cells; "" to find it out.
        encoding: of text.
        header: whether the first line names the columns; None to find it out.
        ids_as: ``integer`` where 7, 7.0 and 007 are one id.
        on_bad_row: whether rows with bad cells are an error or are left out.
        missing: the same for rows with empty cells.
        time: how times are written; "" to find it out.
    """

    separator: str = ""
    encoding: Encoding = "utf-8"
    header: bool | None = None
    ids_as: IdsAs = "text"
    on_bad_row: OnBad = "stop"
    missing: OnBad = "stop"
    time: str = ""

    def __post_init__(self) -> None:
        """Refuse words that are no choice."""
        for name, choices in (("encoding", Encoding), ("ids_as", IdsAs), ("on_bad_row", OnBad), ("missing", OnBad)):
            check_choice(getattr(self, name), choices, f"--{name.replace('_', '-')}")
