"""Each setting does something, and does what it says."""

import dataclasses

import numpy as np
import pytest
import torch

from benchsuite.api import Context
from benchsuite.data import Dataset, Fold
from benchsuite.errors import ConfigError
from benchsuite_flm.models import FLM, FrozenFLM
from benchsuite_flm.trainer import Trainer

FAST = {"epochs": 4, "batches": 2, "batch_size": 32, "residual_learning_rate": 1e-2, "head_learning_rate": 5e-3}


@pytest.fixture(scope="module")
def rich(fold: Fold) -> Fold:
    """The small world with times, behaviours, links and features."""

    def enrich(data: Dataset) -> Dataset:
        rng = np.random.default_rng(9)
        count = len(data.interactions)
        rows = dataclasses.replace(
            data.interactions,
            timestamp=rng.permutation(count),
            behaviour=(rng.random(count) < 0.3).astype(np.int8),
            behaviours=("view", "buy"),
        )
        users = np.arange(len(data.users))
        links = np.stack([users, (users + 3) % len(users)], axis=1)
        return dataclasses.replace(
            data,
            interactions=rows,
            links=links,
            users=dataclasses.replace(data.users, features=rng.random((len(users), 2)), feature_names=("a", "b")),
            items=dataclasses.replace(
                data.items, features=rng.random((len(data.items), 3)), feature_names=("a", "b", "c")
            ),
        )

    train = enrich(fold.train)
    history = train.interactions
    queries = type(fold.queries).from_rows(np.arange(len(train.users)), history.user, history)
    inner = dataclasses.replace(fold, train=train, queries=queries)
    return dataclasses.replace(inner, validation=inner)


def scores(model: FLM | FrozenFLM, fold: Fold, **more: object) -> np.ndarray:
    model.fit(fold.train, Context(seed=1, **more))
    found = model.score(fold.queries, None)
    assert np.isfinite(found).all()
    return found


@pytest.fixture(scope="module")
def frozen(tiny: str, rich: Fold) -> np.ndarray:
    return scores(FrozenFLM(backbone=tiny, **FAST), rich)


@pytest.fixture(scope="module")
def tuned(tiny: str, rich: Fold) -> np.ndarray:
    return scores(FLM(backbone=tiny, learning_rate=5e-3, layers=1, **FAST), rich)


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {"pooling": "last"},
        {"loss": "bce"},
        {"loss": "bpr"},
        {"optimizer": "adam", "weight_decay": 0.1},
        {"optimizer": "sgd"},
        {"schedule": "warmup-cosine"},
        {"schedule": "constant"},
        {"schedule": "plateau", "plateau": 1, "optimizer": "sgd"},
        {"schedule": "threshold", "threshold": 100.0},
        {"warmup": 0.5},
        {"clip": 1e-3, "optimizer": "sgd"},
        {"weight_decay": 0.5},
        {"average": 0.5},
        {"interest": "recency"},
        {"interest": "attention"},
        {"weighting": "value"},
        {"weighting": "behaviour"},
        {"features": False},
        {"friends": 1.0},
        {"catalogue": 20},
    ],
)
def test_a_setting_of_the_head_matters(tiny: str, rich: Fold, frozen: np.ndarray, more: dict) -> None:
    assert np.abs(scores(FrozenFLM(backbone=tiny, **FAST | more), rich) - frozen).max() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "other"),
    [
        ({"loss": "bce"}, {"loss": "bce", "negatives": 1}),
        ({"loss": "bpr"}, {"loss": "bpr", "negatives": 1}),
        ({"optimizer": "sgd"}, {"optimizer": "sgd", "momentum": 0.5}),
        ({"interest": "recency"}, {"interest": "recency", "half_life": 2.0}),
        ({"schedule": "constant"}, {"schedule": "threshold", "threshold": 100.0}),
        ({"schedule": "plateau"}, {"schedule": "plateau", "plateau": 1, "loss": "bpr"}),
    ],
)
def test_a_setting_beside_another_matters(tiny: str, rich: Fold, more: dict, other: dict) -> None:
    one, two = (scores(FrozenFLM(backbone=tiny, **FAST | part), rich) for part in (more, other))
    assert np.abs(one - two).max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {"tuning": "frozen"},
        {"tuning": "lora", "learning_rate": 5e-2},
        {"tuning": "full"},
        {"layers": 2},
        {"optimizer": "sgd", "learning_rate": 1.0},
        {"weight_decay": 0.5},
    ],
)
def test_a_setting_of_the_encoder_matters(tiny: str, rich: Fold, tuned: np.ndarray, more: dict) -> None:
    settings = FAST | {"learning_rate": 5e-3, "layers": 1} | more
    assert np.abs(scores(FLM(backbone=tiny, **settings), rich) - tuned).max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"loss": "bce", "interest": "attention", "friends": 0.5, "tuning": "full"},
        {"loss": "bpr", "interest": "recency", "weighting": "value", "tuning": "lora", "lora_part": "all"},
    ],
)
def test_half_precision_trains_nearly_the_same(
    tiny: str, rich: Fold, more: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: autocast to bfloat16 in encoder and head."""
    settings = FAST | {"learning_rate": 1e-3, "layers": 1, "patience": 2} | more
    found = []
    for half in (True, False):
        monkeypatch.setattr("benchsuite_flm.encoder.fast_half", lambda _, half=half: half)
        model = FLM(backbone=tiny, **settings)
        found.append(scores(model, rich, validation=rich.validation))
        assert np.isfinite(model.losses).all()
    assert np.abs(found[0] - found[1]).max() > 0
    assert np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1] > 0.95


def test_frozen_tuning_is_the_frozen_twin(tiny: str, rich: Fold, frozen: np.ndarray) -> None:
    np.testing.assert_array_equal(scores(FLM(backbone=tiny, tuning="frozen", **FAST), rich), frozen)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["bce", "bpr"])
def test_other_losses_learn_the_small_world(tiny: str, fold: Fold, loss: str) -> None:
    settings = FAST | {"epochs": 30, "batches": 6, "loss": loss}
    model = FLM(backbone=tiny, learning_rate=5e-3, layers=1, **settings).fit(fold.train, Context(seed=1))
    assert model.losses[-1] < 0.9 * model.losses[0]
    found = model.score(fold.queries, None)
    found[fold.blocked.rows, fold.blocked.item] = -np.inf
    assert (found.argmax(axis=1) % 3 == np.arange(len(found)) % 3).mean() > 0.8
    if loss == "bce":  # the literal formula: W2 and b are learnt
        assert bool(model._head.w2.any())
        assert float(model._head.b) != 0


def test_dislikes_are_zeros_of_the_binary_loss(tiny: str, fold: Fold) -> None:
    model = FrozenFLM(backbone=tiny, loss="bce", **FAST)
    labels = fold.train.interactions.label
    assert 0 < labels.mean() < 1
    liked = dataclasses.replace(
        fold,
        train=dataclasses.replace(fold.train, interactions=dataclasses.replace(fold.train.interactions, label=None)),
    )
    assert np.abs(scores(model, fold) - scores(dataclasses.replace(model), liked)).max() > 1e-3


def test_average_is_the_mean_of_the_last_epochs(tiny: str, fold: Fold, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    plain = Trainer.epoch

    def watched(self) -> float:
        loss = plain(self)
        seen.append({name: value.detach().clone() for name, value in self.weights.items()})
        return loss

    monkeypatch.setattr(Trainer, "epoch", watched)
    model = FLM(backbone=tiny, learning_rate=5e-3, layers=1, average=0.75, **FAST).fit(fold.train, Context(seed=1))
    mean = sum(weights["head.residual"] for weights in seen[1:]) / 3
    torch.testing.assert_close(model._head.residual, mean)
    assert not torch.allclose(model._head.residual, seen[-1]["head.residual"])


def test_features_that_tell_are_read(tiny: str, make_world, make_fold) -> None:
    """Texts that say nothing, features that say all: new items are found by them alone."""
    world = make_world(profiles=False)
    topic = np.arange(60) % 3
    blank = dataclasses.replace(
        world.items, text=("story",) * 60, features=np.eye(3, dtype=np.float32)[topic], feature_names=("a", "b", "c")
    )
    fold = make_fold(dataclasses.replace(world, items=blank))
    new = np.arange(54, 60, dtype=np.int32)
    right = {}
    for features in (True, False):
        model = FrozenFLM(backbone=tiny, features=features, **FAST | {"epochs": 30}).fit(fold.train, Context(seed=1))
        best = new[model.score(fold.queries, new).argmax(axis=1)]
        right[features] = float((best % 3 == np.arange(40) % 3).mean())
    assert right[True] > 0.9
    assert right[False] < 0.6


def test_friends_help_users_without_a_history(tiny: str, make_world, make_fold, ask) -> None:
    world = make_world(profiles=False)
    users = np.arange(40)
    links = np.stack([users, (users + 3) % 39], axis=1)  # of the same taste
    fold = make_fold(dataclasses.replace(world, links=links))
    queries = ask(fold.train, list(range(39)), [[]] * 39)
    right = {}
    for friends in (0.0, 1.0):
        model = FrozenFLM(backbone=tiny, friends=friends, **FAST | {"epochs": 12}).fit(fold.train, Context(seed=1))
        right[friends] = float((model.score(queries, None).argmax(axis=1) % 3 == np.arange(39) % 3).mean())
    assert right[1.0] > 0.9
    assert right[0.0] < 0.6


def test_early_stopping_finds_the_epochs_on_validation(tiny: str, rich: Fold) -> None:
    model = FrozenFLM(backbone=tiny, patience=2, **FAST | {"epochs": 12})
    found = scores(model, rich, validation=rich.validation)
    told = model.facts()["stopping"]
    judged = told["ndcg@10"]
    assert told["epochs"] == int(np.argmax(judged)) + 1 == len(model.losses)
    assert len(judged) == min(12, told["epochs"] + 2)
    whole = FrozenFLM(backbone=tiny, **FAST | {"epochs": 12})
    if told["epochs"] < 12:
        assert np.abs(scores(whole, rich) - found).max() > 1e-4


def test_early_stopping_without_validation_says_so(tiny: str, rich: Fold, frozen: np.ndarray) -> None:
    model = FrozenFLM(backbone=tiny, patience=2, **FAST)
    np.testing.assert_array_equal(scores(model, rich), frozen)
    assert model.facts()["stopping"] == "no validation fold, so all epochs were run"
    assert "stopping" not in FrozenFLM(backbone=tiny, **FAST).fit(rich.train, Context()).facts()


@pytest.mark.parametrize("setting", ["loss", "optimizer", "schedule", "interest", "weighting", "pooling", "tuning"])
def test_other_words_are_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        FLM.from_settings({setting: "nonsense"})
