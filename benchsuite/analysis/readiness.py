"""Makes ready, while models are fitted, what judging needs and takes seconds: libraries, tables of energy, draws."""

from __future__ import annotations

import contextlib
import threading

from benchsuite.analysis.cell_evaluation import REPLICATES
from benchsuite.analysis.energy import EnergyTables
from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate.bootstrap import DRAWS_KEPT, keep_draws
from benchsuite.plan import Plan
from benchsuite.store import Store


def get_ready(plan: Plan, store: Store) -> None:
    """Begin in a thread of its own, and return at once; judging changes in nothing but its time.

    The first fit waits for its process to be started, which leaves a processor free for about as long.

    Args:
        plan: what will be judged.
        store: where the answers of the energy tables are kept.
    """
    threading.Thread(target=_load, args=(plan, store), name="getting ready to judge", daemon=True).start()


def _load(plan: Plan, store: Store) -> None:
    import scipy.special  # noqa: F401 - what the tests of differences import

    # Whoever needs it asks again, and tells what is wrong.
    with contextlib.suppress(BenchsuiteError, OSError):
        EnergyTables(store).grams("")
    for users in list(dict.fromkeys(data.users for data in plan.datasets if data.users))[:DRAWS_KEPT]:
        keep_draws(REPLICATES, users)
