"""Makes a verb of a function: its signature gives arguments and options, its docstring the help."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from benchsuite.cli.console import print_function_result
from benchsuite.cli.value_completion import complete
from benchsuite.errors import UsageError
from benchsuite.functions import Verb
from benchsuite.interface import FunctionResult, Option, check_choice

_SCALARS: dict[Any, click.ParamType[Any]] = {
    str: click.STRING,
    int: click.INT,
    float: click.FLOAT,
    bool: click.BOOL,
}


class _Choice(click.Choice[str]):
    """One of several words; a wrong one is told as everywhere else."""

    def __init__(self, choices: Sequence[str], where: str) -> None:
        super().__init__(choices)
        self._where = where

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word.

        Raises:
            UsageError: when it is none of the choices.
        """
        check_choice(value, self.choices, self._where)
        return str(value)


class FunctionCommand(click.Command):
    """A command whose ``--with a=1 b=2`` takes several words, and whose help tells of arguments too."""

    settings: tuple[str, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the arguments are, too, which click leaves out."""
        if self.arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(self.arguments)
        super().format_options(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return ``--help``, which speaks as the other options do."""
        return lower_help(super().get_help_option(ctx))

    def _single(self) -> list[str]:
        """Return the options that take one value: a second one would hide the first."""
        options = [one for one in self.params if isinstance(one, click.Option)]
        return [flag for one in options if not (one.multiple or one.is_flag or one.count) for flag in one.opts]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each further ``NAME=VALUE`` word its own option."""
        words: list[str] = []
        current = ""
        for word in args:
            if word.startswith("-"):
                head = word.partition("=")[0]
                current = head if head in self.settings else ""
            elif current and words[-1] != current and re.match(r"[\w-]+\s*=", word):
                words.append(current)
            words.append(word)
        for flag in self._single():
            if sum(word == flag or word.startswith(f"{flag}=") for word in words) > 1:
                raise UsageError("is given more than once, and takes one value", where=flag, remedy="name it once")
        try:
            return super().parse_args(ctx, words)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # the parser below knows no context, and the error shall name the verb
            raise


def lower_help(option: click.Option | None) -> click.Option | None:
    """Return click's option ``--help`` with a text like those of the other options."""
    if option is not None:
        option.help = "show this message and exit"
    return option


@dataclass(frozen=True)
class _Parameter:
    """A parameter of a function.

    Attributes:
        name: in the function.
        default: its default, ``inspect.Parameter.empty`` where one must be given.
        positional: an argument; else an option.
        option: how the command line spells it.
        hint: the type of one value.
        several: whether it takes several values.
        about: what the docstring says of it.
    """

    name: str
    default: Any
    positional: bool
    option: Option
    hint: Any
    several: bool
    about: str

    @property
    def flag(self) -> str:
        """The option's name in a shell."""
        return self.option.name or f"--{self.name.strip('_').replace('_', '-')}"

    @property
    def about_argument(self) -> str:
        """What the help says of an argument."""
        choices = f": {', '.join(typing.get_args(self.hint))}" if typing.get_origin(self.hint) is Literal else ""
        default = f"  [default: {self.default}]" if isinstance(self.default, str) else ""
        return self.about + choices + default

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is inspect.Parameter.empty

    @property
    def is_settings(self) -> bool:
        """Whether it takes ``NAME=VALUE``."""
        return typing.get_origin(self.hint) is Mapping

    def to_click(self) -> click.Parameter:
        """Return click's argument or option."""
        more: dict[str, Any] = {"required": self.required}
        if self.option.complete:
            more["shell_complete"] = complete(self.option.complete)
        if not self.required and not self.several:
            more["default"] = self.default
        kind = click.STRING if self.is_settings or typing.get_origin(self.hint) is tuple else self._kind()
        if self.positional:
            many, metavar = -1 if self.several else 1, self.option.metavar or self.name.upper()
            # Words that are named one by one, [KIND] NAME, are not a list of them.
            more_of_it = self.several and " " not in metavar
            metavar = (metavar if self.required else f"[{metavar}]") + ("..." if more_of_it else "")
            return click.Argument([self.name], type=kind, nargs=many, metavar=metavar, **more)
        more |= {"help": self.about, "metavar": self.option.metavar or None}
        if self.hint is bool:
            return click.Option([self.flag, self.name], is_flag=True, **more)
        if self.is_settings:
            more |= {"metavar": "NAME=VALUE", "default": None}
            return click.Option([self.flag, self.name], multiple=True, **more)
        if typing.get_origin(self.hint) is tuple:
            return click.Option([self.flag, self.name], nargs=len(typing.get_args(self.hint)), **more)
        more |= {"envvar": self.option.variable or None, "multiple": self.several, "type": kind}
        shown = not self.several and isinstance(self.default, int | float | str) and self.default != ""
        return click.Option([self.flag, self.name], show_default=bool(shown), **more)

    def _kind(self) -> click.ParamType[Any]:
        if typing.get_origin(self.hint) is Literal:
            return _Choice(typing.get_args(self.hint), self.name.upper() if self.positional else self.flag)
        if self.hint is Path:
            return click.Path(readable=False)  # what cannot be read is told by the function
        return _SCALARS[self.hint]

    def value(self, given: Any) -> Any:
        """Turn what click read into what the function takes."""
        if self.is_settings:
            return read_settings(given, self.flag)
        if self.several:
            return list(given) if given or self.required else self.default
        return given


def build_command(verb: Verb) -> click.Command:
    """Import a verb's function and return its command."""
    function = load_verb(verb)
    about, _ = _docstring(function)
    parameters = [one for one in parameters_of(function) if not one.option.hidden]
    params = [one.to_click() for one in parameters]
    params.append(click.Option(["--json", "as_json"], is_flag=True, help="print JSON instead of tables"))

    def run(as_json: bool, **given: Any) -> int:
        for one in parameters:
            if as_json and one.option.printed and given[one.name] != one.default:
                raise UsageError(f"{one.flag} is for printed tables", remedy="leave it out: JSON holds everything")
        values = {one.name: one.value(given[one.name]) for one in parameters}
        positional = [values.pop(one.name) for one in parameters if one.positional]
        return print_function_result(function(*positional, **values), as_json=as_json)

    command = FunctionCommand(verb.name.rpartition(" ")[2], params=params, callback=run, help=about)
    command.settings = tuple(one.flag for one in parameters if one.is_settings)
    context = click.Context(command)
    command.arguments = tuple(
        (param.make_metavar(context), one.about_argument)
        for param, one in zip(params, parameters, strict=False)
        if one.positional
    )
    return command


def load_verb(verb: Verb) -> Callable[..., FunctionResult]:
    """Import the function of a verb.

    Raises:
        PluginError: when an installed package brings it and it cannot be had.
    """
    if not verb.target:
        from benchsuite.registry import load_function

        return load_function(verb.name)
    module, _, name = verb.target.partition(":")
    function: Callable[..., FunctionResult] = getattr(importlib.import_module(module), name)
    return function


def parameters_of(function: Callable[..., Any]) -> list[_Parameter]:
    """Return what a function takes, as the command line reads it."""
    _, told = _docstring(function)
    found = []
    for one in inspect.signature(function).parameters.values():
        hint, option = _evaluated(function, one.annotation), Option()
        for part in (hint, *typing.get_args(hint)):  # "Annotated[...] | None" is noted, too
            if typing.get_origin(part) is typing.Annotated:
                option = next((note for note in part.__metadata__ if isinstance(note, Option)), option)
                hint = typing.get_args(part)[0]
                break
        hint = _one_type(hint)
        several = typing.get_origin(hint) is Sequence
        if several:
            hint = _one_type(typing.get_args(hint)[0])
        about = told.get(one.name, "").rstrip(".")
        positional = one.kind is one.POSITIONAL_OR_KEYWORD
        found.append(_Parameter(one.name, one.default, positional, option, hint, several, about))
    return found


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return the text before the sections of a Google docstring, and what ``Args`` says of each parameter."""
    about, _, rest = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    for section in ("\nReturns:", "\nRaises:", "\nExample:", "\nYields:"):
        about = about.partition(section)[0]
    told: dict[str, str] = {}
    name = ""
    for line in rest.splitlines():
        start = re.match(r"    (\w+): (.*)", line)
        if line and not line.startswith("    "):
            break
        if start:
            name = start[1]
            told[name] = start[2]
        elif name and line.strip():
            told[name] += f" {line.strip()}"
    return about.strip().replace("``", ""), {key: text.replace("``", "") for key, text in told.items()}


def _evaluated(function: Callable[..., Any], annotation: Any) -> Any:
    """Return an annotation; ``get_type_hints`` would need the return's too, which may be there for checking only."""
    return eval(annotation, function.__globals__) if isinstance(annotation, str) else annotation  # noqa: S307 - our code


def _one_type(hint: Any) -> Any:
    """Return what a shell can give of several types: a sequence, a path, a word."""
    if isinstance(hint, typing.ForwardRef):
        return str  # names what is not imported yet; in a shell it is a word
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint
    inner = [one for one in typing.get_args(hint) if one is not type(None)]
    origins = {typing.get_origin(one): one for one in inner}
    if Sequence in origins:
        return origins[Sequence]
    return Path if os.PathLike in origins or Path in inner else str if str in inner else inner[0]


def read_settings(words: Sequence[str], where: str) -> dict[str, Any]:
    """Return settings by name from ``NAME=VALUE`` words, each of which may hold several with ``;`` between them.

    Raises:
        ConfigError: when they are not TOML.
    """
    if not words:
        return {}
    from benchsuite.plan.experiment_file import read_toml

    return read_toml(
        "\n".join(word.replace(";", "\n") for word in words),
        where=where,
        remedy="write name=value, and text in two pairs of quotes: 'name=\"text\"'",
    )
