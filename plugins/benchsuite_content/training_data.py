"""What is known of the texts that pretrained weights were trained on, for whoever reads a result made with them.

Weights that have read about the items of a benchmark may know more than its texts tell. Nobody can see that in the
weights: it is told here for those that come by name, from what their authors publish, and is unknown for all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchsuite_content import smollm2
from benchsuite_content.backbone_files import DEFAULT_BACKBONE, DEFAULT_SHA256


@dataclass(frozen=True)
class TrainingData:
    """What is known of one set of weights.

    Attributes:
        known: what they were trained on.
        meaning: what that says of the texts and the behaviour in a benchmark.
        source: who says so.
    """

    known: str
    meaning: str
    source: str


_KNOWN: Mapping[tuple[str, str], TrainingData] = {
    (DEFAULT_BACKBONE, DEFAULT_SHA256): TrainingData(
        known="1.17 billion pairs of English texts, 62% of them comments of Reddit (2015 to 2018). The others are "
        "papers with what they cite (S2ORC, SPECTER), questions that ask the same (WikiAnswers, Stack Exchange, "
        "Quora), questions with answers or passages (PAQ, MS MARCO, GOOAQ, Yahoo Answers, Natural Questions and "
        "more), code, captions of pictures and simplified sentences. Before that: MiniLM, distilled from BERT.",
        meaning="None of the sources named is a log of ratings or purchases, so no behaviour of a benchmark's users "
        "is known to be among them. People write of films, books and products there: what they say of an item may "
        "be known.",
        source="model card of sentence-transformers/all-MiniLM-L6-v2; MiniLM: arXiv 2002.10957",
    ),
    (smollm2.NAME, smollm2.SHA256): TrainingData(
        known="2 trillion tokens of web pages chosen as educational (FineWeb-Edu), other filtered web pages (DCLM), "
        "source code (The Stack) and data sets of its authors; then instructions, and preferences (UltraFeedback).",
        meaning="Pages of the web on the films, books and products of a benchmark may be among them, and so may "
        "copies of public tables of ratings. It is not known whether they are.",
        source="model card of HuggingFaceTB/SmolLM2-135M-Instruct; arXiv 2502.02737",
    ),
}


def training_data(weights: Mapping[str, Any]) -> TrainingData | None:
    """Return what is known of weights by their name and sum, None where nothing is.

    Args:
        weights: ``name`` and ``sha256``, as a row's facts tell them; a name alone proves nothing.
    """
    name, digest = weights.get("name"), weights.get("sha256")
    return _KNOWN.get((name, digest)) if isinstance(name, str) and isinstance(digest, str) else None
