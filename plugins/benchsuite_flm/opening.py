"""Which weights of a model that reads pairs learn."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

from benchsuite_flm import lora
from benchsuite_flm.tower import top_layers

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
        self._model, self._lora = model, tuning == "lora"
        # Plain attention: for short texts the fused kernel's backward pass is the slowest part of a step.
        model.set_attn_implementation("eager")
        for weight in model.parameters():
            weight.requires_grad_(False)
        chosen = [] if tuning in ("full", "frozen") else top_layers(model, layers)
        self.weights: list[nn.Parameter] = [weight for layer in chosen for weight in layer.parameters()]
        """The weights that learn."""
        if tuning == "full":
            self.weights = list(model.parameters())
        if self._lora:
            model.cpu()
            self.weights = lora.adapt(model, chosen, part, rank, seed)
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
