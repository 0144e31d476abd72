"""Two runs on a Ray cluster of two nodes, one of which is killed in the second; prints what happened as JSON.

Started by test_executors.py with the path ``tests/lib`` and the argument FOLDER with the folder ``gate``.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from ray.cluster_utils import Cluster

from benchsuite.runner.executor import make_executor
from support.executor_runs import experiment, run, toy

WAITING = {"use": toy("Waits")["use"], "grid": {"power": [0.5, 1.5]}}


def main(folder: Path) -> None:
    """Run on both nodes; then run once more, and kill the second node once a fit waits on each."""
    small = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=small)
    second = cluster.add_node(**small)
    gate = folder / "gate"

    def lose_a_node() -> None:
        while len(list(gate.glob("begun-*"))) < 2:
            time.sleep(0.05)
        cluster.remove_node(second, allow_graceful=False)

    threading.Thread(target=lose_a_node, daemon=True).start()
    executor = make_executor("ray", {"address": cluster.address})
    run(experiment(), folder / "whole", executor, workers=2)
    asked = experiment(WAITING, "ease", metrics=["ndcg@10"])
    outcome, watcher = run(asked, folder / "lost", executor, workers=2, gate=gate)
    executor.close()
    cluster.shutdown()
    print(json.dumps({"done": outcome.done, "failed": outcome.failed, "again": watcher.again, "said": watcher.lines}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
