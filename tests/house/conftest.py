from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def files(repository):
    """Everything under version control, or about to be, relative to the root."""
    words = ["git", "-C", str(repository), "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [Path(name) for name in done.stdout.splitlines() if (repository / name).is_file()]
