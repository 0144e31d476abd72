"""Makes ready, while models are fitted, what judging needs and takes seconds: a library, and draws of users."""

from __future__ import annotations

import threading

from benchsuite.analysis.cell_evaluation import REPLICATES
from benchsuite.evaluate.bootstrap import DRAWS_KEPT, keep_draws
from benchsuite.plan import Plan


def get_ready(plan: Plan) -> None:
    """Begin in a thread of its own, and return at once; judging changes in nothing but its time.

    The first fit waits for its process to be started, which leaves a processor free for about as long.

    Args:
        plan: what will be judged.
    """
    threading.Thread(target=_load, args=(plan,), name="getting ready to judge", daemon=True).start()


def _load(plan: Plan) -> None:
    import scipy.special  # noqa: F401 - what the tests of differences import

    for users in list(dict.fromkeys(data.users for data in plan.datasets if data.users))[:DRAWS_KEPT]:
        keep_draws(REPLICATES, users)
