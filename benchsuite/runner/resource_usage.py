"""Processor time and GPU energy of a job's process, from which energy is estimated when results are compared."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.provenance import hardware


class ResourceUsage:
    """Counts since its creation: processor seconds of this process, and joules of the GPU's counter where one is used.

    Args:
        device: ``"cuda"`` where a GPU is used.
        children: count the running processes that this one started, too; what has ended is always counted.
    """

    def __init__(self, device: str, *, children: bool = False) -> None:
        self._gpu = _Gpu() if device.startswith("cuda") else None
        self._children = children
        self._cpu = self._cpu_seconds()

    def read(self) -> tuple[float, dict[str, Any]]:
        """Return the processor seconds so far, and what a reader needs to turn them into energy.

        The second is ``cpu`` (the processor's name), ``sockets`` (how many of them), ``processors`` (how many logical
        ones the system has), ``virtual`` (whether the system runs on a virtual machine, which may see only a slice of
        the processor), ``gpu`` (its name, or "" where none was used) and ``gpu_joules`` (by the counter of the board;
        None where that cannot be read).
        """
        seconds = self._cpu_seconds() - self._cpu
        return seconds, {
            "cpu": hardware()["cpu"],
            "processors": os.cpu_count() or 1,
            **_machine(),
            "gpu": self._gpu.name if self._gpu else "",
            "gpu_joules": self._gpu.joules() if self._gpu else None,
        }

    def _cpu_seconds(self) -> float:
        """Return the processor seconds of this process, all its threads, and its children."""
        spent = os.times()
        ended = spent.user + spent.system + spent.children_user + spent.children_system
        return ended + (sum(child.seconds for child in running_children()) if self._children else 0.0)


@dataclass(frozen=True)
class Child:
    """A running process that this one started: its processor seconds so far, and its peak memory in MB (10^6 bytes)."""

    seconds: float
    peak_mb: float


def running_children() -> list[Child]:
    """Return the running processes that this one started, and those that they started."""
    import psutil

    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            spent, now, peak = child.cpu_times(), child.memory_info().rss / 1e6, peak_mb(child.pid)
        except (psutil.Error, OSError):  # it has just ended
            continue
        seconds = spent.user + spent.system + getattr(spent, "children_user", 0) + getattr(spent, "children_system", 0)
        found.append(Child(seconds, now if peak is None else peak))
    return found


def peak_mb(process: int | str = "self") -> float | None:
    """Return the peak resident memory of a process in MB (10^6 bytes), None where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii", errors="replace")
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), None)
    return None if line is None else int(line.split()[1]) * 1024 / 1e6


class _Gpu:
    """The energy counter of the GPU that torch uses, read through NVIDIA's management library."""

    def __init__(self) -> None:
        import torch

        self.name = torch.cuda.get_device_name()
        self._handle: Any = None
        self._start = 0
        try:
            import pynvml

            pynvml.nvmlInit()
            # By its identity: environment variables change what "the first" means.
            uuid = torch.cuda.get_device_properties(torch.cuda.current_device()).uuid
            self._handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
            self._start = pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)
        except Exception:  # noqa: BLE001 - no library, driver or permission, a part of a GPU: all mean "not known"
            self._handle = None

    def joules(self) -> float | None:
        """Return the joules of the whole board since the start, None where they cannot be read."""
        if self._handle is None:
            return None
        import pynvml

        try:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) - self._start) / 1000
        except pynvml.NVMLError:
            return None


def _machine() -> dict[str, Any]:
    """Return what Linux reports of sockets and virtual machines; other systems report nothing."""
    lines: list[str] = []
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    sockets = {line.partition(":")[2].strip() for line in lines if line.startswith("physical id")}
    virtual = any("hypervisor" in line.split() for line in lines if line.startswith("flags"))
    return {"sockets": max(1, len(sockets)), "virtual": virtual}
