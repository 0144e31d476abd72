from __future__ import annotations

from pathlib import Path

import pytest

from make_site.desk import Desk
from support.shared import made_once


@pytest.fixture(scope="session")
def first_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the experiment that all pages share, run once; nobody may change it."""
    return made_once(tmp_path_factory, "pages", lambda folder: Desk(folder).prepare()) / "runs"


@pytest.fixture
def desk(tmp_path: Path, first_store: Path) -> Desk:
    """A working folder of one's own in which the shared experiment was run."""
    made = Desk(tmp_path / "desk")
    made.prepare(first_store)
    return made
