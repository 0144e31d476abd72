"""The command ``benchsuite``: one verb a file, each with ``register`` and ``run``; nothing heavy is imported here."""

from __future__ import annotations

import importlib
import sys
from argparse import Action, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any, NoReturn

import benchsuite
from benchsuite.cli.console import OK, USER_ERROR, guarded, open_streams, tell
from benchsuite.errors import UsageError, did_you_mean

MODULES = (
    "run",
    "report",
    "compare",
    "verify",
    "rerun",
    "plan",
    "data",
    "score",
    "train",
    "recommend",
    "audit",
    "list",
    "show",
    "check",
    "new",
    "doctor",
)
"""The modules that bring verbs, in the order of the help."""

_ABOUT = """\
An honest benchmark: when does a fine-tuned language model recommend better than the classics?

  benchsuite run          the bundled experiment "quick", on real data
  benchsuite run demo     a small simulated one, without a network
"""
_EXITS = "exit codes: 0 fine, 1 some cells failed, 2 your mistake (one line says which), 3 ours"


class _Help(RawDescriptionHelpFormatter):
    """Help with a column that is wide enough for every verb; argparse forgets that verbs are indented once more."""

    def add_argument(self, action: Action) -> None:
        """Add an option or the verbs."""
        super().add_argument(action)
        names = [len(sub.dest) + 2 * self._indent_increment for sub in self._iter_indented_subactions(action)]
        self._action_max_length = max([self._action_max_length, *names])


class Parser(ArgumentParser):
    """A parser whose complaints are one line."""

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help; argparse itself takes no notice of an output that is full."""
        (sys.stderr if file is None else file).write(message or "")

    def error(self, message: str) -> NoReturn:
        """Raise the complaint as the user's mistake."""
        raise UsageError(message, remedy=f"see {self.prog} --help")


def build_parser() -> tuple[Parser, tuple[str, ...]]:
    """Return the parser and the names of its verbs."""
    parser = Parser(prog="benchsuite", description=_ABOUT, epilog=_EXITS, formatter_class=_Help)
    parser.add_argument("--version", action="version", version=f"benchsuite {benchsuite.__version__}")
    subparsers = parser.add_subparsers(title="verbs", metavar="VERB", parser_class=Parser)
    for module in MODULES:
        importlib.import_module(f"benchsuite.cli.{module}").register(subparsers)
    return parser, tuple(subparsers.choices)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not open_streams():
        tell("error: standard output is closed; send it to a file or to /dev/null")
        return USER_ERROR
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows "?", not a traceback
    return guarded(lambda: _run(words))


def _run(words: list[str]) -> int:
    parser, verbs = build_parser()
    verb = next((word for word in words if not word.startswith("-")), None)
    if verb is not None and verb not in verbs:
        raise UsageError(f'unknown verb "{verb}"', remedy=did_you_mean(verb, verbs))
    try:
        args = parser.parse_args(words)
    except SystemExit as end:  # --help and --version have printed what they had to say
        return int(end.code or 0)
    if not hasattr(args, "run"):
        parser.print_help()
        return OK
    code: int = args.run(args)
    return code


if __name__ == "__main__":
    sys.exit(main())
