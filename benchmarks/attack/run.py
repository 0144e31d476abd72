"""Attack benchsuite from outside and say what gave way.

    python benchmarks/attack/run.py chaos|damages|plugins|experiments|all [--n N] [--seed S] [--out FOLDER]

Writes ``attack.json`` and ``attack.md`` into the folder; a part that was broken off goes on where it was when it is
called with the same numbers. The exit code is 1 when anything was found.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from attack.findings import write_results
from attack.program import environment

PARTS = {"chaos": 100, "damages": 500, "plugins": 120, "experiments": 600}
"""The parts and how many cases each has when nothing else is said."""


def main() -> int:
    """Run the parts; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument("--n", type=int, help=f"how many cases (default: {PARTS})")
    parser.add_argument("--seed", type=int, default=1, help="draws the cases (default: 1)")
    parser.add_argument("--out", type=Path, default=Path("attack"), help="where stores and results go (./attack)")
    parser.add_argument("--small", action="store_true", help="small data, fewer calls a case: for a quick look")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier call left in the folder")
    parser.add_argument("--publish", action="store_true", help="write reports/published/chaos.md from the part chaos")
    args = parser.parse_args()
    out: Path = args.out.resolve()
    names = list(PARTS) if args.part == "all" else [args.part]
    for name in names if args.fresh else ():
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / "tmp").mkdir(exist_ok=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    surroundings = environment(out / "tmp")
    os.environ.clear()
    os.environ.update(surroundings)
    results = []
    for name in names:
        part = importlib.import_module(f"attack.{name}")
        results.append(part.attack(args.n or PARTS[name], args.seed, out, small=args.small))
        page = write_results(results, out)
    print(page)
    if args.publish:
        _publish(json.loads((out / "attack.json").read_text("utf-8"))["chaos"])
    print(f"wrote {out / 'attack.json'} and {out / 'attack.md'}")
    return 1 if any(result.faults for result in results) else 0


def _publish(found: dict[str, Any]) -> None:
    """Write the page of the long form."""
    from attack import chaos_page
    from records import hardware

    when = f"{datetime.now(UTC):%-d %B %Y}"
    path = Path(__file__).parents[2] / "reports" / "published" / "chaos.md"
    path.write_text(chaos_page.page(found, when, hardware()), "utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
