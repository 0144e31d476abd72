"""Which weights of a language model are trained: its top layers, LoRA matrices beside them, all of it, or nothing.

LoRA trains small matrices beside frozen weights, a hundredth of the weights of a layer (Hu et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from benchsuite.errors import ConfigError
from benchsuite_flm.settings import LoraPart, TuningConfig


class TrainableLayers:
    """A model of which some weights are trained.

    Args:
        model: changed in place.
        config: which weights.
        seed: of the first values of LoRA matrices.
        device: where to put the model.

    Raises:
        ConfigError: when LoRA cannot be added.
    """

    def __init__(self, model: Any, config: TuningConfig, *, seed: int, device: str) -> None:
        self._model = model
        # Plain attention: for short texts the fused kernel's backward pass is the slowest part of a step.
        model.set_attn_implementation("eager")
        for weight in model.parameters():
            weight.requires_grad_(False)
        self.layers: list[nn.Module] = [] if config.tuning in ("full", "frozen") else _top_layers(model, config.layers)
        """The layers that are trained; empty where the whole model is, or nothing."""
        self.weights: list[nn.Parameter] = [weight for layer in self.layers for weight in layer.parameters()]
        """The weights that are trained."""
        if config.tuning == "full":
            self.weights = list(model.parameters())
        self._lora = config.tuning == "lora" and bool(self.layers)
        if self._lora:
            model.cpu()
            self.weights = add_lora(model, self.layers, config.lora_part, config.lora_rank, seed)
        model.to(torch.device(device))  # after LoRA was added: its first values are the same on any device
        for weight in self.weights:
            weight.requires_grad_(True)

    @property
    def count(self) -> int:
        """How many numbers are trained."""
        return sum(weight.numel() for weight in self.weights)

    def merge_and_freeze(self) -> None:
        """Add the LoRA matrices to the weights and freeze everything: an ordinary model again, in place."""
        if self._lora:
            _merge_lora(self._model)
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


def final_norm(model: nn.Module, layers: Sequence[nn.Module]) -> nn.Module | None:
    """Return the norm after the last of some top layers, as Llama, GPT-2 and ModernBERT have one; None for others."""
    for parent in model.modules():
        children = list(parent.children())
        for place, child in enumerate(children):
            if layers and isinstance(child, nn.ModuleList) and child[-1] is layers[-1]:
                norms = [after for after in children[place + 1 :] if "Norm" in type(after).__name__]
                return norms[0] if len(norms) == 1 else None
    return None


def add_lora(model: nn.Module, layers: Sequence[nn.Module], part: LoraPart, rank: int, seed: int) -> list[nn.Parameter]:
    """Add LoRA matrices to the linear maps of some layers, in place; return them. At first they change no output.

    Args:
        model: the language model.
        layers: its layers that are trained.
        part: beside the maps of ``attention`` only, or of ``all``, feed-forward included.
        rank: of the matrices; their product is scaled by 2.
        seed: of their first values; the global random state is left alone.

    Raises:
        ConfigError: when peft is not installed, or no linear map is found.
    """
    try:
        import peft
    except ImportError:
        raise ConfigError(
            'tuning = "lora" needs the package peft, which is not installed',
            remedy='pip install "benchsuite[lora]", or choose tuning = "top"',
        ) from None
    found = _linear_maps(model, layers, part)
    if not found:
        raise ConfigError(
            f'tuning = "lora": {type(model).__name__} has no linear map in its top layers to put LoRA beside',
            remedy='choose lora_part = "all" or tuning = "top"',
        )
    transposed = not all(isinstance(module, nn.Linear) for _, module in found)  # GPT-2 stores its weights transposed
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        target_modules=[name for name, _ in found],
        fan_in_fan_out=transposed,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        peft.inject_adapter_in_model(config, model)
    return [value for name, value in model.named_parameters() if ".lora_" in name]


def _merge_lora(model: nn.Module) -> None:
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge()
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, module.get_base_layer())


def _linear_maps(model: nn.Module, layers: Sequence[nn.Module], part: LoraPart) -> list[tuple[str, nn.Module]]:
    """Return the linear maps inside the layers with their names in the model."""
    from transformers.pytorch_utils import Conv1D

    kinds: Any = (nn.Linear, Conv1D)
    inside = {id(module) for layer in layers for module in layer.modules()}
    names = [(name, module) for name, module in model.named_modules() if id(module) in inside]
    return [
        (name, module) for name, module in names if isinstance(module, kinds) and (part == "all" or _is_attention(name))
    ]


def _is_attention(name: str) -> bool:
    """Return True where a module's name says that it belongs to attention, as it does in all known architectures."""
    return any(word.startswith(("att", "self_att")) or word == "attn" for word in name.split("."))
