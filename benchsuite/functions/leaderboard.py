"""Show who leads a benchmark, from results that come with the package; nothing is fitted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.errors import UsageError
from benchsuite.interface import Frames, FunctionResult, Option, PathLike, Style, count, frame, plain, table

if TYPE_CHECKING:
    from benchsuite.benchmark.leaderboard import Board
    from benchsuite.benchmark.standings import Standing, Task

_NAMED = 4
"""So many models are named in a sentence; the others are counted."""


@dataclass(repr=False, eq=False)
class Leaderboard(FunctionResult):
    """Who leads a benchmark.

    Attributes:
        board: standings, tasks, and what is known of each row.
        own: labels of rows that are one's own, marked in the table.
        written: files of the site, empty when none was made.
    """

    board: Board
    own: Sequence[str] = ()
    full: bool = False
    written: Sequence[str] = ()

    def text(self, style: Style = plain) -> str:
        """Return the verdict and the table."""
        if self.written:
            return "\n".join(self.written)
        board = self.board
        form = ", short form" if board.lite else ""
        head = style(f"{board.name}{form}: {board.title}", "bold")
        return "\n".join([head, "", *verdict(board, self.own), "", self._table(style), "", *self._legend()])

    def _table(self, style: Style) -> str:
        board = self.board
        names = [*dict.fromkeys(task.split for task in board.tasks)]
        tasks = [_task(task) for task in board.tasks]
        headers = [
            "",
            "model",
            "kind",
            "headline",
            "95% interval",
            "better, same, worse",
            *(tasks if self.full else names),
        ]
        rows = []
        for number, row in enumerate(board.rows, 1):
            label = f"{row.model} (yours)" if row.model in self.own else row.model
            verified = " *" if board.entrants[row.model].verified else ""
            told = [_place(number, row), style(label, "bold") if row.model in self.own else label]
            told += [board.entrants[row.model].kind, _number(row.headline) + verified, _interval(row)]
            told += [
                f"{row.count('better')}, {row.count('not separated') + row.count('reference')}, {row.count('worse')}"
            ]
            if self.full:
                told += [_score(row, place) for place in range(len(board.tasks))]
            else:
                told += [_number(by_split(row, board.tasks, name)) for name in names]
            rows.append(told)
        return table(
            [*headers, "fit"], [[*row, _seconds(one.fit_seconds)] for row, one in zip(rows, board.rows, strict=True)]
        )

    def _legend(self) -> Iterator[str]:
        board = self.board
        shown = f"{board.metric} of each task" if self.full else "the same for each split"
        tasks = count(len(board.tasks), "task")
        yield f"headline: {board.metric} by that of the best reference, geometric mean of {tasks};"
        yield f"  {shown} stands beside it. better, same, worse: by paired tests against the best reference (Holm)."
        if any(board.entrants[row.model].verified for row in board.rows):
            yield "* somebody fitted some of its cells again and got the same."
        if board.absent:
            yield f"not run yet: {', '.join(board.absent)}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return self.board.record()

    def frames(self) -> Frames:
        """Return ``standings``, one row a model, and ``scores``, one row a model and task."""
        board = self.board
        standings = [
            {"place": number, "model": row.model, "kind": board.entrants[row.model].kind, "headline": row.headline}
            | {"low": row.low, "high": row.high, "behind_leader": row.behind, "fit_seconds": row.fit_seconds}
            for number, row in enumerate(board.rows, 1)
        ]
        scores = [
            {"model": row.model, "dataset": task.dataset, "split": task.split, "group": task.group}
            | {name: getattr(score, name) for name in _SCORE}
            for row in board.rows
            for task, score in zip(board.tasks, row.scores, strict=True)
        ]
        return {
            "standings": frame(standings, _STANDING),
            "scores": frame(scores, ("model", "dataset", "split", "group", *_SCORE)),
        }


_STANDING = ("place", "model", "kind", "headline", "low", "high", "behind_leader", "fit_seconds")
_SCORE = ("state", "reason", "mean", "low", "high", "ratio", "competes", "verdict", "p", "difference")


def leaderboard(
    benchmark: Annotated[str, Option(metavar="BENCHMARK", complete="experiments")] = "films.v1",
    *,
    lite: bool = False,
    full: Annotated[bool, Option(printed=True)] = False,
    results: Annotated[PathLike | None, Option(metavar="DIR")] = None,
) -> Leaderboard:
    """Show who leads a benchmark: every model's score relative to the best reference. Nothing is fitted.

    Args:
        benchmark: such as films.v1 (see: benchsuite list experiments).
        lite: the short form.
        full: the score of every task, not one number for each split.
        results: the folder of all results (default: $BENCHSUITE_RESULTS, or those that come with benchsuite).

    Raises:
        ConfigError: when there is no such benchmark.
        DataError: when a result is damaged or rests on other folds.
    """
    from benchsuite.benchmark.leaderboard import read_board

    root = None if results is None else Path(results)
    if root is not None and not root.is_dir():
        raise UsageError("no such folder", where=str(root), remedy="name a folder of results")
    board = read_board(benchmark, lite=lite, root=root)
    return Leaderboard(board, full=full)


def verdict(board: Board, own: Sequence[str] = ()) -> Iterator[str]:
    """Yield who leads, whether that is sure, and how the kinds of models compare, a sentence each."""
    ranked = [row for row in board.rows if row.headline is not None]
    if not ranked:
        yield "No model has a score in every task yet."
        return
    leader, rest = ranked[0], ranked[1:]
    level = [row.model for row in rest if not row.behind]
    sure = f"It is not separated from {_some(level)}." if level else "It is ahead of every other row for sure."
    yield f"{leader.model} leads with {_number(leader.headline)} times the best reference ({_interval(leader)}). {sure}"
    kinds = board.entrants
    tuned = next((row for row in ranked if kinds[row.model].kind == "language model, fine-tuned"), None)
    other = next((row for row in ranked if not kinds[row.model].kind.startswith("language model")), None)
    if tuned is not None and other is not None:
        best, behind = (tuned, other) if ranked.index(tuned) < ranked.index(other) else (other, tuned)
        names = {
            tuned.model: "the best fine-tuned language model",
            other.model: "the best row without a language model",
        }
        said = f"{names[best.model]}, {best.model} ({_number(best.headline)}), is above {names[behind.model]},"
        yield f"{said[0].upper()}{said[1:]} {behind.model} ({_number(behind.headline)})."
    for label in own:
        place = next((number for number, row in enumerate(ranked, 1) if row.model == label), None)
        if place is None:
            yield f"{label} has no score in every task, so it has no place."
        else:
            yield f"{label} is number {place} of {len(ranked)}."


def by_split(row: Standing, tasks: Sequence[Task], split: str) -> float | None:
    """Return the geometric mean of a row's ratios over the tasks of a split, None where one is lacking."""
    ratios = [score.ratio for score, task in zip(row.scores, tasks, strict=True) if task.split == split]
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < len(ratios) or not known:
        return None
    return 0.0 if min(known) <= 0 else math.exp(sum(map(math.log, known)) / len(known))


def _place(number: int, row: Standing) -> str:
    return str(number) if row.headline is not None else ""


def _some(names: Sequence[str]) -> str:
    more = f" and {count(len(names) - _NAMED, 'other')}" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _task(task: Task) -> str:
    return f"{task.dataset} {task.split}{f'/{task.group}' if task.group else ''}"


def _score(row: Standing, place: int) -> str:
    score = row.scores[place]
    if score.mean is None:
        return score.state
    return f"{score.mean:.3f}".lstrip("0") + ("" if score.competes else " (not its own)")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(row: Standing) -> str:
    return "-" if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s" if value < 100 else f"{value:.0f} s"  # noqa: PLR2004 - three digits
