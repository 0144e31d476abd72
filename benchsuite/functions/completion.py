"""How a shell learns to complete the words of the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchsuite.errors import UsageError
from benchsuite.interface import Frames, FunctionResult, Style, check_choice, frame, plain

Shell = Literal["bash", "zsh", "fish"]
_LINES = {
    "bash": ("~/.bashrc", 'eval "$(_BENCHSUITE_COMPLETE=bash_source benchsuite)"'),
    "zsh": ("~/.zshrc", 'eval "$(_BENCHSUITE_COMPLETE=zsh_source benchsuite)"'),
    "fish": ("~/.config/fish/config.fish", "_BENCHSUITE_COMPLETE=fish_source benchsuite | source"),
}


@dataclass(repr=False, eq=False)
class ShellCompletion(FunctionResult):
    """A line for the start file of a shell.

    Attributes:
        shell: its name.
        file: its start file.
        line: what to put there.
    """

    shell: str
    file: str
    line: str

    def text(self, style: Style = plain) -> str:
        """Return the line."""
        return self.line

    def advice(self) -> Sequence[str]:
        """Return where to put it."""
        return [f"put this line into {self.file} and open a new shell"]

    def frames(self) -> Frames:
        """Return ``lines``, one row."""
        return {"lines": frame([self], ShellCompletion)}


def completion(shell: Shell | None = None) -> ShellCompletion:
    """Print the line that makes a shell complete verbs, options, experiments and plugins.

    Args:
        shell: bash, zsh or fish (default: the one in $SHELL).

    Raises:
        UsageError: when the shell is unknown.
    """
    if shell is None:
        found = Path(os.environ.get("SHELL", "")).name
        if found not in _LINES:
            raise UsageError("which shell?", where="$SHELL", remedy="say bash, zsh or fish")
        return ShellCompletion(found, *_LINES[found])
    check_choice(shell, Shell, "SHELL")
    return ShellCompletion(shell, *_LINES[shell])
