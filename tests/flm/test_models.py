import dataclasses
import subprocess
import sys
import time

import numpy as np
import pytest

from benchsuite.api import Context, Model
from benchsuite.data import Dataset, Fold
from benchsuite.errors import NotApplicable
from benchsuite_content.backbone import load_backbone
from benchsuite_content.backbone_files import DEFAULT_SHA256
from benchsuite_flm.models import FLM, FrozenFLM

FAST = {"epochs": 20, "batches": 4, "batch_size": 32, "residual_learning_rate": 1e-2, "head_learning_rate": 5e-3}
NEW = list(range(54, 60))


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch):
    """Every backbone that gets loaded, so that a test can look at its weights after training."""
    loaded = []

    def load(name: str):
        backbone = load_backbone(name)
        before = {key: value.clone() for key, value in backbone.model.state_dict().items()}
        loaded.append((backbone.model, before))
        return backbone

    monkeypatch.setattr("benchsuite_flm.fine_tuned.load_backbone", load)
    return loaded


def changed(loaded: list) -> set[str]:
    model, before = loaded[-1]
    return {name for name, value in model.state_dict().items() if not value.equal(before[name])}


@pytest.fixture(scope="module")
def fitted(tiny: str, fold: Fold) -> FLM:
    return FLM(backbone=tiny, layers=1, learning_rate=5e-3, **FAST).fit(fold.train, Context(seed=1))


def hits(scores: np.ndarray, user: np.ndarray, items: list[int]) -> float:
    """Share of users whose best of ``items`` has their taste."""
    best = np.asarray(items)[scores.argmax(axis=1)]
    return float((best % 3 == user % 3).mean())


def test_the_encoder_learns(tiny: str, fold: Fold, spied: list) -> None:
    model = FLM(backbone=tiny, layers=1, learning_rate=5e-3, **FAST).fit(fold.train, Context(seed=1))
    names = changed(spied)
    assert names
    assert all(name.startswith("encoder.layer.1.") for name in names)
    assert {"encoder.layer.1.attention.self.query.weight", "encoder.layer.1.output.dense.weight"} <= names
    assert len(model.losses) == 20
    assert model.losses[-1] < model.losses[0] - 0.2


def test_the_frozen_twin_does_not(tiny: str, fold: Fold, spied: list) -> None:
    model = FrozenFLM(backbone=tiny, **FAST).fit(fold.train, Context(seed=1))
    assert changed(spied) == set()
    assert model.losses[-1] < model.losses[0] - 0.2


def test_twins_differ_in_nothing_else() -> None:
    ours, twin = FLM().settings(), FrozenFLM().settings()
    assert {name: value for name, value in ours.items() if name in twin} == twin
    assert set(ours) - set(twin) == {"layers", "learning_rate", "tuning", "lora_rank", "lora_part"}


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("twin", [FLM, FrozenFLM])
def test_real_minilm_learns_the_small_world(fold: Fold, twin: type[Model], spied: list) -> None:
    model = twin(epochs=6, batches=2).fit(fold.train, Context(seed=1, threads=2))
    assert model.provenance["sha256"] == DEFAULT_SHA256
    names = changed(spied)
    assert {name.split(".")[2] for name in names} == ({"4", "5"} if twin is FLM else set())
    assert model.losses[-1] < model.losses[0]
    users = np.arange(len(fold.queries))
    assert hits(model.score(fold.queries, np.asarray(NEW, np.int32)), users, NEW) > 0.9


def test_history_finds_its_topic(fitted: FLM, fold: Fold) -> None:
    scores = fitted.score(fold.queries, None)
    scores[fold.blocked.rows, fold.blocked.item] = -np.inf
    assert hits(scores, np.arange(len(fold.queries)), list(range(60))) > 0.9


def test_new_items_are_scored_from_their_text(fitted: FLM, fold: Fold) -> None:
    users = np.arange(len(fold.queries))
    scores = fitted.score(fold.queries, np.asarray(NEW, np.int32))
    assert np.isfinite(scores).all()
    assert hits(scores, users, NEW) > 0.9


def test_new_users_are_answered_from_history_alone(fitted: FLM, fold: Fold, ask) -> None:
    """The same history gives nearly the same answer, whoever asks: user codes only look up the profile."""
    queries = ask(fold.train, [0, 0, 3], [[0, 3, 6], [1, 4, 7], [0, 3, 6]])
    scores = fitted.score(queries, None)
    np.testing.assert_allclose(scores[0], scores[2], atol=1e-5)  # users 0 and 3 have the same profile text
    topic = np.arange(60) % 3
    gain = scores[1] - scores[0]  # three items of topic 1 instead of topic 0
    assert gain[topic == 1].mean() > gain[topic == 2].mean() + 0.2
    assert gain[topic == 2].mean() > gain[topic == 0].mean() + 0.2


def test_no_history_is_answered_from_prior_and_profile(fitted: FLM, fold: Fold, ask) -> None:
    queries = ask(fold.train, [0, 1, 2], [[], [], []])
    scores = fitted.score(queries, None)
    assert np.isfinite(scores).all()
    for user in range(3):
        others = scores[[other for other in range(3) if other != user]].mean(axis=0)
        gain = scores[user] - others
        assert gain[user::3].mean() > gain.mean()  # a profile lifts the items that such users take


def test_no_history_and_no_profile_is_popularity(tiny: str, make_world, make_fold, ask) -> None:
    fold = make_fold(make_world(profiles=False))
    model = FrozenFLM(backbone=tiny, **FAST).fit(fold.train, Context(seed=1))
    scores = model.score(ask(fold.train, [0, 1], [[], []]), None)
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)
    taken = np.bincount(fold.train.interactions.item, minlength=60)[:54]
    assert np.corrcoef(np.argsort(np.argsort(taken)), np.argsort(np.argsort(scores[0, :54])))[0, 1] > 0.8


def test_longer_histories_trust_the_prior_less(fitted: FLM, fold: Fold, ask) -> None:
    users = fitted._encode(ask(fold.train, [0, 0, 0], [[], [3], [3, 6, 9, 12, 15]])).numpy()
    assert users[0, -1] == 1
    assert users[0, -1] > users[1, -1] > users[2, -1]
    assert users[1, -1] == pytest.approx(fitted.shrinkage / (1 + fitted.shrinkage))


def test_repeated_items_count_once(fitted: FLM, fold: Fold, ask) -> None:
    scores = fitted.score(ask(fold.train, [0, 0], [[3, 6], [3, 6, 6, 3]]), None)
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)


def test_all_ways_of_asking_agree(fitted: FLM, fold: Fold) -> None:
    scores = fitted.score(fold.queries, None)
    assert scores.dtype == np.float32
    assert scores.shape == (40, 60)
    np.testing.assert_array_equal(fitted.score(fold.queries, np.arange(60, dtype=np.int32)), scores)
    some = np.asarray([3, 17, 58], np.int32)
    np.testing.assert_allclose(fitted.score(fold.queries.slice(5, 9), some), scores[5:9][:, some], atol=1e-4)


def test_score_is_the_formula(fitted: FLM, fold: Fold) -> None:
    from benchsuite_flm.formula import pair_logits

    user = fitted._encode(fold.queries)[[3]]
    w1 = fitted._head.w1
    for item in (0, 40, 57):
        logit = pair_logits(user, fitted._items[[item]], w1, 0 * w1, 0.0)
        assert fitted.score(fold.queries.slice(3, 4), np.asarray([item], np.int32))[0, 0] == pytest.approx(
            float(logit), abs=1e-4
        )


@pytest.mark.slow
def test_same_seed_same_scores_other_seed_other_scores(fold: Fold, fitted: FLM) -> None:
    again = dataclasses.replace(fitted).fit(fold.train, Context(seed=1))
    np.testing.assert_array_equal(again.score(fold.queries, None), fitted.score(fold.queries, None))
    other = dataclasses.replace(fitted).fit(fold.train, Context(seed=2))
    assert not np.array_equal(other.score(fold.queries, None), fitted.score(fold.queries, None))


def test_pairs_with_labels_answer_like_or_dislike(fitted: FLM, fold: Fold) -> None:
    query = np.repeat(np.arange(40, dtype=np.int32), 54)
    item = np.tile(np.arange(54, dtype=np.int32), 40)
    scores = fitted.score_pairs(fold.queries, query, item)
    assert scores.dtype == np.float32
    from sklearn.metrics import roc_auc_score

    unseen = ~np.isin(query * 60 + item, fold.train.interactions.user * 60 + fold.train.interactions.item)
    assert roc_auc_score((query % 3 == item % 3)[unseen], scores[unseen]) > 0.75  # items and users alone: 0.5


def test_pairs_without_labels_answer_with_the_score(tiny: str, make_world, make_fold) -> None:
    fold = make_fold(make_world(labels=False))
    model = FrozenFLM(backbone=tiny, **FAST | {"epochs": 2}).fit(fold.train, Context(seed=1))
    query, item = np.asarray([0, 0, 7], np.int32), np.asarray([5, 58, 5], np.int32)
    scores = model.score(fold.queries, None)
    np.testing.assert_allclose(model.score_pairs(fold.queries, query, item), scores[query, item], atol=1e-4)


def test_one_kind_of_label_is_no_label(tiny: str, fold: Fold) -> None:
    rows = fold.train.interactions
    likes = dataclasses.replace(fold.train, interactions=rows.take(rows.label == 1))
    model = FrozenFLM(backbone=tiny, **FAST | {"epochs": 1}).fit(likes, Context(seed=1))
    assert model.like_classifier is None


def test_timestamps_and_profiles_are_optional_but_text_is_not(tiny: str, world: Dataset) -> None:
    bare = dataclasses.replace(world, items=dataclasses.replace(world.items, text=None, columns={}))
    with pytest.raises(NotApplicable, match="item text"):
        FrozenFLM(backbone=tiny).fit(bare, Context())


def test_a_late_deadline_leaves_a_model_that_answers(tiny: str, fold: Fold) -> None:
    model = FLM(backbone=tiny, **FAST).fit(fold.train, Context(seed=1, deadline=time.monotonic() - 1))
    assert model.losses == ()
    assert np.isfinite(model.score(fold.queries, None)).all()


def test_progress_is_told(tiny: str, fold: Fold) -> None:
    told: list[tuple[int, int, str]] = []
    FLM(backbone=tiny, **FAST).fit(fold.train, Context(seed=1, report=lambda *words: told.append(words)))
    assert [done for done, _, _ in told] == list(range(1, 21))
    assert all(total == 20 and note.startswith("loss ") for _, total, note in told)


def test_threads_are_put_back_and_nothing_is_printed(tiny: str, fold: Fold, capfd: pytest.CaptureFixture[str]) -> None:
    import torch

    before = torch.get_num_threads()
    FLM(backbone=tiny, **FAST | {"epochs": 1}).fit(fold.train, Context(seed=1, threads=before + 1))
    assert torch.get_num_threads() == before
    shown = capfd.readouterr()
    assert shown.out == shown.err == ""


def test_importing_the_plugin_does_not_import_torch() -> None:
    heavy = "{'torch', 'transformers', 'scipy', 'pandas'}"
    code = f"import sys, benchsuite_flm.models; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_searched() -> None:
    for model in (FLM, FrozenFLM):
        searched = set(model.space())
        # Few are worth a trial: the budget is the same for every model.
        assert searched - {"layers", "learning_rate"} == {
            "epochs",
            "batches",
            "batch_size",
            "head_learning_rate",
            "residual_learning_rate",
            "residual_dropout",
            "temperature",
            "shrinkage",
            "regularization",
            "average",
            "interest",
        }
        assert all(entry.startswith("@inproceedings{") for entry in model.cite)
