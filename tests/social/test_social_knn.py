"""Friends help: true links against shuffled ones, and by hand on a handful of people."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchsuite.api import Context, DataLocations
from benchsuite.data import Dataset, Entities, Fold, Interactions, Queries
from benchsuite.plan.cells import unmet
from benchsuite.registry import load_source, load_split
from benchsuite_classic.user_knn import UserKNN
from benchsuite_social.social_knn import SocialKNN

CONTEXT = Context(seed=1)


def people(links: list[tuple[int, int]]) -> Dataset:
    """Four users, four items: 0 took 0 and 1, 1 took 1 and 2, 2 took 3, 3 took nothing."""
    user, item = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 3])
    rows = Interactions(user, item, np.ones(5), None, None, np.zeros(5), ("take",))
    tables = [Entities(tuple(f"{kind}{code}" for code in range(4))) for kind in "ui"]
    return Dataset("people", rows, *tables, links=np.array(links, np.int32).reshape(-1, 2))


def ask(dataset: Dataset, user: list[int]) -> Queries:
    """Everybody shows what they took."""
    shown = [np.flatnonzero(dataset.interactions.user == code) for code in user]
    owner = np.repeat(np.arange(len(user)), [len(rows) for rows in shown])
    return Queries.from_rows(user, owner, dataset.interactions.take(np.concatenate(shown)))


def test_a_newcomer_is_answered_by_friends_and_their_friends() -> None:
    dataset = people([(3, 1), (1, 2)])
    scores = SocialKNN(decay=0.5).fit(dataset, CONTEXT).score(ask(dataset, [3]), None)
    # user 1 weighs 1, user 2 (a friend's friend) 0.5; both are divided by their sum
    np.testing.assert_allclose(scores, [[0, 2 / 3, 2 / 3, 1 / 3]], rtol=1e-6)
    scores = SocialKNN(decay=0).fit(dataset, CONTEXT).score(ask(dataset, [3]), None)
    np.testing.assert_allclose(scores, [[0, 1, 1, 0]])


def test_links_are_read_both_ways_unless_directed() -> None:
    dataset = people([(1, 3)])
    assert SocialKNN().fit(dataset, CONTEXT).score(ask(dataset, [3]), None)[0, 2] == 1
    assert np.isnan(SocialKNN(directed=True).fit(dataset, CONTEXT).score(ask(dataset, [3]), None)).all()


def test_trust_grows_where_the_history_is_short() -> None:
    dataset = people([(0, 2)])
    queries = ask(dataset, [0])
    for trust, patience in ((0.2, 6.0), (0.0, 0.0), (1.0, 3.0)):
        scores = SocialKNN(trust=trust, patience=patience, decay=0).fit(dataset, CONTEXT).score(queries, None)
        share = 1 - (1 - trust) * 2 / (2 + patience)
        # the only similar user is 1, who took items 1 and 2; the only friend is 2, who took item 3
        np.testing.assert_allclose(scores[0], [0, 1 - share, 1 - share, share], rtol=1e-5, atol=1e-7)


def test_who_has_no_friends_is_answered_like_user_knn() -> None:
    dataset = people([(2, 3)])
    queries = ask(dataset, [0, 1])
    np.testing.assert_allclose(
        SocialKNN().fit(dataset, CONTEXT).score(queries, None), UserKNN().fit(dataset, CONTEXT).score(queries, None)
    )
    alone = SocialKNN().fit(people([(0, 1)]), CONTEXT).score(ask(dataset, [3]), None)
    assert np.isnan(alone).all(), "neither history nor friends: the model abstains"


def test_friends_without_a_training_row_and_links_to_oneself_do_not_count() -> None:
    dataset = people([(0, 3), (0, 0)])
    queries = ask(dataset, [0])
    expected = UserKNN().fit(dataset, CONTEXT).score(queries, None)
    np.testing.assert_allclose(SocialKNN(trust=1.0, decay=0).fit(dataset, CONTEXT).score(queries, None), expected)


def shuffled(dataset: Dataset, seed: int) -> Dataset:
    """Everybody keeps their number of friends, but the friends are somebody else's."""
    assert dataset.links is not None
    stranger = np.random.default_rng(seed).permutation(len(dataset.users)).astype(np.int32)
    return dataclasses.replace(dataset, links=stranger[dataset.links])


def ndcg(model: SocialKNN | UserKNN, fold: Fold, train: Dataset) -> float:
    """Mean nDCG@10 of what is not blocked, over all queries; an item without a score is no hit."""
    scores = np.nan_to_num(model.fit(train, CONTEXT).score(fold.queries, None), nan=-1.0)
    scores[fold.blocked.rows, fold.blocked.item] = -2
    best = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    wanted = np.zeros(scores.shape, np.bool_)
    wanted[fold.truth.rows, fold.truth.item] = True
    gain = 1 / np.log2(np.arange(2, 12))
    found = (wanted[np.arange(len(best))[:, None], best] * gain).sum(axis=1)
    ideal = np.cumsum(gain)[np.clip(wanted.sum(axis=1), 1, 10) - 1]
    return float((found / ideal)[wanted.any(axis=1)].mean())


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return load_source("demo")().load(DataLocations())


def test_true_friends_help_new_users_more_than_strangers_do(demo: Dataset) -> None:
    """The links carry information: with other people's friends the same model is worse, for each of five shuffles."""
    (fold,) = load_split("user-cold")(history=(0, 1)).split(demo, 1)
    true = ndcg(SocialKNN(), fold, fold.train)
    strangers = [ndcg(SocialKNN(), fold, shuffled(fold.train, seed)) for seed in range(5)]
    assert true > 1.2 * max(strangers)


def test_true_friends_help_beside_a_short_history(demo: Dataset) -> None:
    (fold,) = load_split("user-cold")(history=(1,)).split(demo, 1)
    true = ndcg(SocialKNN(), fold, fold.train)
    assert true > ndcg(UserKNN(), fold, fold.train)


def test_it_needs_links(demo: Dataset) -> None:
    assert unmet(SocialKNN.needs, demo) == ""
    assert unmet(SocialKNN.needs, dataclasses.replace(demo, links=None)) == "needs links between users"


@pytest.mark.slow
def test_friends_help_on_lastfm(real_set) -> None:
    dataset = load_source("lastfm-hetrec2011")().load(
        DataLocations(folders=(real_set("lastfm-hetrec2011").parent,), offline=True)
    )
    (fold,) = load_split("user-cold")(history=(0,)).split(dataset, 1)
    true = ndcg(SocialKNN(), fold, fold.train)
    assert true > 1.5 * ndcg(SocialKNN(), fold, shuffled(fold.train, 1))
