"""What an attack found: cases that were tried, faults with their case, and a page of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_SHOWN = 40
_LONGEST = 600


@dataclass(frozen=True)
class Fault:
    """One thing that went wrong in one case.

    Attributes:
        case: what was done.
        check: which expectation it broke, a few words that are the same for all faults of a kind.
        detail: what was seen.
    """

    case: str
    check: str
    detail: str = ""

    @classmethod
    def of(cls, case: str, check: str, detail: str = "") -> Fault:
        """Return a fault whose detail is one bounded line of valid text."""
        line = " ".join(detail.split()).encode("utf-8", "replace").decode()
        return cls(case, check, line[:_LONGEST])


@dataclass
class Result:
    """What one part of the attack came to.

    Attributes:
        part: its name.
        seed: what its cases were drawn with.
        tried: how many cases.
        faults: all that went wrong.
        counts: what else is worth counting, such as the kinds of process that were killed.
    """

    part: str
    seed: int
    tried: int = 0
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON-like values."""
        return asdict(self) | {"counts": dict(sorted(self.counts.items()))}


class Journal:
    """A file with one line for each finished case, so that a part that was broken off goes on where it was.

    Args:
        path: the file.
        identity: what the cases were drawn from; a journal of another identity begins anew.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self._path = path
        head = json.dumps(dict(identity), sort_keys=True)
        lines = path.read_text("utf-8").split("\n")[:-1] if path.exists() else []
        self._known: dict[str, dict[str, Any]] = {}
        if lines[:1] == [head]:
            self._known = {row["case"]: row for row in map(json.loads, lines[1:])}
        else:
            path.write_text(head + "\n", "utf-8")

    def once(self, case: str, work: Callable[[], tuple[Iterable[Fault], Counter[str]]]) -> dict[str, Any]:
        """Return what a case gave, as it is kept; do it now if it was not done yet."""
        if case not in self._known:
            faults, counts = work()
            self._known[case] = {"case": case, "faults": [asdict(one) for one in faults], "counts": dict(counts)}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._known[case]) + "\n")
        return self._known[case]

    def into(self, result: Result, row: Mapping[str, Any]) -> None:
        """Add a finished case to a result."""
        result.faults += [Fault(**fault) for fault in row["faults"]]
        result.counts.update(row["counts"])


def write_results(results: Iterable[Result], out: Path) -> str:
    """Write ``attack.json`` and ``attack.md``; results of earlier calls for other parts stay. Return the page."""
    path = out / "attack.json"
    parts: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    parts |= {result.part: result.as_json() for result in results}
    path.write_text(json.dumps(parts, indent=1) + "\n", "utf-8")
    page = _page(parts)
    (out / "attack.md").write_text(page, "utf-8")
    return page


def _page(parts: Mapping[str, Any]) -> str:
    """Return the results as Markdown: totals first, then every kind of fault with examples."""
    lines = [
        "# What the attack found",
        "",
        "| part | seed | cases | cases with a fault | faults |",
        "|---|---|---|---|---|",
    ]
    for name, part in parts.items():
        struck = len({fault["case"] for fault in part["faults"]})
        lines.append(f"| {name} | {part['seed']} | {part['tried']} | {struck} | {len(part['faults'])} |")
    for name, part in parts.items():
        lines += ["", f"## {name}", ""]
        lines += [f"- {what}: {count}" for what, count in part["counts"].items()]
        kinds = Counter(fault["check"] for fault in part["faults"])
        for check, count in kinds.most_common():
            lines += ["", f"**{check}** ({count})", ""]
            shown = [fault for fault in part["faults"] if fault["check"] == check][:_SHOWN]
            lines += [f"- {_plain(fault['case'])}: {_plain(fault['detail'])}" for fault in shown]
            lines += [f"- and {count - _SHOWN} more"] if count > _SHOWN else []
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
