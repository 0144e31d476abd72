"""``flm-seq``: reads histories in order, from item texts that it fine-tunes."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from benchsuite.api import Context
from benchsuite.data import Dataset, Entities, Interactions, Queries, Ragged
from benchsuite.errors import NotApplicable
from benchsuite_classic.sequential_knn import SequentialKNN
from benchsuite_content.backbone import load_backbone
from benchsuite_content.tfidf import ContentTfidf
from benchsuite_flm import saving
from benchsuite_flm.encoder import TextEncoder
from benchsuite_flm.fine_tuned import ndcg_at_10
from benchsuite_flm.sequence import SequenceFLM
from benchsuite_flm.sequence_head import SequenceHead
from benchsuite_flm.sequence_hybrid import SequenceHybridFLM
from benchsuite_flm.sequence_trainer import SequenceTrainer
from benchsuite_flm.settings import TuningConfig
from benchsuite_flm.training_loop import LoopConfig
from benchsuite_protocol.splits.leave_last_out import LeaveLastOut

TOPICS = ("sea wave harbour sailor", "city street taxi night", "forest river bear camp")
ITEMS, NEW = 24, 3
FAST = {
    "epochs": 6,
    "batch_size": 16,
    "factors": 16,
    "history": 6,
    "layers": 1,
    "learning_rate": 5e-3,
    "head_learning_rate": 1e-2,
    "dropout": 0.1,
}


def texts() -> tuple[str, ...]:
    """Three topics in turn; two texts stand twice."""
    words = [TOPICS[code % 3].split() for code in range(ITEMS)]
    return tuple(f"{w[n % 4]} {w[(n // 4) % 4]} story {('one', 'two')[n % 2]}" for n, w in enumerate(words))


def dataset(histories: list[list[int]], times: list[int] | None = None) -> Dataset:
    user = np.repeat(np.arange(len(histories)), [len(one) for one in histories])
    rows = Interactions(
        user=user,
        item=np.asarray([code for one in histories for code in one], np.int32),
        value=np.ones(len(user)),
        label=None,
        timestamp=None if times is None else np.asarray(times),
        behaviour=np.zeros(len(user)),
        behaviours=("take",),
    )
    users = Entities(tuple(f"u{n}" for n in range(len(histories))))
    return Dataset("circle", rows, users, Entities(tuple(f"i{n}" for n in range(ITEMS)), text=texts()), ordered=True)


def circle(users: int = 60, length: int = 8) -> list[list[int]]:
    """Each user goes around the items that are not new, one step a time."""
    size = ITEMS - NEW
    return [[(start + step) % size for step in range(length)] for start in range(users)]


def ask(histories: list[list[int]]) -> Queries:
    owner = np.repeat(np.arange(len(histories)), [len(one) for one in histories])
    rows = dataset(histories).interactions
    return Queries.from_rows(np.arange(len(histories)), owner, rows)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(circle())


@pytest.fixture(scope="module")
def fitted(tiny: str, data: Dataset) -> SequenceFLM:
    return SequenceFLM(backbone=tiny, **FAST | {"epochs": 20}).fit(data, Context(seed=1))


def test_the_next_item_is_learnt(fitted: SequenceFLM) -> None:
    size = ITEMS - NEW
    asked = [[n, (n + 1) % size, (n + 2) % size] for n in range(size)]
    best = fitted.score(ask(asked), None).argmax(axis=1)
    assert (best == (np.arange(size) + 3) % size).mean() > 0.8
    assert fitted.losses[-1] < fitted.losses[0] / 2


def test_order_matters(fitted: SequenceFLM) -> None:
    there, back = fitted.score(ask([[3, 4, 5], [5, 4, 3]]), None)
    assert np.abs(there - back).max() > 0.5


def test_a_score_is_the_formula(fitted: SequenceFLM) -> None:
    queries = ask([[3, 4, 5], []])
    users, items, w1 = fitted._encode(queries), fitted._items, fitted._head.w1
    wanted = torch.einsum("qd,nd,d->qn", users, items, w1).numpy()
    np.testing.assert_allclose(fitted.score(queries, None), wanted, rtol=1e-4, atol=1e-4)
    some = np.asarray([2, 7, 23], np.int32)
    np.testing.assert_allclose(fitted.score(queries, some), wanted[:, some], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(items[: ITEMS - NEW, :-1].norm(dim=1), 1, atol=1e-5)


def test_users_without_a_history_are_answered(fitted: SequenceFLM) -> None:
    scores = fitted.score(ask([[], []]), None)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(
        scores[0], scores[1], rtol=1e-5, atol=1e-5
    )  # rows of a product may differ in last digits


def test_only_the_newest_items_are_read(fitted: SequenceFLM) -> None:
    scores = fitted.score(ask([[9, 8, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]), None)
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5, atol=1e-5)


def test_new_items_are_predicted_and_read(fitted: SequenceFLM) -> None:
    new = ITEMS - 1
    scores = fitted.score(ask([[3, 4, new], [3, 4]]), None)
    assert np.isfinite(scores).all()
    assert np.abs(scores[0] - scores[1]).max() > 1e-3
    assert not fitted._head.warm[new]
    # As ridge regression of the known encodings on the texts' vectors.
    known = slice(0, ITEMS - NEW)
    vectors, encodings = fitted.vectors[known].astype(float), fitted._items[known].numpy().astype(float)
    centred = vectors - vectors.mean(axis=0)
    weights = np.linalg.solve(
        centred.T @ centred + fitted.regularization * np.eye(vectors.shape[1]),
        centred.T @ (encodings - encodings.mean(axis=0)),
    )
    predicted = (fitted.vectors[new] - vectors.mean(axis=0)) @ weights + encodings.mean(axis=0)
    np.testing.assert_allclose(fitted._items[new].numpy(), predicted, atol=1e-4)


def test_the_encoder_learns_unless_frozen(tiny: str, data: Dataset) -> None:
    before = load_backbone(tiny).model.state_dict()
    for tuning, learns in (("top", True), ("frozen", False)):
        model = SequenceFLM(backbone=tiny, tuning=tuning, **FAST | {"epochs": 2}).fit(data, Context(seed=1))
        after = model._encoder.model.state_dict()
        changed = {name for name, value in after.items() if not value.equal(before[name])}
        assert bool(changed) is learns
        assert all(name.startswith("encoder.layer.1.") for name in changed)
        assert model.facts()["parameters"]["encoder_trained"] == (0 if not learns else model._sizes["encoder_trained"])


def test_a_state_never_sees_what_comes_later() -> None:
    torch.manual_seed(0)
    head = SequenceHead(
        torch.ones(9), torch.randn(9, 5), 8, layers=2, heads=2, history=6, dropout=0.5, temperature=0.1
    ).eval()
    items = head.items(torch.randn(9, 5), torch.arange(9), torch.ones(9))
    one = head.users(items, torch.tensor([[1, 2, 3, 4]]))
    other = head.users(items, torch.tensor([[1, 2, 8, 8]]))
    torch.testing.assert_close(one[:, :3], other[:, :3])
    assert (one[:, 3:] - other[:, 3:]).abs().max() > 1e-3


def test_texts_are_spread_evenly() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(200, 4) * torch.tensor([9.0, 4.0, 1.0, 1e-9]) + 3
    head = SequenceHead(torch.ones(200), vectors, 8, layers=1, heads=1, history=2, dropout=0.0, temperature=1.0)
    mapped = (vectors - head.centre) @ head.spread
    assert float(mapped.norm(dim=1).mean()) == pytest.approx(1, abs=1e-4)
    deviation = mapped.std(dim=0).sort().values
    # Half way: a direction with nine times the spread of another keeps three times; one without any is not stretched.
    assert float(deviation[3] / deviation[1]) == pytest.approx(3, rel=0.1)
    assert float(deviation[0]) < 1e-4


def trainer_of(data: Dataset, tiny: str, **more: object) -> SequenceTrainer:
    settings = SequenceFLM(backbone=tiny, **FAST | {"dropout": 0.0, "residual_dropout": 0.0, "history": 30} | more)
    encoder = TextEncoder(load_backbone(tiny), list(texts()), TuningConfig("frozen"), device="cpu", half=False)
    torch.manual_seed(3)
    taken = torch.from_numpy(np.asarray(data.matrix().sum(axis=0), np.float32).ravel())
    head = SequenceHead.of(settings, taken, encoder.vectors())
    lists = Ragged.from_pairs(data.interactions.user, data.interactions.item, len(data.users))
    return SequenceTrainer(encoder, torch.arange(ITEMS), head, lists, settings, LoopConfig(settings, 1e-3), seed=4)


def test_the_loss_is_a_cross_entropy_over_known_items(tiny: str) -> None:
    histories = [[0, 1, 2, 3], [5, 4], [7]]
    trainer = trainer_of(dataset([*histories, list(range(ITEMS - NEW))]), tiny)
    vectors = trainer.encoder.vectors()
    found = trainer.batch_loss(vectors, torch.tensor([0, 1, 2]))
    items = trainer.head.items(vectors, torch.arange(ITEMS), torch.ones(ITEMS))
    losses = []
    for history in histories:
        states = trainer.head.users(items, torch.tensor([history[:-1]], dtype=torch.int64).view(1, -1))[0]
        logits = trainer.head.logits(states, items[: ITEMS - NEW])
        losses.append(cross_entropy(logits, torch.tensor(history), reduction="sum"))
    torch.testing.assert_close(found, sum(losses) / 7)


def test_drawn_items_stand_for_all(tiny: str) -> None:
    data = dataset([*circle(8), list(range(ITEMS - NEW))])
    whole = trainer_of(data, tiny, temperature=1.0)
    vectors, rows = whole.encoder.vectors(), torch.arange(8)
    wanted = whole.batch_loss(vectors, rows).item()
    drawn = trainer_of(data, tiny, negatives=20, temperature=1.0)
    drawn.head.load_state_dict(whole.head.state_dict())
    found = [drawn.batch_loss(vectors, rows).item() for _ in range(60)]
    assert np.mean(found) == pytest.approx(wanted, abs=4 * np.std(found) / math.sqrt(60) + 0.05)
    assert np.std(found) > 0


def test_time_says_the_order(tiny: str) -> None:
    forward = dataset(circle(20))
    times = [step for _ in range(20) for step in range(8)]
    turned = dataset([one[::-1] for one in circle(20)], [t for _ in range(20) for t in range(7, -1, -1)])
    one = SequenceFLM(backbone=tiny, **FAST).fit(dataset(circle(20), times), Context(seed=2))
    other = SequenceFLM(backbone=tiny, **FAST).fit(turned, Context(seed=2))
    assert one.losses == other.losses
    assert one.losses == SequenceFLM(backbone=tiny, **FAST).fit(forward, Context(seed=2)).losses


def test_the_global_random_state_is_left_alone(tiny: str, data: Dataset) -> None:
    before = torch.get_rng_state()
    model = SequenceFLM(backbone=tiny, **FAST | {"epochs": 1}).fit(data, Context(seed=2))
    model.score(ask([[1, 2]]), None)
    assert torch.get_rng_state().equal(before)


def test_saved_and_loaded(fitted: SequenceFLM, data: Dataset, tiny: str, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = SequenceFLM(backbone=tiny, **FAST | {"epochs": 20}).load(tmp_path, data.items)
    queries = ask([[3, 4, 5], [], [23]])
    np.testing.assert_array_equal(loaded.score(queries, None), fitted.score(queries, None))
    assert loaded.parameter_count() == fitted.parameter_count()
    with pytest.raises(NotApplicable, match="loaded from a folder"):
        loaded.save(tmp_path)


def test_a_killed_training_goes_on(tiny: str, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "SHARE", float("inf"))
    settings = FAST | {"backbone": tiny, "negatives": 10, "average": 0.5}
    whole = SequenceFLM(**settings).fit(data, Context(seed=3))

    def die(done: int, *_: object) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SequenceFLM(**settings).fit(data, Context(seed=3, checkpoint=tmp_path, report=die))
    again = SequenceFLM(**settings).fit(data, Context(seed=3, checkpoint=tmp_path))
    assert again.facts()["resumed"]["epochs"] == 3
    assert again.losses == whole.losses
    queries = ask([[3, 4, 5]])
    np.testing.assert_array_equal(again.score(queries, None), whole.score(queries, None))


def test_heads_divide_the_width() -> None:
    with pytest.raises(ValueError, match="3 heads do not divide factors = 128"):
        SequenceFLM(heads=3)


def test_the_hybrid_adds_directed_neighbours_and_words(tiny: str, data: Dataset, tmp_path: Path) -> None:
    settings = FAST | {"backbone": tiny, "epochs": 2}
    text = SequenceFLM(**settings).fit(data, Context(seed=1))
    neighbours, words = SequentialKNN().fit(data, Context(seed=1)), ContentTfidf().fit(data, Context(seed=1))
    queries = ask([[3, 4, 5], [], [23]])
    own = {"weight": 3.0, "words_weight": 5.0}
    hybrid = SequenceHybridFLM(**settings, **own).fit(data, Context(seed=1))
    wanted = text.score(queries, None) + 3 * np.nan_to_num(neighbours.score(queries, None))
    wanted += 5 * np.nan_to_num(words.score(queries, None))
    np.testing.assert_allclose(hybrid.score(queries, None), wanted, rtol=1e-5, atol=1e-5)
    some = np.asarray([0, 6, 23], np.int32)
    np.testing.assert_allclose(hybrid.score(queries, some), wanted[:, some], rtol=1e-5, atol=1e-5)
    assert hybrid.facts()["mix"] == {"sequential-knn": 3.0, "words": 5.0, "validation ndcg@10": None}
    hybrid.save(tmp_path)
    loaded = SequenceHybridFLM(**settings, **own).load(tmp_path, data.items)
    np.testing.assert_array_equal(loaded.score(queries, None), hybrid.score(queries, None))
    assert loaded.parameter_count() == hybrid.parameter_count() > text.parameter_count()


def test_texts_without_words_add_nothing(tiny: str, data: Dataset) -> None:
    settings = FAST | {"backbone": tiny, "epochs": 1}
    items = dataclasses.replace(data.items, text=tuple("a" for _ in data.items.ids))
    wordless = dataclasses.replace(data, items=items)
    queries = ask([[3, 4, 5], []])
    without, beside = (
        SequenceHybridFLM(**settings, weight=1.0, words_weight=weight)
        .fit(wordless, Context(seed=1))
        .score(queries, None)
        for weight in (0.0, 9.0)
    )
    np.testing.assert_array_equal(without, beside)


@pytest.mark.parametrize("given", [{}, {"weight": 2.0}, {"words_weight": 4.0}])
def test_weights_are_chosen_on_validation(tiny: str, data: Dataset, given: dict[str, float]) -> None:
    (fold,) = LeaveLastOut().split(data, 1)
    assert fold.validation is not None
    settings = FAST | {"backbone": tiny, "epochs": 1}
    model = SequenceHybridFLM(**settings, **given).fit(fold.train, Context(seed=1, validation=fold.validation))
    inner, context, queries = fold.validation.train, Context(seed=1), fold.validation.queries
    text = SequenceFLM(**settings).fit(inner, context).score(queries, None)
    neighbours, words = (
        np.nan_to_num(other.fit(inner, context).score(queries, None)) for other in (SequentialKNN(), ContentTfidf())
    )

    def quality(first: float, second: float) -> float:
        scores = text + np.float32(first) * neighbours + np.float32(second) * words
        return ndcg_at_10(fold.validation, lambda _: scores, 1)

    found = {
        (first, second): quality(first, second)
        for first in ([given["weight"]] if "weight" in given else [0, 1, 2, 4, 8, 16, 32, 64])
        for second in ([given["words_weight"]] if "words_weight" in given else [0, 2, 4, 8, 16, 32, 64, 128])
    }
    mix = model.facts()["mix"]
    chosen, start = (mix["sequential-knn"], mix["words"]), (given.get("weight", 8), given.get("words_weight", 0))
    assert mix["validation ndcg@10"] == pytest.approx(found[chosen], abs=1e-4)
    assert chosen == start or found[chosen] == max(found.values())
    assert model.losses == SequenceFLM(**settings).fit(fold.train, Context(seed=1)).losses
