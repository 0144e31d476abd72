import dataclasses

import numpy as np
import pytest
import torch

from benchsuite.data import Dataset, Interactions, Queries
from benchsuite_flm.head import Head, standardize
from benchsuite_flm.history import HistoryFeatures, HistoryWeighting, ages, friends_took, history_texts


def rows(user: list[int], item: list[int], **more) -> Interactions:
    count = len(user)
    columns = {
        "value": np.ones(count),
        "label": None,
        "timestamp": None,
        "behaviour": np.zeros(count),
        "behaviours": ("view", "buy"),
    }
    return Interactions(np.array(user), np.array(item), **columns | more)


def test_ages_count_different_younger_items() -> None:
    owner, item = np.array([0, 0, 0, 0, 1, 1]), np.array([3, 1, 3, 2, 3, 3])
    assert ages(owner, item, 5).tolist() == [-1, 2, 1, 0, -1, 0]
    assert ages(np.zeros(0, int), np.zeros(0, int), 5).tolist() == []


def test_recency_halves_per_half_life() -> None:
    history = rows([0, 0, 0, 0], [3, 1, 3, 2])
    queries = Queries.from_rows([0], [0, 0, 0, 0], history)
    weighting = HistoryWeighting.of(history, "recency", "same", 2.0)
    assert not weighting.uniform
    np.testing.assert_allclose(weighting.matrix(queries, 5).toarray(), [[0, 2 ** (-2 / 2), 1, 2 ** (-1 / 2), 0]])


def test_behaviours_and_values_weigh() -> None:
    history = rows([0] * 5, [0, 1, 2, 3, 3], behaviour=np.array([0, 0, 0, 1, 0]), value=np.array([1, 0, 3, 1, 7.0]))
    queries = Queries.from_rows([0], [0] * 5, history)
    rare = 1 + np.log(4)
    by_behaviour = HistoryWeighting.of(history, "mean", "behaviour", 1.0).matrix(queries, 4).toarray()
    np.testing.assert_allclose(by_behaviour, [[1, 1, 1, rare + 1]], rtol=1e-6)
    by_value = HistoryWeighting.of(history, "mean", "value", 1.0).matrix(queries, 4).toarray()
    np.testing.assert_allclose(by_value, np.log([[2, 1, 4, 16]]), rtol=1e-6)
    assert HistoryWeighting.of(history, "mean", "same", 1.0).uniform


def test_training_weighs_the_visible_part_as_a_history_is_weighed(world: Dataset) -> None:
    """What training sums up for some visible items is what the same history would get as a query."""
    data = dataclasses.replace(
        world,
        interactions=dataclasses.replace(
            world.interactions,
            timestamp=np.random.default_rng(1).permutation(len(world.interactions)),
            value=np.random.default_rng(2).random(len(world.interactions)) + 1,
        ),
    )
    weighting = HistoryWeighting.of(data.interactions, "recency", "value", 3.0)
    features = HistoryFeatures.of(data, weighting, friends=False, disliked=False)
    users, part = torch.tensor([3, 8, 21]), torch.arange(10, 60)
    taken = torch.as_tensor(data.matrix()[users.numpy()][:, part.numpy()].toarray()) > 0
    visible = taken & (torch.rand(taken.shape, generator=torch.Generator().manual_seed(1)) < 0.5)
    weights = features.weights(visible, users, part)
    events = data.interactions
    keep = [
        row
        for row, (user, item) in enumerate(zip(events.user, events.item, strict=True))
        if user in users.tolist() and item >= 10 and visible[users.tolist().index(user), item - 10]
    ]
    shown = events.take(keep)
    owner = np.searchsorted(users.numpy(), shown.user)
    queries = Queries.from_rows(users.numpy(), owner, shown)
    np.testing.assert_allclose(weights, weighting.matrix(queries, 60).toarray()[:, 10:], rtol=1e-5)


def test_friends_are_averaged(world: Dataset) -> None:
    data = dataclasses.replace(
        world.cut(world.interactions.user != 2), links=np.array([[0, 1], [1, 0], [0, 2], [0, 3], [4, 4]])
    )
    taken = data.matrix().toarray()
    found = friends_took(data).toarray()
    np.testing.assert_allclose(found[0], (taken[1] / 12 + taken[3] / 12) / 2, rtol=1e-6)  # user 2 took nothing
    np.testing.assert_allclose(found[1], taken[0] / 12, rtol=1e-6)
    np.testing.assert_allclose(found[2], taken[0] / 12, rtol=1e-6)
    assert not found[4:].any()
    assert friends_took(world) is None


def test_attention_is_a_softmax_over_the_history() -> None:
    head = Head(torch.tensor([1, 1, 1]), None, 3, 0.1, attention=True)
    own = torch.tensor([[1.0, 0, 0], [0, 2, 0], [0, 0, -3]])
    history = torch.tensor([[1.0, 1, 0]])
    with torch.no_grad():
        torch.testing.assert_close(head.attend(own), own)  # at first all weigh the same
        head.attention.copy_(torch.tensor([0.3, 1.0, 0.2]))
        total = history @ head.attend(own)
        share = torch.softmax(own[:2] @ head.attention, dim=0)
        expected = share @ own[:2]
    torch.testing.assert_close(total[0] / total.norm(), expected / expected.norm())


def test_features_are_standardized() -> None:
    table = np.array([[1, 5, 100.0], [3, 5, 300], [5, 5, 200]], np.float32)
    found = standardize(table)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-6)
    assert not found[:, 1].any()
    np.testing.assert_allclose(found[:, 0], np.array([-1, 0, 1]) * np.sqrt(1.5) / np.sqrt(3), rtol=1e-5)
    assert (found**2).sum(axis=1).mean() == pytest.approx(2 / 3)


def test_features_join_the_text_and_start_at_nothing() -> None:
    features = torch.randn(4, 2, generator=torch.Generator().manual_seed(1))
    head, bare = (Head(torch.ones(4), None, 3, 0.1, features=f) for f in (features, None))
    vectors, every = torch.eye(4, 3), torch.arange(4)
    keep = torch.ones(4)
    with torch.no_grad():
        for row in every.split(2):  # the projection starts at zero
            assert head.items(vectors[row], row, keep[row]).equal(bare.items(vectors[row], row, keep[row]))
        head.feature.copy_(torch.ones(2, 3))
        told = features.sum(dim=1, keepdim=True)
        torch.testing.assert_close(head.fuse(vectors[1:3], every[1:3]), vectors[1:3] + told[1:3])


def test_history_texts_hold_the_latest_liked_items_once(world: Dataset, ask) -> None:
    titles = [f"t{code}" if code != 9 else "" for code in range(60)]
    queries = ask(world, [0, 0], [[0, 1, 3, 9, 6, 3], []])  # user 0 likes every third item
    assert history_texts(queries, titles, 3) == ["t3; t6; t0", ""]
    assert history_texts(queries, titles, 9) == ["t3; t6; t0; t1", ""]
