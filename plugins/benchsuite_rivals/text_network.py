"""What networks share that read the items' texts as vectors of a frozen language model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from benchsuite.api import Context, Requirement
from benchsuite.data import Dataset, Float32
from benchsuite_content.vectors import lm_vectors
from benchsuite_rivals.network_model import NetworkModel


class TextNetwork(NetworkModel):
    """A network beside an encoder whose weights stay as they are; the setting ``backbone`` names it."""

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.ITEM_TEXT})
    uses_language_model: ClassVar[bool] = True

    backbone: str
    _texts: Float32
    """float32[items, d], unit length, zeros where a text is empty."""

    def _read(self, train: Dataset, context: Context) -> None:
        self._texts, self._reader = lm_vectors(train, self.backbone, context)

    def facts(self) -> Mapping[str, Any]:
        """Return the losses and the encoder of texts."""
        return {**super().facts(), "backbone": dict(self._reader)}

    def parameter_count(self) -> int:
        """Return the weights of the network and of the encoder."""
        return super().parameter_count() + int(self._reader["parameters"])
