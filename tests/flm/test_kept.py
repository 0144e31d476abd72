"""Encodings that are kept are bitwise those that are computed, and are read only by who would compute the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import Context, SharedCache
from benchsuite_content.backbone import load_backbone
from benchsuite_content.encode import encode_texts
from benchsuite_flm.encoder import TextEncoder
from benchsuite_flm.models import FLM, FrozenFLM

TEXTS = ["sea wave", "", "city street taxi night story one two", "forest river", "sea wave"]


def entries(folder: Path) -> int:
    return len(list(folder.iterdir()))


def never(*_: Any) -> Any:
    raise AssertionError("computed again")


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_vectors_are_the_same_bytes(kind: str, encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = encoder(kind)
    plain = encode_texts(load_backbone(name), TEXTS)
    first = encode_texts(load_backbone(name), TEXTS, shared=SharedCache(tmp_path))
    monkeypatch.setattr("benchsuite_content.encode.batches", never)
    again = encode_texts(load_backbone(name), TEXTS[::-1], shared=SharedCache(tmp_path))  # the same distinct texts
    for found in (first, again[::-1]):
        assert found.tobytes() == plain.tobytes()
    assert again.flags.writeable
    assert entries(tmp_path) == 1


def test_whatever_changes_the_bytes_changes_the_key(tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_backbone(tiny)
    for number, (backbone, threads) in enumerate(
        [
            (plain, 1),
            (plain, 2),
            (dataclasses.replace(plain, pooling="last"), 1),
            (dataclasses.replace(plain, max_tokens=3), 1),
            (dataclasses.replace(plain, sha256="0" * 64), 1),
        ],
        start=1,
    ):
        encode_texts(backbone, TEXTS, shared=SharedCache(tmp_path), threads=threads)
        assert entries(tmp_path) == number
    encode_texts(plain, TEXTS[:-2], shared=SharedCache(tmp_path))
    plain.model.set_attn_implementation("eager")
    encode_texts(plain, TEXTS, shared=SharedCache(tmp_path))
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    encode_texts(plain, TEXTS, shared=SharedCache(tmp_path))
    assert entries(tmp_path) == 8
    encode_texts(dataclasses.replace(plain, files=""), TEXTS, shared=SharedCache(tmp_path))
    assert entries(tmp_path) == 8


def test_another_tokenizer_beside_the_same_weights_is_another_key(tiny: str) -> None:
    before = load_backbone(tiny)
    vocabulary = Path(tiny) / "tokenizer_config.json"
    vocabulary.write_text(vocabulary.read_text() + "\n")
    after = load_backbone(tiny)
    assert after.sha256 == before.sha256
    assert after.files != before.files


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bert", "modernbert", "llama"])
@pytest.mark.parametrize("model", [FLM, FrozenFLM])
def test_a_fit_is_the_same_bytes(
    model: Any, kind: str, encoder: Any, fold: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = encoder(kind)

    def fit(shared: SharedCache) -> Any:
        settings = {"layers": 1} if model is FLM else {}
        made = model(backbone=name, epochs=2, batches=2, **settings)
        return made.fit(fold.train, Context(seed=3, shared=shared))

    plain, first = fit(SharedCache()), fit(SharedCache(tmp_path))
    shared = SharedCache(tmp_path)
    if model is FLM:
        monkeypatch.setattr(TextEncoder, "_make_buckets", never)
    else:
        monkeypatch.setattr(TextEncoder, "_encode", never)
    again = fit(shared)
    assert shared.used > 0
    for found in (first, again):
        assert found.losses == plain.losses
        assert found.vectors.tobytes() == plain.vectors.tobytes()
        assert found._items.numpy().tobytes() == plain._items.numpy().tobytes()
    assert again.facts() == plain.facts()


def test_a_frozen_encoder_reads_the_texts_once(tiny: str, monkeypatch: pytest.MonkeyPatch, fold: Any) -> None:
    read: list[int] = []
    encode = TextEncoder._encode

    def count(self: Any, bucket: Any) -> Any:
        read.append(len(bucket.rows))
        return encode(self, bucket)

    monkeypatch.setattr(TextEncoder, "_encode", count)
    model = FrozenFLM(backbone=tiny, epochs=3, batches=1).fit(fold.train, Context())
    assert sum(read) == len(set(fold.train.items.text or ()))
    assert len(model.losses) == 3


def test_a_probe_is_kept_and_a_failed_one_is_not(tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchsuite_content import title_completion
    from benchsuite_content.title_completion import Known, complete_titles

    backbone = load_backbone(tiny)
    known = Known(backbone.sha256, backbone.files, SharedCache(tmp_path))
    titles = ["sea wave", "city street"]
    failed = complete_titles(str(tmp_path / "nowhere"), titles, known=known)
    assert isinstance(failed, str)
    assert failed.startswith("failed: ")
    found = complete_titles(tiny, titles, known=known)
    assert found == complete_titles(tiny, titles)
    monkeypatch.setattr(title_completion, "_load", never)
    assert complete_titles(tiny, titles, known=known) == found
