"""The common base of models that train a torch network: epochs, early stopping, checkpoints, seeds."""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from annotated_types import Ge, Gt

from benchsuite.api import Context, Model, Range
from benchsuite.atomic_writes import replaced_file
from benchsuite.data import Dataset, Float32, Queries
from benchsuite.keys import content_key
from benchsuite_classic.blending import select_blend
from benchsuite_content.encode import torch_threads
from benchsuite_content.seeds import own_random_state

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from torch.nn import Module

_SAVE_EVERY = 30.0  # seconds between two checkpoints


@dataclass
class NetworkModel(Model):
    """Trains a network by Adam, for a fixed number of epochs or as many as are best on the validation fold.

    With ``patience`` above 0 a first training on the validation fold's training part finds the number of epochs with
    the best nDCG@10 there; then the network is trained anew on the whole training part for that many. Where there is
    no validation fold, all ``epochs`` are run, and :meth:`facts` says so.

    Attributes:
        epochs: passes over the training data, at most.
        learning_rate: of Adam.
        regularization: the L2 penalty of all weights.
        batch_size: users, sequences or pairs in a step.
        patience: measurements without a better nDCG@10 after which the search for the number of epochs ends; 0
            searches nothing and runs all epochs.
        every: epochs between two measurements.
    """

    epochs: Annotated[int, Ge(1)] = 100
    learning_rate: Annotated[float, Gt(0), Range(1e-4, 1e-2, log=True)] = 1e-3
    regularization: Annotated[float, Ge(0)] = 0.0
    batch_size: Annotated[int, Ge(1)] = 128
    patience: Annotated[int, Ge(0)] = 0
    every: Annotated[int, Ge(1)] = 1

    is_network: ClassVar[bool] = True

    decays: ClassVar[bool] = True
    """Whether Adam's weight decay is the penalty; False where the loss has a term of its own."""

    betas: ClassVar[tuple[float, float]] = (0.9, 0.98)
    """How slowly Adam forgets, as transformers are trained; models that were published with plain Adam say so."""

    @abstractmethod
    def _build(self, train: Dataset, context: Context) -> Module:
        """Keep what training and scoring need of the data, and return a new network."""

    @abstractmethod
    def _losses_of_epoch(self, network: Module, random: Generator) -> Iterator[Tensor]:
        """Yield the loss of each batch of one epoch; the network takes a step after each."""

    @abstractmethod
    def _score_with(self, network: Module) -> None:
        """Score with this network's weights from now on."""

    def _read(self, train: Dataset, context: Context) -> None:
        """Read what is the same for every part of the data, such as texts; called once for each fit."""

    def fit(self, train: Dataset, context: Context) -> Self:
        """Train the network."""
        self._threads = context.threads
        self._notes: dict[str, Any] = {}
        with torch_threads(context.threads), own_random_state(context.seed):
            self._read(train, context)
        epochs = self._find_epochs(context)
        self._train(train, context, epochs, "train")
        return self

    def facts(self) -> Mapping[str, Any]:
        """Return the loss of each epoch, and how the number of epochs was found."""
        return self._notes

    def parameter_count(self) -> int:
        """Return the weights of the network."""
        return self._weights

    def _find_epochs(self, context: Context) -> int:
        fold = context.validation
        if not self.patience:
            return self.epochs
        if fold is None:
            self._notes["stopping"] = "no validation fold, so all epochs were run"
            return self.epochs

        def quality() -> float:
            def scores(queries: Queries) -> list[Float32]:
                return [self.score(queries, fold.candidates)]

            return select_blend(fold, scores, [lambda parts: parts[0]], context.seed)[1]

        found = self._train(fold.train, context, self.epochs, "search", quality)
        if not found or max(found) <= 0:
            self._notes["stopping"] = "the validation fold told nothing, so all epochs were run"
            return self.epochs
        best = (found.index(max(found)) + 1) * self.every
        self._notes["stopping"] = {"epochs": best, "ndcg@10": [round(value, 4) for value in found]}
        return best

    def _train(
        self, train: Dataset, context: Context, epochs: int, phase: str, quality: Callable[[], float] | None = None
    ) -> list[float]:
        """Train a new network; return what ``quality`` was, measured after every so many epochs."""
        import torch

        with torch_threads(context.threads), own_random_state(context.seed):
            network = self._build(train, context)
            self._weights = sum(weight.numel() for weight in network.parameters())
            decay = self.regularization if self.decays else 0.0
            optimizer = torch.optim.Adam(network.parameters(), self.learning_rate, betas=self.betas, weight_decay=decay)
            random = torch.Generator().manual_seed(context.seed)
            state = _Checkpoint(context.checkpoint, self._identity(train, context, phase), network, optimizer, random)
            losses, found = state.load()
            while len(losses) < epochs and not (losses and context.out_of_time()):
                network.train()
                losses.append(_epoch(optimizer, self._losses_of_epoch(network, random)))
                context.progress(len(losses), epochs, f"{phase}, loss {losses[-1]:.3f}")
                if quality is not None and len(losses) % self.every == 0:
                    self._score_with(network.eval())
                    found.append(quality())
                state.save(losses, found)
                if quality is not None and found and len(found) - found.index(max(found)) > self.patience:
                    break
            self._score_with(network.eval())
        self._notes["losses"] = [round(loss, 4) for loss in losses]
        return found

    def _identity(self, train: Dataset, context: Context, phase: str) -> str:
        """Name everything that the weights depend on: a checkpoint of other data or settings is never found."""
        what = [type(self).__name__, self.version, self.settings(), train.fingerprint, context.seed, context.threads]
        return content_key("checkpoint", [*what, phase])


def _epoch(optimizer: Any, batches: Iterator[Tensor]) -> float:
    """Take a step for each batch; return the mean loss."""
    losses = []
    for loss in batches:
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own signature
        optimizer.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses)) if losses else 0.0


class _Checkpoint:
    """The state of a training in one safetensors file, written from time to time."""

    def __init__(self, folder: Path | None, identity: str, network: Module, optimizer: Any, random: Generator) -> None:
        self.path = None if folder is None else folder / f"{identity[:32]}.safetensors"
        self.network, self.optimizer, self.random = network, optimizer, random
        self.saved = time.monotonic()

    def load(self) -> tuple[list[float], list[float]]:
        """Restore the state; return losses and qualities so far, empty where there is no readable file."""
        import torch
        from safetensors import SafetensorError, safe_open

        if self.path is None or not self.path.is_file():
            return [], []
        try:
            with safe_open(self.path, framework="pt") as file:
                numbers = json.loads(file.metadata()["numbers"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        except (OSError, SafetensorError, ValueError, KeyError):
            return [], []
        weights = self.network.state_dict()
        self.network.load_state_dict({name: tensors[f"weight.{name}"] for name in weights})
        moments = self.optimizer.state_dict()
        moments["state"] = {
            int(number): {key: tensors[f"{key}.{number}"] for key in numbers["keys"]} for number in numbers["moments"]
        }
        self.optimizer.load_state_dict(moments)
        self.random.set_state(tensors["random"])
        torch.set_rng_state(tensors["torch random"])
        return numbers["losses"], numbers["found"]

    def save(self, losses: list[float], found: list[float]) -> None:
        """Write the state, if there is a place for it and the last time is long enough ago."""
        import torch
        from safetensors.torch import save

        if self.path is None or time.monotonic() - self.saved < _SAVE_EVERY:
            return
        state = self.optimizer.state_dict()["state"]
        keys = sorted(next(iter(state.values()), {}))
        tensors = {f"weight.{name}": tensor.contiguous() for name, tensor in self.network.state_dict().items()}
        tensors |= {f"{key}.{number}": moments[key] for number, moments in state.items() for key in keys}
        tensors |= {"random": self.random.get_state(), "torch random": torch.get_rng_state()}
        numbers = {"losses": losses, "found": found, "keys": keys, "moments": list(state)}
        with replaced_file(self.path) as file:
            file.write_bytes(save(tensors, {"numbers": json.dumps(numbers)}))
        self.saved = time.monotonic()
