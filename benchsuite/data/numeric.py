"""Two formulas that several packages need to the last bit alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchsuite.data.arrays import Float64

UInt64 = NDArray[np.uint64]


def mix64(word: NDArray[Any]) -> UInt64:
    """Return well-mixed uint64 words: one step of SplitMix64 (Steele, Lea and Flood 2014), wrapping around by design.

    Args:
        word: uint64, any shape.
    """
    mixed: UInt64 = word + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def dcg_divisor(place: NDArray[Any]) -> Float64:
    """Return float64, what nDCG divides a gain at a place by, ``log2(place + 2)``; the first place is 0."""
    divisor: Float64 = np.log2(place + 2.0)
    return divisor
