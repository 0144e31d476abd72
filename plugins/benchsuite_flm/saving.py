"""The files of a fitted model: the encoder as Hugging Face and sentence-transformers read it, and everything else.

The folder itself holds the encoder's weights, configuration and tokenizer, and the three modules from tokens to a
vector: transformer, pooling, unit length. ``flm.safetensors`` holds the head and all encodings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from benchsuite_content.backbone import Backbone, quiet_transformers
from benchsuite_flm.head import Head
from benchsuite_flm.history import HistoryWeighting

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from benchsuite_flm.settings import Settings

WEIGHTING, LIKES = "weigher", "tastes"
"""Prefixes of tensors in saved folders; the names belong to the format."""

_TENSORS = "flm.safetensors"
_ABOUT = "flm.json"
_MODULES = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))


def write_encoder(backbone: Backbone, folder: Path) -> None:
    """Write the encoder so that both transformers and sentence-transformers open the folder.

    Args:
        backbone: the encoder as it was fine-tuned, without LoRA matrices.
        folder: exists.
    """
    write_model(backbone, folder)
    kinds = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (path, kind) in enumerate(_MODULES)
    ]
    _write(folder / "modules.json", kinds)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": backbone.max_tokens, "do_lower_case": False})
    _write(folder / "config_sentence_transformers.json", {"similarity_fn_name": "cosine"})
    modes = {"mean": "pooling_mode_mean_tokens", "last": "pooling_mode_lasttoken"}
    wanted = {name: pooling == backbone.pooling for pooling, name in modes.items()}
    for path, _ in _MODULES[1:]:
        (folder / path).mkdir()
    pooling = {"word_embedding_dimension": backbone.width, "pooling_mode_cls_token": False, **wanted}
    _write(folder / "1_Pooling" / "config.json", pooling)
    _write(folder / "2_Normalize" / "config.json", {})


def write_model(backbone: Backbone, folder: Path) -> None:
    """Write an encoder or decoder, with its head if it was loaded with it, so that transformers opens the folder."""
    # The provenance of the weights is in another file; their configuration must not hold a path of this machine.
    backbone.model.config._name_or_path = backbone.tokenizer.name_or_path = ""  # noqa: SLF001 - it has no other name
    with quiet_transformers():
        backbone.model.save_pretrained(folder)
        backbone.tokenizer.save_pretrained(folder)


def write_state(folder: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write everything else: tensors by name, and JSON-like facts."""
    from safetensors.torch import save_file

    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, folder / _TENSORS)
    _write(folder / _ABOUT, about)


def read_state(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`write_state` wrote."""
    from safetensors.torch import load_file

    return load_file(folder / _TENSORS), json.loads((folder / _ABOUT).read_text("utf-8"))


def head_of(tensors: Mapping[str, Tensor], settings: Settings) -> Head:
    """Return the head with these weights and buffers."""
    items, width = tensors["residual"].shape
    head = Head.of(settings, torch.ones(items), tensors.get("profiles"), tensors.get("features"), width=width)
    head.load_state_dict(dict(tensors))
    return head.requires_grad_(False)


def weighting_tensors(weighting: HistoryWeighting) -> dict[str, Tensor]:
    """Return what a weighting read from the training rows."""
    return {} if weighting.behaviour is None else {"behaviour": torch.from_numpy(weighting.behaviour)}


def weighting_of(tensors: Mapping[str, Tensor], settings: Settings) -> HistoryWeighting:
    """Return the weighting of these tensors."""
    behaviour = tensors["behaviour"].numpy() if "behaviour" in tensors else None
    half_life = settings.half_life if settings.interest == "recency" else 0.0
    return HistoryWeighting(behaviour, settings.weighting == "value", half_life)


def sparse_tensors(matrix: csr_matrix | None) -> dict[str, Tensor]:
    """Return the tensors of a sparse matrix; none for None."""
    if matrix is None:
        return {}
    arrays = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": np.array(matrix.shape)}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def sparse_of(tensors: Mapping[str, Tensor]) -> csr_matrix | None:
    """Return the sparse matrix of these tensors; None for none."""
    if not tensors:
        return None
    from scipy.sparse import csr_matrix

    data, indices, indptr, shape = (tensors[name].numpy() for name in ("data", "indices", "indptr", "shape"))
    return csr_matrix((data, indices, indptr), shape=tuple(shape.tolist()))


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
