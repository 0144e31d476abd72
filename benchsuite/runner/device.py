"""Where a model computes."""

from __future__ import annotations

from benchsuite.api import Model, Requirement


def choose_device(wanted: str, model: Model) -> str:
    """Return ``wanted``; for ``auto`` the GPU when there is one and the model is of a kind that uses it."""
    if wanted != "auto":
        return wanted
    if not (model.reads_with_language_model() or Requirement.GPU in model.needs):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
