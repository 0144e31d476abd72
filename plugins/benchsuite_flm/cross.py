"""FLM that reads history and candidate together: the encoding of the pair text is the formula's x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Gt

from benchsuite.api import Choice, Context, Search
from benchsuite.data import Float32, Int32, Int64
from benchsuite_classic.ease import EASE
from benchsuite_content.backbone import CITE_BERT, CITE_MINILM, CITE_SBERT, DEFAULT_BACKBONE, load_backbone
from benchsuite_content.encode import encode_texts
from benchsuite_flm.reranking import Reranker
from benchsuite_flm.stages import Groups

if TYPE_CHECKING:
    from benchsuite_content.backbone import Backbone

_HEAD = "head.safetensors"

CITE_RERANKING = """@misc{nogueira2019passage,
  title = {Passage Re-ranking with {BERT}},
  author = {Nogueira, Rodrigo and Cho, Kyunghyun},
  year = {2019},
  eprint = {1901.04085},
  archivePrefix = {arXiv}
}"""


@dataclass
class CrossFLM(Reranker):
    """Re-ranks a first stage's best by reading the titles of the history and the candidate's text as one pair text.

    r = sigmoid(W1·x + W2·u + b), literally: x is the encoder's pooled output of "history [SEP] candidate", u that of
    the history alone. Every word of the history can look at every word of the candidate (Nogueira and Cho 2019), but
    every pair costs a pass of the encoder, so only candidates of a first stage are read.

    *Training.* A fifth of each history is held out, and the first stage fitted on the rest names its candidates. Held-
    out items among them are set against others among them: what is learnt is to order candidates, as is asked later.

    *Scores.* Pairs that are read come first, by the first stage's score plus the weighted score of the pair, the weight
    chosen on held-out items of a few users that teach nothing else; the others keep the order of the first stage. Known
    and new items are named apart, each by its rank in the whole catalogue, so that an item's score does not depend on
    what else is asked. Scores of pairs are always the formula's. Where nothing was learnt (no time, or the first stage
    found no held-out item) nothing is read, and the facts say so.

    Attributes:
        backbone: the encoder, see :func:`benchsuite_content.backbone.load_backbone`.
        loss: ``softmax``: the taken item among its group, where W2·u + b cancel and so are not learnt; ``bce``: binary
            cross-entropy of r, each pair by itself.
        head_learning_rate: largest step size of W1, W2 and b.
    """

    backbone: str = DEFAULT_BACKBONE
    loss: Annotated[Literal["softmax", "bce"], Choice("softmax", "bce")] = "softmax"
    head_learning_rate: Annotated[float, Gt(0), Search(1e-3, 1e-1, log=True)] = 1e-2

    cite: ClassVar[tuple[str, ...]] = (CITE_RERANKING, CITE_MINILM, CITE_SBERT, CITE_BERT, *EASE.cite)

    def _load(self) -> Backbone:
        return load_backbone(self.backbone)

    def _text_vectors(self, backbone: Backbone, texts: Sequence[str], context: Context) -> Float32:
        return encode_texts(backbone, texts, device=context.device, threads=context.threads)

    def _able(self) -> bool:
        return bool(self._losses)  # W1 starts at zero

    def _learn(self, backbone: Backbone, histories: Sequence[str], groups: Groups, context: Context) -> list[float]:
        from benchsuite_flm.opening import Opened
        from benchsuite_flm.pair_reader import Course, PairReader, train

        opened = Opened(
            backbone.model,
            tuning=self.tuning,
            layers=self.layers,
            rank=self.lora_rank,
            part=self.lora_part,
            seed=context.seed,
            device=context.device,
        )
        reader = PairReader(backbone, self.length).to(context.device)
        self._sizes |= {"trained": opened.count, "head": sum(weight.numel() for weight in reader.parameters())}
        losses = train(
            reader,
            opened.weights,
            [histories[query] for query in groups.query],
            [[self._texts[code] for code in row] for row in groups.item.tolist()],
            Course(
                loss=self.loss,
                epochs=self.epochs,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                head_learning_rate=self.head_learning_rate,
                weight_decay=self.weight_decay,
            ),
            seed=context.seed,
            report=context.progress,
            stop=context.out_of_time,
        )
        opened.settle()
        self._backbone, self._reader = backbone, reader.requires_grad_(False)
        return losses

    def _read(self, histories: Sequence[str], owner: Int64, item: Int32) -> Float32:
        import torch

        # In float32: rounding to bfloat16 depends on the company of a pair in its batch, and would swap neighbours.
        with torch.inference_mode():
            asked, place = np.unique(owner, return_inverse=True)
            u = self._reader.encode([histories[number] for number in asked])[torch.from_numpy(place)]
            x = self._reader.encode([histories[number] for number in owner], [self._texts[code] for code in item])
            scores: Float32 = self._reader.logits(x, u).cpu().numpy()
        return scores

    def _write(self, folder: Path) -> None:
        from safetensors.torch import save_file

        from benchsuite_flm.saving import write_encoder

        write_encoder(self._backbone, folder)
        save_file({name: value.detach().cpu() for name, value in self._reader.state_dict().items()}, folder / _HEAD)

    def _open(self, folder: Path) -> None:
        from safetensors.torch import load_file

        from benchsuite_content.backbone import open_backbone
        from benchsuite_flm.pair_reader import PairReader

        self._backbone = open_backbone(folder, self._weights)
        self._backbone.model.set_attn_implementation("eager")  # as in training: equal to the last bit
        self._reader = PairReader(self._backbone, self.length).requires_grad_(False)
        self._reader.load_state_dict(load_file(folder / _HEAD))
