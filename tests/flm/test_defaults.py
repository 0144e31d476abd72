"""What the default settings compute does not depend on the choices that stand beside them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from benchsuite.api import Context, DataLocations
from benchsuite.data import Dataset, Queries
from benchsuite_content.encode import torch_threads
from benchsuite_datasets.demo import Demo
from benchsuite_flm.models import FLM, FrozenFLM

_spec = importlib.util.spec_from_file_location("plain", Path(__file__).parent / "plain.py")
plain = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(plain)


@pytest.fixture(scope="module")
def demo() -> Dataset:
    """The demo shop, small; every ninth item was never taken."""
    data = Demo(users=120, items=90, events_per_user=12).load(DataLocations())
    return data.cut(data.interactions.item % 9 != 0)


@pytest.mark.slow
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_defaults_are_the_plain_recipe_bit_by_bit(tiny: str, demo: Dataset, layers: int) -> None:
    more = {"layers": layers, "learning_rate": 3e-3} if layers else {}
    model = (FLM if layers else FrozenFLM)(backbone=tiny, epochs=5, batch_size=32, **more)
    # One thread: with several, sums of floats are split anew each time, and the last bit with them.
    model.fit(demo, Context(seed=4, threads=1))
    with torch_threads(1):
        head, items = plain.fit(model, demo, 4, layers)
    np.testing.assert_array_equal(model._items.numpy(), items.numpy())
    history = demo.matrix()
    with torch.no_grad():
        total = torch.from_numpy(np.asarray(history @ items[:, :-3].numpy(), np.float32))
        count = torch.from_numpy(np.diff(history.indptr).astype(np.float32))
        scores = head.logits(head.users(total, count, torch.arange(len(demo.users))), items).numpy()
    queries = Queries.from_rows(np.arange(len(demo.users)), demo.interactions.user, demo.interactions)
    np.testing.assert_array_equal(model.score(queries, None), scores)
