"""The source that a person names to a verb: a plugin, or a card or table of their own, as in an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.plan.experiment_paths import with_files

if TYPE_CHECKING:
    from benchsuite.api import Source


def named_source(name: str, settings: Mapping[str, Any]) -> Source:
    """Return the source of a name, with its settings.

    Args:
        name: as ``sources`` of an experiment has it: a plugin, ``./file.py:Class``, or a card or table such as
            ``shop.toml``, which the source ``file`` reads; a path is relative to the working folder.
        settings: of the source.

    Raises:
        PluginError: when there is no such source, or it has no such setting.
    """
    from benchsuite.registry import load_source

    told = with_files({"sources": [{"use": name, "with": dict(settings)}]}, Path())["sources"][0]
    use = told["use"]
    return load_source(use, trusted=[use]).from_settings(told["with"], where=f"source {name}")
