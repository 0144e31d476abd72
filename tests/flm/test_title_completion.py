"""What a tiny model was made to remember is found, and what it was not is not."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchsuite.data import Entities
from benchsuite_content import title_completion
from benchsuite_content.title_completion import NO_HEAD, complete_titles

WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "glade",
    "haven",
    "inlet",
    "jetty",
    "karst",
    "ledge",
    "mango",
    "north",
    "ocean",
    "pearl",
]
KNOWN = tuple(f"{a} {b} {c} {d}" for a, b, c, d in np.array(WORDS).reshape(4, 4))
FRESH = tuple(f"{a} {b} {c} {d}" for a, b, c, d in np.array(WORDS).reshape(4, 4).T)
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
SHAPE = {"vocab_size": len(TOKENS), "pad_token_id": 0}


def make(kind: str) -> Any:
    """Return a tiny model of random weights."""
    import torch
    import transformers

    torch.manual_seed(3)
    if kind == "gpt2":
        config: Any = transformers.GPT2Config(
            n_embd=32, n_layer=2, n_head=2, n_positions=24, bos_token_id=2, eos_token_id=3, **SHAPE
        )
        return transformers.GPT2LMHeadModel(config)
    config = transformers.BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=24,
        **SHAPE,
    )
    return transformers.BertForMaskedLM(config)


def save(model: Any, folder: Path) -> str:
    import transformers

    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n")
    transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=24).save_pretrained(folder)
    return str(folder)


def memorize(model: Any, titles: tuple[str, ...], *, causal: bool) -> Any:
    """Train until it says the second half of each title after the first."""
    import torch

    rows = [[2, *(TOKENS.index(word) for word in title.split()), 3] for title in titles]
    labels = torch.tensor(rows)
    asked = labels.clone()
    if causal:
        labels[:, :3] = -100
    else:
        asked[:, 3:5] = 4
        labels[asked != 4] = -100
    steps = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(60):
        steps.zero_grad()
        model(input_ids=asked, labels=labels).loss.backward()
        steps.step()
    return model.eval()


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_memory_is_found_and_told_from_chance(kind: str, tmp_path: Path) -> None:
    causal = kind == "gpt2"
    untrained = complete_titles(save(make(kind), tmp_path / "untrained"), KNOWN)
    trained = save(memorize(make(kind), KNOWN, causal=causal), tmp_path / "trained")
    found = complete_titles(trained, KNOWN)
    assert isinstance(found, dict)
    assert isinstance(untrained, dict)
    assert found == {
        "kind": "causal" if causal else "masked",
        "titles": 4,
        "completed": 1.0,
        "next_word": 1.0,
        "control_completed": 0.0,
        "control_next_word": 0.0,
    }
    assert untrained["completed"] == 0.0
    fresh = complete_titles(trained, FRESH)
    assert isinstance(fresh, dict)
    assert fresh["completed"] == 0.0
    assert complete_titles(trained, KNOWN) == found


def test_greedy_words_are_those_of_generation(tmp_path: Path) -> None:
    import torch

    model = memorize(make("gpt2"), KNOWN[:2], causal=True)
    right = []
    for title in KNOWN:
        ids = [2, *(TOKENS.index(word) for word in title.split()), 3]
        said = model.generate(
            torch.tensor([ids[:3]]),
            attention_mask=torch.ones(1, 3),
            max_new_tokens=2,
            do_sample=False,
            eos_token_id=None,
        )
        right.append(said[0, 3:].tolist() == ids[3:5])
    found = complete_titles(save(model, tmp_path), KNOWN)
    assert isinstance(found, dict)
    assert found["completed"] == np.mean(right) == 0.5


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "mpnet", "electra", "modernbert", "albert"])
def test_an_encoder_without_a_head_has_none(kind: str, encoder: Any) -> None:
    assert complete_titles(encoder(kind), KNOWN) == NO_HEAD


@pytest.mark.weights
def test_the_default_has_no_head() -> None:
    from benchsuite_content.backbone_files import DEFAULT_BACKBONE

    assert complete_titles(DEFAULT_BACKBONE, KNOWN) == NO_HEAD


def test_titles_without_a_rest_cannot_be_asked(tmp_path: Path) -> None:
    name = save(make("bert"), tmp_path)
    assert complete_titles(name, ["amber", "", "birch (1995)"]) == "not applicable: no title has two words"
    assert complete_titles(name, [" ".join(WORDS * 3)]) == "not applicable: no title is short enough"
    reason = complete_titles(str(tmp_path / "nowhere"), KNOWN)
    assert isinstance(reason, str)
    assert reason.startswith("failed: ConfigError: ")


def test_what_is_drawn_depends_on_titles_alone() -> None:
    titles = [f"{a} {b}" for a in WORDS for b in WORDS]
    drawn = title_completion._draw(titles, 0, 50)
    assert len(drawn) == 50
    assert title_completion._draw([*reversed(titles), *titles], 0, 50) == drawn
    assert title_completion._draw(titles, 1, 50) != drawn
    assert title_completion._draw(["amber  birch (1995)", "amber birch", "cedar"], 0, 50) == [["amber", "birch"]]


def test_exchanged_titles_look_alike() -> None:
    titles = [["a1", "b1"], ["a2", "b2", "c2"], ["a3", "b3", "c3"], ["z4", "b4", "c4", "d4"]]
    mixed = title_completion._exchanged(titles, 0)
    assert [len(words) for words in mixed] == [2, 3, 3, 4]
    for place in (1, 2, 3):
        given = [words[-place] for words in titles if len(words) >= place]
        moved = [words[-place] for words in mixed if len(words) >= place]
        assert sorted(moved) == sorted(given)
        assert all(a != b for a, b in zip(moved, given, strict=True))
    assert mixed[3][0] == "z4"


def test_a_title_is_the_column_that_texts_begin_with() -> None:
    columns = {"genre": ("Drama", ""), "title": ("Amber Birch (1995)", "Cedar")}
    items = Entities(("1", "2"), ("Amber Birch (1995). Drama", "Cedar"), columns)
    assert items.titles == columns["title"]
    assert Entities(("1",), ("free text",), {"title": ("other",)}).titles == ("free text",)
    assert Entities(("1",)).titles == ()


def test_a_fitted_flm_tells_the_probe_and_its_size(tmp_path: Path, fold: Any) -> None:
    from benchsuite.api import Context
    from benchsuite_content.backbone import load_backbone
    from benchsuite_flm.models import FLM, FrozenFLM

    texts = tuple(f"{KNOWN[code % 4]} {WORDS[code % 16]}" for code in range(len(fold.train.items)))
    items = dataclasses.replace(fold.train.items, text=texts)
    train = dataclasses.replace(fold.train, items=items)
    name = save(make("bert"), tmp_path)
    flm = FLM(backbone=name, layers=1, epochs=1, batches=1).fit(train, Context(seed=1, threads=1))
    facts = flm.facts()
    assert facts["title_completion"] == complete_titles(name, texts)
    assert facts["title_completion"]["titles"] == len(set(texts))
    encoder = load_backbone(name).model
    whole = sum(weight.numel() for weight in encoder.parameters())
    layer = sum(weight.numel() for weight in encoder.encoder.layer[-1].parameters())
    assert facts["parameters"] == {"encoder": whole, "encoder_trained": layer}
    residuals = 32 * len(np.unique(train.interactions.item))
    assert flm.parameter_count() > whole + residuals + 32 * 32
    frozen = FrozenFLM(backbone=name, epochs=1, batches=1).fit(train, Context(seed=1, threads=1))
    assert frozen.facts()["parameters"] == {"encoder": whole, "encoder_trained": 0}
    assert frozen.parameter_count() == flm.parameter_count()
