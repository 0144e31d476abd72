"""Training and foreign code draw from global random states: set from the context's seed, and put back afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def own_random_state(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and torch inside the block, and restore their states at its end."""
    import torch

    python, state = random.getstate(), np.random.get_state()  # noqa: NPY002 - foreign code uses the global state
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002 - same
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(state)  # noqa: NPY002 - same
