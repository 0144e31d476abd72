"""What a leaderboard says, in sentences and short numbers, for the terminal and for pages alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchsuite.benchmark.board import Board
from benchsuite.benchmark.scores import FLOOR, Standing, Task
from benchsuite.interface import count

_EASY = 0.5

_NAMED = 4
"""So many models are named in a sentence; the others are counted."""


def verdict(board: Board, own: Sequence[str] = ()) -> Iterator[str]:
    """Yield who leads, whether that is sure, and how the kinds of models compare, a sentence each."""
    ranked = [row for row in board.rows if row.headline is not None]
    if not ranked:
        lost = f"No headline can be told without {_some(board.lost)}: see what is left out, below."
        if not board.unknown:
            yield from _language_model(board)
        yield lost if board.lost else "No model has a score in every task yet."
        return
    if board.unknown:
        yield f"Who leads cannot be told without {_some(board.unknown)}: see what is left out, below."
    else:
        yield from _language_model(board)
        yield _leader(ranked)
    if not any(entrant.tuned for entrant in board.entrants.values()):
        yield "No row was tuned: all have the settings that the benchmark or the model's defaults give."
    for label in own:
        place = next((number for number, row in enumerate(ranked, 1) if row.model == label), None)
        if place is None:
            yield f"{label} has no score in every task, so it has no place."
        else:
            yield f"{label} is number {place} of {len(ranked)}."


def _leader(ranked: Sequence[Standing]) -> str:
    """Return who leads, and whether that is sure."""
    leader, level = ranked[0], [row.model for row in ranked[1:] if not row.behind]
    sure = "It is ahead of every other row with a headline, and stays first whichever task is left out."
    if level:
        sure = f"It is not separated from {_some(level)}."
    elif len(leader.scores) == 1:
        sure = "It is ahead of every other row with a headline."
    if len(ranked) == 1:
        sure = "No other row has a headline."
    interval = "" if leader.always_reference else f" ({interval_text(leader)} in 95% of draws)"
    headline = f"{number_text(leader.headline)} times the best reference of each task{interval}"
    return f"{leader.model} leads with {headline}. {sure}"


def _language_model(board: Board) -> Iterator[str]:
    """Yield how the language model stands against the best row without one."""
    one = board.against
    if one is None:
        return
    entrant, tasks, there = board.entrants[one.model], len(board.tasks), sum(map(bool, one.rivals))
    who = "The fine-tuned language model" if entrant.fine_tuned else "The language model, which is not fine-tuned,"
    word = "neither wins nor loses"
    if one.sure:
        word = "wins" if one.low > 1 else "loses"
    elif one.worse > 0 == one.better and one.ratio < 1:
        word = "does not win"
    elif one.better > 0 == one.worse and one.ratio > 1:
        word = "does not lose"
    times = f"{number_text(one.ratio)} times ({one.low:.3f} to {one.high:.3f})"
    told = f"{one.model} has {times} the best row without a language model of each task"
    of = count(tasks, "task") if there == tasks else f"the {there} tasks (of {tasks}) that it has a score in"
    tested = "" if one.tested == there else f" ({one.tested} tested)"
    yield f"{who} {word}: {told}; it is better in {one.better} and worse in {one.worse} of {of}{tested}."


def marks_of(row: Standing) -> str:
    """Return ``~`` where the fallback or ties decided most of a row's lists in some task, else nothing."""
    return " ~" if any(score.mean is not None and not score.competes for score in row.scores) else ""


def left_out(board: Board) -> Iterator[str]:
    """Yield a line for each damaged row, what is wrong, where, and what to do, and what that means for the others."""
    yield from map(str, board.left_out)
    if board.lost:
        yield (
            "scores are divided by the best reference of each task: ratios that might rest on a damaged one "
            f"({_some(board.lost)}) are not told"
        )
    elif board.left_out and board.as_kept:
        yield "the numbers of the other rows are those that were kept while what is left out was whole"


def partly_run(board: Board) -> list[str]:
    """Return the rows of which some cells are not run yet."""
    return [row.model for row in board.rows if any(score.state == "missing" for score in row.scores)]


def by_split(row: Standing, tasks: Sequence[Task], split: str) -> float | None:
    """Return the geometric mean of a row's ratios over the tasks of a split, None where one is lacking.

    Ratios are cut as those of the headline are.
    """
    ratios = [score.ratio for score, task in zip(row.scores, tasks, strict=True) if task.split == split]
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < len(ratios) or not known:
        return None
    return math.exp(sum(math.log(min(max(ratio, FLOOR), 1 / FLOOR)) for ratio in known) / len(known))


def _some(names: Sequence[str]) -> str:
    more = f" and {count(len(names) - _NAMED, 'other')}" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def task_label(task: Task) -> str:
    """Return a task's name: data set, split and group."""
    return f"{task.dataset} {task.split}{f'/{task.group}' if task.group else ''}"


def number_text(value: float | None) -> str:
    """Return a ratio with three decimals, or a dash."""
    return "-" if value is None else f"{value:.3f}"


def interval_text(row: Standing) -> str:
    """Return the interval of a headline, or a dash."""
    if row.low is None or row.high is None:
        return "-"
    return "reference" if row.always_reference else f"{row.low:.3f} to {row.high:.3f}"


def left_out_text(row: Standing) -> str:
    """Return the range of a headline with one task left out, or a dash."""
    return "-" if row.least is None or row.most is None else f"{row.least:.3f} to {row.most:.3f}"


def own_tasks(row: Standing) -> str:
    """Return in how many of the tasks with a score the model decided most of its answers itself."""
    scored = [score for score in row.scores if score.mean is not None]
    return f"{sum(score.competes for score in scored)} of {len(scored)}"


def rivals_text(board: Board) -> str:
    """Return the best row without a language model of each task, "" where no language model stands in the table."""
    if board.against is None:
        return ""
    named = (f"{task_label(task)}: {rival}" for task, rival in zip(board.tasks, board.against.rivals, strict=True))
    return f"best row without a language model: {', '.join(one for one in named if not one.endswith(': '))}"


def items_text(board: Board) -> str:
    """Return what verdicts on new items rest on, "" where no task has any."""
    drawn = [task.seeds for task in board.tasks if task.draws_items]
    if not drawn:
        return ""
    if max(drawn) > 1:
        return "where seeds draw other new items, better and worse must hold for other draws, too"
    return "new items were drawn once: better and worse speak of these very items"


def lacking_references(board: Board, references: Sequence[str]) -> list[str]:
    """Return the references that are not run in full: one may be the best of a task, and lower its ratios."""
    partly = {row.model for row in board.rows if any(score.state in ("missing", "failed") for score in row.scores)}
    return [label for label in references if label in board.absent or label in partly]


def cautions(board: Board) -> Iterator[str]:
    """Yield what a reader should know of the tasks before believing a headline: easy ones, and rows without one."""
    random = next((row for row in board.rows if board.entrants[row.model].kind == "chance"), None)
    ratios = [] if random is None else [score.ratio or 0.0 for score in random.scores]
    easy = [(ratio, task) for ratio, task in zip(ratios, board.tasks, strict=False) if ratio > _EASY]
    if easy:
        named = ", ".join(f"{task_label(task)} ({ratio:.2f})" for ratio, task in easy[:_NAMED])
        more = f" and {count(len(easy) - _NAMED, 'other')}" if len(easy) > _NAMED else ""
        yield f"chance has more than half of the best reference in {named}{more}: ratios lie close together there"
    without = [row.model for row in board.rows if any(score.state == "not applicable" for score in row.scores)]
    if without:
        yield f"no headline, as a task is not applicable to them: {', '.join(without)}"
