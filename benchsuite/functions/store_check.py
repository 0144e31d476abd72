"""Whether a store is as it was written, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchsuite.arguments import StoreFolder
from benchsuite.functions.run_arguments import existing_store, open_store
from benchsuite.interface import Frames, FunctionResult, Style, count, frame, plain, table

if TYPE_CHECKING:
    from benchsuite.store.upkeep import Fault

_CURES = {
    "damaged": "moves to the folder damaged, so that the next run makes anew what it needs",
    "unfinished": "moves to the folder damaged",
    "left over": "removes (harmless)",
}


@dataclass(frozen=True, repr=False)
class StoreFaults(FunctionResult):
    """What is not as it should be.

    Attributes:
        root: of the store.
        checked: how many entries were read.
        faults: that were found.
        mended: how many of them were mended now.
        done: whether faults were to be mended now.
    """

    root: str
    checked: int
    faults: list[Fault]
    mended: int = 0
    done: bool = False

    @property
    def ok(self) -> bool:
        """False where a fault is left; what dead processes left over is none."""
        wrong = [fault for fault in self.faults if fault.trouble != "left over"]
        return self.mended == len(self.faults) if self.done else not wrong

    def text(self, style: Style = plain) -> str:
        """Return a line for each fault, and what was or will be done."""
        rows = [[fault.trouble, fault.kind, fault.key[:12], fault.what] for fault in self.faults]
        told = f"{self.root}: {count(self.checked, 'entry')} checked"
        if not rows:
            return f"{told}, nothing is wrong"
        lines = [table(["trouble", "kind", "key", "what"], rows), "", f"{told}, {count(len(rows), 'fault')}"]
        if self.done:
            left = len(rows) - self.mended
            lines += [f"{self.mended:,} mended" + (f", {left:,} left alone, as a run works there" if left else "")]
            return "\n".join(lines)
        for trouble, cure in _CURES.items():
            if number := sum(fault.trouble == trouble for fault in self.faults):
                lines.append(f"{number:,} {trouble}, which benchsuite store repair {cure}")
        return "\n".join(lines)

    def frames(self) -> Frames:
        """Return ``faults``, one a row."""
        return {"faults": frame(self.faults, ("trouble", "kind", "key", "what", "path"))}


def store_check(*, store: StoreFolder = None) -> StoreFaults:
    """Read every file of a store and hold it against its sha256; exit code 1 when an entry is damaged.

    Args:
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).

    Raises:
        StoreError: when there is no such store.
    """
    from benchsuite.store.upkeep import faults, folders, kinds

    kept = existing_store(store)
    return StoreFaults(str(kept.root), sum(len(folders(kept, kind)) for kind in kinds(kept)), list(faults(kept)))


def store_repair(*, store: StoreFolder = None, dry_run: bool = False) -> StoreFaults:
    """Move damaged entries aside, so that the next run makes them anew, and remove what dead processes left.

    Nothing is lost: what is damaged lies in the folder ``damaged`` of the store afterwards. What a run works on now is
    left alone.

    Args:
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        dry_run: say what would be done, and do nothing.

    Raises:
        StoreError: when there is no such store, or it cannot be written.
    """
    from benchsuite.store.upkeep import mend

    found = store_check(store=store)
    if dry_run:
        return found
    kept = open_store(store, quiet=True)
    mended = sum(mend(kept, fault) for fault in found.faults)
    return StoreFaults(found.root, found.checked, found.faults, mended, done=True)
