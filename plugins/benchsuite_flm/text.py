"""FLM on text alone: nothing is learnt about single items, so it can be moved to another catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchsuite_flm.flm import FLM


@dataclass
class TextFLM(FLM):
    """FLM that knows items by their texts only: no residual and no popularity, as if every item were new.

    Fine-tuned as ``flm`` is, with residual and popularity always withheld. It shows what the text alone can do, and
    all that it learns holds for items it never saw.
    """

    identities: ClassVar[bool] = False
