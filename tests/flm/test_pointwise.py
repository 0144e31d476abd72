import numpy as np
import pytest
import torch

from benchsuite_flm import pointwise
from benchsuite_flm.pointwise import Labels, LikeClassifier, _interest

USERS, ITEMS, WIDTH = 60, 50, 6


def draw(seed: int = 0, *, planted: bool = True) -> tuple[Labels, np.ndarray]:
    """Each user rates 25 items; a label depends on the match of two hidden classifier, or on a coin."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(ITEMS, WIDTH)).astype(np.float32)
    taste = rng.normal(size=(USERS, WIDTH))
    owner = np.repeat(np.arange(USERS), 25)
    item = np.concatenate([rng.choice(ITEMS, 25, replace=False) for _ in range(USERS)])
    match = (taste[owner] * own[item]).sum(axis=1) if planted else np.zeros(len(item))
    label = (match + rng.logistic(size=len(item)) > 0).astype(np.int8)
    return Labels(owner, item, label, USERS), own


def take(labels: Labels, rows: np.ndarray) -> Labels:
    return Labels(labels.owner[rows], labels.item[rows], labels.label[rows], labels.owners)


def auc(label: np.ndarray, score: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(label, score))


def test_planted_taste_is_found_for_held_out_pairs() -> None:
    labels, own = draw()
    held = np.arange(len(labels.item)) % 5 == 0
    shown, asked = take(labels, ~held), take(labels, held)
    classifier = LikeClassifier(shown, own).fit(shown, 0)
    means = classifier.item_sum / (classifier.item_count + 10)
    assert (
        auc(asked.label, classifier.score(shown, asked.owner, asked.item)) > auc(asked.label, means[asked.item]) + 0.1
    )


def test_what_is_kept_between_epochs_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, own = draw(1)
    fits = []
    for most in (10**9, 0):
        monkeypatch.setattr(pointwise, "_KEPT", most)
        fits.append(LikeClassifier(labels, own).fit(labels, 2).state_dict())
    assert all(torch.equal(fits[0][name], value) for name, value in fits[1].items())


def test_each_row_is_left_out_of_what_predicts_it() -> None:
    """What training sees of a row is what scoring would see if the row had never been."""
    labels, own = draw(3)
    classifier = LikeClassifier(labels, own)
    stats = classifier.user_stats(labels)
    for row in (0, 30, 700):
        rest = take(labels, np.arange(len(labels.item)) != row)
        others = classifier.user_stats(rest)
        owner, item = labels.owner[row], labels.item[row]
        mean = (stats.total[owner] - stats.residual[row]) / (stats.count[owner] - 1 + 10)
        assert mean == pytest.approx(others.total[owner] / (others.count[owner] + 10))
        ours = _interest(
            stats.weighted[[owner]] - stats.residual[row] * classifier.own[[item]],
            stats.plain[[owner]] - classifier.own[[item]],
            np.array([mean]),
            stats.count[[owner]] - 1,
        )
        theirs = _interest(others.weighted[[owner]], others.plain[[owner]], np.array([mean]), others.count[[owner]])
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_coins_teach_nothing() -> None:
    """With labels from a coin, a model that read its own answers would predict the held-out ones with confidence."""
    labels, own = draw(1, planted=False)
    held = np.arange(len(labels.item)) % 5 == 0
    shown, asked = take(labels, ~held), take(labels, held)
    score = LikeClassifier(shown, own).fit(shown, 0).score(shown, asked.owner, asked.item)
    assert 0.4 < auc(asked.label, score) < 0.6


def test_no_history_is_answered_by_the_items() -> None:
    labels, own = draw()
    classifier = LikeClassifier(labels, own).fit(labels, 0)
    nothing = Labels(np.zeros(0, int), np.zeros(0, int), np.zeros(0, np.int8), 2)
    scores = classifier.score(nothing, np.array([0, 0, 1]), np.array([3, 4, 3]))
    assert np.isfinite(scores).all()
    assert scores[0] == scores[2] != scores[1]


def test_is_the_formula() -> None:
    """The score is W1·(u * i) + W2·u + b with the encodings of the module's docstring."""
    labels, own = draw()
    classifier = LikeClassifier(labels, own).fit(labels, 0)
    score = classifier.score(labels, np.array([5]), np.array([7]))[0]
    stats = classifier.user_stats(labels)
    count = stats.count[5]
    mean = stats.total[5] / (count + 10)
    interest = (stats.weighted[5] - mean * stats.plain[5]) / np.sqrt(count + 5)
    unit = own[7] / np.linalg.norm(own[7])
    user = np.concatenate([interest, [mean, np.log1p(count) - 4, 1, 1, 1]])
    item_mean = classifier.item_sum[7] / (classifier.item_count[7] + 10)
    bias = unit @ classifier.own_bias.detach().numpy()
    item = np.concatenate([unit, [0, 0, item_mean, np.log1p(classifier.item_count[7]) - 4, bias]])
    w1, w2 = classifier.w1.detach().numpy(), classifier.w2.detach().numpy()
    assert score == pytest.approx(w1 @ (user * item) + w2 @ user + float(classifier.b.detach()), abs=1e-4)


def test_same_seed_same_scores() -> None:
    labels, own = draw()
    first, second = (LikeClassifier(labels, own).fit(labels, 4) for _ in range(2))
    torch.testing.assert_close(first.affinity, second.affinity, rtol=0, atol=0)
