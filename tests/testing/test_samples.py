"""The synthetic data is what the checks take it for."""

from __future__ import annotations

import numpy as np
import pytest

from benchsuite.api import Requirement
from benchsuite_testing import checkerboard, last_events, small_dataset, stripped
from benchsuite_testing.evaluation_inputs import sample_answers, subset
from benchsuite_testing.samples import COLD_ITEMS, COLD_USERS, cold_items, warm_items


def test_small_data_has_everything_and_cold_entities():
    data = small_dataset()
    rows = data.interactions
    assert len(np.setdiff1d(np.arange(len(data.users)), rows.user)) == COLD_USERS
    assert len(np.setdiff1d(np.arange(len(data.items)), rows.item)) == COLD_ITEMS
    assert rows.timestamp is not None
    assert set(rows.label.tolist()) == {0, 1}
    assert set(rows.behaviour.tolist()) == {0, 1}
    pairs = np.unique(np.stack([rows.user, rows.item]), axis=1).shape[1]
    assert pairs < len(rows), "there are repeated events"
    assert data.links is not None
    assert data.preferences is not None
    assert data.items.features is not None
    assert data.users.text is not None
    assert data.fingerprint == small_dataset().fingerprint
    assert data.fingerprint != small_dataset(1).fingerprint


def test_small_data_is_made_anew_each_time():
    first = small_dataset()
    first.interactions.value.setflags(write=True)
    first.interactions.value[:] = 0
    assert small_dataset().interactions.value.min() >= 1


def test_stripping_leaves_only_what_is_needed():
    bare = stripped(small_dataset(), frozenset())
    assert bare.interactions.timestamp is None
    assert bare.interactions.label is None
    assert set(bare.interactions.value.tolist()) == {1.0}
    assert bare.items.text is bare.users.text is bare.items.features is bare.users.features is None
    assert bare.items.columns == {}
    assert bare.links is bare.preferences is None
    kept = stripped(small_dataset(), frozenset({Requirement.ITEM_TEXT, Requirement.TIMESTAMPS}))
    assert kept.items.text == small_dataset().items.text
    assert kept.interactions.timestamp is not None


def test_last_events_asks_everybody_and_strangers():
    data = small_dataset()
    fold = last_events(data)
    asked, counts = fold.queries.user, fold.queries.counts
    known = np.isin(asked, fold.train.interactions.user)
    assert sorted(counts[~known].tolist()) == [0, 2]
    assert len(np.unique(asked)) == len(asked) - 1, "one user asks twice, with histories of different lengths"
    assert len(fold.truth.item) > len(fold.queries) / 2
    assert fold.validation is not None
    assert fold.validation.validation is None
    both = np.concatenate([warm_items(fold.train), cold_items(fold.train)])
    assert sorted(both.tolist()) == list(range(len(data.items)))


@pytest.mark.parametrize("rated", [False, True])
def test_checkerboard_withholds_one_item_of_the_own_colour(rated):
    fold = checkerboard(rated=rated)
    rows = fold.train.interactions
    users, items = fold.train.users.features.argmax(1), fold.train.items.features.argmax(1)
    own = users[rows.user] == items[rows.item]
    assert own.all() != rated
    held = fold.truth.item
    assert (items[held] == users[fold.queries.user]).all()
    assert sorted(held.tolist()) == list(range(60)), "each item is withheld once, so popularity says nothing"
    for user in range(60):
        taken = rows.item[(rows.user == user)]
        unseen = np.setdiff1d(np.arange(60), taken)
        assert (items[unseen] == users[user]).sum() == 1
        assert held[user] in unseen
    assert set(rows.value[own].tolist()) == ({5.0} if rated else {1.0})
    assert (rows.label is not None) == rated


def test_subset_of_everything_is_the_same_evidence():
    full = sample_answers("mixed")
    again = subset(full, range(len(full)))
    np.testing.assert_array_equal(again.rankings.item, full.rankings.item)
    np.testing.assert_array_equal(again.relevant.item, full.relevant.item)
    np.testing.assert_array_equal(again.pairs.query, full.pairs.query)
    np.testing.assert_array_equal(again.scores.score, full.scores.score)
