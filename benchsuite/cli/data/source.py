"""A source as a command line names it, with its settings."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchsuite.api import Source


def add_settings(parser: ArgumentParser, example: str) -> None:
    """Add ``--with``."""
    parser.add_argument("--with", dest="settings", metavar="TOML", default="", help=f"settings, e.g. '{example}'")


def read_source(args: Namespace) -> Source:
    """Return the source that ``args.source`` and ``--with`` describe.

    Raises:
        PluginError: when there is none of this name.
        ConfigError: when a setting is wrong.
    """
    from benchsuite.cli.options import read_settings
    from benchsuite.registry import load_source

    return load_source(args.source, trusted=[args.source]).from_settings(
        read_settings(args), where=f"source {args.source}"
    )
