"""Where in a plugin's own code an error was raised."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Collection
from pathlib import Path

from benchsuite.registry import find


def last_frame(error: BaseException, plugin: str, trusted: Collection[str]) -> str:
    """Return `` (my_model.py, line 12)``: the last place of the traceback that is the plugin's code, or "".

    Args:
        error: what was raised.
        plugin: the model's name in a plan.
        trusted: the files that the user named as plugins.

    Raises:
        PluginError: when there is no such plugin.
    """
    home = _home(plugin, trusted)
    if home is None:
        return ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(os.path.realpath(frame.filename))
        if file == home or home in file.parents:
            return f" ({file.relative_to(home.parent).as_posix()}, line {frame.lineno})"
    return ""


def _home(plugin: str, trusted: Collection[str]) -> Path | None:
    """Return the plugin's file, or the folder of the package that it comes from."""
    entry = find("models", plugin, trusted=trusted)
    module, _, _ = entry.target.rpartition(":") if entry.is_file else entry.target.partition(":")
    if entry.is_file:
        return Path(os.path.realpath(module))
    package = sys.modules.get(module.partition(".")[0])
    file = getattr(package, "__file__", None)
    if file is not None:
        path = Path(os.path.realpath(file))
        return path.parent if path.name == "__init__.py" else path
    folders = list(getattr(package, "__path__", ()))  # a package without __init__.py
    return Path(os.path.realpath(folders[0])) if folders else None
