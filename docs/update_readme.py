"""Makes the standings of all benchmarks anew where result folders have changed, and writes the top of one into README.

``python docs/update_readme.py``, or ``update_pages.py``, which does the other pages, too; a test holds README against
:func:`leaderboard_top`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchsuite.benchmark.board import Board, read_board, write_summary
from benchsuite.benchmark.board_text import by_split, interval_text, marks_of, number_text, partly_run, verdict
from benchsuite.benchmark.kept_standings import read_kept
from benchsuite.benchmark.pins import read_pins
from benchsuite.benchmark.places import benchmark_names, results_root
from benchsuite.errors import BenchsuiteError
from benchsuite.interface import count
from make_site.markdown import table

REPOSITORY = Path(__file__).resolve().parents[1]
README = REPOSITORY / "README.md"
BENCHMARK = "films.v1"
ROWS = 8
TABLE = re.compile(r"(?<=<!-- leaderboard -->\n).*?(?=<!-- end of leaderboard -->)", re.DOTALL)


def leaderboard_top(board: Board, most: int = ROWS) -> str:
    """Return the verdict and the first rows as Markdown."""
    splits = list(dict.fromkeys(task.split for task in board.tasks))
    heads = ["", "model", "kind", "headline", "95% of draws", *splits, "CPU s"]
    rows = []
    for number, row in enumerate(board.rows[:most], 1):
        cells = [str(number), f"`{row.model}`", board.entrants[row.model].kind]
        cells += [number_text(row.headline) + marks_of(row), interval_text(row)]
        cells += [*(number_text(by_split(row, board.tasks, split)) for split in splits)]
        rows.append([*cells, "-" if row.cpu_seconds is None else f"{row.cpu_seconds:.1f}"])
    rest = f"{count(max(0, len(board.rows) - most), 'more row')}: `benchsuite leaderboard {board.name}`."
    if partly := partly_run(board):
        rest += f" Run in part: {', '.join(f'`{label}`' for label in partly)}."
    if board.absent:
        rest += f" Not run yet: {', '.join(f'`{label}`' for label in board.absent)}."
    if any(map(marks_of, board.rows[:most])):
        rest += " ~: in some task, the fallback or ties decided most of its lists."
    return "\n".join([" ".join(verdict(board)), "", table(heads, rows), rest, ""])


def standings_anew() -> list[Path]:
    """Make ``leaderboard.json`` anew where it does not rest on the results as they are; return what was written.

    Raises:
        DataError: when a result is damaged.
    """
    root = results_root()
    stale = [name for name in benchmark_names() if read_kept(root / name, read_pins(name)) is None]
    return [write_summary(name, root) for name in stale]


def updated(text: str, board: Board | None = None) -> str:
    """Return README's text with the table of the results that are there now.

    Args:
        text: of README.
        board: another one than that of the results.

    Raises:
        DataError: when one of them is damaged.
    """
    board = board or read_board(BENCHMARK)
    if board.left_out:
        raise board.left_out[0].error
    top = leaderboard_top(board)
    return TABLE.sub(lambda _: top, text)


def main() -> int:
    """Write the standings and README.md; return the exit code."""
    try:
        for path in standings_anew():
            print(path)  # noqa: T201 - a command line prints
        README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
    except BenchsuiteError as error:
        print(error, file=sys.stderr)  # noqa: T201 - same
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
