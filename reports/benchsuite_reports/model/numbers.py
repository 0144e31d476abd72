"""How numbers are written: as many digits as the interval supports, the same down a column.

The rounding is Python's: the nearest decimal to the exact binary value, a tie going to the even digit.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_MOST = 6
_PLAIN = 3
_TWO_DIGITS_UP_TO = 354


@dataclass(frozen=True)
class Form:
    """How one column writes its numbers.

    Attributes:
        decimals: digits after the point.
        bare: write ``.343`` for 0.343; only where no value of the column reaches beyond -1 or 1.
        share: write 0.0321 as ``3.2%``.
        whole: write 22713216 as ``22,713,216``.
    """

    decimals: int
    bare: bool = False
    share: bool = False
    whole: bool = False

    def number(self, value: float) -> str:
        """Write a value."""
        if self.share:
            return percent(value)
        if self.whole:
            return f"{value:z,.0f}"
        return self._bare(f"{value:z.{self.decimals}f}")

    def signed(self, value: float) -> str:
        """Write a value with its sign, a plus too."""
        text = self.number(value)
        return text if text.startswith("-") or float(text) == 0 else f"+{text}"

    def margin(self, half: float) -> str:
        """Write half an interval; one that would read as zero is written as smaller than the last digit."""
        text = f"{half:z.{self.decimals}f}"
        if half > 0 and float(text) == 0:
            return "<" + self._bare(f"{10.0**-self.decimals:.{self.decimals}f}")
        return self._bare(text)

    def _bare(self, text: str) -> str:
        if not self.bare:
            return text
        sign = "-" if text.startswith("-") else ""
        digits = text.removeprefix("-")
        return sign + digits[1:] if digits.startswith("0.") else text


def half_width(mean: float, low: float | None, high: float | None) -> float | None:
    """Return the larger side of an interval, so that ``mean ± half`` always covers it; None without one."""
    if low is None or high is None:
        return None
    return max(mean - low, high - mean, 0.0)


def supported(half: float) -> int:
    """Return how many decimals an uncertainty supports.

    The Particle Data Group's rule: the uncertainty keeps two digits when its first three read 100 to 354, one when
    they read more (950 and above becomes the next power of ten, with two digits).
    """
    exponent = math.floor(math.log10(half))
    digits = round(half / 10.0 ** (exponent - 2))
    return 1 - exponent if digits <= _TWO_DIGITS_UP_TO else -exponent


def form(
    values: Sequence[float], halves: Sequence[float], *, cost: bool, share: bool = False, whole: bool = False
) -> Form:
    """Choose how a column is written.

    Args:
        values: all values of the column.
        halves: the intervals' half-widths that are known; the median one decides.
        cost: True for seconds, megabytes and the like, which always keep their leading zero.
        share: True for a share that reads best in percent.
        whole: True for counts, which are never cut.
    """
    if whole:
        return Form(0, whole=True)
    if share:
        return Form(1, share=True)
    wide = [half for half in halves if half > 0]
    bare = not cost and all(abs(value) <= 1 for value in values)
    if wide:
        return Form(min(max(supported(statistics.median_low(wide)), 0), _MOST), bare)
    sizes = [abs(value) for value in values if value]
    if not cost:
        return Form(_PLAIN, bare)
    if not sizes:
        return Form(0)
    # Three digits for the largest value, and at least one for the smallest as long as two decimals are enough for it.
    largest = 2 - math.floor(math.log10(max(sizes)))
    smallest = -math.floor(math.log10(min(sizes)))
    return Form(min(max(largest, min(smallest, 2), 0), _MOST))


def p_value(p: float) -> str:
    """Write a p-value with three decimals, and what would read as none as smaller than the last."""
    text = f"{p:.3f}"
    return "<.001" if float(text) == 0 else "1.000" if float(text) == 1 else text.removeprefix("0")


def percent(share: float) -> str:
    """Write a share in percent with one decimal; what would read as 0.0% but is not says so."""
    text = f"{100 * share:z.1f}"
    return "<0.1%" if share > 0 and float(text) == 0 else f"{text}%"


def count(value: object) -> str:
    """Write a whole number with thousands separated by commas; anything else as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
