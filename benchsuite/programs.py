"""Programs that models run in processes of their own: what of them is in a cell's key, and who may have them run."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Collection

from benchsuite.api import Model
from benchsuite.errors import ConfigError, PluginError

_CHUNK = 2**20


def command_line(model: Model) -> str:
    """Return the command of the user's that a model runs, as a shell would write it; "" where it runs none."""
    program = model.program()
    return "" if program is None else shlex.join(program.command)


def program_digest(model: Model) -> str:
    """Return the sha256 (hex) over the files of the program that a model runs, "" where it runs none.

    Raises:
        ConfigError: when a file cannot be read.
    """
    program = model.program()
    if program is None:
        return ""
    whole = hashlib.sha256()
    for path in program.files:
        content = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while part := file.read(_CHUNK):
                    content.update(part)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"cannot be read: {reason}", where=str(path), remedy="check the path") from None
        whole.update(content.digest())
    return whole.hexdigest()


def check_program(model: Model, digest: str, trusted: Collection[str]) -> None:
    """Refuse a program that the user did not name, or whose files have changed.

    Args:
        model: as it is set up.
        digest: of the program's files when the plan was made.
        trusted: the commands that the user named, as :func:`command_line` writes them.

    Raises:
        PluginError: when it must not run.
    """
    line = command_line(model)
    if line and line not in trusted:
        what = f"stored results name the program {line}, and a program runs only when you name it"
        raise PluginError(what, remedy=f"if you trust it, add --trust {shlex.quote(line)}")
    found = program_digest(model)
    if found != digest:
        what = f"its program changed since the plan was made (sha256 {found[:12]}, was {digest[:12]})"
        raise PluginError(what, where=line, remedy="run the experiment again")
