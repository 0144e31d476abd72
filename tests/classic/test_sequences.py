"""Sequences: windows, newest items, batches; and the loss that is computed in chunks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from benchsuite.data import Ragged
from benchsuite_classic.sequences import Places, length_batches, newest, padded, user_sequences, windows
from benchsuite_testing import small_dataset


def lists(*rows):
    flat = [item for row in rows for item in row]
    return Ragged.from_pairs(np.repeat(np.arange(len(rows)), [len(row) for row in rows]), flat, len(rows))


def plain(found):
    return [found[row].tolist() for row in range(len(found))]


def test_windows_are_cut_from_the_end_and_lose_only_single_items():
    cut = windows(lists([1, 2, 3, 4, 5, 6, 7], [], [8], [9, 10], [1, 2, 3, 4]), 3)
    assert sorted(plain(cut)) == [[2, 3, 4], [2, 3, 4], [5, 6, 7], [9, 10]]


def test_newest_and_padded():
    kept = newest(lists([1, 2, 3], [], [4]), 2)
    assert plain(kept) == [[2, 3], [], [4]]
    assert padded(kept, np.array([2, 0]), 9).tolist() == [[4, 9], [2, 3]]


def test_sequences_follow_time_not_the_order_of_rows():
    data = small_dataset()
    rows = data.interactions
    back = dataclasses.replace(data, interactions=rows.take(np.arange(len(rows))[::-1]))
    assert plain(user_sequences(back)) == plain(user_sequences(data))
    assert len(Places(data)) == len(np.unique(rows.item))


def test_every_row_is_in_one_batch_and_draws_are_repeatable():
    counts = np.arange(70) % 13
    first, again = (list(length_batches(counts, 8, torch.Generator().manual_seed(1))) for _ in range(2))
    assert sorted(np.concatenate(first).tolist()) == list(range(70))
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert max(len(batch) for batch in first) == 8


@pytest.mark.parametrize("size", [3, 600])
def test_the_chunked_cross_entropy_is_that_of_torch(size):
    from benchsuite_rivals.sasrec_network import CatalogueCrossEntropy

    random = torch.Generator().manual_seed(2)
    states = torch.randn(size, 5, generator=random, requires_grad=True)
    items = torch.randn(40, 5, generator=random, requires_grad=True)
    wanted = torch.randint(40, (size,), generator=random)
    plainly = torch.nn.functional.cross_entropy(states @ items.T, wanted)
    expected = torch.autograd.grad(3 * plainly, (states, items))
    ours = CatalogueCrossEntropy.apply(states, items, wanted)
    found = torch.autograd.grad(3 * ours, (states, items))
    torch.testing.assert_close(ours, plainly)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
