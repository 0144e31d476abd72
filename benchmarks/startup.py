"""Start-up: how long ``benchsuite list`` and ``benchsuite --help`` take, beside Python that does nothing.

    python benchmarks/startup.py [--rounds 11]

Each is a process of its own, in turn, after one that does not count (it makes the byte code). Medians are kept for the
page ``speed``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from data import CACHE
from records import Records, hardware

LIMIT = 0.3
RECORDS = CACHE / "startup.jsonl"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    script = Path(sys.executable).parent / "benchsuite"
    ours = [str(script)] if script.exists() else [sys.executable, "-m", "benchsuite.cli.main"]
    words = {
        "python": [sys.executable, "-c", "pass"],
        "list": [*ours, "list"],
        "--help": [*ours, "--help"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in words}
    for number in range(options.rounds + 1):
        for name, command in words.items():
            began = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            if number:
                seconds[name].append(time.perf_counter() - began)
    print(hardware())
    records = Records(RECORDS)
    for name, found in seconds.items():
        middle = float(np.median(found))
        records.put({"what": "start-up", "name": name}, {"seconds": middle, "rounds": len(found)})
        wanted = "" if name == "python" else f" (wanted: <= {LIMIT} s)"
        print(f"{name}: {middle:.3f} s, {min(found):.3f} to {max(found):.3f}{wanted}")


if __name__ == "__main__":
    main()
