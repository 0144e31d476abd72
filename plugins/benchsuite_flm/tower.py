"""The text tower: texts in, vectors out, with encoder layers that can be trained cheaply.

Usually only the top layers learn. What the layers below make of each text never changes, so it is computed once and
kept; a training step then costs only the top layers. Texts of about equal length share a batch, so little is padded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from benchsuite_content.backbone import Backbone
from benchsuite_content.encode import BATCH, batches, pool
from benchsuite_flm import lora
from benchsuite_flm.opening import Opened, Tuning
from benchsuite_flm.processes import Processes

KEPT_TOKENS = 40_000
"""A step keeps the activations of at most this many tokens (about 1 GB); what is beyond is encoded twice instead."""

GPU_KEPT_TOKENS = 200_000
GPU_BATCH = 1024
"""A GPU has the memory for more, and is slow where it gets much work in small pieces."""

_AGREE = 1e-4  # rounding moves unit vectors by less, another computation by more

Respond = Callable[["Tensor"], tuple[float, "Tensor"]]
"""float32[texts, d] vectors -> (loss, float32[texts, d] its gradient)."""


@dataclass(frozen=True, eq=False)
class _Bucket:
    """Texts of nearly one length, and what the frozen layers made of them."""

    rows: Tensor  # int64[n] numbers of the texts
    mask: Tensor  # int64[n, t]
    inputs: dict[str, Tensor]  # tokens; empty where ``hidden`` is kept
    hidden: Tensor | None  # float32[n, t, d], input of the first trained layer
    args: tuple[Any, ...]  # what else the layers get: attention masks and the like
    kwargs: dict[str, Any]

    def part(self, chosen: Tensor) -> _Bucket:
        """Return the bucket with only the rows where ``chosen`` (bool[n]) is True."""
        if bool(chosen.all()):
            return self
        size, kept = len(self.rows), chosen.nonzero()[:, 0]

        def cut(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(cut(part) for part in value)
            # One row per text; what has a single dimension (positions) belongs to the tokens, however many there are.
            rows = isinstance(value, Tensor) and value.dim() > 1 and len(value) == size
            return value[kept.to(value.device)] if rows else value

        return replace(
            self,
            rows=self.rows[kept],
            mask=cut(self.mask),
            inputs={name: cut(value) for name, value in self.inputs.items()},
            hidden=cut(self.hidden),
            args=tuple(cut(value) for value in self.args),
            kwargs={name: cut(value) for name, value in self.kwargs.items()},
        )


class _Reached(Exception):  # noqa: N818 - a signal, not an error
    """The first trained layer was reached; carries its arguments."""


class TextTower:
    """An encoder over a fixed list of texts.

    Args:
        backbone: the encoder; whoever steps :attr:`parameters` changes its weights in place.
        texts: the texts, best distinct.
        layers: how many of the encoder's layers learn, counted from the top. Embeddings learn only with ``full``.
        device: where to compute.
        half: let autocast use bfloat16.
        tuning: what learns of the layers: ``top``, all their weights; ``lora``, matrices beside them; ``full``, the
            whole encoder, whatever ``layers`` says; ``frozen``, nothing.
        lora_rank: rank of the matrices.
        lora_part: beside which maps they lie, see :func:`benchsuite_flm.lora.adapt`.
        seed: of their first values.

    Raises:
        ConfigError: when LoRA cannot be put in.
    """

    def __init__(
        self,
        backbone: Backbone,
        texts: Sequence[str],
        *,
        layers: int,
        device: str,
        half: bool,
        tuning: Tuning = "top",
        lora_rank: int = 8,
        lora_part: lora.Part = "attention",
        seed: int = 0,
    ) -> None:
        self.width = backbone.width
        self.size = len(texts)
        self._device, self.half = torch.device(device), half
        self._processes = Processes.current()
        self._pooling = backbone.pooling
        self._model = backbone.model.eval()
        self._opened = Opened(
            self._model, tuning=tuning, layers=layers, rank=lora_rank, part=lora_part, seed=seed, device=device
        )
        self._layers = self._opened.layers
        self._buckets = self._read(backbone, texts)

    @property
    def _gpu(self) -> bool:
        return torch.device(self._device).type != "cpu"

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The weights that learn."""
        return self._opened.weights

    def settle(self) -> None:
        """Make the encoder an ordinary one after training: LoRA matrices are added to its weights."""
        self._opened.settle()

    def vectors(self) -> Tensor:
        """Return float32[texts, d], pooled and of unit length, outside any gradient."""
        with torch.no_grad():
            return self._together([(bucket.rows, self._run(bucket)) for bucket in self._buckets])

    def step(self, wanted: Tensor, respond: Respond) -> float:
        """Encode texts, ask how their vectors should change, and add up the gradients of the weights.

        In several processes each encodes its share of the texts, and its weights get the gradients of that share.

        Args:
            wanted: bool[texts], which texts take part.
            respond: called once with the vectors; rows of texts that take no part are zero.

        Returns:
            The loss that ``respond`` told.
        """
        buckets = [bucket.part(wanted[bucket.rows]) for bucket in self._buckets]
        buckets = [bucket for bucket in buckets if len(bucket.rows)]
        limit = GPU_KEPT_TOKENS if self._gpu else KEPT_TOKENS
        made, tokens = [], 0
        for bucket in buckets:
            tokens += bucket.mask.numel()
            with torch.set_grad_enabled(tokens <= limit):
                made.append((bucket.rows, self._run(bucket)))
        loss, gradient = respond(self._together([(rows, vectors.detach()) for rows, vectors in made]))
        if made and tokens <= limit:
            torch.autograd.backward([vectors for _, vectors in made], [gradient[rows] for rows, _ in made])
        else:
            for bucket, (rows, vectors) in zip(buckets, made, strict=True):
                again = vectors if vectors.requires_grad else self._run(bucket)
                again.backward(gradient[rows])  # type: ignore[no-untyped-call]  # torch's stub
        return loss

    def _together(self, parts: list[tuple[Tensor, Tensor]]) -> Tensor:
        out = torch.zeros(self.size, self.width, device=self._device)
        for rows, vectors in parts:
            out[rows] = vectors
        self._processes.add(out)
        return out

    def _run(self, bucket: _Bucket) -> Tensor:
        """Return float32[n, d] of one bucket."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.half):
            hidden = bucket.hidden
            if hidden is None:
                hidden = self._model(**bucket.inputs).last_hidden_state
            else:
                for layer in self._layers:
                    hidden = _first(layer(hidden, *bucket.args, **bucket.kwargs))
        return torch.nn.functional.normalize(pool(hidden.float(), bucket.mask, self._pooling), dim=-1)

    def _read(self, backbone: Backbone, texts: Sequence[str]) -> list[_Bucket]:
        buckets: list[_Bucket] = []
        shortcut = False
        for rows, batch in batches(backbone, texts, GPU_BATCH if self._gpu else BATCH):
            mine = self._processes.every
            if not len(rows[mine]):
                continue
            inputs = {name: value[mine].to(self._device) for name, value in batch.items()}
            plain = _Bucket(torch.as_tensor(rows[mine]), inputs["attention_mask"], inputs, None, (), {})
            if not buckets and self._layers:
                shortcut = self._shortcut(plain)
            kept = self._keep(plain) if shortcut else None
            buckets.append(kept or plain)
        return buckets

    def _keep(self, bucket: _Bucket) -> _Bucket | None:
        """Run the frozen layers and keep what the first trained layer is given; None where that cannot be seen."""

        def stop(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            raise _Reached(args, kwargs)

        hook = self._layers[0].register_forward_pre_hook(stop, with_kwargs=True)
        try:
            with torch.no_grad(), torch.autocast(self._device.type, torch.bfloat16, enabled=self.half):
                self._model(**bucket.inputs)
        except _Reached as reached:
            args, kwargs = reached.args
        else:
            return None
        finally:
            hook.remove()
        if not args:
            return None
        return _Bucket(bucket.rows, bucket.mask, {}, args[0], args[1:], kwargs)

    def _shortcut(self, plain: _Bucket) -> bool:
        """Tell whether the trained layers alone give what the whole encoder gives; some do more after their layers."""
        half, self.half = self.half, False
        try:
            kept = self._keep(plain)
            if kept is None:
                return False
            with torch.no_grad():
                gap = (self._run(kept) - self._run(plain)).norm(dim=1).max()
        except (TypeError, ValueError, RuntimeError):
            return False  # layers that want more than the one before them gives
        finally:
            self.half = half
        return bool(gap < _AGREE)


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output


def fast_half(device: str) -> bool:
    """Return True where bfloat16 products are faster than float32: on GPUs, and on CPUs with instructions for them."""
    kind = torch.device(device).type
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if kind != "cpu":
        return True
    probes = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return any(probe is not None and bool(probe()) for probe in probes)
