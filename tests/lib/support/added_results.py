"""What a check says of standings that lack result folders which somebody added."""

import os
from collections.abc import Sequence
from typing import NoReturn

import pytest


def tell_added(name: str, added: Sequence[str]) -> NoReturn:
    """Say in a line what is to be done: nothing in a pull request, where a check that fails would ask for a conflict.

    Args:
        name: of the benchmark.
        added: names of the folders.

    Raises:
        Failed: where it was merged (a push on the main branch) and nobody made the standings anew.
        Skipped: everywhere else.
    """
    lacks = f"leaderboard.json of {name} lacks {', '.join(added)}"
    if os.environ.get("GITHUB_EVENT_NAME") == "push":
        pytest.fail(f"{lacks}: run python docs/update_pages.py", pytrace=False)
    pytest.skip(f"{lacks}: nothing to do in a pull request; whoever merges it runs python docs/update_pages.py")
