"""What a leaderboard says, in sentences and short numbers, for the terminal and for pages alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchsuite.benchmark.board import Board
from benchsuite.benchmark.standings import FLOOR, Standing, Task
from benchsuite.interface import count

_NAMED = 4
"""So many models are named in a sentence; the others are counted."""


def verdict(board: Board, own: Sequence[str] = ()) -> Iterator[str]:
    """Yield who leads, whether that is sure, and how the kinds of models compare, a sentence each."""
    ranked = [row for row in board.rows if row.headline is not None]
    if not ranked:
        lost = f"No headline can be told without {_some(board.lost)}: see what is left out, below."
        yield lost if board.lost else "No model has a score in every task yet."
        return
    if board.unknown:
        yield f"Who leads cannot be told without {_some(board.unknown)}: see what is left out, below."
    else:
        yield from _language_model(board, ranked)
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
    sure = f"It is not separated from {_some(level)}." if level else "It is ahead of every other row for sure."
    headline = f"{number_text(leader.headline)} times the best reference of each task ({interval_text(leader)})"
    return f"{leader.model} leads with {headline}. {sure}"


def _language_model(board: Board, ranked: Sequence[Standing]) -> Iterator[str]:
    """Yield whether the best fine-tuned language model is above the best row without a language model."""
    kinds = {row.model: board.entrants[row.model].kind for row in ranked}
    tuned = next((row for row in ranked if kinds[row.model] == "language model, fine-tuned"), None)
    other = next((row for row in ranked if not kinds[row.model].startswith("language model")), None)
    if tuned is None or other is None:
        return
    wins = ranked.index(tuned) < ranked.index(other)
    first, second = (tuned, other) if wins else (other, tuned)
    without = "the best row without a language model"
    if first is ranked[0] and not second.behind:
        one, two = (f"{row.model} ({number_text(row.headline)}, {interval_text(row)})" for row in (first, second))
        yield f"The best fine-tuned language model and {without} are not separated: {one} against {two}."
        return
    sure = first is ranked[0]  # only who is behind the leader is tested
    word = {(True, True): "wins", (False, True): "loses", (True, False): "is ahead", (False, False): "is behind"}
    told = f"{tuned.model} ({number_text(tuned.headline)}) is {'above' if wins else 'below'} {other.model}"
    end = ", for sure" if sure else ""
    yield f"The fine-tuned language model {word[wins, sure]}: {told} ({number_text(other.headline)}), {without}{end}."


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
    return "-" if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}"
