import math

import numpy as np
import pytest

from benchsuite_flm.formula import catalogue_logits, pair_logits, rating


@pytest.fixture
def parts() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.normal(size=4), rng.normal(size=4), 0.3


def test_is_the_formula_written_out(parts) -> None:
    user, item, w1, w2, b = parts
    found = rating(user, item, w1, w2, b)
    for row in range(5):
        z = b
        for d in range(4):
            x = user[row, d] * item[row, d]
            z += w1[d] * x + w2[d] * user[row, d]
        assert found[row] == pytest.approx(1 / (1 + math.exp(-z)), rel=1e-12)


def test_catalogue_is_every_pair(parts) -> None:
    user, item, w1, w2, b = parts
    every = catalogue_logits(user, item, w1, w2, b)
    for row in range(5):
        np.testing.assert_allclose(every[row], pair_logits(np.tile(user[row], (5, 1)), item, w1, w2, b))


def test_torch_and_numpy_agree(parts) -> None:
    import torch

    tensors = [torch.as_tensor(part, dtype=torch.float64) for part in parts]
    np.testing.assert_allclose(rating(*tensors).numpy(), rating(*parts), rtol=1e-12)
    np.testing.assert_allclose(catalogue_logits(*tensors).numpy(), catalogue_logits(*parts), rtol=1e-12)


def test_gradient_by_finite_differences(parts) -> None:
    import torch

    tensors = [torch.as_tensor(part, dtype=torch.float64).requires_grad_() for part in parts]
    assert torch.autograd.gradcheck(rating, tensors)


def test_gradient_by_hand(parts) -> None:
    """The derivative of the summed rating: r (1 - r) times x for W1, u for W2, 1 for b, W1 * u for i."""
    import torch

    user, item, w1, w2, b = tensors = [torch.as_tensor(part, dtype=torch.float64).requires_grad_() for part in parts]
    r = rating(*tensors)
    r.sum().backward()
    slope = (r * (1 - r)).detach()
    np.testing.assert_allclose(w1.grad, slope @ (user * item).detach())
    np.testing.assert_allclose(w2.grad, slope @ user.detach())
    np.testing.assert_allclose(b.grad, slope.sum())
    np.testing.assert_allclose(item.grad, slope[:, None] * (w1 * user).detach())


def test_no_overflow_at_the_ends() -> None:
    one = np.ones((2, 1))
    ends = rating(one, np.asarray([[1e4], [-1e4]]), np.ones(1), np.zeros(1), 0.0)
    assert ends.tolist() == [1.0, 0.0]
