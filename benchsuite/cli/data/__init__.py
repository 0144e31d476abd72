"""``benchsuite data``: what a data set holds (``show``), whether the files are sound, import and export."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Sequence
from typing import Any

from benchsuite.cli.data import bring, export, show, verify

_VERBS = ("show", "verify", "export", "import")
_ABOUT = """\
Find, check, import and export data sets.

  benchsuite data ml-100k                       the same as: benchsuite data show ml-100k
  benchsuite data verify --data DIR             published counts and checksums of every set
  benchsuite data import ratings.csv            guess the columns and write a card beside the table
  benchsuite data export ml-100k --out DIR --as recbole --split random-holdout
"""


def register(subparsers: _SubParsersAction[Any]) -> None:
    """Add the verb and its sub-verbs; a source's name alone means ``show``."""
    from argparse import RawDescriptionHelpFormatter

    parser: ArgumentParser = subparsers.add_parser(
        "data",
        help="find or download a data set and say what it holds; verify, import, export",
        description=_ABOUT,
        formatter_class=RawDescriptionHelpFormatter,
    )
    inner = parser.add_subparsers(metavar="WHAT", dest="what", required=True, parser_class=type(parser))
    for module in (show, verify, export, bring):
        module.register(inner)
    plain = parser.parse_known_args

    def parse(args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        words = list(args or ())
        first = next((word for word in words if not word.startswith("-")), None)
        if first not in _VERBS and words not in (["-h"], ["--help"]):
            words.insert(0, "show")
        return plain(words, namespace)

    # argparse hands a verb's words to this method; there is no other place to put a default sub-verb
    parser.parse_known_args = parse  # type: ignore[assignment]  # see above
