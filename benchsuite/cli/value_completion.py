"""What a shell offers when it completes a word; from file names and metadata alone, no plugin is imported."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from benchsuite.interface import Completed
from benchsuite.plugin_names import bundled_experiments

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete(kind: Completed) -> Completer:
    """Return the function that offers values of this kind.

    Args:
        kind: ``experiments``: bundled ones and TOML files; ``runs``: what is in the store; ``kinds`` and ``plugins``;
            else the plugins of that kind, of which several may stand in one word with commas between them.
    """

    def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        if kind == "experiments":
            files = sorted(glob.glob(f"{glob.escape(incomplete)}*.toml"))  # noqa: PTH207 - keeps "./" as it was typed
            return [
                *_items(bundled_experiments(), incomplete),
                *_items(files, incomplete),
                CompletionItem(incomplete, "dir"),
            ]
        if kind == "runs":
            return _items(_runs(ctx.params.get("store")), incomplete)
        before, comma, last = incomplete.rpartition(",")
        given = ctx.params.get(param.name or "") if kind == "plugins" else None
        return _items((f"{before}{comma}{name}" for name in _names(kind, given or ())), f"{before}{comma}{last}")

    return offer


def _items(words: Sequence[str] | Iterator[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word) for word in dict.fromkeys(words) if word.startswith(incomplete)]


def _runs(store: object) -> Iterator[str]:
    root = Path(str(store or os.environ.get("BENCHSUITE_STORE") or "runs"))
    yield from sorted(path.stem for path in (root / "plans").glob("*.json"))


def _names(kind: Completed, given: Sequence[str]) -> Iterator[str]:
    """Yield names of plugins, of one kind where a word before has said which."""
    from benchsuite.registry import KINDS, entries

    if kind in ("kinds", "plugins") and not given:
        yield from KINDS
    if kind == "kinds":
        return
    wanted = [one for one in KINDS if kind == one or (kind == "plugins" and (not given or given[0] in (one, one[:-1])))]
    for one in wanted:
        yield from (entry.name.replace("@k", "@10") for entry in entries(one))
