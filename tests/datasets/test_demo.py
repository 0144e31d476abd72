from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchsuite.api import DataLocations
from benchsuite.errors import ConfigError
from benchsuite_datasets.demo import Demo, _Draw
from benchsuite_datasets.demo_words import TOPICS
from benchsuite_testing import parametrize

FINGERPRINT = "7746e0a9082baa3fd0d218211a83d14734d5b753829ff83bfd52fda1db8f02d4"
"""The same on every machine: only whole numbers and one fixed bit generator are behind it."""


@pytest.fixture(scope="module")
def demo():
    return Demo().load(DataLocations(offline=True))


def test_the_data_is_the_same_on_every_machine(demo):
    assert demo.fingerprint == FINGERPRINT
    assert _Draw(1).below(1000, 5).tolist() == [63, 43, 942, 889, 844]


def test_another_seed_is_another_data_set(demo):
    assert Demo(seed=2).load(DataLocations(offline=True)).fingerprint != demo.fingerprint


def test_it_says_that_it_is_simulated(demo):
    said: list[str] = []
    Demo().load(DataLocations(say=said.append))
    assert said == ["demo: this shop is simulated; no row comes from the real world"]
    assert demo.simulated
    assert Demo.simulated
    assert "simulated" in Demo.licence
    assert "simulated" in Demo.summary()


def test_the_shape_is_that_of_a_shop(demo):
    rows = demo.interactions
    assert (len(demo.users), len(demo.items)) == (400, 300)
    assert 12_000 <= len(rows) <= 20_000
    counts = np.bincount(rows.behaviour)
    assert rows.behaviours == ("view", "cart", "purchase")
    assert counts[0] > counts[1] > 0
    assert counts[0] > counts[2] > 0
    assert set(np.unique(rows.value)) == {1.0, 3.0, 5.0}
    assert np.array_equal(rows.label == 1, rows.behaviour > 0)
    pairs = rows.user.astype(np.int64) * 300 + rows.item
    assert len(np.unique(pairs)) == len(rows), "a person takes a thing once"
    assert (np.diff(rows.timestamp) >= 0).all()
    popularity = np.sort(np.bincount(rows.item, minlength=300))[::-1]
    assert popularity[:30].sum() > 3 * popularity[-30:].sum() > 0
    activity = np.bincount(rows.user, minlength=400)
    assert activity.min() >= 15
    assert activity.max() > 2 * np.median(activity)


def test_texts_tell_of_the_hobbies(demo):
    by_hobby = dict(zip(demo.items.columns["hobby"], demo.items.text, strict=True))
    for topic in TOPICS:
        assert any(use in by_hobby[topic.name] for use in topic.uses)
        assert any(thing in by_hobby[topic.name] for thing in topic.things)
    assert len(set(demo.items.columns["title"])) == 300
    silent = sum(not about for about in demo.users.columns["about"])
    assert 20 < silent < 80


def test_profiles_tell_of_tastes(demo):
    """People who say they like a hobby want things of that hobby far more than others do."""
    for topic in TOPICS:
        fans = np.array([any(joy in about for joy in topic.joys) for about in demo.users.columns["about"]])
        things = np.array([hobby == topic.name for hobby in demo.items.columns["hobby"]])
        wish = demo.preferences[:, things].mean(axis=1)
        assert wish[fans].mean() > 2 * wish[~fans].mean()


def test_friends_are_alike_and_mutual(demo):
    links = {tuple(pair) for pair in demo.links.tolist()}
    assert len(links) == len(demo.links)
    assert all((other, user) in links and user != other for user, other in links)
    centred = demo.preferences - demo.preferences.mean(axis=0)
    normed = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    alike = normed @ normed.T
    assert alike[demo.links[:, 0], demo.links[:, 1]].mean() > alike.mean() + 0.2


def test_preferences_are_how_the_events_were_drawn(demo):
    """In each person's list, the share of things taken rises with the preference, and so does the chance to buy."""
    rows = demo.interactions
    taken = np.zeros((400, 300), bool)
    taken[rows.user, rows.item] = True
    rank = np.argsort(np.argsort(-demo.preferences, axis=1, kind="stable"), axis=1, kind="stable")
    share = [taken[(rank >= low) & (rank < low + 50)].mean() for low in range(0, 300, 50)]
    assert share == sorted(share, reverse=True)
    assert share[0] > 8 * share[-1]
    wish = demo.preferences[rows.user, rows.item]
    edges = np.quantile(wish, [0.25, 0.5, 0.75])
    wanted = [rows.label[np.searchsorted(edges, wish) == part].mean() for part in range(4)]
    assert wanted == sorted(wanted)
    assert wanted[-1] > 2 * wanted[0]


def test_ranking_by_preferences_is_the_ceiling(demo):
    """On held-out rows no popularity, no co-occurrence and no text comes near; a wrong permutation would show."""
    rows = demo.interactions
    held = np.random.default_rng(0).random(len(rows)) < 0.1
    seen, truth = demo.cut(~held).matrix().toarray(), demo.cut(held).matrix().toarray()

    def recall(scores):
        top = np.argsort(-np.where(seen > 0, -np.inf, scores), axis=1, kind="stable")[:, :10]
        return np.take_along_axis(truth, top, axis=1).sum() / truth.sum()

    ceiling = recall(demo.preferences)
    both = seen.T @ seen
    cosine = both / np.sqrt(np.outer(np.diag(both), np.diag(both)))
    assert ceiling > 1.1 * recall(seen @ cosine) > 1.1 * recall(np.tile(seen.sum(axis=0), (400, 1)))
    assert ceiling < 0.9, "a truth that anybody can guess would be no test"


@pytest.mark.parametrize("sizes", [(20, 30, 4), (60, 50, 1000), (150, 500, 20)])
def test_other_sizes_work(sizes):
    users, items, events = sizes
    dataset = Demo(users=users, items=items, events_per_user=events).load(DataLocations(offline=True))
    assert len(dataset.users) == users
    assert len(dataset.items) <= items
    assert np.bincount(dataset.interactions.user).max() <= items // 2
    assert dataset.preferences.shape == (users, len(dataset.items))


def test_sizes_are_bounded():
    with pytest.raises(ConfigError, match='setting "users": input should be greater than or equal to 20'):
        Demo.from_settings({"users": 0})
    assert [field.name for field in dataclasses.fields(Demo)] == ["seed", "users", "items", "events_per_user"]


@parametrize("sources", Demo)
def test_conformance(check):
    check()
