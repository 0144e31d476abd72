"""A fitted model of the family as files: the encoder as Hugging Face and sentence-transformers read it, then the rest.

The encoder's weights, configuration and tokenizer lie on top, beside the three modules that make its tokens a vector:
the transformer, pooling, unit length. What turns vectors into answers lies in ``flm.safetensors``.
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
from benchsuite_flm.interest import Weigher

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from benchsuite_flm.settings import Settings

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
    # Where the weights came from is told beside them; a path of this machine has no place in their configuration.
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


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with longer names."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def part(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that :func:`prefixed` gave this prefix, by their own names."""
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def build_head(tensors: Mapping[str, Tensor], settings: Settings) -> Head:
    """Return the head with these weights and buffers."""
    items, width = tensors["residual"].shape
    head = Head(
        torch.ones(items),
        tensors.get("profiles"),
        width,
        settings.temperature,
        features=tensors.get("features"),
        attention=settings.interest == "attention",
        literal=settings.loss == "bce",
    )
    head.load_state_dict(dict(tensors))
    return head.requires_grad_(False)


def weigher_tensors(weigher: Weigher) -> dict[str, Tensor]:
    """Return what the weigher read from the training rows."""
    return {} if weigher.behaviour is None else {"behaviour": torch.from_numpy(weigher.behaviour)}


def build_weigher(tensors: Mapping[str, Tensor], settings: Settings) -> Weigher:
    """Return the weigher again."""
    behaviour = tensors["behaviour"].numpy() if "behaviour" in tensors else None
    half_life = settings.half_life if settings.interest == "recency" else 0.0
    return Weigher(behaviour, settings.weighting == "value", half_life)


def sparse_tensors(matrix: csr_matrix | None) -> dict[str, Tensor]:
    """Return a sparse matrix as tensors; none for None."""
    if matrix is None:
        return {}
    arrays = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": np.array(matrix.shape)}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def build_sparse(tensors: Mapping[str, Tensor]) -> csr_matrix | None:
    """Return the sparse matrix again."""
    if not tensors:
        return None
    from scipy.sparse import csr_matrix

    data, indices, indptr, shape = (tensors[name].numpy() for name in ("data", "indices", "indptr", "shape"))
    return csr_matrix((data, indices, indptr), shape=tuple(shape.tolist()))


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
