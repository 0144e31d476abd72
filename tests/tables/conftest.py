"""Files of a test's own, and a place that remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchsuite.api import DataLocations


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes files, given by name, into one folder and returns the folder."""

    def write(files: dict[str, str | bytes] | None = None, **more: str | bytes) -> Path:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for name, data in {**(files or {}), **more}.items():
            (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return folder

    return write


@pytest.fixture
def here(tmp_path: Path) -> tuple[DataLocations, list[str]]:
    """A place with a cache of its own, and the lines it says."""
    said: list[str] = []
    return DataLocations(folders=(), cache=tmp_path / "cache", offline=True, say=said.append), said
