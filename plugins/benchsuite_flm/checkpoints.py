"""Checkpoints: what a killed run needs to go on, as one safetensors file with its numbers as JSON in the header.

A file is written beside its place, synced and renamed into it, so that a kill leaves the old one or the new one whole.
Its name is a digest of everything that the numbers depend on: a checkpoint of other data, settings or versions is never
found. What cannot be read counts as absent, and training starts anew.
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

from benchsuite.keys import content_key

if TYPE_CHECKING:
    from torch import Tensor

SHARE = 0.02
"""Saving may take about this share of the time."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The state of training after an epoch: tensors by name, and numbers, JSON-like."""

    tensors: Mapping[str, Tensor]
    numbers: Mapping[str, Any]


class Checkpoint:
    """Where the snapshots of one training are kept; only the last one is.

    Args:
        folder: exists; whoever made it removes it.
        identity: all that the numbers depend on, JSON-like.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self._path = folder / f"{content_key('checkpoint', dict(identity))[:32]}.safetensors"
        self._begin = self._saved = time.monotonic()
        self._pause = 0.0
        self._before = 0.0

    def due(self) -> bool:
        """Tell whether enough time has passed since the last one."""
        return time.monotonic() - self._saved >= self._pause

    @property
    def seconds(self) -> float:
        """Seconds of training, those before the kill included."""
        return self._before + time.monotonic() - self._begin

    def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot in place of the last one; where that fails, warn and go on training."""
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
        draft = self._path.with_suffix(f".{os.getpid()}")
        save_file(tensors, draft, metadata=header)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(self._path)

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
