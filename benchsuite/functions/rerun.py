"""Fit one stored cell again and compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchsuite.arguments import Quiet, StoreFolder, Trust
from benchsuite.functions.run_arguments import read_store
from benchsuite.interface import Frames, FunctionResult, Style, frame, plain, several, table

if TYPE_CHECKING:
    from benchsuite.runner.refit import Difference


@dataclass(repr=False, eq=False)
class Refit(FunctionResult):
    """How a cell that was fitted again compares with the stored one.

    Attributes:
        key: of the cell.
        states: the cell's state ``before`` and ``now``.
        differences: of lists and scores; empty when either fit failed.
        may_differ: whether the model says itself that a second fit gives other digits (``reproducibility``).
    """

    key: str
    states: Mapping[str, str]
    differences: Sequence[Difference]
    may_differ: bool = False

    @property
    def same(self) -> bool:
        """True when both fits gave the same bits."""
        return self.states["before"] == self.states["now"] and not any(one.different for one in self.differences)

    @property
    def ok(self) -> bool:
        """True when both fits gave the same bits, or ended alike and the model promises no more."""
        return self.same or (self.may_differ and self.states["before"] == self.states["now"])

    def text(self, style: Style = plain) -> str:
        """Return a line for each kind of value."""
        rows = [[one.what, one.compared, one.different, f"{one.largest:.3g}"] for one in self.differences]
        head = f"cell {self.key}: {self.states['before']} before, {self.states['now']} now"
        body = table(("what", "compared", "different", "largest difference"), rows)
        told = "the same" if self.same else "not the same"
        told += ", as the model says itself" if self.ok and not self.same else ""
        return f"{head}\n{body}\n{told}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**super().to_dict(), "same": self.same}

    def frames(self) -> Frames:
        """Return ``differences``."""
        return {"differences": frame(self.differences, ("what", "compared", "different", "largest"))}


def rerun(
    key: str,
    *,
    store: StoreFolder = None,
    trust: Trust = (),
    quiet: Quiet = False,
) -> Refit:
    """Fit one stored cell again, apart from the store, and say how its lists and scores compare.

    It gets as many threads as before. Any difference is a fault, unless the model says itself that a second fit gives
    other digits (its ``reproducibility``, see ``show``).

    Args:
        key: the beginning of a cell's key (see: benchsuite status EXPERIMENT --json).
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        trust: run this plugin file or program where stored results name it, such as ./my_model.py:Mine or
            "python my_model.py"; may be repeated.
        quiet: show no progress.

    Raises:
        StoreError: when no cell, or more than one, has such a key.
    """
    from benchsuite.progress import ProgressBars
    from benchsuite.runner.refit import find_key, may_differ, refit, threads_of

    kept = read_store(store)
    whole = find_key(kept, "cell", key)
    with ProgressBars(quiet=quiet) as watch:
        watch.expect(1)
        new, differences = refit(kept, whole, watch, several(trust))
    states = {"before": kept.get("cell", whole).manifest["state"], "now": new.manifest["state"]}
    cell = kept.get("cell", whole)
    plugin = cell.manifest["identity"]["model"]["plugin"]
    return Refit(whole, states, differences, may_differ(plugin, threads_of(cell), several(trust)))
