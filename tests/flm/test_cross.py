"""flm-cross: the formula on encodings of pair texts, trained on a first stage's candidates, above its others."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from benchsuite.api import Context
from benchsuite.data import Fold
from benchsuite.errors import NotApplicable
from benchsuite_content.backbone import load_backbone
from benchsuite_flm.formula import encoded_logits, sigmoid
from benchsuite_flm.rerank.cross import CrossFLM, PairScorer

_spec = importlib.util.spec_from_file_location("reading", Path(__file__).parent / "reading.py")
reading = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reading)

WORDS = " ".join(reading.TOPICS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return reading.save_reader(tmp_path_factory.mktemp("reader"), "bert", WORDS)


@pytest.fixture(scope="module")
def world() -> Fold:
    return reading.text_world()


@pytest.fixture(scope="module")
def few(folder: str) -> dict:
    return {"backbone": folder, "first": "popular", "candidates": 6, "pairs": 100, "epochs": 1, "length": 32}


@pytest.fixture(scope="module")
def quick(few: dict, world: Fold) -> CrossFLM:
    return CrossFLM(**few).fit(world.train, Context(seed=1))


def test_formula_of_any_encoding_is_written_out() -> None:
    rng = np.random.default_rng(0)
    x, u, w1, w2, b = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4), 0.3
    found = sigmoid(encoded_logits(x, u, w1, w2, b))
    for row in range(3):
        z = b + sum(w1[d] * x[row, d] + w2[d] * u[row, d] for d in range(4))
        assert found[row] == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-12)


def test_pairs_are_scored_by_the_formula_on_plain_encodings(quick: CrossFLM, world: Fold) -> None:
    scorer = quick._scorer
    random = torch.Generator().manual_seed(2)
    kept = {name: value.clone() for name, value in scorer.own_weights.items()}
    for name, value in kept.items():
        getattr(scorer, name).data = torch.randn(value.shape, generator=random)
    query, item = np.array([0, 0, 7], np.int32), np.array([3, 40, 5], np.int32)
    found = quick.score_pairs(world.queries, query, item)
    texts = world.train.items.text
    assert texts is not None
    for place in range(3):
        codes = world.queries.items[query[place]][::-1][:5]
        history = "; ".join(texts[code] for code in codes)
        tokens = quick._backbone.tokenizer
        with torch.no_grad():
            x, u = (
                quick._backbone.model(**tokens(*parts, return_tensors="pt")).last_hidden_state[0].mean(dim=0)
                for parts in ((history, texts[item[place]]), (history,))
            )
        logit = float(scorer.w1 @ x + scorer.w2 @ u + scorer.b)
        assert found[place] == pytest.approx(logit, abs=1e-4)
    for name, value in kept.items():
        getattr(scorer, name).data = value


@pytest.mark.parametrize("loss", ["softmax", "bce"])
def test_gradients_reach_encoder_and_formula(folder: str, loss: str) -> None:
    backbone = load_backbone(folder)
    scorer = PairScorer(backbone, 32, loss)  # type: ignore[arg-type]
    torch.nn.init.normal_(scorer.w1, generator=torch.Generator().manual_seed(1))
    torch.nn.init.normal_(scorer.w2, generator=torch.Generator().manual_seed(2))
    scorer.group_loss(["sea wave", "city"], [["harbour", "river"], ["taxi", "camp"]]).backward()
    query = backbone.model.encoder.layer[0].attention.self.query.weight
    assert query.grad is not None
    assert query.grad.abs().max() > 0
    assert scorer.w1.grad is not None
    assert scorer.w1.grad.abs().max() > 0
    assert scorer.w2.grad is not None
    if loss == "softmax":  # W2·u + b is the same for all items of a group, so it cancels
        assert scorer.w2.grad.abs().max() < 1e-6
    else:
        assert scorer.w2.grad.abs().max() > 1e-6


@pytest.mark.slow
def test_beats_a_first_stage_that_cannot_read(folder: str, world: Fold) -> None:
    how = {"pairs": 20_000, "epochs": 8, "candidates": 30, "history": 3, "length": 32}
    how |= {"tuning": "full", "learning_rate": 3e-3}
    model = CrossFLM(backbone=folder, first="popular", **how).fit(world.train, Context(seed=1))
    before = reading.hits(model._first.scores(world.queries), world)
    assert reading.hits(model.score(world.queries, None), world) > before + 0.15
    assert model.facts()["losses"][-1] < model.facts()["losses"][0]


@pytest.mark.parametrize("weight", [0.0, 0.7, 1e6])
def test_read_pairs_come_first_by_the_mixture(weight: float, few: dict, world: Fold) -> None:
    quick = CrossFLM(**few, weight=weight).fit(world.train, Context(seed=1))
    assert quick.facts()["mix"] == {"weight": weight, "validation ndcg@10": None}
    queries = world.queries.slice(0, 5)
    scores = quick.score(queries, None)
    below = quick._first.scores(queries)
    chosen = quick._first.candidates(below, queries, 6)
    for query in range(5):
        codes = np.flatnonzero(chosen[query]).astype(np.int32)
        assert len(codes) == 6
        assert not np.isin(codes, queries.items[query]).any()
        pairs = quick.score_pairs(queries, np.full(6, query, np.int32), codes)
        first = (below[query, codes] - below[query, codes].mean()) / below[query, codes].std()
        wanted = np.argsort(-(first + weight * pairs), kind="stable")
        np.testing.assert_array_equal(np.argsort(-scores[query, codes], kind="stable"), wanted)
        others = np.setdiff1d(np.arange(60), codes)
        assert scores[query, codes].min() > scores[query, others].max()
        ranks = [np.argsort(-values[query, others], kind="stable") for values in (scores, below)]
        np.testing.assert_array_equal(*ranks)


@pytest.mark.slow
def test_the_weight_is_chosen_on_users_that_teach_nothing(few: dict, world: Fold) -> None:
    """Where only text tells, the pair's score counts; the facts say how much and how well it did."""
    how = {"pairs": 20_000, "epochs": 8, "candidates": 30, "history": 3, "tuning": "full", "learning_rate": 3e-3}
    model = CrossFLM(**{**few, **how}).fit(world.train, Context(seed=1))
    mix = model.facts()["mix"]
    assert mix["weight"] >= 1
    assert 0 < mix["validation ndcg@10"] <= 1
    alone = CrossFLM(**{**few, **how}, weight=0.0).fit(world.train, Context(seed=1))
    taught, more = (m.facts()["training"]["learnt from"] for m in (model, alone))
    assert 0 < taught < more


@pytest.mark.parametrize(("tuning", "all_learn"), [("frozen", False), ("lora", False), ("top", False), ("full", True)])
def test_tuning_says_what_learns(tuning: str, all_learn: bool, few: dict, world: Fold) -> None:
    plain = load_backbone(few["backbone"]).model.state_dict()
    model = CrossFLM(**few, tuning=tuning, layers=1).fit(world.train, Context(seed=1))
    after = model._backbone.model.state_dict()
    assert after.keys() == plain.keys()
    changed = {name for name, value in after.items() if not value.equal(plain[name])}
    assert bool(changed) == (tuning != "frozen")
    assert any("embeddings" in name for name in changed) == all_learn
    if tuning in ("lora", "top"):
        assert all(".layer.1." in name for name in changed)


@pytest.mark.parametrize("first", ["ease", "popular"])
def test_a_loaded_model_gives_equal_scores(first: str, few: dict, world: Fold, tmp_path: Path) -> None:
    model = CrossFLM(**{**few, "first": first, "loss": "bce"}).fit(world.train, Context(seed=1))
    model.save(tmp_path)
    loaded = CrossFLM.from_settings(model.settings()).load(tmp_path, world.train.items)
    np.testing.assert_array_equal(loaded.score(world.queries, None), model.score(world.queries, None))
    assert loaded.facts() == model.facts()
    assert loaded.parameter_count() == model.parameter_count()


def test_what_cannot_be_saved_says_so(tmp_path: Path, quick: CrossFLM) -> None:
    class Unsaved:
        def save(self, _: Path) -> None:
            raise NotApplicable("this first stage cannot be saved")

    kept, quick._first._model = quick._first._model, Unsaved()  # type: ignore[assignment]
    with pytest.raises(NotApplicable, match="cannot be saved"):
        quick.save(tmp_path)
    quick._first._model = kept


def test_progress_and_deadline(few: dict, world: Fold) -> None:
    told: list[tuple[int, int, str]] = []
    model = CrossFLM(**few).fit(world.train, Context(seed=1, report=lambda *step: told.append(step)))
    assert any("loss" in note for _, _, note in told)
    model.score(world.queries, None)
    assert told[-1] == (60, 60, "queries answered")
    late = CrossFLM(**few).fit(world.train, Context(seed=1, deadline=0.0))
    assert late.facts()["losses"] == []
    assert "nothing was learnt" in late.facts()["reading"]
    assert "reading" not in model.facts()
    orders = [
        np.argsort(-s, kind="stable") for s in (late.score(world.queries, None), late._first.scores(world.queries))
    ]
    np.testing.assert_array_equal(*orders)


def test_a_decoder_can_read_pairs_too(world: Fold, few: dict, tmp_path: Path) -> None:
    name = reading.save_reader(tmp_path, "gpt2", WORDS)
    model = CrossFLM(**{**few, "backbone": name, "pairs": 20}).fit(world.train, Context(seed=1))
    assert np.isfinite(model.score(world.queries.slice(0, 3), None)).all()
