"""From a training part to what the training loop needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from benchsuite.api import Context
from benchsuite.data import Dataset, Float32, Fold, Queries
from benchsuite_classic.blending import select_blend
from benchsuite_content.encode import encode_texts
from benchsuite_flm.checkpoints import Checkpoint
from benchsuite_flm.engine import Recipe
from benchsuite_flm.head import Head, read_out
from benchsuite_flm.interest import Signals, Weigher, standardize
from benchsuite_flm.processes import Processes
from benchsuite_flm.steps import Rule
from benchsuite_flm.tower import TextTower, fast_half

if TYPE_CHECKING:
    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.settings import Settings

_VISIBLE = (0.25, 0.75)  # share of a history that is shown in training; the rest is to be predicted
_SHORT = 0.15  # share of users who show only a few items instead, as new users will


@dataclass(frozen=True, eq=False)
class Parts:
    """What is trained, and what it is trained on.

    Attributes:
        tower: over the distinct item texts.
        place: int64[n], the text of each item.
        head: the head.
        signals: what training reads beside who took what.
    """

    tower: TextTower
    place: Tensor
    head: Head
    signals: Signals


def build(
    settings: Settings, train: Dataset, backbone: Backbone, context: Context, tower: Mapping[str, Any], weigher: Weigher
) -> Parts:
    """Make the parts for a training part whose items have text.

    Args:
        settings: the model's.
        train: the training part.
        backbone: the encoder, changed in place by training.
        context: tells device, threads and seed.
        tower: what learns of the encoder, as :class:`benchsuite_flm.tower.TextTower` takes it.
        weigher: of the events of histories.
    """
    device = torch.device(context.device)
    texts = np.array(train.items.text, dtype=object).astype(str)
    distinct, where = np.unique(texts, return_inverse=True)
    # Profiles are read before training, by the encoder as it came: there are too few of them to learn from.
    profiles = _profiles(settings, train, backbone, context)
    made = TextTower(
        backbone,
        [str(text) for text in distinct],
        device=context.device,
        half=fast_half(context.device),
        seed=context.seed,
        **tower,
    )
    taken = torch.from_numpy(np.asarray(train.matrix().sum(axis=0)).ravel()).to(device)
    features = train.items.features if settings.features else None
    head = Head(
        taken,
        None if profiles is None else torch.from_numpy(profiles).to(device),
        backbone.width,
        settings.temperature,
        features=None if features is None else torch.from_numpy(standardize(features)).to(device),
        attention=settings.interest == "attention",
        literal=settings.loss == "bce",
    )
    signals = Signals.of(train, weigher, friends=settings.friends > 0, disliked=settings.loss == "bce")
    return Parts(made, torch.from_numpy(where.astype(np.int64)), head, signals)


def _profiles(settings: Settings, train: Dataset, backbone: Backbone, context: Context) -> Float32 | None:
    """Return float32[users, p], what is known of users beside what they took: vectors of their profile texts around
    their mean, zeros for empty ones, then their features."""  # noqa: D205, D209 - one sentence
    found = []
    if train.users.text is not None and any(train.users.text):
        vectors = encode_texts(backbone, train.users.text, device=context.device, threads=context.threads)
        told = np.linalg.norm(vectors, axis=1) > 0
        vectors[told] -= vectors[told].mean(axis=0)
        found.append(vectors)
    if settings.features and train.users.features is not None:
        found.append(standardize(train.users.features))
    return np.hstack(found) if len(found) > 1 else found[0] if found else None


def recipe(settings: Settings, *, learning_rate: float, identities: bool, last: int | None, search: bool) -> Recipe:
    """Return how to train.

    Args:
        settings: the model's.
        learning_rate: largest step size of the encoder.
        identities: False where nothing may be learnt about single items.
        last: epochs to do, or None for all.
        search: whether this training only looks for the number of epochs.
    """
    return Recipe(
        epochs=settings.epochs,
        batches=settings.batches,
        batch_size=settings.batch_size,
        learning_rate=learning_rate,
        head_learning_rate=settings.head_learning_rate,
        residual_learning_rate=settings.residual_learning_rate,
        residual_dropout=settings.residual_dropout if identities else 1.0,
        visible=_VISIBLE,
        short=_SHORT,
        catalogue=settings.catalogue,
        loss=settings.loss,
        negatives=settings.negatives,
        rule=Rule(
            optimizer=settings.optimizer,
            momentum=settings.momentum,
            schedule=settings.schedule,
            rise=settings.warmup,
            patience=settings.plateau,
            below=settings.threshold,
            clip=settings.clip,
        ),
        weight_decay=settings.weight_decay,
        average=0.0 if search else settings.average,
        friends=settings.friends,
        last=last,
        patience=settings.patience if search else 0,
    )


def answers(parts: Parts, head: Head, settings: Settings, *, identities: bool) -> tuple[Tensor, Tensor]:
    """Return float32[n, d] vectors and float32[n, d + 3] encodings of all items, on the device.

    Sets the head's shrinkage to what is used when answering.
    """
    device = head.prior.device
    every = torch.arange(len(parts.place), device=device)
    with torch.no_grad():
        head.log_shrinkage.fill_(float(np.log(settings.shrinkage)))
        vectors = parts.tower.vectors()[parts.place.to(device)]
        items = head.items(vectors, every, head.warm.float() * identities)
        vectors = head.fuse(vectors, every)
        if identities:
            items = read_out(vectors, items, head.warm, settings.regularization)
    return vectors, items


def quality(fold: Fold, score: Callable[[Queries], Float32], seed: int) -> float:
    """Return the nDCG@10 of scores float32[q, c] on a fold."""
    return select_blend(fold, lambda queries: [score(queries)], [lambda parts: parts[0]], seed)[1]


def open_checkpoint(
    settings: Settings, train: Dataset, context: Context, weights: Mapping[str, str], phase: str
) -> Checkpoint | None:
    """Return where the state of one training is kept, or None where nothing outlives the process."""
    if context.checkpoint is None:
        return None
    identity = {
        "model": type(settings).__name__,
        "version": settings.version,
        "settings": settings.settings(),
        "train": train.fingerprint,
        "weights": dict(weights),
        "seed": context.seed,
        "device": context.device,
        "threads": context.threads,
        "processes": Processes.current().number,
        "torch": str(torch.__version__),
        "phase": phase,
    }
    return Checkpoint(context.checkpoint, identity)
