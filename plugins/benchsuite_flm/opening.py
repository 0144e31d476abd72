"""Which weights of a language model learn."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

from benchsuite_flm import lora

Tuning = Literal["top", "lora", "full", "frozen"]


class Opened:
    """A model of which some weights learn.

    Args:
        model: changed in place.
        tuning: ``top``: all weights of the ``layers`` topmost layers; ``lora``: matrices beside their maps; ``full``:
            everything; ``frozen``: nothing.
        layers: how many layers, counted from the top; more than there are means all.
        rank: of the LoRA matrices.
        part: beside which maps they lie.
        seed: of their first values.
        device: where to put the model.
    """

    def __init__(
        self, model: Any, *, tuning: Tuning, layers: int, rank: int, part: lora.Part, seed: int, device: str
    ) -> None:
        self._model = model
        # Plain attention: for short texts the fused kernel's backward pass is the slowest part of a step.
        model.set_attn_implementation("eager")
        for weight in model.parameters():
            weight.requires_grad_(False)
        self.layers: list[nn.Module] = [] if tuning in ("full", "frozen") else _top_layers(model, layers)
        """The layers that learn, apart from the rest; none where the whole model learns, or nothing."""
        self.weights: list[nn.Parameter] = [weight for layer in self.layers for weight in layer.parameters()]
        """The weights that learn."""
        if tuning == "full":
            self.weights = list(model.parameters())
        self._lora = tuning == "lora" and bool(self.layers)
        if self._lora:
            model.cpu()
            self.weights = lora.adapt(model, self.layers, part, rank, seed)
        model.to(torch.device(device))  # after LoRA was put in: its first values are the same on any device
        for weight in self.weights:
            weight.requires_grad_(True)

    @property
    def count(self) -> int:
        """How many numbers learn."""
        return sum(weight.numel() for weight in self.weights)

    def settle(self) -> None:
        """Make the model an ordinary one after training: LoRA matrices are added to its weights, nothing learns."""
        if self._lora:
            lora.merge(self._model)
            self._lora = False
        for weight in self._model.parameters():
            weight.requires_grad_(False)
        self.weights = []


def _top_layers(model: nn.Module, layers: int) -> list[nn.Module]:
    """Return the last ``layers`` layers; of an encoder without a plain stack of layers, everything but embeddings."""
    if layers < 1:
        return []
    depth = int(model.config.num_hidden_layers)  # type: ignore[union-attr, arg-type]  # transformers' config
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth and len({type(layer) for layer in module}) == 1:
            return list(module)[-layers:]
    return [part for name, part in model.named_children() if "embed" not in name]
