"""FLM that asks a GPT-like model: would this person like that, or how likely is its text to come next?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge

from benchsuite.api import Choice, Context
from benchsuite.data import Float32, Int32, Int64
from benchsuite_classic.ease import EASE
from benchsuite_content.backbone import DEFAULT_DECODER, load_backbone
from benchsuite_content.encode import encode_texts
from benchsuite_flm.reranking import Reranker
from benchsuite_flm.stages import Groups

if TYPE_CHECKING:
    from benchsuite_content.backbone import Backbone

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
    """Re-ranks a first stage's best by what a causal language model answers to a prompt of history and candidate.

    After the titles of the history comes either a question, whose answer is the logit of " yes" less that of " no"
    (as in TALLRec, Bao et al. 2023), or the candidate's text, whose answer is its mean log-likelihood per token. The
    prompt's beginning is read once for all candidates of a query.

    Trained with LoRA (Hu et al. 2022) on held-out items that the first stage names, as ``flm-cross`` is: by binary
    cross-entropy of yes and no, other candidates being no; or, for texts, by the language-model loss of the held-out
    items' texts. Which items are read, and how they are put above the others, is as in ``flm-cross`` too.

    Attributes:
        backbone: a decoder: ``"owner/name@<40 hex digits>"`` or a folder, with safetensors weights. The default is
            small and open; it must be downloaded, and as no commit of it is pinned the one first seen is used and told.
        answer: ``yes-no`` or ``text``.
        length: tokens of a prompt that are read at most; of the history the end is cut.
        tuning: as in ``flm-cross``.
        layers: as in ``flm-cross``; by default all.
    """

    backbone: str = DEFAULT_DECODER
    answer: Annotated[Literal["yes-no", "text"], Choice("yes-no", "text")] = "yes-no"
    length: Annotated[int, Ge(24)] = 96
    tuning: Literal["top", "lora", "full", "frozen"] = "lora"
    layers: Annotated[int, Ge(1)] = 1000

    cite: ClassVar[tuple[str, ...]] = (CITE_TALLREC, CITE_LORA, *EASE.cite)

    def _load(self) -> Backbone:
        return load_backbone(self.backbone, writes=True)

    def _text_vectors(self, backbone: Backbone, texts: Sequence[str], context: Context) -> Float32:
        backbone.model.to(context.device)
        body = dataclasses.replace(backbone, model=backbone.model.base_model, pooling="mean")
        return encode_texts(body, texts, device=context.device, threads=context.threads)

    def _learn(self, backbone: Backbone, histories: Sequence[str], groups: Groups, context: Context) -> list[float]:
        from benchsuite_flm.opening import Opened
        from benchsuite_flm.speaker import Speaker, train

        speaker = Speaker(backbone, self.answer, self.length)
        opened = Opened(
            backbone.model,
            tuning=self.tuning,
            layers=self.layers,
            rank=self.lora_rank,
            part=self.lora_part,
            seed=context.seed,
            device=context.device,
        )
        self._sizes |= {"trained": opened.count}
        asked = [
            speaker.prompts([histories[query]] * len(row), [self._texts[code] for code in row])
            for query, row in zip(groups.query.tolist(), groups.item.tolist(), strict=True)
        ]
        losses = train(
            speaker,
            opened.weights,
            asked,
            (self.epochs, self.batch_size, self.learning_rate, self.weight_decay),
            seed=context.seed,
            report=context.progress,
            stop=context.out_of_time,
        )
        opened.settle()
        self._backbone, self._speaker = backbone, speaker
        return losses

    def _read(self, histories: Sequence[str], owner: Int64, item: Int32) -> Float32:
        asked = self._speaker.prompts(
            [histories[number] for number in owner], [self._texts[code] for code in item.tolist()]
        )
        scores: Float32 = self._speaker.answers(asked).cpu().numpy()
        return scores

    def facts(self) -> dict[str, Any]:
        """Return the facts of a re-ranker, and that nobody pinned the commit where it is the default decoder's."""
        facts = super().facts()
        if self.backbone == DEFAULT_DECODER:
            facts["pin"] = "none: revision and sha256 are those first seen on this machine"
        return facts

    def _write(self, folder: Path) -> None:
        from benchsuite_flm.saving import write_model

        write_model(self._backbone, folder)

    def _open(self, folder: Path) -> None:
        from benchsuite_content.backbone import open_backbone
        from benchsuite_flm.speaker import Speaker

        self._backbone = open_backbone(folder, self._weights, writes=True)
        self._backbone.model.set_attn_implementation("eager")  # as in training: equal to the last bit
        self._speaker = Speaker(self._backbone, self.answer, self.length)
