"""TOML beside a table: a card, or an experiment that happens to have the table's name."""

from __future__ import annotations

import tomllib
from pathlib import Path

_EXPERIMENT = {"models", "metrics", "splits", "sources", "seeds"}


def is_experiment(path: Path) -> bool:
    """Return whether a TOML file is an experiment and no card; an unreadable one is neither."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return "models" in table or len(_EXPERIMENT & table.keys()) > 1
