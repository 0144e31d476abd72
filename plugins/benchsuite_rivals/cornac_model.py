"""Any model of the library Cornac, by name; and the base of the rows that name one."""

from __future__ import annotations

import importlib.metadata
import sys
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from benchsuite.api import Context, Model, Reproducibility
from benchsuite.data import Bool, Dataset, Float32, Int32, Queries
from benchsuite.errors import ConfigError, NotApplicable
from benchsuite_classic.support import mask_unscored, select_columns
from benchsuite_content.encode import torch_threads
from benchsuite_content.seeds import own_random_state
from benchsuite_rivals import cornac_names
from benchsuite_rivals.cornac_data import CornacData, Feedback

CITE_CORNAC = """@article{salah2020cornac,
  title = {Cornac: A Comparative Framework for Multimodal Recommender Systems},
  author = {Salah, Aghiles and Truong, Quoc-Tuan and Lauw, Hady W.},
  journal = {Journal of Machine Learning Research},
  volume = {21},
  number = {95},
  pages = {1--5},
  year = {2020}
}"""

_NOTHING = -1e9
"""Cornac's TIGER gives items that its search did not reach -1e10; the harness wants NaN there."""


@dataclass
class CornacBase(Model):
    """Fits one of Cornac's models and asks it query by query.

    Models of next items answer every query from its visible history. All others answer users with training rows from
    what they learnt of them, whatever history is visible, and abstain for new users; of the autoencoders, the row
    ``vaecf`` alone encodes histories. Items without training rows get no score.
    """

    cite: ClassVar[tuple[str, ...]] = (CITE_CORNAC,)

    @abstractmethod
    def _choice(self, train: Dataset) -> tuple[str, dict[str, Any]]:
        """Return the name of the model in Cornac and the parameters of its constructor, for this data."""

    def _feedback(self) -> Feedback:
        return "implicit"

    def _vectors(self, train: Dataset, context: Context) -> Float32 | None:
        """Return float32[items, d] for models that read item features; None gives them the data's own."""
        return None

    def fit(self, train: Dataset, context: Context) -> Self:
        """Give the model the training part.

        Raises:
            ConfigError: when Cornac is missing, or refuses the parameters.
            NotApplicable: when the model needs something of the data that is not there.
        """
        cornac_names.need_cornac(type(self).__name__)
        from cornac.models import NextItemRecommender

        self._name, parameters = self._choice(train)
        self._threads = context.threads
        kind = cornac_names.class_of(self._name)
        self._sequential = issubclass(kind, NextItemRecommender)
        with torch_threads(context.threads), own_random_state(context.seed):
            self._model = cornac_names.build(self._name, parameters, seed=context.seed, device=context.device)
            vectors = self._vectors(train, context)
            sequential, seed = self._sequential, context.seed
            data = CornacData(train, self._feedback(), sequential=sequential, vectors=vectors, seed=seed)
            self._fit_model(data.data)
        self._codes, self._item_place, self._user_place = data.items, data.item_place, data.user_place
        for part in self._networks():
            part.eval()
        return self

    def _fit_model(self, data: Any) -> None:
        from cornac.exception import CornacException

        try:
            self._model.fit(data)
        except ImportError as error:
            raise cornac_names.missing(self._name, error) from None
        except (CornacException, AttributeError, ValueError) as error:
            # How its models tell that a table of texts, features, images or links was not given.
            if not any(word in str(error) for word in ("modality", "NoneType", "requires", "required")):
                raise
            what = f"Cornac's {self._name} needs something that the data does not have: {error}"
            raise NotApplicable(what) from None

    def facts(self) -> Mapping[str, Any]:
        """Name the library's version and the model."""
        return {"library": f"cornac {importlib.metadata.version('cornac')}", "model": self._name}

    def _networks(self) -> list[Any]:
        if "torch" not in sys.modules:
            return []
        from torch.nn import Module

        return [part for part in vars(self._model).values() if isinstance(part, Module)]

    def parameter_count(self) -> int:
        """Return the weights of the model's networks, or the numbers in its arrays where it has none."""
        networks = self._networks()
        if networks:
            return sum(weight.numel() for network in networks for weight in network.parameters())
        arrays = [part for part in vars(self._model).values() if isinstance(part, np.ndarray)]
        return int(sum(np.count_nonzero(part) for part in arrays if np.issubdtype(part.dtype, np.floating)))

    def score(self, queries: Queries, candidates: Int32 | None) -> Float32:
        """Return float32[q, c], the scores that Cornac gives; NaN where it has none."""
        size = len(self._item_place)
        scores = np.full((len(queries), size), np.nan, np.float32)
        with torch_threads(self._threads):
            answered = self._answer(queries, scores)
        scores[~np.isfinite(scores) | (scores <= _NOTHING)] = np.nan
        known: Bool = self._item_place >= 0
        return mask_unscored(select_columns(scores, candidates), answered, known, candidates)

    def _answer(self, queries: Queries, scores: Float32) -> Bool:
        """Write scores of all items into float32[q, items]; return bool[q], which queries were answered."""
        from cornac.exception import ScoreException

        answered = np.zeros(len(queries), np.bool_)
        histories = queries.items
        for row, user in enumerate(self._user_place[queries.user].tolist()):
            place = self._item_place[histories[row]]
            shown = place[place >= 0].tolist()
            if not (shown if self._sequential else user >= 0):
                continue
            try:
                found = self._model.score(user, history_items=shown) if self._sequential else self._model.score(user)
            except ScoreException:
                continue
            scores[row, self._codes] = found
            answered[row] = True
        return answered


_RATINGS = {"BaselineOnly", "MF", "NMF", "PMF", "SVD"}
"""Models that learn to predict ratings and learn nothing where all are 1."""


@dataclass
class CornacModel(CornacBase):
    """Any model of the library Cornac 3, by name, with the parameters of its constructor.

    ``{ use = "cornac", with = { model = "BPR", parameters = { k = 50 } } }``. Names and parameters are held against the
    constructor before anything is fitted. Seeds, device and number of threads are the harness's, and there is no early
    stopping: the model gets the whole training part. Models get item texts, item features and links between users
    where the data has them. Needs the extra ``cornac``.

    Attributes:
        model: its name in Cornac, such as ``SASRec`` or ``NGCF``.
        parameters: of its constructor; what is not named keeps Cornac's default.
        feedback: ``implicit`` gives it the value 1 for every pair; ``explicit`` the data's values (stars), which models
            that predict ratings need.
    """

    reproducibility: ClassVar[Reproducibility] = Reproducibility.PROGRAM

    model: str = "EASE"
    parameters: dict[str, Any] = field(default_factory=dict)
    feedback: Feedback = "implicit"

    may_abstain: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Hold name and parameters against Cornac, where it is installed; the defaults are right without a look."""
        if self.model in _RATINGS and self.feedback == "implicit":
            raise ValueError(
                f'Cornac\'s {self.model} predicts ratings and learns nothing of ones; set feedback = "explicit"'
            )
        if (self.model != "EASE" or self.parameters) and cornac_names.installed():
            cornac_names.check_parameters(self.model, self.parameters)

    def _choice(self, train: Dataset) -> tuple[str, dict[str, Any]]:
        return self.model, dict(self.parameters)

    def _feedback(self) -> Feedback:
        return self.feedback

    def fit(self, train: Dataset, context: Context) -> Self:
        """Give the model the training part; errors as in the base.

        Raises:
            ConfigError: for a wrong name or parameter, too.
        """
        cornac_names.need_cornac("the model cornac")
        try:
            cornac_names.check_parameters(self.model, self.parameters)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        return super().fit(train, context)
