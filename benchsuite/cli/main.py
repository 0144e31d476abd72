"""The command ``benchsuite``: each verb is made from a function of ``import benchsuite``; nothing heavy is imported."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem, shell_complete

import benchsuite
from benchsuite.cli.command import build_command, lower_help
from benchsuite.cli.console import USER_ERROR, guarded, open_streams
from benchsuite.cli.mistakes import to_usage_error
from benchsuite.errors import UsageError, did_you_mean
from benchsuite.functions import VERBS, Verb
from benchsuite.interface import print_status

_ABOUT = """An honest benchmark: when does a fine-tuned language model recommend better than the best baseline?

\b
  benchsuite run          the bundled experiment "quick", on real data
  benchsuite run demo     a small simulated one, without a network
"""
COMPLETE = "_BENCHSUITE_COMPLETE"
"""The environment variable by which a shell asks what may come next."""

_EXITS = (
    "exit codes: 0 fine, 1 something failed or differs, 2 your mistake (one line says which), 3 ours, "
    "130 interrupted by Ctrl-C, 143 ended by SIGTERM"
)
_READS = "report EXPERIMENT"
"""The verb that does in a shell what ``benchsuite.load`` is for in Python."""

_DATA_ABOUT = """Find, check, import and export data sets.

\b
  benchsuite data ml-100k                       the same as: benchsuite data show ml-100k
  benchsuite data verify --data DIR             published counts and checksums of every set
  benchsuite data import ratings.csv            guess the columns and write a card beside the table
  benchsuite data export ml-100k --out DIR --as recbole --split random-holdout
"""
_STORE_ABOUT = """Look after a folder of results: is it sound, how large is it, what can go.

\b
  benchsuite store check                        hold every file against its sha256
  benchsuite store repair --dry-run             what would be moved aside or removed
  benchsuite store gc --dry-run --keep my.toml  what no run of a known experiment needs
  benchsuite store size --store DIR
"""
_RIVALS_ABOUT = """Set up libraries that cannot be installed beside benchsuite, each in an environment of its own.

\b
  benchsuite rivals add lenskit                 make its environment, once
  benchsuite rivals list                        which are set up
  benchsuite rivals remove lenskit
"""


@dataclass(frozen=True)
class _Group:
    """Verbs of two words that share the first: a line about them, their help, and the verb that is meant by none."""

    summary: str
    about: str
    default: str


_GROUPS = {
    "data": _Group("find or download a data set and say what it holds; verify, import, export", _DATA_ABOUT, "show"),
    "store": _Group("look after a folder of results; check, repair, gc, size", _STORE_ABOUT, ""),
    "rivals": _Group("set up libraries that run in environments of their own; list, remove", _RIVALS_ABOUT, ""),
}


class Verbs(click.Group):
    """Verbs by name, each imported when it is called for; the list of verbs imports none.

    Args:
        prefix: ``data `` for the verbs within ``data``, "" for those of one word and for the groups.
        default: the verb that is meant when the first word is none.
    """

    def __init__(self, name: str, prefix: str = "", default: str = "", **more: Any) -> None:
        super().__init__(name, subcommand_metavar="VERB ...", no_args_is_help=False, **more)
        self.prefix, self.default = prefix, default

    def verbs(self) -> dict[str, Verb]:
        """Return the verbs at this place by name, in the order of the help."""
        return {verb.name.removeprefix(self.prefix): verb for verb in all_verbs() if verb.name.startswith(self.prefix)}

    def summaries(self) -> dict[str, str]:
        """Return a line about each verb; those of a group are one."""
        told = {}
        for name, verb in self.verbs().items():
            first, _, rest = name.partition(" ")
            told[first] = _GROUPS[first].summary if rest and first in _GROUPS else verb.summary
        return told

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(self.summaries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb's function and make its command."""
        if cmd_name in _GROUPS and not self.prefix:
            group = _GROUPS[cmd_name]
            return Verbs(cmd_name, prefix=f"{cmd_name} ", default=group.default, help=group.about)
        verb = self.verbs().get(cmd_name)
        return None if verb is None else build_command(verb)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return ``--help``, which speaks as the other options do."""
        return lower_help(super().get_help_option(ctx))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line for each verb."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(self.summaries().items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer verbs, and what the default verb takes; no other function is imported."""
        known = self.summaries().items()
        offered = [CompletionItem(name, help=text) for name, text in known if name.startswith(incomplete)]
        default = self.get_command(ctx, self.default) if self.default else None
        if default is not None:
            offered += default.params[0].shell_complete(ctx, incomplete)
        return offered + click.Command.shell_complete(self, ctx, incomplete)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default verb before words that name none."""
        first = next((word for word in args if not word.startswith("-")), None)
        asks_help = bool(args) and args[0] in ctx.help_option_names
        if self.default and first not in self.summaries() and not asks_help and (args or not ctx.resilient_parsing):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb of the first word.

        Raises:
            UsageError: when there is none of this name.
        """
        names = self.list_commands(ctx)
        if args[0] not in names and not ctx.resilient_parsing:
            raise _unknown_verb(args[0], names)
        return super().resolve_command(ctx, args)


def _unknown_verb(word: str, names: Sequence[str]) -> UsageError:
    """Return what is wrong with a verb that is none; what it is in Python is told."""
    if word in dir(benchsuite) and not word.startswith("_"):
        of_it = (verb.name for verb in VERBS if verb.target.endswith(f":{word}") or _as_function(verb.name) == word)
        verb = _READS if word == "load" else next(of_it, "--help")
        what = f'"{word}" is no verb: it is for Python only, benchsuite.{word}'
        return UsageError(what, remedy=f"in a shell: benchsuite {verb}")
    return UsageError(f'unknown verb "{word}"', remedy=did_you_mean(word, names))


def _as_function(verb: str) -> str:
    return verb.replace(" ", "_").replace("-", "_")


def all_verbs() -> tuple[Verb, ...]:
    """Return our own verbs and those of installed packages."""
    from benchsuite.registry import function_entries

    named = {verb.name for verb in VERBS}
    more = {name: point for name, point in function_entries().items() if name not in named}
    return (
        *VERBS,
        *(Verb(name, "", f"from {point.dist.name if point.dist else 'elsewhere'}") for name, point in more.items()),
    )


def build() -> click.Group:
    """Return the whole command."""
    settings = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
    group = Verbs("benchsuite", help=_ABOUT, epilog=_EXITS, context_settings=settings)
    group.invoke_without_command = True
    group.callback = _help_without_verb
    group.params.append(_version())
    return group


@click.pass_context
def _help_without_verb(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _version() -> click.Option:
    def show(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
        if wanted:
            click.echo(f"benchsuite {benchsuite.__version__}")
            ctx.exit()

    text = "show the version and exit"
    return click.Option(["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show, help=text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not open_streams():
        print_status("error: standard output is closed; send it to a file or to /dev/null")
        return USER_ERROR
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows "?", not a traceback
    code = guarded(lambda: _run(words))
    if arguments is None and threading.current_thread() is threading.main_thread():
        # What is done is done: Ctrl-C while the interpreter ends shall change neither the exit code nor print anything.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _run(words: list[str]) -> int:
    """Do what click's own ``main`` does, except that errors and interruptions are :func:`guarded`'s."""
    group = build()
    asked = os.environ.get(COMPLETE, "")
    if asked:
        return shell_complete(group, {}, "benchsuite", COMPLETE, asked)
    try:
        with group.make_context("benchsuite", words) as context:
            return int(group.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        raise to_usage_error(error) from None


if __name__ == "__main__":
    sys.exit(main())
