"""FLM: a pretrained language model fine-tuned on who took what, and its frozen twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt

from benchsuite.api import Search
from benchsuite_flm.family import TextRecommender


@dataclass
class FLM(TextRecommender):
    """Fine-Tuning-FLM: a pretrained language model, fine-tuned on who took what.

    Answers with r = sigmoid(W1·x + W2·u + b), where u encodes the user's interest, i an item's text, and x = u * i.

    *Encodings.* The encoder (by default MiniLM, Wang et al. 2020) turns each item's text into a vector (mean pooling,
    as in Sentence-BERT, Reimers and Gurevych 2019). An item is a learnt projection of that vector plus a residual of
    its own, a bias and its popularity; the interest is the direction of the history, shrunk towards a prior that reads
    the user's profile text, where there is one.

    *Training.* Part of each history is shown, the rest is to be predicted: softmax over the catalogue. The top layers
    of the encoder learn along with the head, by few, large steps: one for each pass over the catalogue. Residual and
    popularity are withheld at random, so that the text learns to do without.

    *New items* get what they lack from their text, by a ridge regression on the fine-tuned vectors. *New users* are
    answered from their history, profile and the prior.

    *Pairs.* Where the data has likes and dislikes, :meth:`score_pairs` answers with weights of the formula fitted to
    them (on the same encodings); else it answers with the ranking score.

    Attributes:
        layers: how many of the encoder's layers learn, from the top; more than it has means all.
        learning_rate: largest step size of the encoder.
        tuning: what learns: all weights of the ``top`` layers; ``lora``, small matrices beside the weights of these
            layers (Hu et al. 2022; wants a larger step size; needs ``benchsuite[lora]``); the ``full`` encoder with its
            embeddings (wants a smaller one); or nothing (``frozen``).
        lora_rank: rank of the matrices.
        lora_part: whether they lie beside the maps of ``attention`` only, or of ``all``, feed-forward included.
    """

    layers: Annotated[int, Ge(1), Search(1, 6)] = 2
    learning_rate: Annotated[float, Gt(0), Search(5e-5, 5e-4, log=True)] = 2e-4
    tuning: Literal["top", "lora", "full", "frozen"] = "top"
    lora_rank: Annotated[int, Ge(1)] = 8
    lora_part: Literal["attention", "all"] = "attention"

    def _trained(self) -> tuple[int, float]:
        return self.layers, self.learning_rate

    def _tower(self) -> dict[str, Any]:
        return {
            "layers": self.layers,
            "tuning": self.tuning,
            "lora_rank": self.lora_rank,
            "lora_part": self.lora_part,
        }


@dataclass
class FrozenFLM(TextRecommender):
    """FLM without fine-tuning: the same model and training on a frozen encoder, so that a table shows what it adds."""

    def _trained(self) -> tuple[int, float]:
        return 0, 0.0
