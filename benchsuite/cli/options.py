"""What verbs about plugins share: options, and how kinds and names are read."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchsuite.cli.console import refuse
from benchsuite.errors import ConfigError, PluginError, did_you_mean
from benchsuite.registry import KINDS, Entry, Kind, entries, find


def add_verb(
    subparsers: _SubParsersAction[Any], name: str, run: Callable[[Namespace], int], summary: str
) -> ArgumentParser:
    """Add a verb; the one line is its help."""
    parser: ArgumentParser = subparsers.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser


def add_json(parser: ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def add_settings(parser: ArgumentParser, example: str = "factors = 64; iterations = 10") -> None:
    """Add ``--with TOML``, which :func:`read_settings` reads."""
    text = f"settings, e.g. '{example}'"
    parser.add_argument("--with", dest="settings", metavar="TOML", default="", help=text)


def read_settings(args: Namespace) -> dict[str, Any]:
    """Return the settings of ``--with`` by name.

    Raises:
        ConfigError: when they are not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(args.settings.replace(";", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not valid TOML: {error}", where="--with", remedy="write name = value") from None


def cutoff(name: str) -> dict[str, Any]:
    """Return ``{"k": 10}`` for ``ndcg@10`` and no settings for other names."""
    from benchsuite.data import split_cutoff

    number = split_cutoff(name)[1]
    return {"k": int(number)} if number.isdigit() else {}


def kind_of(word: str) -> Kind:
    """Read a kind of plugin, in the singular or plural; a type for argparse."""
    for kind in KINDS:
        if word in (kind, kind[:-1]):
            return kind
    raise ArgumentTypeError(f'no kind of plugin is called "{word}"; {did_you_mean(word, KINDS)}')


def find_plugin(name: str, kind: Kind | None) -> Entry:
    """Return the plugin with this name, of this kind or of the only kind that has it; ``ndcg@10`` finds ``ndcg@k``.

    Raises:
        PluginError: when there is none, or more than one.
    """
    if ".py:" in name:
        return _find_in_file(name, kind)
    if cutoff(name):
        name = f"{name.partition('@')[0]}@k"
    if kind is not None:
        return find(kind, name)
    plain = name.rpartition("/")[2]
    having = [known for known in KINDS if any(entry.name == plain for entry in entries(known))]
    if len(having) == 1:
        return find(having[0], name)
    if not having:
        everything = {entry.name for known in KINDS for entry in entries(known)}
        raise PluginError(f'no plugin is called "{name}"', remedy=did_you_mean(name, everything))
    kinds = [known[:-1] for known in having]
    raise PluginError(f'"{name}" is a {" and a ".join(kinds)}', remedy=f"say which: {' or '.join(kinds)}")


def _find_in_file(name: str, kind: Kind | None) -> Entry:
    """Return the class in a file as a plugin of the kind whose contract it keeps."""
    file, _, attribute = name.rpartition(":")
    if not Path(file).is_file():
        raise PluginError("no such file", where=file, remedy="check the path")
    for known in KINDS if kind is None else (kind,):
        entry = find(known, name)
        try:
            entry.load()
        except PluginError as error:
            if kind is not None or error.__cause__ is not None:
                raise
        else:
            return entry
    raise PluginError(f"{attribute} is no model, source, split, metric or report", where=file)


def kind_and_name(words: list[str]) -> tuple[Kind | None, str]:
    """Read ``NAME`` or ``KIND NAME``."""
    if len(words) == 1:
        return None, words[0]
    try:
        return kind_of(words[0]), words[1]
    except ArgumentTypeError as error:
        refuse(str(error))


def singular(kind: Kind) -> str:
    """Return ``model`` for ``models``."""
    return kind[:-1]
