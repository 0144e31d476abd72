import numpy as np
import pytest
import torch

from benchsuite_flm.pointwise import Opinions, Tastes, _interest

USERS, ITEMS, WIDTH = 60, 50, 6


def draw(seed: int = 0, *, planted: bool = True) -> tuple[Opinions, np.ndarray]:
    """Each user rates 25 items; a label depends on the match of two hidden tastes, or on a coin."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(ITEMS, WIDTH)).astype(np.float32)
    taste = rng.normal(size=(USERS, WIDTH))
    owner = np.repeat(np.arange(USERS), 25)
    item = np.concatenate([rng.choice(ITEMS, 25, replace=False) for _ in range(USERS)])
    match = (taste[owner] * own[item]).sum(axis=1) if planted else np.zeros(len(item))
    label = (match + rng.logistic(size=len(item)) > 0).astype(np.int8)
    return Opinions(owner, item, label, USERS), own


def take(opinions: Opinions, rows: np.ndarray) -> Opinions:
    return Opinions(opinions.owner[rows], opinions.item[rows], opinions.label[rows], opinions.owners)


def auc(label: np.ndarray, score: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(label, score))


def test_planted_taste_is_found_for_held_out_pairs() -> None:
    opinions, own = draw()
    held = np.arange(len(opinions.item)) % 5 == 0
    shown, asked = take(opinions, ~held), take(opinions, held)
    tastes = Tastes(shown, own).fit(shown, 0)
    means = tastes.item_sum / (tastes.item_count + 10)
    assert auc(asked.label, tastes.score(shown, asked.owner, asked.item)) > auc(asked.label, means[asked.item]) + 0.1


def test_each_row_is_left_out_of_what_predicts_it() -> None:
    """What training sees of a row is what scoring would see if the row had never been."""
    opinions, own = draw(3)
    tastes = Tastes(opinions, own)
    people = tastes.people(opinions)
    for row in (0, 30, 700):
        rest = take(opinions, np.arange(len(opinions.item)) != row)
        others = tastes.people(rest)
        owner, item = opinions.owner[row], opinions.item[row]
        mean = (people.total[owner] - people.surprise[row]) / (people.count[owner] - 1 + 10)
        assert mean == pytest.approx(others.total[owner] / (others.count[owner] + 10))
        ours = _interest(
            people.weighted[[owner]] - people.surprise[row] * tastes.own[[item]],
            people.plain[[owner]] - tastes.own[[item]],
            np.array([mean]),
            people.count[[owner]] - 1,
        )
        theirs = _interest(others.weighted[[owner]], others.plain[[owner]], np.array([mean]), others.count[[owner]])
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_coins_teach_nothing() -> None:
    """With labels from a coin, a model that read its own answers would predict the held-out ones with confidence."""
    opinions, own = draw(1, planted=False)
    held = np.arange(len(opinions.item)) % 5 == 0
    shown, asked = take(opinions, ~held), take(opinions, held)
    score = Tastes(shown, own).fit(shown, 0).score(shown, asked.owner, asked.item)
    assert 0.4 < auc(asked.label, score) < 0.6


def test_no_history_is_answered_by_the_items() -> None:
    opinions, own = draw()
    tastes = Tastes(opinions, own).fit(opinions, 0)
    nothing = Opinions(np.zeros(0, int), np.zeros(0, int), np.zeros(0, np.int8), 2)
    scores = tastes.score(nothing, np.array([0, 0, 1]), np.array([3, 4, 3]))
    assert np.isfinite(scores).all()
    assert scores[0] == scores[2] != scores[1]


def test_is_the_formula() -> None:
    """The score is W1·(u * i) + W2·u + b with the encodings of the module's docstring."""
    opinions, own = draw()
    tastes = Tastes(opinions, own).fit(opinions, 0)
    score = tastes.score(opinions, np.array([5]), np.array([7]))[0]
    people = tastes.people(opinions)
    count = people.count[5]
    mean = people.total[5] / (count + 10)
    interest = (people.weighted[5] - mean * people.plain[5]) / np.sqrt(count + 5)
    unit = own[7] / np.linalg.norm(own[7])
    user = np.concatenate([interest, [mean, np.log1p(count) - 4, 1, 1, 1]])
    item_mean = tastes.item_sum[7] / (tastes.item_count[7] + 10)
    bias = unit @ tastes.own_bias.detach().numpy()
    item = np.concatenate([unit, [0, 0, item_mean, np.log1p(tastes.item_count[7]) - 4, bias]])
    w1, w2 = tastes.w1.detach().numpy(), tastes.w2.detach().numpy()
    assert score == pytest.approx(w1 @ (user * item) + w2 @ user + float(tastes.b.detach()), abs=1e-4)


def test_same_seed_same_scores() -> None:
    opinions, own = draw()
    first, second = (Tastes(opinions, own).fit(opinions, 4) for _ in range(2))
    torch.testing.assert_close(first.affinity, second.affinity, rtol=0, atol=0)
