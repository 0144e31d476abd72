"""The command ``benchsuite``: each verb is made from a function of ``import benchsuite``; nothing heavy is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

import benchsuite
from benchsuite.cli.console import USER_ERROR, guarded, open_streams, print_status
from benchsuite.errors import UsageError, did_you_mean
from benchsuite.functions import VERBS, Verb

_ABOUT = """An honest benchmark: when does a fine-tuned language model recommend better than the classics?

\b
  benchsuite run          the bundled experiment "quick", on real data
  benchsuite run demo     a small simulated one, without a network
"""
_EXITS = "exit codes: 0 fine, 1 some cells failed, 2 your mistake (one line says which), 3 ours"
_DATA_ABOUT = """Find, check, import and export data sets.

\b
  benchsuite data ml-100k                       the same as: benchsuite data show ml-100k
  benchsuite data verify --data DIR             published counts and checksums of every set
  benchsuite data import ratings.csv            guess the columns and write a card beside the table
  benchsuite data export ml-100k --out DIR --as recbole --split random-holdout
"""


class Verbs(click.Group):
    """Verbs by name, each imported when it is called for; the list of verbs imports none.

    Args:
        prefix: ``data `` for the verbs within ``data``, "" for the others.
        default: the verb that is meant when the first word is none.
    """

    def __init__(self, name: str, prefix: str = "", default: str = "", **more: Any) -> None:
        super().__init__(name, **more)
        self.prefix, self.default = prefix, default

    def verbs(self) -> dict[str, Verb]:
        """Return the verbs at this place by name."""
        found = {verb.name.removeprefix(self.prefix): verb for verb in all_verbs() if verb.name.startswith(self.prefix)}
        return {name: verb for name, verb in found.items() if " " not in name}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(dict.fromkeys(verb.name.removeprefix(self.prefix).partition(" ")[0] for verb in all_verbs()
                                  if verb.name.startswith(self.prefix)))  # fmt: skip

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb's function and make its command."""
        from benchsuite.cli.command import build_command

        if cmd_name == "data" and not self.prefix:
            return Verbs("data", prefix="data ", default="show", help=_DATA_ABOUT)
        verb = self.verbs().get(cmd_name)
        return None if verb is None else build_command(verb)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line for each verb."""
        known = self.verbs()
        about = {"data": "find or download a data set and say what it holds; verify, import, export"}
        rows = [(name, known[name].summary if name in known else about[name]) for name in self.list_commands(ctx)]
        with formatter.section("verbs"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb of the first word.

        Raises:
            UsageError: when there is none of this name.
        """
        names = self.list_commands(ctx)
        if self.default and args[0] not in names:
            args = [self.default, *args]
        if args[0] not in names:
            raise UsageError(f'unknown verb "{args[0]}"', remedy=did_you_mean(args[0], names))
        return super().resolve_command(ctx, args)


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
    group = Verbs("benchsuite", help=_ABOUT, epilog=_EXITS, context_settings=settings, no_args_is_help=False)
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
    return guarded(lambda: _run(words))


def _run(words: list[str]) -> int:
    try:
        code = build().main(words, prog_name="benchsuite", standalone_mode=False)
    except click.UsageError as error:
        place = "benchsuite" if error.ctx is None else error.ctx.command_path
        told = error.format_message().strip().rstrip(".")
        raise UsageError(told[:1].lower() + told[1:], remedy=f"see {place} --help") from None
    except click.Abort as abort:  # click's name for any KeyboardInterrupt, and SIGTERM is one of our own
        raise abort.__cause__ if isinstance(abort.__cause__, KeyboardInterrupt) else KeyboardInterrupt() from None
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main())
