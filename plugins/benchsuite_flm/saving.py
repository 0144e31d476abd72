"""What training keeps on disk: checkpoints of a run that may be killed, and the files of a fitted model.

A checkpoint is one safetensors file with the state of training. It is written under another name, synced and renamed,
so that a kill leaves the old or the new one whole. Its name is a digest of everything that the weights depend on: a
checkpoint of other data, settings or versions is never found. A file that cannot be read counts as absent, and training
starts anew.

A fitted model is a folder. It holds the encoder as Hugging Face and sentence-transformers read it (weights,
configuration, tokenizer, and the three modules from tokens to a vector: transformer, pooling, unit length), and
``flm.safetensors`` with the head and all encodings.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from benchsuite.api import Context
from benchsuite.atomic_writes import replaced_file
from benchsuite.data import Dataset
from benchsuite.keys import content_key
from benchsuite_content.backbone import Backbone
from benchsuite_content.quiet import quiet_transformers
from benchsuite_flm.data_parallel import DataParallel
from benchsuite_flm.head import Head
from benchsuite_flm.history import HistoryWeighting

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from benchsuite_flm.settings import Settings, TrainingSettings

SHARE = 0.02
"""Share of the training time that saving may take."""

WEIGHTING, LIKES = "weigher", "tastes"
"""Prefixes of tensors in saved folders; the names belong to the format."""

_TENSORS = "flm.safetensors"
_ABOUT = "flm.json"
_MODULES = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The state of training after an epoch: tensors by name, and numbers, JSON-like."""

    tensors: Mapping[str, Tensor]
    numbers: Mapping[str, Any]


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with longer names."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def part(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that :func:`prefixed` gave this prefix, by their own names."""
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


class Checkpoint:
    """The file of one training's last snapshot.

    Args:
        folder: exists; whoever made it removes it.
        identity: everything that the weights depend on, JSON-like.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self._path = folder / f"{content_key('checkpoint', dict(identity))[:32]}.safetensors"
        self._begin = self._saved = time.monotonic()
        self._pause = 0.0
        self._before = 0.0

    def due(self) -> bool:
        """Return whether enough time has passed since the last snapshot."""
        return time.monotonic() - self._saved >= self._pause

    @property
    def seconds(self) -> float:
        """Seconds of training, those before the kill included."""
        return self._before + time.monotonic() - self._begin

    def save(self, snapshot: Snapshot) -> None:
        """Replace the last snapshot; where that fails, warn and go on training."""
        from safetensors import SafetensorError

        start = time.monotonic()
        try:
            self._write(snapshot)
        except (OSError, SafetensorError) as error:
            warnings.warn(f"no checkpoint: {error}", RuntimeWarning, stacklevel=2)
        self._saved = time.monotonic()
        self._pause = (self._saved - start) / SHARE

    def _write(self, snapshot: Snapshot) -> None:
        from safetensors.torch import save_file

        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in snapshot.tensors.items()}
        header = {"state": json.dumps({**snapshot.numbers, "seconds": round(self.seconds, 3)})}
        with replaced_file(self._path) as draft:
            save_file(tensors, draft, metadata=header)
            with draft.open("rb") as file:
                os.fsync(file.fileno())

    def load(self) -> Snapshot | None:
        """Return the last snapshot, or None where there is none that can be read."""
        from safetensors import SafetensorError, safe_open

        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, SafetensorError):
            with safe_open(self._path, framework="pt") as file:
                numbers = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            self._before = float(numbers["seconds"])
            return Snapshot(tensors, numbers)
        return None


def open_checkpoint(
    settings: TrainingSettings, train: Dataset, context: Context, weights: Mapping[str, str], phase: str
) -> Checkpoint | None:
    """Return the checkpoint of one training, or None where the context names no folder.

    Args:
        settings: of the model.
        train: the training part.
        context: names the folder; seed, device and threads.
        weights: provenance of the language model.
        phase: tells apart the trainings of one fit.
    """
    if context.checkpoint is None:
        return None
    identity = {
        "model": type(settings).__name__,
        "version": settings.version,
        "settings": settings.settings(),
        "train": train.fingerprint,
        "weights": dict(weights),
        "seed": context.seed,
        "device": context.device,
        "threads": context.threads,
        "processes": DataParallel.current().size,
        "torch": str(torch.__version__),
        "phase": phase,
    }
    return Checkpoint(context.checkpoint, identity)


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
