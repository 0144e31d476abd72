"""Makes ready, while models are fitted, what judging needs and takes seconds to make: the draws of users."""

from __future__ import annotations

import contextlib
import threading

from benchsuite.analysis.cell_evaluation import REPLICATES
from benchsuite.evaluate.bootstrap import DRAWS_KEPT, keep_draws
from benchsuite.plan import Plan


def get_ready(plan: Plan) -> threading.Thread:
    """Begin in a thread of its own, which is returned at once; judging changes in nothing but its time.

    The first fit waits for its process to be started, which leaves a processor free for about as long. Nothing is
    imported: two threads that import parts of one library at the same time can see it half made.

    Args:
        plan: what will be judged.
    """
    thread = threading.Thread(target=_draw, args=(plan,), name="getting ready to judge", daemon=True)
    with contextlib.suppress(RuntimeError):  # no thread is to be had
        thread.start()
    return thread


def _draw(plan: Plan) -> None:
    # Judging draws what is not there, and tells what is wrong.
    with contextlib.suppress(Exception):
        for users in list(dict.fromkeys(data.users for data in plan.datasets if data.users))[:DRAWS_KEPT]:
            keep_draws(REPLICATES, users)
