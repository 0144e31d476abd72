"""Says what an answer of pip-audit is worth: ``python .ci/read_audit.py ANSWER.json CANARY``.

pip-audit counts a package that it could not ask about as one without faults, and ends with 0. So the answer must be of
every package, and it must know the faults of a canary: an old version of a package that is none of ours.

Exit codes: 0 no fault is known, 1 some are, 3 the service did not answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FINE, FAULTS, NO_ANSWER = 0, 1, 3


def main(path: str, canary: str) -> int:
    """Print every known fault, or why there is no answer.

    Args:
        path: what ``pip-audit --format json --output`` wrote; a missing or damaged file is no answer.
        canary: the name of the package that is known to have faults.
    """
    try:
        told = json.loads(Path(path).read_text("utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError):
        print("pip-audit wrote no answer")
        return NO_ANSWER
    if unasked := sorted(one["name"] for one in told if "vulns" not in one):
        print(f"nothing is known of {len(unasked)} of {len(told)} packages: {', '.join(unasked)}")
        return NO_ANSWER
    if not any(one["vulns"] for one in told if one["name"] == canary):
        print(f"the service does not know the faults of an old {canary}")
        return NO_ANSWER
    faults = [(one, fault) for one in told if one["name"] != canary for fault in one["vulns"]]
    for one, fault in faults:
        print(f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none'}")
    print(f"{len(told) - 1} packages, {len(faults)} known faults")
    return FAULTS if faults else FINE


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
