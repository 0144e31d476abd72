"""Checkpoints: the state of training as one safetensors file, so that a killed run can be resumed.

A file is written under another name, synced and renamed, so that a kill leaves the old or the new one whole. Its name
is a digest of everything that the weights depend on: a checkpoint of other data, settings or versions is never found. A
file that cannot be read counts as absent, and training starts anew.
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

from benchsuite.api import Context
from benchsuite.atomic_writes import replaced_file
from benchsuite.data import Dataset
from benchsuite.keys import content_key
from benchsuite_flm.data_parallel import DataParallel

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite_flm.settings import Settings

SHARE = 0.02
"""Share of the training time that saving may take."""


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
    settings: Settings, train: Dataset, context: Context, weights: Mapping[str, str], phase: str
) -> Checkpoint | None:
    """Return the checkpoint of one training, or None where the context names no folder.

    Args:
        settings: of the model.
        train: the training part.
        context: names the folder; seed, device and threads.
        weights: provenance of the language model.
        phase: tells apart the trainings of one fit.
    """
    import torch

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
