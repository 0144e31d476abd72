"""The rows ``flm``, ``flm-frozen`` and ``flm-text``: what each trains; all else is in the base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchsuite_flm.base import BaseFLM
from benchsuite_flm.settings import TunedLayers, TuningConfig


@dataclass
class FLM(TunedLayers, BaseFLM):
    """Fine-Tuning-FLM: a pretrained language model, fine-tuned on which users took which items.

    Scores by r = sigmoid(W1·x + W2·u + b), where u encodes the user's interest, i an item's text, and x = u * i.

    *Encodings.* The encoder (by default MiniLM, Wang et al. 2020) turns each item's text into a vector (mean pooling,
    as in Sentence-BERT, Reimers and Gurevych 2019). An item is a learnt projection of that vector plus a residual of
    its own, a bias and its popularity; the interest is the direction of the history, shrunk towards a prior that reads
    the user's profile text, where there is one.

    *Training.* Part of each history is visible and predicts the rest, by a softmax over the catalogue. The top layers
    of the encoder are trained along with the head, by few, large steps: one per epoch. Dropout of residual and
    popularity makes the text predictive by itself.

    *New items* have no residual and no popularity: a ridge regression predicts both from the fine-tuned vectors. *New
    users* are scored from their history, profile and the prior.

    *Pairs.* Where the data has likes and dislikes, :meth:`score_pairs` uses weights of the formula fitted to them (on
    the same encodings); else it returns the ranking score.
    """


@dataclass
class FrozenFLM(BaseFLM):
    """FLM without fine-tuning: the same head and training on a frozen encoder, which shows what fine-tuning adds."""

    def _tuning(self) -> tuple[TuningConfig, float]:
        return TuningConfig("frozen"), 0.0


@dataclass
class TextFLM(FLM):
    """FLM that knows items by their texts only: no residual and no popularity, as if every item were new.

    Fine-tuned as ``flm`` is, with a dropout of residual and popularity of 1. It shows what the text alone can do, and
    all that it learns applies to other catalogues.
    """

    identities: ClassVar[bool] = False
