"""The settings that all FLM rows but the re-rankers share, and which weights of a language model are trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from benchsuite.api import Categorical, Model, Range
from benchsuite_content.backbone_files import DEFAULT_BACKBONE

Loss = Literal["softmax", "bce", "bpr"]
Optimizer = Literal["adamw", "adam", "sgd"]
Schedule = Literal["one-cycle", "warmup-cosine", "constant", "plateau", "threshold"]
Interest = Literal["mean", "recency", "attention"]
Weighting = Literal["same", "value", "behaviour"]
Tuning = Literal["top", "lora", "full", "frozen"]
LoraPart = Literal["attention", "all"]


@dataclass(frozen=True)
class TuningConfig:
    """Which weights of a language model are trained.

    Attributes:
        tuning: ``top``: all weights of the ``layers`` topmost layers; ``lora``: small matrices beside the linear maps
            of these layers; ``full``: everything; ``frozen``: nothing.
        layers: how many layers, counted from the top; more than there are means all, 0 means nothing.
        lora_rank: rank of the LoRA matrices.
        lora_part: whether they lie beside the maps of ``attention`` only, or of ``all``, feed-forward included.
    """

    tuning: Tuning = "top"
    layers: int = 0
    lora_rank: int = 8
    lora_part: LoraPart = "attention"


@dataclass
class TunedLayers:
    """Which weights of the encoder are trained, as settings of a model.

    Attributes:
        layers: how many of the encoder's layers are trained, from the top; more than it has means all.
        learning_rate: largest learning rate of the encoder.
        tuning: what is trained: all weights of the ``top`` layers; ``lora``, small matrices beside the weights of these
            layers (Hu et al. 2022; needs a larger learning rate, and ``benchsuite[lora]``); the ``full`` encoder with
            its embeddings (needs a smaller one); or nothing (``frozen``).
        lora_rank: rank of the matrices.
        lora_part: whether they lie beside the maps of ``attention`` only, or of ``all``, feed-forward included.
    """

    layers: Annotated[int, Ge(1), Range(1, 6)] = 2
    learning_rate: Annotated[float, Gt(0), Range(5e-5, 1e-3, log=True)] = 3e-4
    tuning: Tuning = "top"
    lora_rank: Annotated[int, Ge(1)] = 8
    lora_part: LoraPart = "attention"

    def _tuning(self) -> tuple[TuningConfig, float]:
        return TuningConfig(self.tuning, self.layers, self.lora_rank, self.lora_part), self.learning_rate


@dataclass
class TrainingSettings(Model):
    """What the rows that read a history item by item have in common: how texts are encoded, and how training goes.

    Attributes:
        backbone: the encoder, see :func:`benchsuite_content.backbone.load_backbone`.
        epochs: passes of the encoder over the catalogue. They are what a fit costs, so they are few.
        batch_size: users per batch.
        residual_dropout: probability that an item's residual and popularity are dropped in a training batch.
        temperature: divides similarities; smaller is sharper.
        regularization: L2 penalty of the ridge regression that predicts residual and popularity of new items.
        pooling: how the tokens of a text become one vector: the ``mean`` of all or the ``last``; ``auto`` means the
            mean.
        optimizer: see :class:`benchsuite_flm.optim.OptimizerConfig`. ``sgd`` needs far larger learning rates.
        momentum: of ``sgd``.
        schedule: of the learning rates, see :class:`benchsuite_flm.optim.RateSchedule`: ``one-cycle``,
            ``warmup-cosine``, ``constant``, ``plateau`` or ``threshold`` (the method's own: divided by ten once the
            loss is low).
        warmup: share of the steps in which learning rates rise, for ``one-cycle`` and ``warmup-cosine``.
        plateau: epochs without a better loss after which ``plateau`` divides the learning rates by ten.
        threshold: mean loss of an epoch below which ``threshold`` divides them by ten.
        clip: largest norm of the gradients of one step; 0 does not clip.
        weight_decay: of all weights but biases, popularity and shrinkage.
        patience: epochs without a better nDCG@10 on the validation fold after which training would stop; 0 runs all.
            The number of epochs is found on the validation fold's own training part, then everything is trained for so
            many epochs: a fit takes up to twice as long. Without a validation fold all epochs are run.
        average: share of the last epochs whose weights are averaged (Izmailov et al. 2018); 0 uses the last weights.
    """

    backbone: str = DEFAULT_BACKBONE
    epochs: Annotated[int, Ge(1), Range(4, 24)] = 8
    batch_size: Annotated[int, Ge(1), Range(64, 512, log=True)] = 256
    residual_dropout: Annotated[float, Ge(0), Lt(1), Range(0.0, 0.6)] = 0.3
    temperature: Annotated[float, Gt(0), Le(1), Range(0.05, 0.3, log=True)] = 0.1
    regularization: Annotated[float, Gt(0), Range(1, 100, log=True)] = 5.0
    pooling: Literal["auto", "mean", "last"] = "auto"
    optimizer: Optimizer = "adamw"
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    schedule: Schedule = "one-cycle"
    warmup: Annotated[float, Ge(0), Lt(1)] = 0.2
    plateau: Annotated[int, Ge(1)] = 3
    threshold: Annotated[float, Gt(0)] = 0.5
    clip: Annotated[float, Ge(0)] = 0.0
    weight_decay: Annotated[float, Ge(0)] = 0.0
    patience: Annotated[int, Ge(0)] = 0
    average: Annotated[float, Ge(0), Le(1), Range(0.0, 0.5)] = 0.0


@dataclass
class Settings(TrainingSettings):
    """The settings of the rows whose interest is a mean of the history's items.

    Attributes:
        batches: batches of users per epoch, at least; every user comes at least once per epoch. The head takes a step
            for each, the encoder one an epoch.
        head_learning_rate: largest learning rate of the projection.
        residual_learning_rate: largest learning rate of residuals and user prior; biases use ten times it.
        shrinkage: items of history that weigh as much as the prior, when scoring. (In training it is learnt: there the
            few visible items are drawn from a whole history and are worth more than the first ones of a new user.)
        catalogue: items per epoch at most; of a larger catalogue each epoch draws a part (sampled softmax).
        loss: how hidden items of a history are predicted. ``softmax``: cross-entropy over the catalogue. ``bce``:
            binary cross-entropy of r = sigmoid(W1·x + W2·u + b); dislikes, where the data has them, and drawn items
            count as 0. ``bpr``: each hidden item above drawn ones (Rendle et al. 2009).
        negatives: drawn items for each hidden one, for ``bce`` and ``bpr``.
        interest: how a history becomes the interest: the ``mean`` of its items; ``recency``, where newer ones weigh
            more (in data without times: later rows); ``attention``, where a learnt query weighs them.
        half_life: items after which an older one weighs half, for ``recency``.
        weighting: what an event of a history weighs: all the ``same``; by ``value``, log(1 + value); by
            ``behaviour``, the more the rarer.
        features: read the feature vectors of items and users, where the data has them.
        friends: weight of the mean interest of a user's friends in the prior, which counts most for short
            histories; 0 does not read the links.
    """

    batches: Annotated[int, Ge(1), Range(8, 48)] = 24
    head_learning_rate: Annotated[float, Gt(0), Range(2e-4, 4e-3, log=True)] = 5e-4
    residual_learning_rate: Annotated[float, Gt(0), Range(5e-4, 4e-3, log=True)] = 2e-3
    shrinkage: Annotated[float, Gt(0), Range(2, 40, log=True)] = 15.0
    catalogue: Annotated[int, Ge(2)] = 8192
    loss: Loss = "softmax"
    negatives: Annotated[int, Ge(1)] = 4
    interest: Annotated[Interest, Categorical("mean", "recency", "attention")] = "mean"
    half_life: Annotated[float, Gt(0)] = 10.0
    weighting: Weighting = "same"
    features: bool = True
    friends: Annotated[float, Ge(0)] = 0.0
