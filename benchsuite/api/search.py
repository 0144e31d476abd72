"""Search ranges: said once, in the annotation of the setting they belong to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """A numeric range that tuning searches, both ends included: ``Annotated[int, Range(16, 256, log=True)]``.

    Attributes:
        low: smallest value to try.
        high: largest value to try.
        log: spread trials evenly over orders of magnitude.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        """Refuse a range that cannot be searched."""
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"{self} is no range")


@dataclass(frozen=True)
class Categorical:
    """A set of values to tune over: ``Annotated[str, Categorical("cosine", "tfidf", "bm25")]``."""

    options: tuple[str | int | float | bool, ...]

    def __init__(self, *options: str | float | bool) -> None:
        """Keep the options in the given order."""
        object.__setattr__(self, "options", options)
