"""How much a store holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchsuite.arguments import StoreFolder
from benchsuite.functions.run_arguments import existing_store
from benchsuite.interface import Frames, FunctionResult, Style, frame, plain, table

if TYPE_CHECKING:
    from benchsuite.store.upkeep import Amount


_MEGA = 10**6


def size_text(size: int) -> str:
    """Return bytes as ``1.2 MB`` (10^6 bytes), less than one as ``3.4 kB``."""
    return f"{size / _MEGA:,.1f} MB" if size >= _MEGA else f"{size / 1e3:.1f} kB"


@dataclass(frozen=True, repr=False)
class StoreSize(FunctionResult):
    """How much each kind of entries takes.

    Attributes:
        root: of the store.
        amounts: by kind.
    """

    root: str
    amounts: list[Amount]

    def text(self, style: Style = plain) -> str:
        """Return a line for each kind, and the sum."""
        rows = [[one.kind, f"{one.entries:,}", size_text(one.bytes)] for one in self.amounts]
        total = sum(one.bytes for one in self.amounts)
        return f"{table(['kind', 'number', 'size'], rows)}\n\n{self.root}: {size_text(total)}"

    def frames(self) -> Frames:
        """Return ``amounts``, a kind a row, in bytes."""
        return {"amounts": frame(self.amounts, ("kind", "entries", "bytes"))}


def store_size(*, store: StoreFolder = None) -> StoreSize:
    """Show how much each kind of entries in a store takes: cells (trials included), data, folds, caches of reports.

    Args:
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).

    Raises:
        StoreError: when there is no such store.
    """
    from benchsuite.store.upkeep import amounts

    kept = existing_store(store)
    return StoreSize(str(kept.root), amounts(kept))
