"""Makes a verb of a function: its signature gives arguments and options, its docstring the help."""

from __future__ import annotations

import importlib
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import click

from benchsuite.cli.console import print_result_object
from benchsuite.errors import UsageError
from benchsuite.functions import Verb
from benchsuite.interface import FunctionResult, Option

_KINDS = {str: click.STRING, int: click.INT, float: click.FLOAT}


class FunctionCommand(click.Command):
    """A command whose ``--with a=1 b=2`` takes several words, and whose complaints are one line."""

    settings: tuple[str, ...] = ()
    told: tuple[tuple[str, str], ...] = ()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the arguments are, too, which click leaves out."""
        if self.told:
            with formatter.section("Arguments"):
                formatter.write_dl(self.told)
        super().format_options(ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each further ``NAME=VALUE`` word its own option."""
        words: list[str] = []
        current = ""
        for word in args:
            if word in self.settings:
                current = word
            elif word.startswith("-"):
                current = ""
            elif current and words[-1] != current and re.match(r"[\w-]+\s*=", word):
                words.append(current)
            words.append(word)
        return super().parse_args(ctx, words)


def build_command(verb: Verb) -> click.Command:
    """Import a verb's function and return its command."""
    function = _load(verb)
    about, told = _docstring(function)
    parameters = [p for p in inspect.signature(function).parameters.values() if not _option(function, p).hidden]
    params = [_param(function, one, told.get(one.name, "")) for one in parameters]
    params.append(click.Option(["--json", "as_json"], is_flag=True, help="print JSON instead of tables"))

    def run(as_json: bool, **given: Any) -> int:
        values = {one.name: _value(function, one, given[one.name.lower()]) for one in parameters}
        positional = [values.pop(one.name) for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
        return print_result_object(function(*positional, **values), as_json=as_json)

    command = FunctionCommand(verb.name.rpartition(" ")[2], params=params, callback=run, help=about)
    command.settings = tuple(
        param.opts[0] for param, one in zip(params, parameters, strict=False) if _is_settings(_hint(function, one))
    )
    command.told = tuple(
        (param.make_metavar(click.Context(command)), told[one.name])
        for param, one in zip(params, parameters, strict=False)
        if isinstance(param, click.Argument) and one.name in told
    )
    return command


def _load(verb: Verb) -> Callable[..., FunctionResult]:
    if not verb.target:
        from benchsuite.registry import load_function

        return load_function(verb.name)
    module, _, name = verb.target.partition(":")
    function: Callable[..., FunctionResult] = getattr(importlib.import_module(module), name)
    return function


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


def _evaluated(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Return a parameter's annotation; the return's may name what is imported for type checking only."""
    annotation = parameter.annotation
    return eval(annotation, function.__globals__) if isinstance(annotation, str) else annotation  # noqa: S307 - our code


def _option(function: Callable[..., Any], parameter: inspect.Parameter) -> Option:
    notes = getattr(_evaluated(function, parameter), "__metadata__", ())
    return next((note for note in notes if isinstance(note, Option)), Option())


def _hint(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Return the type without ``Annotated`` and without ``None``."""
    hint = _evaluated(function, parameter)
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    if isinstance(hint, typing.ForwardRef):
        return str  # names what is not imported yet; in a shell it is a word
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [one for one in typing.get_args(hint) if one is not type(None)]
        hint = Path if Path in inner else str if str in inner else inner[0]
    return hint


def _is_settings(hint: Any) -> bool:
    return typing.get_origin(hint) is Mapping


def _kind(hint: Any) -> Any:
    if typing.get_origin(hint) is Literal:
        return click.Choice([str(one) for one in typing.get_args(hint)])
    if hint is Path:
        return click.Path(path_type=Path)
    return _KINDS[hint]


def _param(function: Callable[..., Any], parameter: inspect.Parameter, text: str) -> click.Parameter:
    option, hint = _option(function, parameter), _hint(function, parameter)
    empty = parameter.default is parameter.empty
    several = typing.get_origin(hint) is Sequence
    inner = typing.get_args(hint)[0] if several else hint
    if typing.get_origin(inner) in (typing.Union, types.UnionType):
        inner = str
    if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
        return click.Argument(
            [parameter.name],
            type=_kind(inner),
            nargs=-1 if several else 1,
            required=empty,
            **({} if empty or several else {"default": parameter.default}),
            metavar=_shown(option.metavar or parameter.name.upper(), needed=empty, several=several),
        )
    name = option.name or f"--{parameter.name.strip('_').replace('_', '-')}"
    shared: dict[str, Any] = {"help": text, "required": empty, "envvar": option.variable or None}
    if hint is bool:
        return click.Option([name, parameter.name], is_flag=True, default=parameter.default, help=text)
    if _is_settings(hint):
        return click.Option([name, parameter.name], multiple=True, metavar="NAME=VALUE", help=text)
    if typing.get_origin(hint) is tuple:
        metavar = option.metavar or None
        return click.Option([name, parameter.name], nargs=len(typing.get_args(hint)), metavar=metavar, **shared)
    if several:
        kind = click.STRING if option.split else _kind(inner)
        return click.Option([name, parameter.name], multiple=True, type=kind, metavar=option.metavar or None, **shared)
    default = None if empty else parameter.default
    shown = isinstance(default, int | float | str) and not isinstance(default, bool) and default != ""
    kind = _kind(hint)
    more: dict[str, Any] = {"show_default": shown, "metavar": option.metavar or None}
    more |= {} if empty else {"default": default}
    return click.Option([name, parameter.name], type=kind, **more, **shared)


def _shown(metavar: str, *, needed: bool, several: bool) -> str:
    text = metavar if needed else f"[{metavar}]"
    return f"{text}..." if several else text


def _value(function: Callable[..., Any], parameter: inspect.Parameter, given: Any) -> Any:
    """Turn what click read into what the function takes."""
    option, hint = _option(function, parameter), _hint(function, parameter)
    if _is_settings(hint):
        return read_settings(given, option.name or f"--{parameter.name.strip('_')}")
    if option.split and not isinstance(given, str):
        words = [word.strip() for text in given for word in text.split(option.split)]
        names = [word for word in words if word]
        if given and not names:
            raise UsageError("names nothing", where=option.name, remedy="write names with commas between them")
        return names or parameter.default
    if typing.get_origin(hint) is Sequence:
        return list(given) if given or parameter.default is parameter.empty else parameter.default
    return given


def read_settings(words: Sequence[str], where: str) -> dict[str, Any]:
    """Return settings by name from ``NAME=VALUE`` words, each of which may hold several with ``;`` between them.

    Raises:
        ConfigError: when they are not TOML.
    """
    if not words:
        return {}
    from benchsuite.plan.experiment_file import read_toml

    return read_toml("\n".join(word.replace(";", "\n") for word in words), where=where, remedy="write name = value")
