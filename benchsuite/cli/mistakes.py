"""Turns the complaints of click into one line: what is wrong, where, what to do."""

from __future__ import annotations

import difflib

import click

from benchsuite.errors import UsageError

_CLOSE = 0.7
"""How much alike two options must be for the one to be a slip for the other; less alike ones mislead."""


def to_usage_error(error: click.UsageError) -> UsageError:
    """Return what click complains about as our error."""
    help_line = f"see {error.ctx.command_path if error.ctx else 'benchsuite'} --help"
    if isinstance(error, click.NoSuchOption):
        known = _flags(error)
        close = difflib.get_close_matches(error.option_name, known, n=1, cutoff=_CLOSE)
        remedy = f'did you mean "{close[0]}"?' if close else help_line
        return UsageError(f'unknown option "{error.option_name}"', remedy=remedy)
    param = getattr(error, "param", None)
    if isinstance(error, click.MissingParameter) and param is not None:
        kind = "argument" if isinstance(param, click.Argument) else "option"
        return UsageError(f"missing {kind} {_name(param, error.ctx)}", remedy=help_line)
    if isinstance(error, click.BadParameter) and param is not None:
        return UsageError(_lower(error.message), where=_name(param, error.ctx), remedy=help_line)
    return UsageError(_lower(error.format_message()), remedy=help_line)


def _flags(error: click.NoSuchOption) -> list[str]:
    if error.ctx is None:
        return []
    params = error.ctx.command.get_params(error.ctx)
    return [name for param in params if isinstance(param, click.Option) for name in param.opts if len(name) > 2]  # noqa: PLR2004 - "-h" is near to everything


def _name(param: click.Parameter, ctx: click.Context | None) -> str:
    if isinstance(param, click.Argument) and ctx is not None:
        return param.make_metavar(ctx)
    return max(param.opts, key=len)


def _lower(message: str) -> str:
    text = " ".join(message.split()).rstrip(".")
    return (text[:1].lower() + text[1:]).replace("'", '"')
