"""Finds the plugin that a user means by a word or two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchsuite.cutoff import cutoff_of, split_cutoff
from benchsuite.errors import PluginError, UsageError, did_you_mean
from benchsuite.loading import no_class_named
from benchsuite.registry import KINDS, Kind, PluginEntry, entries, find, is_file


def cutoff(name: str) -> dict[str, Any]:
    """Return ``{"k": 10}`` for ``ndcg@10`` and no settings for other names."""
    number = cutoff_of(name)
    return {} if number is None else {"k": number}


def kind_of(word: str) -> Kind:
    """Read a kind of plugin, in the singular or plural.

    Raises:
        UsageError: when there is none.
    """
    for kind in KINDS:
        if word in (kind, kind[:-1]):
            return kind
    raise UsageError(f'no kind of plugin is called "{word}"', remedy=did_you_mean(word, KINDS))


def kind_and_name(words: Sequence[str]) -> tuple[Kind | None, str]:
    """Read ``NAME`` or ``KIND NAME``.

    Raises:
        UsageError: when there is no such kind, or too many words.
    """
    if not words:
        raise UsageError("names nothing", remedy="write KIND NAME, or NAME alone")
    if len(words) > 2:  # noqa: PLR2004 - a kind and a name
        raise UsageError(f'"{words[2]}" is one word too many', remedy="write KIND NAME, or NAME alone")
    if len(words) == 1:
        return None, words[0]
    if words[0] in ("experiment", "experiments"):
        raise UsageError("an experiment is no plugin", remedy=f"see benchsuite plan {words[1]}")
    return kind_of(words[0]), words[1]


def find_plugin(name: str, kind: Kind | None) -> PluginEntry:
    """Return the plugin with this name, of this kind or of the only kind that has it; ``ndcg@10`` finds ``ndcg@k``.

    Raises:
        PluginError: when there is none, or more than one.
    """
    if is_file(name):
        return _find_in_file(name, kind)
    if name.endswith(".py"):
        raise no_class_named(name, kind)
    if cutoff(name):
        name = f"{split_cutoff(name)[0]}@k"
    if kind is not None:
        return find(kind, name)
    plain = name.rpartition("/")[2]
    having = [known for known in KINDS if any(entry.name == plain for entry in entries(known))]
    if len(having) == 1:
        return find(having[0], name)
    if not having:
        if plain in bundled_experiments():
            what = f'no plugin is called "{name}": it is an experiment'
            raise PluginError(what, remedy=f"see benchsuite plan {name}, or benchsuite list for plugins")
        if kind_word := next((known for known in (*KINDS, "experiments") if plain in (known, known[:-1])), ""):
            shown = "plan" if kind_word == "experiments" else "show"
            remedy = f"see them with benchsuite list {kind_word}, one of them with benchsuite {shown} NAME"
            raise PluginError(f'"{name}" names a kind, not one of its plugins', remedy=remedy)
        everything = {entry.name for known in KINDS for entry in entries(known)} | set(bundled_experiments())
        raise PluginError(f'no plugin is called "{name}"', remedy=did_you_mean(name, everything))
    kinds = [known[:-1] for known in having]
    raise PluginError(f'"{name}" is a {" and a ".join(kinds)}', remedy=f"say which: {' or '.join(kinds)}")


def bundled_experiments() -> list[str]:
    """Return the names of the experiments that come with the package; none is read."""
    import benchsuite

    return sorted(path.stem for path in (Path(benchsuite.__file__).parent / "experiments").glob("*.toml"))


def _find_in_file(name: str, kind: Kind | None) -> PluginEntry:
    """Return the class in a file as a plugin of the kind whose contract it keeps."""
    file, _, attribute = name.rpartition(":")
    if not Path(file).is_file():
        raise PluginError("no such file", where=file, remedy="check the path")
    for known in KINDS if kind is None else (kind,):
        entry = find(known, name, trusted=[name])
        try:
            entry.load()
        except PluginError as error:
            if kind is not None or error.__cause__ is not None:
                raise
        else:
            return entry
    raise PluginError(f"{attribute} is no model, source, split, metric or report", where=file)


def singular(kind: Kind) -> str:
    """Return ``model`` for ``models``."""
    return kind[:-1]
