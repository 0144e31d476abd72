"""A tiny encoder of random weights, and a small world in which texts tell who likes what."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchsuite.data import Dataset, Entities, Fold, GroundTruth, Interactions, Queries, Ragged

TOPICS = ("sea wave harbour sailor", "city street taxi night", "forest river bear camp")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *" ".join(TOPICS).split(), "story", "one", "two", "likes", "."]
USERS, ITEMS = 40, 60


NAMES = {
    "bert": "Bert",
    "roberta": "Roberta",
    "e5": "XLMRoberta",
    "distilbert": "DistilBert",
    "mpnet": "MPNet",
    "electra": "Electra",
    "modernbert": "ModernBert",
    "albert": "Albert",
    "gpt2": "GPT2",
    "llama": "Llama",
    "qwen2": "Qwen2",
    "qwen3": "Qwen3",
}


def save_tiny(folder: Path, model: str = "bert") -> Path:
    """Save a two-layer encoder or decoder of random weights with a tokenizer that knows the small world's words."""
    import torch
    import transformers

    torch.manual_seed(7)
    special = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    shape = {
        "vocab_size": len(WORDS),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 40,
    }
    if model == "distilbert":
        shape = {"vocab_size": len(WORDS), "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
    if model == "modernbert":
        special |= {"cls_token_id": 2, "sep_token_id": 3}
    if model == "gpt2":
        shape = {"vocab_size": len(WORDS), "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40}
    if model in ("llama", "qwen2", "qwen3"):
        shape["num_key_value_heads"] = 1
    if model == "qwen3":
        shape["head_dim"] = 8
    config = getattr(transformers, f"{NAMES[model]}Config")(**shape, **special)
    getattr(transformers, f"{NAMES[model]}Model")(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    names = ["input_ids", "attention_mask"]
    transformers.BertTokenizer(
        str(folder / "vocab.txt"), model_max_length=32, **({} if model == "bert" else {"model_input_names": names})
    ).save_pretrained(folder)
    return folder


def use_float32(replace: Callable[[Any, str, Any], None]) -> None:
    """Train in float32 whatever the CPU: one with bfloat16 instructions would use them, and give other numbers."""
    from benchsuite_flm import encoder

    replace(encoder, "fast_half", lambda _: False)


@pytest.fixture(scope="module", autouse=True)
def float32() -> Iterator[None]:
    """Tests compare numbers; those of half precision ask for it."""
    with pytest.MonkeyPatch.context() as patch:
        use_float32(patch.setattr)
        yield


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny BERT."""
    return str(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory):
    """A function from an architecture's name to the folder of a tiny encoder."""
    return lambda model: str(save_tiny(tmp_path_factory.mktemp(model), model))


def build_world(*, labels: bool = True, profiles: bool = True) -> Dataset:
    """Forty users of three tastes and sixty items of three topics; the last six items were never taken."""
    rng = np.random.default_rng(5)
    taste, topic = np.arange(USERS) % 3, np.arange(ITEMS) % 3
    user, item = [], []
    for code in range(USERS):
        chance = np.where(topic == taste[code], 8.0, 1.0) * (np.arange(ITEMS) < ITEMS - 6)
        taken = rng.choice(ITEMS, 12, replace=False, p=chance / chance.sum())
        user += [code] * 12
        item += list(taken)
    users, items = np.asarray(user), np.asarray(item)
    liked = taste[users] == topic[items]
    words = [TOPICS[code].split() for code in topic]
    texts = [f"{w[n % 4]} {w[(n // 4) % 4]} story {('one', 'two')[n % 2]}" for n, w in enumerate(words)]
    rows = Interactions(
        user=users,
        item=items,
        value=np.where(liked, 5.0, 2.0),
        label=liked.astype(np.int8) if labels else None,
        timestamp=None,
        behaviour=np.zeros(len(users)),
        behaviours=("rate",),
    )
    return Dataset(
        "world",
        rows,
        Entities(
            tuple(f"u{n}" for n in range(USERS)),
            text=tuple(f"likes {TOPICS[code].split()[0]}" for code in taste) if profiles else None,
        ),
        Entities(tuple(f"i{n}" for n in range(ITEMS)), text=tuple(texts)),
    )


def build_queries(dataset: Dataset, user: list[int], histories: list[list[int]]) -> Queries:
    """Queries of users who show these items; label 1 where the item has the user's taste."""
    owner = np.repeat(np.arange(len(user)), [len(items) for items in histories])
    item = np.asarray([code for items in histories for code in items], np.int32)
    who = np.asarray(user)[owner] if len(owner) else np.zeros(0, np.int32)
    liked = (who % 3 == item % 3).astype(np.int8)
    rows = Interactions(
        user=who,
        item=item,
        value=np.where(liked, 5.0, 2.0),
        label=None if dataset.interactions.label is None else liked,
        timestamp=None,
        behaviour=np.zeros(len(item)),
        behaviours=("rate",),
    )
    return Queries.from_rows(user, owner, rows)


def build_fold(dataset: Dataset) -> Fold:
    """Hold out each user's last row; the rest is training part and history."""
    rows = dataset.interactions
    last = np.zeros(len(rows), np.bool_)
    last[11::12] = True
    train = dataset.cut(~last)
    known, held = train.interactions, rows.take(last)
    queries = Queries.from_rows(np.arange(USERS), known.user, known)
    blocked = Ragged.from_pairs(known.user, known.item, USERS)
    return Fold("test", train, queries, GroundTruth.from_rows(held.user, held, USERS), blocked)


@pytest.fixture(scope="session")
def world() -> Dataset:
    return build_world()


@pytest.fixture(scope="session")
def fold(world: Dataset) -> Fold:
    return build_fold(world)


@pytest.fixture(scope="session")
def ask():
    """A function: data set, user codes, histories -> queries."""
    return build_queries


@pytest.fixture(scope="session")
def make_fold():
    """A function: data set -> fold that holds out each user's last row."""
    return build_fold


@pytest.fixture(scope="session")
def make_world():
    """A function that builds the world with or without labels and profiles."""
    return build_world
