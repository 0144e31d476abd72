"""Write how long bundled experiments take, as ``benchsuite list`` tells it: what ``benchsuite plan`` says of each.

    python benchmarks/typical_times.py

Both tell the same, as both come from ``benchsuite/runner/typical_times.json``. The times of single fits in it are
changed by hand, from what was measured (``minutes.md``, the costs of the rows in ``reports/results``). An experiment
with a model that nobody timed keeps the time that stands there; so does one whose data is not in ``$BENCHSUITE_DATA``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchsuite.arguments import data_locations
from benchsuite.errors import BenchsuiteError
from benchsuite.plan import bundled, read_experiment
from benchsuite.runner import prepare
from benchsuite.runner.time_estimate import TimeEstimate, duration, missing_cells
from benchsuite.store import Store

TIMES = Path(__file__).resolve().parents[1] / "benchsuite" / "runner" / "typical_times.json"


def told(name: str) -> str:
    """Return about how long an experiment takes from nothing, "" where one of its models was never timed."""
    with tempfile.TemporaryDirectory(prefix="benchsuite-") as folder:
        store = Store(Path(folder))
        plan = prepare(read_experiment(name), store, data_locations((), offline=True, quiet=True), lambda _: None)
        estimate, cells = TimeEstimate(plan, store), missing_cells(plan, store)
        if any(estimate.seconds(cell)[0] is None for cell in cells):
            return ""
        return duration((estimate.total(cells) or 0.0) + estimate.tuning(cells)[1])


def main() -> None:
    """Write the file anew."""
    table = json.loads(TIMES.read_text("utf-8"))
    for name in sorted(bundled()):
        try:
            now = told(name)
        except BenchsuiteError as error:
            sys.stderr.write(f"{name}: {error}\n")
            continue
        print(f"{name}: {table['experiments'].get(name, 'not told')}, now {now or 'the same: a model was never timed'}")
        if now:
            table["experiments"][name] = now
    TIMES.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
