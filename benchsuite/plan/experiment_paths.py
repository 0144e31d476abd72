"""Files that an experiment names: data by file name, and paths that are relative to the experiment's own file."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PARTS = ("sources", "splits", "models", "metrics")
_FILE = "file"
"""The source that reads a user's own table or card."""

_PROGRAM = ("command", "files")
"""Settings that name a program of the user's: the words of its command, and other files that it rests on."""


def with_files(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return an experiment's table in which files can be found from the working folder.

    ``sources = ["purchases.toml"]`` becomes the source ``file`` with that path, called by the card's name. A path that
    lies relative to the experiment's file is taken from there; one that does not stays as it is.

    Args:
        table: of the experiment, checked by nobody yet.
        folder: of the experiment's file; the working folder for an experiment written in Python.
    """
    found = dict(table)
    for part in _PARTS:
        if isinstance(table.get(part), list):
            found[part] = [_spec(one, folder, is_source=part == "sources") for one in table[part]]
    return found


def _spec(spec: Any, folder: Path, *, is_source: bool) -> Any:
    """Return one plugin of a part; what is no plugin is left for the check to name."""
    told = {"use": spec} if isinstance(spec, str) else spec
    if not isinstance(told, dict) or not isinstance(told.get("use"), str):
        return spec
    use, settings = told["use"], told.get("with", {})
    if is_source and _is_data(use, folder) and isinstance(settings, dict) and "path" not in settings:
        told = told | {"use": _FILE, "with": {"path": use, **settings}}
    elif use.rpartition(":")[0].endswith(".py"):
        file, _, name = use.rpartition(":")
        told = told | {"use": f"{_beside(file, folder)}:{name}"}
    told = _settings(told, folder, is_file=is_source and told["use"] == _FILE)
    return spec if told == {"use": spec} else told


def _is_data(name: str, folder: Path) -> bool:
    """Return whether a source's name is that of a file."""
    if name.endswith(".toml"):
        return True
    return bool(Path(name).suffix) and any(_is_there(place / name) for place in (folder, Path()))


def _settings(told: dict[str, Any], folder: Path, *, is_file: bool) -> dict[str, Any]:
    """Return a plugin whose settings name files from the working folder, and a file's own name as its label."""
    settings = told.get("with")
    if not isinstance(settings, dict):
        return told
    path = settings.get("path") if is_file else None
    moved = {
        key: _beside(value, folder)
        if isinstance(value, str) and (value is path or value.startswith(("./", "../")))
        else value
        for key, value in settings.items()
    }
    for key in _PROGRAM:
        if isinstance(words := moved.get(key), list):
            moved[key] = [_word(word, folder, first=key == "command" and not place) for place, word in enumerate(words)]
    told = told if moved == settings else told | {"with": moved}
    if isinstance(path, str) and path and not told.get("label"):
        told = told | {"label": _name(Path(moved["path"]))}
    return told


def _word(word: Any, folder: Path, *, first: bool) -> Any:
    """Return a word of a command that is a file beside the experiment from the working folder.

    The first word is a file only with a slash, as in a shell; without one it is an installed program.
    """
    if not isinstance(word, str) or (first and "/" not in word) or not _is_there(folder / word):
        return word
    return _beside(word, folder)


def _beside(name: str, folder: Path) -> str:
    """Return a path from the working folder where it lies relative to the experiment's, else the path as it is."""
    try:
        path = Path(name).expanduser()
        if path.is_absolute() or folder.resolve() == Path.cwd() or not (folder / path).exists():
            return name
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, or an unknown user's home
        return name
    return os.path.relpath(folder / path)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _name(path: Path) -> str:
    """Return what a table is called: as its card says, or after its file."""
    stem = path.name.partition(".")[0]
    card = path if path.suffix == ".toml" else path.with_name(f"{stem}.toml")
    try:
        table = tomllib.loads(card.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):  # the source says what is wrong with a card
        table = {}
    name = table.get("name")
    if isinstance(name, str) and name and "models" not in table:
        return name
    return re.sub(r"[^a-z0-9.]+", "-", stem.lower()).strip("-.") or _FILE
