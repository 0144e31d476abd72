"""Turns the complaints of click into one line: what is wrong, where, what to do."""

from __future__ import annotations

import click

from benchsuite.errors import UsageError, did_you_mean


def to_usage_error(error: click.UsageError) -> UsageError:
    """Return what click complains about as our error."""
    help_line = f"see {error.ctx.command_path if error.ctx else 'benchsuite'} --help"
    if isinstance(error, click.NoSuchOption):
        return UsageError(
            f'unknown option "{error.option_name}"', remedy=did_you_mean(error.option_name, _flags(error))
        )
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
