import numpy as np
import pytest

from benchsuite_content.backbone import Backbone, load_backbone
from benchsuite_content.encode import batches, encode_texts, mean_pool, torch_threads

pytestmark = pytest.mark.weights

TEXTS = (
    "Star Wars (1977). Science fiction",
    "",
    "A very long film title about a cat, a dog, a mouse and a house full of other animals (1999). Children's",
    "Star Trek (1979). Science fiction",
    "Titanic (1997). Drama, Romance",
    "Star Wars (1977). Science fiction",
)


@pytest.fixture(scope="module")
def minilm() -> Backbone:
    return load_backbone()


@pytest.fixture(scope="module")
def vectors(minilm: Backbone) -> np.ndarray:
    return encode_texts(minilm, TEXTS)


def test_rows_have_unit_length_and_empty_texts_are_zero(vectors: np.ndarray) -> None:
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 1, 1], atol=1e-5)


def test_equal_texts_have_equal_vectors_and_meaning_shows(vectors: np.ndarray) -> None:
    np.testing.assert_array_equal(vectors[0], vectors[5])
    assert vectors[0] @ vectors[3] > vectors[0] @ vectors[4] + 0.1


def test_agrees_with_the_plain_way(minilm: Backbone, vectors: np.ndarray) -> None:
    import torch

    for row in (0, 2, 4):
        with torch.inference_mode():
            batch = minilm.tokenizer(TEXTS[row], return_tensors="pt")
            plain = minilm.model(**batch).last_hidden_state[0].mean(dim=0)
        np.testing.assert_allclose(vectors[row], (plain / plain.norm()).numpy(), atol=1e-5)


def test_order_and_company_do_not_matter(minilm: Backbone, vectors: np.ndarray) -> None:
    back = encode_texts(minilm, TEXTS[::-1])[::-1]
    np.testing.assert_allclose(back, vectors, atol=1e-5)
    np.testing.assert_allclose(encode_texts(minilm, TEXTS[4:5]), vectors[4:5], atol=1e-5)


def test_no_texts_no_rows(minilm: Backbone) -> None:
    assert encode_texts(minilm, ()).shape == (0, 384)


def test_batches_hold_every_row_once_in_order_of_length(minilm: Backbone) -> None:
    found = list(batches(minilm, TEXTS, size=2))
    rows = np.concatenate([rows for rows, _ in found])
    assert sorted(rows) == list(range(len(TEXTS)))
    widths = [batch["input_ids"].shape[1] for _, batch in found]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_long_texts_are_cut(minilm: Backbone) -> None:
    (_, batch), *_ = batches(minilm, ["word " * 2000])
    assert batch["input_ids"].shape == (1, 256)


def test_mean_pool_ignores_padding() -> None:
    import torch

    hidden = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [99.0, 99.0]]])
    assert mean_pool(hidden, torch.tensor([[1, 1, 0]])).tolist() == [[2.0, 3.0]]


def test_progress_counts_distinct_texts(minilm: Backbone) -> None:
    told: list[tuple[int, int]] = []
    encode_texts(minilm, TEXTS, progress=lambda done, total: told.append((done, total)))
    assert told == [(5, 5)]


def test_thread_count_is_put_back() -> None:
    import torch

    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
