"""Messy tables with the truth known, drawn by Hypothesis.

``python -m support.messy_tables 500`` (with ``tests/lib`` on the path) draws 500, reads each as a user would and
prints how many are read right, refused with a reason, or read wrong, by what is peculiar about them;
``python -m support.messy_tables seed 17`` shows one table, what it means, and how it is read.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.messy_content import MessyTable
from support.messy_text import texts
from support.messy_typed import lists, matrices, objects, parquets
from support.table_verdicts import Judged, judge

_BITS = 64


def made_from(seed: int) -> MessyTable:
    """Return the table of a seed: mostly tables of text, some in other formats."""
    rng = Random(seed)  # noqa: S311 - a test's table, no secret
    makers = (lists, matrices, *[parquets] * 2, *[objects] * 3, *[texts] * 13)
    table = rng.choice(makers)(rng)
    return dataclasses.replace(table, kinds=(f"seed {seed}", *table.kinds))


def messy_tables() -> st.SearchStrategy[MessyTable]:
    """Return the strategy; one number decides all, or Hypothesis would draw hundreds of tables of a few kinds.

    The number is drawn as its bits: among whole numbers Hypothesis prefers those that stand in the code, so that each
    change of the code would draw other tables.
    """
    bits = st.tuples(*[st.booleans()] * _BITS)
    return bits.map(lambda drawn: made_from(sum(bit << at for at, bit in enumerate(drawn))))


def draw_tables(count: int) -> list[MessyTable]:
    """Return ``count`` different tables, the same ones each time."""
    found: dict[bytes, MessyTable] = {}

    @settings(
        max_examples=2 * count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(messy_tables())
    def collect(table: MessyTable) -> None:
        found.setdefault(table.data, table)

    collect()
    return list(found.values())[:count]


def judge_tables(tables: Iterable[MessyTable], folder: Path) -> list[Judged]:
    """Read tables, each in a folder of its own."""
    return [judge(table, folder / str(at)) for at, table in enumerate(tables)]


def shares(judged: Iterable[Judged]) -> str:
    """Return how many tables were read right, refused and read wrong: all, the clear ones, and by kind."""
    counts: dict[str, Counter[str]] = {}
    for one in judged:
        clear = "clear" if one.table.clear else "faulty" if one.table.faulty else "may be refused"
        for kind in ("all", clear, *one.table.kinds[1:]):
            counts.setdefault(kind, Counter())[one.verdict] += 1
    lines = [f"{'':<36}{'right':>9}{'refused':>9}{'wrong':>9}"]
    heads = [kind for kind in ("all", "clear", "may be refused", "faulty") if kind in counts]
    for kind in [*heads, *sorted(set(counts) - set(heads))]:
        found = counts[kind]
        lines.append(f"{kind:<36}" + "".join(f"{found[verdict]:>9}" for verdict in ("right", "refused", "wrong")))
    return "\n".join(lines)


def main(words: list[str]) -> None:
    """Draw, read and count; or show the table of one seed."""
    with tempfile.TemporaryDirectory() as folder:
        if words[:1] == ["seed"]:
            table = made_from(int(words[1]))
            judged = judge(table, Path(folder))
            print(f"{table.name}: {', '.join(table.kinds)}")
            print(table.data.decode(errors="replace") if not table.name.endswith((".gz", ".parquet")) else table.data)
            print(*table.rows, sep="\n")
            print(f"clear: {table.clear}, faulty: {table.faulty}, {judged.verdict}: {judged.why}")
            return
        found = judge_tables(draw_tables(int(words[0]) if words else 500), Path(folder))
    for line in complaints(found):
        print(line)
    print(shares(found))


def complaints(judged: Iterable[Judged]) -> list[str]:
    """Return a line for each table that was read wrong, and for each clear one that was refused."""
    found = list(judged)
    wrong = [one for one in found if one.verdict == "wrong"]
    asked = [one for one in found if one.verdict == "refused" and one.table.clear]
    return [
        *(f"WRONG {', '.join(one.table.kinds)}: {one.why}" for one in wrong),
        *(f"REFUSED, though clear: {', '.join(one.table.kinds)}: {one.why}" for one in asked),
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
