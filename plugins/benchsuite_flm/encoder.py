"""The text encoder: texts in, vectors out, with layers that can be trained cheaply.

Usually only the top layers are trained. The output of the frozen layers below never changes, so it is computed once and
kept; a training step then costs only the top layers. Texts of about equal length share a batch, so little is padded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchsuite.api import SharedCache
from benchsuite_content.backbone import Backbone
from benchsuite_content.encode import BATCH, batches, pool
from benchsuite_content.kept import encoding_key, keeper, read_array, write_array
from benchsuite_flm.data_parallel import DataParallel
from benchsuite_flm.settings import TuningConfig
from benchsuite_flm.trainable_layers import TrainableLayers, final_norm

KEPT_TOKENS = 40_000
"""A step keeps the activations of at most this many tokens (about 1 GB); texts beyond are encoded a second time.

Half of them in float32, where a token takes twice the memory.
"""

GPU_KEPT_TOKENS = 200_000
GPU_BATCH = 1024
"""A GPU has the memory for more, and needs large batches to be fast."""

_OLDER = ("DEFAULT", "AVX2")
"""Instructions that torch uses, as it names them, without products of bfloat16."""

_BUCKETS = "buckets.pt"
_EQUAL = 1e-4  # vectors that differ by rounding differ by less, those of different computations by more


@dataclass(frozen=True, eq=False)
class _Bucket:
    """Texts of about equal length, and the output of the frozen layers for them."""

    rows: Tensor  # int64[n] positions in the list of texts
    mask: Tensor  # int64[n, t]
    inputs: dict[str, Tensor]  # tokens; empty where ``hidden`` is kept
    hidden: Tensor | None  # float32[n, t, d], input of the first trained layer
    args: tuple[Any, ...]  # the layers' other arguments, such as attention masks
    kwargs: dict[str, Any]

    def select(self, chosen: Tensor) -> _Bucket:
        """Return the bucket with only the rows where ``chosen`` (bool[n]) is True."""
        if bool(chosen.all()):
            return self
        size, kept = len(self.rows), chosen.nonzero()[:, 0]

        def cut(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(cut(part) for part in value)
            # Tensors of one dimension, such as positions, have an entry per token, not a row per text.
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


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """The vectors of some texts, and the way from their gradient back to the encoder's weights.

    Attributes:
        vectors: float32[texts, d], detached; rows of texts that were not encoded are zero.
        parts: the encoded texts and their float32[n, d] vectors, with gradients where the activations were kept.
        encode: encodes the others a second time.
    """

    vectors: Tensor
    parts: Sequence[tuple[_Bucket, Tensor]]
    encode: Callable[[_Bucket], Tensor]

    def backward(self, gradient: Tensor) -> None:
        """Backpropagate the gradient of the vectors (float32[texts, d]) into the weights."""
        if self.parts and all(vectors.requires_grad for _, vectors in self.parts):
            torch.autograd.backward(
                [vectors for _, vectors in self.parts], [gradient[bucket.rows] for bucket, _ in self.parts]
            )
            return
        for bucket, vectors in self.parts:
            again = vectors if vectors.requires_grad else self.encode(bucket)
            again.backward(gradient[bucket.rows])  # type: ignore[no-untyped-call]  # torch's stub


class _FirstTrainedLayerReached(Exception):  # noqa: N818 - ends a forward pass early, no error
    """Carries the arguments of the first trained layer."""


class TextEncoder:
    """An encoder over a fixed list of texts.

    Args:
        backbone: the encoder; an optimizer of :attr:`parameters` changes its weights in place.
        texts: the texts, without duplicates where possible.
        tuning: which of its weights are trained.
        device: where to compute.
        half: let autocast use bfloat16.
        seed: of the first values of LoRA matrices.
        shared: where what is never trained is kept for other fits; ``backbone`` must be as it was loaded.

    Raises:
        ConfigError: when LoRA cannot be added.
    """

    def __init__(
        self,
        backbone: Backbone,
        texts: Sequence[str],
        tuning: TuningConfig,
        *,
        device: str,
        half: bool,
        seed: int = 0,
        shared: SharedCache | None = None,
    ) -> None:
        self.width = backbone.width
        self.size = len(texts)
        self._device, self.half = torch.device(device), half
        self._processes = DataParallel.current()
        self._pooling = backbone.pooling
        self._model = backbone.model.eval()
        self._trainable = TrainableLayers(self._model, tuning, seed=seed, device=device)
        self._layers = self._trainable.layers
        self._end = final_norm(self._model, self._layers)
        # Where several processes train, each has a share of the texts.
        self._shared = keeper(backbone, shared if self._processes.size == 1 else None, self._device.type)
        how = {"threads": torch.get_num_threads(), "half": half, "batch": BATCH, "trained": len(self._layers)}
        self._key = encoding_key(backbone, texts, **how)
        self._untrained = not self._trainable.weights
        self._unchanged: Tensor | None = None  # the vectors, where nothing is trained
        self._buckets = (
            self._shared.get(
                "frozen layers", self._key, lambda: self._make_buckets(backbone, texts), write=_write, read=_read
            )
            if self._layers
            else self._make_buckets(backbone, texts)
        )

    @property
    def _gpu(self) -> bool:
        return self._device.type != "cpu"

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The weights that are trained."""
        return self._trainable.weights

    def merge_and_freeze(self) -> None:
        """End training: LoRA matrices are added to the weights, and nothing is trained any more."""
        self._trainable.merge_and_freeze()

    def vectors(self) -> Tensor:
        """Return float32[texts, d], pooled and of unit length, outside any gradient."""
        if self._untrained and self._unchanged is None:
            self._unchanged = self._shared.get(
                "frozen vectors",
                self._key,
                self._all_vectors,
                write=lambda folder, found: write_array(folder, found.numpy()),
                read=lambda folder: torch.from_numpy(read_array(folder).copy()),
            )
        return self._all_vectors() if self._unchanged is None else self._unchanged

    def _all_vectors(self) -> Tensor:
        with torch.no_grad():
            return self._collect([(bucket.rows, self._encode(bucket)) for bucket in self._buckets])

    def encode(self, wanted: Tensor) -> EncodedTexts:
        """Encode the texts where ``wanted`` (bool[texts]) is True, so that their gradient can be backpropagated.

        Where several processes train, each encodes its share of the texts and gets the gradients of that share.
        """
        limit = GPU_KEPT_TOKENS if self._gpu else KEPT_TOKENS if self.half else KEPT_TOKENS // 2
        parts, tokens = [], 0
        for whole in self._buckets:
            bucket = whole.select(wanted[whole.rows])
            if not len(bucket.rows):
                continue
            tokens += bucket.mask.numel()
            with torch.set_grad_enabled(tokens <= limit):
                parts.append((bucket, self._encode(bucket)))
        vectors = self._collect([(bucket.rows, part.detach()) for bucket, part in parts])
        return EncodedTexts(vectors, parts, self._encode)

    def _collect(self, parts: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Return float32[texts, d] of the vectors of some rows each, those of all processes included."""
        out = torch.zeros(self.size, self.width, device=self._device)
        for rows, vectors in parts:
            out[rows] = vectors
        self._processes.sum_tensors(out)
        return out

    def _encode(self, bucket: _Bucket) -> Tensor:
        """Return float32[n, d], the vectors of one bucket."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.half):
            hidden = bucket.hidden
            if hidden is None:
                hidden = self._model(**bucket.inputs).last_hidden_state
            else:
                for layer in self._layers:
                    hidden = _first(layer(hidden, *bucket.args, **bucket.kwargs))
                hidden = hidden if self._end is None else self._end(hidden)
        return torch.nn.functional.normalize(pool(hidden.float(), bucket.mask, self._pooling), dim=-1)

    def _make_buckets(self, backbone: Backbone, texts: Sequence[str]) -> list[_Bucket]:
        buckets: list[_Bucket] = []
        shortcut = False
        for rows, batch in batches(backbone, texts, GPU_BATCH if self._gpu else BATCH):
            mine = self._processes.text_slice
            if not len(rows[mine]):
                continue
            inputs = {name: value[mine].to(self._device) for name, value in batch.items()}
            plain = _Bucket(torch.as_tensor(rows[mine]), inputs["attention_mask"], inputs, None, (), {})
            if not buckets and self._layers:
                shortcut = self._can_skip_frozen(plain)
            kept = self._run_frozen(plain) if shortcut else None
            buckets.append(kept or plain)
        return buckets

    def _run_frozen(self, bucket: _Bucket) -> _Bucket | None:
        """Run the frozen layers and keep the input of the first trained layer; None where it cannot be observed."""

        def stop(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            raise _FirstTrainedLayerReached(args, kwargs)

        hook = self._layers[0].register_forward_pre_hook(stop, with_kwargs=True)
        try:
            with torch.no_grad(), torch.autocast(self._device.type, torch.bfloat16, enabled=self.half):
                self._model(**bucket.inputs)
        except _FirstTrainedLayerReached as reached:
            args, kwargs = reached.args
        else:
            return None
        finally:
            hook.remove()
        if not args:
            return None
        return _Bucket(bucket.rows, bucket.mask, {}, args[0], args[1:], kwargs)

    def _can_skip_frozen(self, plain: _Bucket) -> bool:
        """Return whether the trained layers alone give the whole encoder's vectors; some encoders end differently."""
        half, self.half = self.half, False
        try:
            kept = self._run_frozen(plain)
            if kept is None:
                return False
            with torch.no_grad():
                gap = (self._encode(kept) - self._encode(plain)).norm(dim=1).max()
        except (TypeError, ValueError, RuntimeError):
            return False  # layers with arguments that the forward pass does not hand on
        finally:
            self.half = half
        return bool(gap < _EQUAL)


def _write(folder: Path, buckets: list[_Bucket]) -> None:
    """Write buckets into an empty folder; an OSError where they hold more than tensors and plain values."""
    tables = [{field.name: getattr(bucket, field.name) for field in fields(bucket)} for bucket in buckets]
    if not _is_plain(tables):
        raise OSError("holds what belongs to its library")
    torch.save(tables, folder / _BUCKETS)


def _read(folder: Path) -> list[_Bucket]:
    """Return what :func:`_write` wrote; tensors are mapped, not copied."""
    return [_Bucket(**table) for table in torch.load(folder / _BUCKETS, mmap=True, weights_only=True)]


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return type(value) in (list, tuple) and all(map(_is_plain, value))
    return value is None or type(value) in (Tensor, bool, int, float, str)


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output


def fast_half(device: str) -> bool:
    """Return True where bfloat16 products are faster than float32: on GPUs, and on CPUs with instructions for them.

    Not where torch was told to leave such instructions alone (``ATEN_CPU_CAPABILITY``).
    """
    kind = torch.device(device).type
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if kind != "cpu":
        return True
    if torch.backends.cpu.get_cpu_capability() in _OLDER:
        return False
    probes = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return any(probe is not None and bool(probe()) for probe in probes)
