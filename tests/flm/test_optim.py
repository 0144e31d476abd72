import math

import pytest
import torch

from benchsuite_flm.optim import OptimizerConfig, ParameterGroup, ScheduledOptimizer, warmup_cosine
from benchsuite_flm.optim import one_cycle as size


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
    optimizer = ScheduledOptimizer(total, ParameterGroup([weight], 0.1))
    moved = []
    for _ in range(total):
        before = weight.item()
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
        moved.append(abs(weight.item() - before))
    assert all(move > 0 for move in moved)
    assert max(moved) <= 0.11


def test_groups_have_rates_of_their_own() -> None:
    slow, fast = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    optimizer = ScheduledOptimizer(1, ParameterGroup([slow], 0.01), ParameterGroup([fast], 0.1))
    (slow + fast).sum().backward()
    optimizer.step()
    assert (1 - slow.item()) * 10 == pytest.approx(1 - fast.item(), rel=1e-3)


def test_warmup_cosine_is_its_formula() -> None:
    sizes = [warmup_cosine(step, 50, 0.2) for step in range(50)]
    assert sizes[:10] == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert sizes[10:] == pytest.approx([math.cos(math.pi * step / 80) ** 2 for step in range(40)])
    assert all(
        warmup_cosine(step, total, rise) >= 0 for total in (1, 2, 3) for rise in (0, 0.9) for step in range(total)
    )


def rates(config: OptimizerConfig, losses: list[float], total: int = 100) -> list[float]:
    """Step sizes of a group of rate 2 before each of some epochs, of one step each."""
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = ScheduledOptimizer(total, ParameterGroup([weight], 2.0), config=config)
    found = []
    for loss in losses:
        found.append(optimizer.learning_rates[0])
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
        optimizer.end_epoch(loss)
    return found


def test_schedules_drive_the_step_size() -> None:
    losses = [3.0] * 6
    assert rates(OptimizerConfig(schedule="constant"), losses) == [2.0] * 6
    assert rates(OptimizerConfig(), losses) == [2.0 * size(step, 100, 0.2) for step in range(6)]
    assert rates(OptimizerConfig(schedule="warmup-cosine", warmup=0.1), losses) == [
        2.0 * warmup_cosine(step, 100, 0.1) for step in range(6)
    ]


def test_threshold_divides_by_ten_once() -> None:
    config = OptimizerConfig(schedule="threshold", threshold=0.5)
    assert rates(config, [0.9, 0.5, 0.49, 0.7, 0.3, 0.2]) == pytest.approx([2, 2, 2, 0.2, 0.2, 0.2])


def test_plateau_is_that_of_torch() -> None:
    losses = [5, 4, 4, 4.5, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=2.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.1, patience=1, threshold=0.0, min_lr=2e-3, eps=0.0
    )
    expected = []
    for loss in losses:
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step(loss)
    # their patience counts the epochs it bears, ours the one at which it ends
    assert rates(OptimizerConfig(schedule="plateau", patience=2), losses) == pytest.approx(expected)
    assert expected[-1] == pytest.approx(2e-3)


@pytest.mark.parametrize(
    ("optimizer", "theirs"),
    [
        ("adamw", lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.9, 0.99), weight_decay=0.2)),
        ("adam", lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.9, 0.99), weight_decay=0.2)),
        ("sgd", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.7, weight_decay=0.2)),
    ],
)
def test_optimizers_and_clipping(optimizer: str, theirs) -> None:
    ours, plain = torch.nn.Parameter(torch.tensor([3.0, -4.0])), torch.nn.Parameter(torch.tensor([3.0, -4.0]))
    updates = ScheduledOptimizer(
        9,
        ParameterGroup([ours], 0.1, 0.2),
        config=OptimizerConfig(optimizer=optimizer, schedule="constant", clip=1.0, momentum=0.7),
    )
    other = theirs([plain])
    for _ in range(4):
        updates.zero_grad()
        (ours**2).sum().backward()
        updates.step()
        gradient = 2 * plain.detach()
        plain.grad = gradient / gradient.norm() if gradient.norm() > 1 else gradient
        other.step()
    torch.testing.assert_close(ours, plain, rtol=1e-5, atol=1e-6)
