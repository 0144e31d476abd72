"""The method's formula, literally: r = sigmoid(W1·x + W2·u + b) with x = u * i."""

from __future__ import annotations

from typing import Any


def rating(user: Any, item: Any, w1: Any, w2: Any, b: Any) -> Any:
    """Return float[p] r, the probability in (0, 1) that each user likes the item in the same row.

    ``r = sigmoid(W1·x + W2·u + b)``, where the encoding ``x`` of the pair is the elementwise product ``u * i``. Then
    ``W1·x`` is a weighted dot product, and a matrix product scores a whole catalogue
    (:func:`catalogue_logits`). Works on NumPy arrays and torch tensors alike.

    Args:
        user: float[p, d] user encodings u.
        item: float[p, d] item encodings i.
        w1: float[d] weights W1 of the pair.
        w2: float[d] weights W2 of the user.
        b: a number.
    """
    return sigmoid(pair_logits(user, item, w1, w2, b))


def pair_logits(user: Any, item: Any, w1: Any, w2: Any, b: Any) -> Any:
    """Return float[p], what :func:`rating` puts into the sigmoid."""
    return encoded_logits(user * item, user, w1, w2, b)


def encoded_logits(x: Any, user: Any, w1: Any, w2: Any, b: Any) -> Any:
    """Return float[p], the same for any encoding x (float[p, d]) of the pair, such as an encoder's of both texts."""
    return x @ w1 + user @ w2 + b


def catalogue_logits(user: Any, items: Any, w1: Any, w2: Any, b: Any) -> Any:
    """Return float[q, n], :func:`pair_logits` of every user (float[q, d]) with every item (float[n, d])."""
    return (user * w1) @ items.T + (user @ w2 + b)[:, None]


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z)) without overflow."""
    if hasattr(z, "sigmoid"):
        return z.sigmoid()
    from scipy.special import expit

    return expit(z)
