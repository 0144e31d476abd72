"""What pretrained weights make of texts, kept for all fits: the key names everything that its bytes depend on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.api import SharedCache
from benchsuite.data import Float32
from benchsuite_content.backbone import Backbone

_VERSION = 1
"""Raised when the same texts become other bytes."""

_LIBRARIES = ("torch", "transformers", "tokenizers")
_PRODUCTS = ("MKL_", "ONEDNN_", "DNNL_", "ATEN_")  # variables that choose how matrix products are computed

_NOTHING = SharedCache()


def encoding_key(backbone: Backbone, texts: Sequence[str], **how: Any) -> dict[str, Any]:
    """Return what the outputs of an untrained encoder depend on: weights, tokenizer, texts, code and processor.

    Args:
        backbone: as it was loaded, no weight of it trained.
        texts: in the order in which they are read.
        how: all else.
    """
    return {
        "version": _VERSION,
        "weights": backbone.sha256,
        "files": backbone.files,
        "model": type(backbone.model).__name__,
        "attention": str(getattr(backbone.model.config, "_attn_implementation", "")),
        "tokens": backbone.max_tokens,
        "pooling": backbone.pooling,
        **({"layers": backbone.layers} if backbone.layers else {}),
        "texts": texts_sum(texts),
        "machine": machine(),
        **how,
    }


def keeper(backbone: Backbone, shared: SharedCache | None, device: str) -> SharedCache:
    """Return where outputs of an encoder are kept; nowhere on a GPU, which is fast, and where its files are unknown."""
    return shared if shared is not None and backbone.files and device == "cpu" else _NOTHING


def texts_sum(texts: Sequence[str]) -> str:
    """Return the sha256 of some texts in their order."""
    found = hashlib.sha256()
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        found.update(len(content).to_bytes(8, "little") + content)
    return found.hexdigest()


def write_array(folder: Path, array: Float32) -> None:
    """Write an array into an empty folder."""
    np.save(folder / "array.npy", array, allow_pickle=False)


def read_array(folder: Path) -> Float32:
    """Return what :func:`write_array` wrote, mapped and not copied; it cannot be changed."""
    array: Float32 = np.load(folder / "array.npy", mmap_mode="r", allow_pickle=False)
    return array


def machine() -> Mapping[str, Any]:
    """Return which code computes and which instructions it uses: rounding depends on them."""
    import torch

    return {
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
        "capability": torch.backends.cpu.get_cpu_capability(),
        "precision": torch.get_float32_matmul_precision(),
        "processor": _processor(),
        "variables": {name: value for name, value in sorted(os.environ.items()) if name.startswith(_PRODUCTS)},
    }


@cache
def _processor() -> str:
    """Return the processor's name, its instructions where the system tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").partition("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    told = [line for line in lines if line.partition(":")[0].strip() in ("model name", "flags", "Features")]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
