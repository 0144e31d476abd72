"""TIGER: generates the semantic id of the next item, token by token, by Cornac."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Lt

from benchsuite.api import Categorical, Context, Range, Requirement
from benchsuite.data import Dataset, Float32
from benchsuite_content.backbone_files import DEFAULT_BACKBONE
from benchsuite_content.citations import CITE_MINILM, CITE_SBERT
from benchsuite_content.vectors import lm_vectors
from benchsuite_rivals.cornac_model import CITE_CORNAC, CornacBase


@dataclass
class TIGER(CornacBase):
    """Generative retrieval: item texts become short codes, and a small T5 writes the code of the next item, by Cornac.

    Rajput et al. (2023): text vectors of a frozen encoder are quantized level by level into codes, one more level tells
    items of one code apart, and a sequence-to-sequence transformer is trained from scratch on the codes of histories.
    A beam search finds ``beams`` items; all others get no score, and the fallback fills longer lists. New users are
    answered from their visible history. Items without training rows get no score: the paper's way to generate them is
    not in Cornac.

    The published network (``factors`` 128, ``feed_forward`` 1024, 6 ``heads`` of ``head_size`` 64, 4 ``layers``,
    ``history`` 20, ``quantizer`` ``rqvae``) takes hours for one epoch on two cores; the defaults are smaller. Needs the
    extra ``cornac``.

    Attributes:
        quantizer: ``rkmeans``, k-means of the residuals of each level, or ``rqvae``, the paper's autoencoder.
        codes: codes of each level; never more than half of the items.
        levels: of codes.
        factors: width of the transformer.
        feed_forward: units of its inner layers.
        heads: of attention.
        head_size: width of a head; 0 divides ``factors`` among the heads.
        layers: of the encoder, and of the decoder.
        history: most items that are read.
        dropout: of the transformer.
        epochs: passes over all beginnings of all sequences.
        learning_rate: of AdamW.
        batch_size: sequences in a step.
        beams: of the search.
        backbone: the frozen encoder of item texts.
    """

    quantizer: Annotated[Literal["rkmeans", "rqvae"], Categorical("rkmeans", "rqvae")] = "rkmeans"
    codes: Annotated[int, Ge(2)] = 256
    levels: Annotated[int, Ge(1)] = 3
    factors: Annotated[int, Ge(1)] = 64
    feed_forward: Annotated[int, Ge(1)] = 128
    heads: Annotated[int, Ge(1)] = 4
    head_size: Annotated[int, Ge(0)] = 0
    layers: Annotated[int, Ge(1)] = 1
    history: Annotated[int, Ge(1)] = 10
    dropout: Annotated[float, Ge(0), Lt(1), Range(0, 0.3)] = 0.1
    epochs: Annotated[int, Ge(1), Range(2, 40, log=True)] = 4
    learning_rate: Annotated[float, Gt(0), Range(3e-4, 3e-3, log=True)] = 1e-3
    batch_size: Annotated[int, Ge(1)] = 256
    beams: Annotated[int, Ge(1)] = 50
    backbone: str = DEFAULT_BACKBONE

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    uses_language_model: ClassVar[bool] = True
    may_abstain: ClassVar[bool] = True
    is_network: ClassVar[bool] = True

    exempt: ClassVar[Mapping[str, str]] = {
        "scores_on_warm_items": "its search scores the best `beams` items only",
        "checkerboard": "its search names the best `beams` items only, on the board those that were taken",
    }

    cite: ClassVar[tuple[str, ...]] = (
        """@inproceedings{rajput2023recommender,
  title = {Recommender Systems with Generative Retrieval},
  author = {Rajput, Shashank and Mehta, Nikhil and Singh, Anima and Hulikal Keshavan, Raghunandan and Vu, Trung and
    Heldt, Lukasz and Hong, Lichan and Tay, Yi and Tran, Vinh Q. and Samost, Jonah and others},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {36},
  year = {2023}
}""",
        CITE_CORNAC,
        CITE_SBERT,
        CITE_MINILM,
    )

    def _choice(self, train: Dataset) -> tuple[str, dict[str, Any]]:
        return "TIGER", {
            "tokenizer": self.quantizer,
            "rqvae_codebook_size": max(2, min(self.codes, len(train.items) // 2)),
            "rqvae_num_levels": self.levels,
            "d_model": self.factors,
            "d_ff": self.feed_forward,
            "num_heads": self.heads,
            "d_kv": self.head_size or max(1, self.factors // self.heads),
            "num_enc_layers": self.layers,
            "num_dec_layers": self.layers,
            "max_len": self.history,
            "dropout": self.dropout,
            "n_epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "n_beams": self.beams,
        }

    def _vectors(self, train: Dataset, context: Context) -> Float32:
        vectors, encoder = lm_vectors(train, self.backbone, context)
        self._reader = dict(encoder)
        return vectors

    def facts(self) -> Mapping[str, Any]:
        """Name the library, the model and the encoder of texts."""
        return {**super().facts(), "backbone": self._reader}

    def parameter_count(self) -> int:
        """Return the weights of the transformer, of the quantizer where it is a network, and of the encoder."""
        return super().parameter_count() + int(self._reader["parameters"])
