"""What the pages say below their tables: what marks and columns mean, and what is not whole."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from benchsuite.benchmark.board import Board
from benchsuite.benchmark.board_text import cautions, items_text, left_out, marks_of, partly_run, rivals_text
from benchsuite.benchmark.places import read_benchmark

BORROWED = "the fallback or ties decided most of it"
MARKS = f"&#9679; the best reference of a task, &#9650; better than it, &#9660; worse; ~ {BORROWED}."


def sentence(title: str) -> str:
    """Return a title with a capital letter and a full stop."""
    return title[:1].upper() + title[1:] + ("" if title.endswith((".", "?", "!")) else ".")


def legend(board: Board) -> Iterator[str]:
    """Yield what the marks of the standings mean, and which rows are not whole."""
    yield from (f"<p>{escape(sentence(line))}</p>" for line in left_out(board))
    if partly := partly_run(board):
        yield f'<p class="soft">Run in part: {escape(", ".join(partly))}.</p>'
    if any(map(marks_of, board.rows)):
        yield f'<p class="soft">~ in some task, {BORROWED}: it is marked below, task by task.</p>'
    if any(entrant.verified for entrant in board.entrants.values()):
        yield '<p class="soft">checked: somebody fitted so many of its cells again and got the same.</p>'


def notes(board: Board) -> Iterator[str]:
    """Yield what the columns and marks mean."""
    metric = escape(board.metric)
    yield (
        f"<p>Headline: {metric} of a model divided by that of the best reference, task by task, and the geometric mean "
        f"of these over {len(board.tasks)} tasks. 95% of draws: where it lies when users, data sets within each split, "
        "and, where seeds draw new items, these draws are resampled. Without one task: from the smallest to the "
        "largest when one task is left out. Own answers: in how many tasks the model itself decided most of its "
        "lists. Better, same, worse: tasks, by paired tests against the best reference of each, corrected (Holm); the "
        "best reference is among the same.</p>"
    )
    told = filter(None, (items_text(board), rivals_text(board)))
    yield from (f"<p>{escape(sentence(line))}</p>" for line in told)
    yield from (f"<p>{escape(sentence(line))}</p>" for line in cautions(board))
    yield f"<p>{MARKS}</p>"
    if without := read_benchmark(board.name)[1].without_row:
        rows = "".join(f"<li>{escape(', '.join(models))}: {escape(why)}</li>" for why, models in without.items())
        yield f"<p>Models that come with benchsuite and have no row here:</p><ul>{rows}</ul>"
    yield f"<p>To put a model of your own here: <code>benchsuite run {escape(board.name)} --model NAME</code>, then "
    yield f"<code>benchsuite submit {escape(board.name)} NAME --out DIR</code>.</p>"
