"""One fit in several processes, as ``torchrun`` and ``accelerate launch`` start them; by default there is one."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_SIZE = "WORLD_SIZE"  # both launchers set the number of processes in this variable


def launched() -> int:
    """Return how many processes a launcher started; 1 without one."""
    told = os.environ.get(_SIZE, "")
    return int(told) if told.isdigit() else 1


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that fit together.

    Attributes:
        main: True in the one process that writes and prints.
        local: how many of them share this machine.
    """

    main: bool = True
    local: int = 1
    _state: Any = None

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self._state is not None:
            self._state.wait_for_everyone()

    def main_first(self, work: Callable[[], T]) -> T:
        """Do the work in one process of each machine first, so that downloads happen once."""
        if self._state is None:
            return work()
        with self._state.local_main_process_first():
            return work()


@contextmanager
def join_process_group(device: str) -> Iterator[ProcessGroup]:
    """Join the processes that a launcher started: over NCCL on GPUs, over gloo on CPUs.

    Args:
        device: what the fit computes on.
    """
    if launched() == 1:
        yield ProcessGroup()
        return
    import torch
    from accelerate import PartialState

    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on threads; the context of the fit names their number
        state = PartialState(cpu=device == "cpu")
    torch.set_num_threads(threads)
    try:
        yield ProcessGroup(state.is_main_process, int(os.environ.get("LOCAL_WORLD_SIZE", state.num_processes)), state)
    finally:
        state.destroy_process_group()
        PartialState._reset_state()  # noqa: SLF001 - else the next group would be taken for this one
