import pytest
import torch

from benchsuite_flm.schedules import one_cycle as size
from benchsuite_flm.steps import Group, Steps


def test_sizes_rise_and_fall() -> None:
    sizes = [size(step, 100, 0.2) for step in range(100)]
    top = sizes.index(max(sizes))
    assert (sizes[0], sizes[20]) == (pytest.approx(0.04), pytest.approx(1.0))
    assert top == 20
    assert sizes[:top] == sorted(sizes[:top])
    assert sizes[top:] == sorted(sizes[top:], reverse=True)
    assert 0 < sizes[-1] < 0.01


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_few_steps_are_fine(total: int) -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    steps = Steps(total, Group([weight], 0.1))
    moved = []
    for _ in range(total):
        before = weight.item()
        steps.clear()
        (weight**2).sum().backward()
        steps.take()
        moved.append(abs(weight.item() - before))
    assert all(move > 0 for move in moved)
    assert max(moved) <= 0.11


def test_groups_have_rates_of_their_own() -> None:
    slow, fast = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    steps = Steps(1, Group([slow], 0.01), Group([fast], 0.1))
    (slow + fast).sum().backward()
    steps.take()
    assert (1 - slow.item()) * 10 == pytest.approx(1 - fast.item(), rel=1e-3)
