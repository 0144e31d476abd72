"""LoRA: small matrices beside the frozen weights learn, a hundredth of the weights of a layer (Hu et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import nn

from benchsuite.errors import ConfigError

Part = Literal["attention", "all"]


def adapt(model: nn.Module, layers: Sequence[nn.Module], part: Part, rank: int, seed: int) -> list[nn.Parameter]:
    """Put LoRA matrices beside the linear maps of some layers, in place; return them. They start as no change.

    Args:
        model: the encoder.
        layers: its layers that learn.
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
    found = _linear(model, layers, part)
    if not found:
        raise ConfigError(
            f'tuning = "lora": {type(model).__name__} has no linear map in its top layers to put LoRA beside',
            remedy='choose lora_part = "all" or tuning = "top"',
        )
    transposed = not all(isinstance(module, nn.Linear) for _, module in found)  # GPT-2 keeps its weights so
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


def merge(model: nn.Module) -> None:
    """Add the LoRA matrices to the weights and take them out, in place: the encoder is an ordinary one again."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge()
            above, _, own = name.rpartition(".")
            setattr(model.get_submodule(above), own, module.get_base_layer())


def _linear(model: nn.Module, layers: Sequence[nn.Module], part: Part) -> list[tuple[str, nn.Module]]:
    """Return the linear maps inside the layers with their names in the model."""
    from transformers.pytorch_utils import Conv1D

    kinds: Any = (nn.Linear, Conv1D)
    inside = {id(module) for layer in layers for module in layer.modules()}
    names = [(name, module) for name, module in model.named_modules() if id(module) in inside]
    return [(name, module) for name, module in names if isinstance(module, kinds) and (part == "all" or _attends(name))]


def _attends(name: str) -> bool:
    """Tell by a module's name whether it belongs to attention; all known architectures call it so."""
    return any(word.startswith(("att", "self_att")) or word == "attn" for word in name.split("."))
