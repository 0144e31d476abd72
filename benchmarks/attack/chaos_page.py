"""What befalls a run in chaos, how often, and the page that tells what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attack.kills import BELOW, EVERYTHING, RUNNER
from attack.troubles import DAMAGE, TROUBLES

SHARES: Mapping[str, float] = {
    "worker": 3,
    "fork server": 1,
    EVERYTHING: 1,
    **dict.fromkeys(RUNNER, 1),
    **dict.fromkeys(TROUBLES, 0.4),
    DAMAGE: 2,
}
"""How often each befalls the run, beside the others."""

KILLS = (*BELOW, EVERYTHING, *RUNNER)


def numbers(n: int, allowed: Collection[str]) -> dict[str, int]:
    """Return how often each kind happens for ``n`` kills, and each at least once."""
    whole = sum(SHARES[name] for name in KILLS)
    wanted = {name: max(1, round(n * share / whole)) for name, share in SHARES.items()}
    wanted["worker"] = max(1, n - sum(wanted[name] for name in KILLS if name != "worker"))
    return {name: number for name, number in wanted.items() if name in (*KILLS, *allowed)}


def page(found: Mapping[str, Any], when: str, machine: str) -> str:
    """Return the page of what was done and found, from a result as JSON."""
    counts = dict(found["counts"])
    troubles = [name for name in SHARES if name not in KILLS]
    lines = [
        "# Chaos",
        "",
        f"What `python benchmarks/attack/run.py chaos --n {counts['kills']} --seed {found['seed']}` found on {when}.",
        f"Machine: {machine}, beside other work. The page is written by the command.",
        "",
        "A tuned experiment of 60 cells (five models, three seeds, warm and new items, test and validation, with the",
        "trials of their searches) was started again and again, with two workers, until it ended by itself. At random",
        "moments this befell it:",
        "",
        "| | times |",
        "|---|---|",
        *(f"| killed: {name} | {counts.get(name, 0)} |" for name in KILLS),
        *(f"| {name} | {counts.get(name, 'not possible on this machine')} |" for name in troubles),
        "",
        "| what must hold | faults |",
        "|---|---|",
        *(f"| {told} | {sum(one['check'] in checks for one in found['faults'])} |" for told, checks in _MUST.items()),
        "",
        f"{counts['fits begun']} fits were begun for {counts['fits with a result']} results; the others were killed or",
        f"their results damaged. {counts.get('fits that failed', 0)} fits had failed when the run ended (killed twice,",
        "or what they read was damaged) and were done again by `--retry-failed`.",
        f"`store check` found damage {counts.get('damages that store check found', 0)} times in",
        f"{counts.get(DAMAGE, 0)} attempts; the others hit what was deleted as a whole, or what the run had made anew.",
        "A trial whose answers were damaged after its search had ended is not fitted again: nothing needs them",
        f"({counts.get('trials whose damaged answers nobody needs', 0)}).",
        "",
        "What cannot be said so: [benchmarks/attack](../../benchmarks/attack/README.md).",
    ]
    others = [one for one in found["faults"] if not any(one["check"] in checks for checks in _MUST.values())]
    lines += ["", "Faults:", ""] if found["faults"] else []
    lines += [f"- {one['check']}: {one['detail']}" for one in found["faults"]]
    if others:
        lines += ["", f"{len(others)} of them of a kind that the table does not name."]
    return "\n".join(lines) + "\n"


_MUST: Mapping[str, frozenset[str]] = {
    "every number of the report but costs, and every stored array, equal an undisturbed run's": frozenset(
        {"a wrong digit", "a stored cell differs"}
    ),
    "nothing is fitted whose result is stored": frozenset({"finished work was done again"}),
    "exit 0 in the end; a run stops by itself only for a trouble": frozenset(
        {"not complete in the end", "the last run is not complete", "stopped without a cause"}
    ),
    "a signal that can be handled is": frozenset(
        {"SIGINT is not handled", "SIGTERM is not handled", "goes on after SIGINT", "goes on after SIGTERM"}
    ),
    "an error is one line and exit code 2; finished results stay in sight": frozenset(
        {
            "a mistake in the program",
            "an exit code other than 0, 1 or 2",
            "a traceback was shown",
            "more than a few lines of errors",
            "exit 2 without a line that says why",
            "a temporary path was shown",
            "no end within the time limit",
            "finished results are hidden by a new start",
            "status says nothing",
        }
    ),
    "no trouble of the machine is told as a model's failure": frozenset(
        {"the machine's trouble became a model's failure"}
    ),
    "`store check` finds nothing after `store repair`": frozenset(
        {"store check is not clean", "store repair leaves faults"}
    ),
    "no process, scratch folder, draft, lease or note is left": frozenset(
        {
            "processes outlive the runner",
            "processes are left",
            "scratch is left in TMPDIR",
            "drafts are left in the store",
            "leases are left in the store",
            "running are left in the store",
        }
    ),
}
