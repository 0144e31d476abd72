"""Each loss against its formula, written out pair by pair."""

import math

import numpy as np
import pytest
import torch

from benchsuite_flm import losses

Q, M = 4, 9


@pytest.fixture
def parts() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    logits = torch.randn(Q, M, generator=random, requires_grad=True)
    taken = torch.rand(Q, M, generator=random) < 0.6
    taken[3] = True
    shown = taken & (torch.rand(Q, M, generator=random) < 0.5)
    return logits, taken & ~shown, shown


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def test_softmax(parts) -> None:
    logits, hidden, shown = parts
    table = logits.detach().double().numpy()
    total = 0.0
    for q, i in hidden.nonzero().tolist():
        open_items = [j for j in range(M) if not shown[q, j]]
        total -= table[q, i] - math.log(sum(math.exp(table[q, j]) for j in open_items))
    found = losses.softmax(logits, hidden, shown)
    assert float(found.detach()) == pytest.approx(total / int(hidden.sum()), rel=1e-5)


def test_bce(parts) -> None:
    logits, liked, _ = parts
    other = ~liked & (torch.arange(M) % 2 == 0)
    table = logits.detach().double().numpy()
    total = -sum(math.log(sigmoid(table[q, i])) for q, i in liked.nonzero().tolist())
    total -= sum(math.log(1 - sigmoid(table[q, i])) for q, i in other.nonzero().tolist())
    found = losses.bce(logits, liked, other)
    assert float(found.detach()) == pytest.approx(total / int(liked.sum() + other.sum()), rel=1e-5)
    found.backward()  # r - y, shared among all that were asked
    r = torch.sigmoid(logits.detach())
    expected = torch.where(liked, r - 1, torch.where(other, r, 0.0)) / (liked.sum() + other.sum())
    torch.testing.assert_close(logits.grad, expected, rtol=1e-4, atol=1e-6)


def test_bpr(parts) -> None:
    logits, hidden, shown = parts
    user, better, worse = losses.draw_pairs(hidden, ~hidden & ~shown, 3, torch.Generator().manual_seed(1))
    table = logits.detach().double().numpy()
    total = 0.0
    for q, i, j in zip(user.tolist(), better.tolist(), worse.tolist(), strict=True):
        total -= math.log(sigmoid(table[q, i] - table[q, j]))
    found = losses.bpr(logits, user, better, worse)
    assert float(found.detach()) == pytest.approx(total / len(user), rel=1e-5)


def test_pairs_are_of_hidden_and_free_items(parts) -> None:
    _, hidden, shown = parts
    free = ~hidden & ~shown
    assert not free[3].any()
    user, better, worse = losses.draw_pairs(hidden, free, 2, torch.Generator().manual_seed(1))
    assert hidden[user, better].all()
    assert free[user, worse].all()
    for q, i in hidden.nonzero().tolist():  # a user who took everything has no pair, each other hidden item has two
        assert int(((user == q) & (better == i)).sum()) == (0 if q == 3 else 2)
    nothing = losses.draw_pairs(hidden, torch.zeros_like(free), 2, torch.Generator())
    assert [len(column) for column in nothing] == [0, 0, 0]
    assert float(losses.bpr(torch.zeros(Q, M), *nothing)) == 0


def test_free_items_are_drawn_alike() -> None:
    free = torch.tensor([[True, False, True, True, True, False]]).expand(4000, -1)
    random = torch.Generator().manual_seed(2)
    drawn = losses.draw_negatives(free, torch.full((4000,), 2), random)
    np.testing.assert_allclose(drawn.float().mean(dim=0), [0.5, 0, 0.5, 0.5, 0.5, 0], atol=0.03)
    _, _, worse = losses.draw_pairs(~free, free, 2, random)
    share = torch.bincount(worse, minlength=6) / len(worse)
    np.testing.assert_allclose(share, [0.25, 0, 0.25, 0.25, 0.25, 0], atol=0.02)


def test_more_wanted_than_free_takes_all() -> None:
    free = torch.tensor([[True, False, True]])
    assert losses.draw_negatives(free, torch.tensor([9]), torch.Generator()).equal(free)
