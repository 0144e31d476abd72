"""The kit judges learning and settings rightly: for every check there is a model that it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
from annotated_types import Gt

from benchsuite.api import Model, Range, Reproducibility, Requirement
from benchsuite_testing import check_model
from benchsuite_testing.learning_checks import LEARNING_CHECKS
from benchsuite_testing.plugin_checks import PLUGIN_CHECKS


@dataclass
class Good(Model):
    """Scores an item by how often it is taken together with those of the history."""

    damping: Annotated[float, Gt(0), Range(0.1, 10)] = 1.0

    def fit(self, train, context):
        taken = train.matrix()
        self._together = np.asarray((taken.T @ taken).todense(), np.float32)
        np.fill_diagonal(self._together, 0)
        return self

    def score(self, queries, candidates):
        scores = (queries.matrix(len(self._together)) @ self._together).astype(np.float32)
        return scores if candidates is None else scores[:, candidates]


@dataclass
class Unseeded(Good):
    """Draws without a seed."""

    def fit(self, train, context):
        super().fit(train, context)
        self._together += np.random.default_rng().random(self._together.shape, np.float32)
        return self


@dataclass
class CountsThreads(Good):
    """Promises the same bytes with any number of threads, and adds what that number is."""

    reproducibility: ClassVar[Reproducibility] = Reproducibility.ANY_THREADS

    def fit(self, train, context):
        super().fit(train, context)
        self._together += np.float32(context.threads)
        return self


@dataclass
class GloballySeeded(Good):
    """Listens to the global seed of NumPy."""

    def fit(self, train, context):
        super().fit(train, context)
        seed = int(np.random.get_state()[1][0])  # noqa: NPY002 - this is the mistake
        self._together += np.random.default_rng(seed).random(self._together.shape, np.float32)
        return self


@dataclass
class ReadsSecretly(Good):
    """Reads item texts without declaring the need."""

    def fit(self, train, context):
        self._lengths = np.array([len(text) for text in train.items.text])
        return super().fit(train, context)


@dataclass
class Impatient(Good):
    """Fails when there is no time."""

    def fit(self, train, context):
        if context.out_of_time():
            raise TimeoutError
        return super().fit(train, context)


@dataclass
class TheSameForAll(Good):
    """Ranks by popularity and does not say so."""

    def fit(self, train, context):
        super().fit(train, context)
        self._counts = np.bincount(train.interactions.item, minlength=len(train.items)).astype(np.float32)
        return self

    def score(self, queries, candidates):
        counts = self._counts if candidates is None else self._counts[candidates]
        return np.repeat(counts[None, :], len(queries), axis=0)


@dataclass
class Nameless(Good):
    pass


class Undecorated(Good):
    """Is no dataclass itself."""

    extra: int = 1


@dataclass
class ForbiddenDefault(Good):
    """Has a default that its own type forbids."""

    damping: Annotated[float, Gt(0)] = 0.0


@dataclass
class Anything(Good):
    """Has a setting without a type."""

    extra: Any = None


@dataclass
class SearchesTooFar(Good):
    """Would be tuned to a value it refuses."""

    damping: Annotated[float, Gt(1), Range(0.5, 10)] = 2.0


@dataclass
class TakesEverything(Good):
    """Accepts settings it does not have."""

    @classmethod
    def from_settings(cls, settings, where=""):
        return super().from_settings({name: value for name, value in settings.items() if name in cls.fields()}, where)


@dataclass
class Impersonal(TheSameForAll):
    """Ranks by popularity and says so."""

    is_personalized: ClassVar[bool] = False


@dataclass
class Ratings(Model):
    """Predicts the mean rating a user's like-minded gave: needs values."""

    needs: ClassVar[frozenset[Requirement]] = frozenset({Requirement.VALUES})
    seen: dict[str, int] = field(default_factory=dict)

    def fit(self, train, context):
        values = train.matrix(train.interactions.value - 3)
        self._values = np.asarray(values.todense(), np.float32)
        return self

    def score(self, queries, candidates):
        asked = np.asarray(queries.matrix(self._values.shape[1], queries.history.value - 3).todense(), np.float32)
        scores = (asked @ self._values.T) @ self._values
        return scores if candidates is None else scores[:, candidates]


@dataclass
class Untyped(Ratings):
    """Has a public value without a type, which is no setting."""

    shrinkage = 10.0


@dataclass
class FiveInAList(Ratings):
    """Returns lists of numbers."""

    def score(self, queries, candidates):
        return super().score(queries, candidates).tolist()


def test_a_value_without_a_type_is_told():
    failed = {result.name: result.reason for result in check_model(Untyped) if result.state == "failed"}
    assert failed == {
        "settings_are_typed": "shrinkage: no setting without a type; write for instance shrinkage: float = ..., or a "
        "leading underscore where it is none"
    }


def test_scores_that_are_no_array_are_named():
    reasons = {result.reason for result in check_model(FiveInAList) if result.state == "failed"}
    assert "score(queries, None) is a list, no NumPy array" in reasons
    assert not any("indices must be integers" in reason for reason in reasons)


def test_what_writes_into_its_input_is_told_what_to_do():
    class Writes(Ratings):
        """Counts in place."""

        def fit(self, train, context):
            train.interactions.value[0] = 1
            return super().fit(train, context)

    failed = [result.reason for result in check_model(dataclass(Writes)) if result.state == "failed"]
    assert failed
    assert all("what a plugin is given is read-only: copy it before you change it" in reason for reason in failed)


BAD = {
    Unseeded: "same_seed_same_scores",
    CountsThreads: "threads_do_not_matter",
    GloballySeeded: "global_seeds_do_not_matter",
    ReadsSecretly: "needs_are_declared",
    Impatient: "late_deadline",
    TheSameForAll: "checkerboard",
    Nameless: "describes_itself",
    Undecorated: "builds_with_defaults",
    ForbiddenDefault: "settings_round_trip",
    Anything: "settings_are_typed",
    SearchesTooFar: "search_ranges_are_valid",
    TakesEverything: "unknown_setting_refused",
}


@pytest.mark.parametrize("model", BAD, ids=lambda model: model.__name__)
def test_a_bad_model_is_refused(model):
    failed = {result.name for result in check_model(model) if result.state == "failed"}
    assert BAD[model] in failed


def test_every_check_of_learning_and_settings_can_fail():
    assert set(BAD.values()) == {check.__name__.removeprefix("check_") for check in (*LEARNING_CHECKS, *PLUGIN_CHECKS)}


def test_a_model_for_everybody_alike_is_a_counted_skip():
    board = {result.name: result for result in check_model(Impersonal)}["checkerboard"]
    assert (board.state, board.reason) == ("skipped", "not personal by design (is_personalized = False)")


def test_models_of_values_get_a_rated_board():
    assert {result.name: result.state for result in check_model(Ratings)}["checkerboard"] == "passed"
