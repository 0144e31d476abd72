"""The row ``flm-decoder``: a causal language model reads a prompt of history and candidate."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge

from benchsuite.api import Categorical, Context
from benchsuite.data import Float32
from benchsuite_classic.ease import EASE
from benchsuite_content.backbone import DEFAULT_DECODER, load_backbone
from benchsuite_content.encode import encode_texts
from benchsuite_flm.rerank.reranker import Reranker
from benchsuite_flm.settings import Tuning

if TYPE_CHECKING:
    from benchsuite_content.backbone import Backbone
    from benchsuite_flm.rerank.loop import Scorer

CITE_TALLREC = """@inproceedings{bao2023tallrec,
  title = {{TALLRec}: An Effective and Efficient Tuning Framework to Align Large Language Model with Recommendation},
  author = {Bao, Keqin and Zhang, Jizhi and Zhang, Yang and Wang, Wenjie and Feng, Fuli and He, Xiangnan},
  booktitle = {Proceedings of the 17th ACM Conference on Recommender Systems (RecSys '23)},
  year = {2023},
  doi = {10.1145/3604915.3608857}
}"""

CITE_LORA = """@inproceedings{hu2022lora,
  title = {{LoRA}: Low-Rank Adaptation of Large Language Models},
  author = {Hu, Edward J. and Shen, Yelong and Wallis, Phillip and Allen-Zhu, Zeyuan and Li, Yuanzhi and Wang, Shean
    and Wang, Lu and Chen, Weizhu},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year = {2022}
}"""


@dataclass
class DecoderFLM(Reranker):
    """Re-ranks a first stage's best by a causal language model that reads a prompt of history and candidate.

    After the titles of the history comes either a question, and the score is the logit of " yes" less that of " no"
    (as in TALLRec, Bao et al. 2023), or the candidate's text, and the score is its mean log-likelihood per token. The
    prompt's beginning is read once for all candidates of a query.

    Trained with LoRA (Hu et al. 2022) on held-out items among the candidates, as ``flm-cross`` is: by binary
    cross-entropy of yes and no, other candidates being no; or, for texts, by the language-model loss of the held-out
    items' texts. Candidates and their blended scores are as in ``flm-cross``, too.

    Attributes:
        backbone: a decoder: ``"owner/name@<40 hex digits>"`` or a folder, with safetensors weights. The default is
            small and open; it must be downloaded. No commit of it is pinned: the one first seen is used and recorded.
        answer: ``yes-no`` or ``text``.
        length: tokens of a prompt that are read at most; the history is cut at its end.
        tuning: as in ``flm-cross``.
        layers: as in ``flm-cross``; by default all.
    """

    backbone: str = DEFAULT_DECODER
    answer: Annotated[Literal["yes-no", "text"], Categorical("yes-no", "text")] = "yes-no"
    length: Annotated[int, Ge(24)] = 96
    tuning: Tuning = "lora"
    layers: Annotated[int, Ge(1)] = 1000

    cite: ClassVar[tuple[str, ...]] = (CITE_TALLREC, CITE_LORA, *EASE.cite)

    def _load(self) -> Backbone:
        return load_backbone(self.backbone, writes=True)

    def _text_vectors(self, backbone: Backbone, texts: Sequence[str], context: Context) -> Float32:
        backbone.model.to(context.device)
        body = dataclasses.replace(backbone, model=backbone.model.base_model, pooling="mean")
        return encode_texts(body, texts, device=context.device, threads=context.threads)

    def _build_scorer(self, backbone: Backbone) -> Scorer:
        from benchsuite_flm.rerank.causal_scorer import CausalScorer

        return CausalScorer(backbone, self.answer, self.length)

    def facts(self) -> dict[str, Any]:
        """Return the facts of a re-ranker, and for the default decoder that its commit is not pinned."""
        facts = super().facts()
        if self.backbone == DEFAULT_DECODER:
            facts["pin"] = "none: revision and sha256 are those first seen on this machine"
        return facts

    def _write(self, folder: Path) -> None:
        from benchsuite_flm.saving import write_model

        write_model(self._backbone, folder)

    def _open(self, folder: Path) -> Backbone:
        from benchsuite_content.backbone import open_backbone

        return open_backbone(folder, self._weights, writes=True)
