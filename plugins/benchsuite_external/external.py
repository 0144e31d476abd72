"""A model that is the user's own program, in any language."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from benchsuite.api import Program, Reproducibility
from benchsuite_external.program_model import Options, ProgramModel, Start, Word


@dataclass
class External(ProgramModel):
    """A program of your own in any language and environment, by the protocol for models in another process.

    See docs/model-in-another-process.md. A program runs with your rights, and only when you name it.

    Attributes:
        command: what starts the program, word by word, such as ["python", "my_model.py"]; files beside the experiment
            are found, and their contents are part of the key.
        files: further files that the program rests on; their contents are part of the key, too.
        keep_open: one process that fits and answers all questions, or one process for the fit and one for each block.
        options: settings of the program, which finds them in options.json.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.PROGRAM

    version: ClassVar[str] = "1"

    command: list[Word] = field(default_factory=list)
    files: list[Word] = field(default_factory=list)
    keep_open: bool = True
    options: Options = field(default_factory=dict)

    def unavailable(self) -> str:
        """Return that no program is named, where none is."""
        return "" if self.command else 'no program is named: with = { command = ["python", "my_model.py"] }'

    def program(self) -> Program:
        """Return the command, and the files among its words and besides."""
        named = [Path(word) for word in self.command[1:] if _is_file(word)]
        if self.command and "/" in self.command[0]:  # any other first word is an installed program, as in a shell
            named.insert(0, Path(self.command[0]))
        return Program(tuple(self.command), (*named, *map(Path, self.files)))

    def start(self) -> Start:
        """Return the user's command, which works in the present folder."""
        return Start(tuple(self.command), self.keep_open, self.options)


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):
        return False
