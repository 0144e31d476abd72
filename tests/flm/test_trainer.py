import dataclasses

import numpy as np
import pytest
import torch

from benchsuite.data import Dataset
from benchsuite_content.backbone import load_backbone
from benchsuite_flm.encoder import EncodedTexts, TextEncoder
from benchsuite_flm.head import Head, predict_new_items
from benchsuite_flm.history import draw_visible
from benchsuite_flm.models import FLM
from benchsuite_flm.settings import TuningConfig
from benchsuite_flm.trainer import Trainer, TrainingConfig

SETTINGS = FLM(
    epochs=20,
    batches=4,
    batch_size=32,
    head_learning_rate=5e-3,
    residual_learning_rate=1e-2,
    residual_dropout=0.3,
    catalogue=1000,
)
CONFIG = TrainingConfig(SETTINGS, learning_rate=5e-3, visible=(0.25, 0.75), short=0.2)
PARTS = TrainingConfig(dataclasses.replace(SETTINGS, catalogue=20), learning_rate=5e-3, short=0.2)


def parts(world: Dataset, tiny: str, layers: int = 1) -> tuple[TextEncoder, torch.Tensor, Head, object]:
    texts, place = np.unique(np.array(world.items.text), return_inverse=True)
    encoder = TextEncoder(load_backbone(tiny), list(texts), TuningConfig(layers=layers), device="cpu", half=False)
    matrix = world.matrix()
    taken = torch.as_tensor(np.asarray(matrix.sum(axis=0)).ravel())
    return encoder, torch.as_tensor(place), Head(taken, None, 16, 0.1), matrix


def run(world: Dataset, tiny: str, config: TrainingConfig = CONFIG, layers: int = 1, stop=lambda: False) -> tuple:
    encoder, place, head, matrix = parts(world, tiny, layers)
    told: list[tuple[int, int, str]] = []
    trainer = Trainer(encoder, place, head, matrix, config, seed=1)
    history = trainer.fit(report=lambda *words: told.append(words), stop=stop)
    return encoder, head, history.losses, told


def test_loss_falls_and_is_told(world: Dataset, tiny: str) -> None:
    _, _, losses, told = run(world, tiny)
    assert losses[-1] < losses[0] - 0.1
    assert [(done, total) for done, total, _ in told] == [(n, 20) for n in range(1, 21)]
    assert told[-1][2] == f"loss {losses[-1]:.3f}"


def test_new_items_are_neither_asked_nor_pushed_down(world: Dataset, tiny: str) -> None:
    """Whatever a new item's text, the training of the others is the same: it is in no softmax."""
    _, head, losses, _ = run(world, tiny)
    texts = [*world.items.text[:-6], *["sailor sailor sailor"] * 6]
    other = dataclasses.replace(world, items=dataclasses.replace(world.items, text=tuple(texts)))
    _, changed, same, _ = run(other, tiny)
    assert same == pytest.approx(losses, abs=1e-4)
    assert not head.residual[-6:].any()
    np.testing.assert_allclose(changed.residual.detach(), head.residual.detach(), atol=1e-3)


def test_stop_ends_training(world: Dataset, tiny: str) -> None:
    answers = iter([False, False, True])
    _, _, losses, _ = run(world, tiny, stop=lambda: next(answers))
    assert len(losses) == 2


def test_users_with_one_item_teach_nothing(world: Dataset, tiny: str) -> None:
    rows = world.interactions
    _, _, losses, _ = run(world.cut(np.unique(rows.user, return_index=True)[1]), tiny)
    assert losses == []


def test_a_large_catalogue_is_seen_in_parts(world: Dataset, tiny: str) -> None:
    encoder, place, head, matrix = parts(world, tiny)
    trainer = Trainer(encoder, place, head, matrix, PARTS, seed=1)
    seen = []
    for _ in range(6):
        trainer.epoch()
        assert len(trainer.catalogue) == 20
        assert bool(head.warm[trainer.catalogue].all())
        seen.append(set(trainer.catalogue.tolist()))
    assert len(set.union(*seen)) > 40
    _, _, losses, _ = run(world, tiny, PARTS)
    assert losses[-1] < losses[0]


def test_one_encoder_step_an_epoch(world: Dataset, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    plain = EncodedTexts.backward

    def counted(self: EncodedTexts, gradient: torch.Tensor) -> None:
        steps.append(1)
        plain(self, gradient)

    monkeypatch.setattr(EncodedTexts, "backward", counted)
    run(world, tiny)
    assert len(steps) == SETTINGS.epochs


def test_visible_part_of_a_history(world: Dataset) -> None:
    taken = torch.as_tensor(world.matrix().toarray()) > 0
    random = torch.Generator().manual_seed(2)
    shown = torch.stack([draw_visible(taken, (0.25, 0.75), 0.0, 5, random) for _ in range(200)])
    assert not bool((shown & ~taken).any())
    assert float(shown.sum() / (200 * taken.sum())) == pytest.approx(0.5, abs=0.02)
    counts = torch.stack([draw_visible(taken, (0.25, 0.75), 1.0, 5, random).sum(dim=1) for _ in range(200)])
    assert sorted(set(counts.flatten().tolist())) == [0, 1, 2, 3, 4, 5]


def test_same_seed_same_weights(world: Dataset, tiny: str) -> None:
    first, second = run(world, tiny), run(world, tiny)
    assert first[2] == second[2]
    np.testing.assert_array_equal(first[1].residual.detach(), second[1].residual.detach())


def test_a_user_who_shows_everything_leaves_no_nan(world: Dataset, tiny: str) -> None:
    dense = np.ones((8, len(world.items)), np.float32)
    from scipy.sparse import csr_matrix

    encoder, place, _, _ = parts(world, tiny)
    head = Head(torch.full((len(world.items),), 8), None, 16, 0.1)
    config = dataclasses.replace(CONFIG, visible=(1.0, 1.0), short=0.0)
    trainer = Trainer(encoder, place, head, csr_matrix(dense), config, seed=1)
    trainer.fit(report=lambda *_: None, stop=lambda: False)
    assert bool(torch.isfinite(head.residual).all())


def test_short_histories_are_shrunk_towards_the_prior() -> None:
    head = Head(torch.tensor([3, 1, 0]), torch.eye(2), 4, 0.1)
    with torch.no_grad():
        head.log_shrinkage.fill_(float(np.log(2.0)))
        head.prior.copy_(torch.tensor([0.0, 0.0, 0.0, 1.0]))
        head.profile.copy_(torch.tensor([[0.0, 1, 0, 0], [0, 0, 1.0, 0]]))
        total = torch.tensor([[0.0, 0, 0, 0], [5.0, 0, 0, 0]])
        users = head.users(total, torch.tensor([0.0, 2.0]), torch.tensor([0, 1]))
    np.testing.assert_allclose(users[0], [0, 1, 0, 1, 1, 1, 1])  # nothing known: prior, profile, s = 1
    np.testing.assert_allclose(users[1], [0.5, 0, 0.5, 0.5, 1, 1, 0.5])  # k = shrinkage: half and half


def test_encodings_start_as_text_and_popularity() -> None:
    head = Head(torch.tensor([3, 1, 0]), None, 2, 0.5)
    vectors = torch.tensor([[1.0, 0], [0, 1], [0.6, 0.8]])
    with torch.no_grad():
        items = head.items(vectors, torch.arange(3), head.warm.float())
        dropped = head.items(vectors, torch.arange(3), torch.zeros(3))
    half = np.log(2) / 2
    np.testing.assert_allclose(items[:, :2], vectors)
    np.testing.assert_allclose(items[:, 2:], [[0, half, half], [0, -half, -half], [0, 0, 0]], atol=1e-6)
    assert not dropped[:, 2:].any()
    np.testing.assert_allclose(head.w1.detach(), [2, 2, 1, 0.7, 0.3], atol=1e-6)


def test_new_items_are_predicted_from_text() -> None:
    random = torch.Generator().manual_seed(0)
    vectors = torch.randn(50, 4, generator=random)
    weights = torch.randn(4, 3, generator=random)
    encodings = vectors @ weights + 1.0
    warm = torch.arange(50) < 40
    wrong = encodings.clone()
    wrong[~warm] = 99.0
    out = predict_new_items(vectors, wrong, warm, 1e-6)
    np.testing.assert_array_equal(out[warm], encodings[warm])
    np.testing.assert_allclose(out[~warm], encodings[~warm], atol=1e-3)
    flat = predict_new_items(vectors, wrong, warm, 1e9)
    np.testing.assert_allclose(flat[~warm], encodings[warm].mean(dim=0).expand(10, -1), atol=1e-3)
