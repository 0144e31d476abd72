"""Titles as a causal language model reads them: their likelihood, and the hidden state after each."""

import numpy as np
import pytest

from benchsuite.api import Context
from benchsuite.data import Entities
from benchsuite.errors import ConfigError, DataError
from benchsuite_content.backbone import load_backbone
from benchsuite_content.title_reading import FEATURES, PROMPT, TitleReading, plain_title, read_titles
from support.tiny_models import save_reader

WORDS = "the movie red blue chair lamp ocean river"


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    return save_reader(tmp_path_factory.mktemp("decoder"), "gpt2", WORDS)


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Life Less Ordinary, A (1997)", "A Life Less Ordinary"),
        ("Heat (1995)", "Heat"),
        ("2001", "2001"),
        ("Red, The  Lamp", "Red, The Lamp"),
        ("", ""),
    ],
)
def test_titles_are_read_as_one_writes_them(title, plain):
    assert plain_title(title) == plain


def test_a_likelihood_is_that_of_the_title_alone(decoder):
    import torch

    titles = ["red chair", "ocean", "red chair (1990)", "the blue river lamp"]
    backbone = load_backbone(decoder, writes=True)
    found, states = read_titles(backbone, titles, prompt='the movie "')
    assert found.shape == (4, len(FEATURES))
    assert np.array_equal(found[0], found[2])
    prompt, own = (
        backbone.tokenizer(text, add_special_tokens=False)["input_ids"] for text in ('the movie "', 'ocean"')
    )
    begin = [] if backbone.tokenizer.bos_token_id is None else [backbone.tokenizer.bos_token_id]
    ids = torch.tensor([begin + prompt + own])
    with torch.inference_mode():
        out = backbone.model.eval()(input_ids=ids, output_hidden_states=True)
    logs = out.logits.log_softmax(dim=-1)[0]
    start = len(begin) + len(prompt)
    told = [float(logs[start + place - 1, token]) for place, token in enumerate(own)]
    assert found[1] == pytest.approx(
        [sum(told), np.mean(told), np.mean(told[1:] or told), len(told), min(told), told[-1]], rel=1e-4
    )
    middle = out.hidden_states[len(out.hidden_states) // 2]
    assert states[1] == pytest.approx(middle[0, -1].numpy(), abs=1e-4)


def test_an_empty_title_has_no_state(decoder):
    _, states = read_titles(load_backbone(decoder, writes=True), ["red chair", "", " (1990)"])
    assert states[0].any()
    assert not states[1:].any()


def test_something_stands_before_a_title(decoder):
    backbone = load_backbone(decoder, writes=True)
    backbone.tokenizer.bos_token = None
    with pytest.raises(ConfigError, match="the prompt is empty"):
        read_titles(backbone, ["red chair"], prompt="")


def test_an_encoder_cannot_read_titles_so(tmp_path):
    folder = save_reader(tmp_path, "bert", WORDS)
    items = Entities(ids=("1",), text=("red chair",))
    with pytest.raises(DataError, match="does not write text from left to right"):
        TitleReading.of(items, Context(), decoder=folder, prompt=PROMPT)
