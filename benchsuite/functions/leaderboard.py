"""Show who leads a benchmark, from results that come with the package; nothing is fitted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.errors import StoreError, UsageError
from benchsuite.interface import Frames, FunctionResult, Option, PathLike, Style, count, frame, plain, table

if TYPE_CHECKING:
    from benchsuite.benchmark.board import Board
    from benchsuite.benchmark.standings import Standing


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
        from benchsuite.benchmark.board_text import verdict

        board = self.board
        form = ", short form" if board.lite else ""
        head = style(f"{board.name}{form}: {board.title}", "bold")
        return "\n".join([head, "", *verdict(board, self.own), "", self._table(style), "", *self._legend()])

    def _table(self, style: Style) -> str:
        from benchsuite.benchmark.board_text import by_split, interval_text, marks_of, number_text, task_label

        board = self.board
        names = [*dict.fromkeys(task.split for task in board.tasks)]
        tasks = [task_label(task) for task in board.tasks]
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
            told += [board.entrants[row.model].kind, number_text(row.headline) + marks_of(row) + verified]
            same = row.count("not separated") + row.count("reference")
            told += [interval_text(row), f"{row.count('better')}, {same}, {row.count('worse')}"]
            if self.full:
                told += [_score(row, place) for place in range(len(board.tasks))]
            else:
                told += [number_text(by_split(row, board.tasks, name)) for name in names]
            rows.append(told)
        return table(
            [*headers, "CPU"], [[*row, _seconds(one.cpu_seconds)] for row, one in zip(rows, board.rows, strict=True)]
        )

    def _legend(self) -> Iterator[str]:
        from benchsuite.benchmark.board_text import marks_of, partly_run
        from benchsuite.benchmark.places import read_benchmark

        board = self.board
        shown = f"{board.metric} of each task" if self.full else "the same for each split"
        tasks = count(len(board.tasks), "task")
        yield f"headline: {board.metric} by that of the best reference, geometric mean of {tasks};"
        yield f"  {shown} stands beside it. better, same, worse: by paired tests against the best reference (Holm)."
        yield "best reference: of the benchmark's named baselines the best whose answers there are mostly its own."
        if any(map(marks_of, board.rows)):
            yield "~ in some task, the fallback or ties decided most of it: --full says where; it is not tested there."
        if any(board.entrants[row.model].verified for row in board.rows):
            yield "* some of its cells were fitted again and gave the same; its folder says when and on which machine."
        if partly := partly_run(board):
            yield f"run in part: {', '.join(partly)}"
        if board.absent:
            yield f"not run yet: {', '.join(board.absent)}"
            lacking = [label for label in read_benchmark(board.name)[1].references if label in board.absent]
            if lacking:
                yield f"of these, {', '.join(lacking)} may be the best reference of a task, and lower its ratios."

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return self.board.record()

    def frames(self) -> Frames:
        """Return ``standings``, one row a model, and ``scores``, one row a model and task."""
        board = self.board
        standings = [
            {"place": number, "model": row.model, "kind": board.entrants[row.model].kind, "headline": row.headline}
            | {"low": row.low, "high": row.high, "behind_leader": row.behind, "cpu_seconds": row.cpu_seconds}
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


_STANDING = ("place", "model", "kind", "headline", "low", "high", "behind_leader", "cpu_seconds")
_SCORE = ("state", "reason", "mean", "low", "high", "ratio", "competes", "verdict", "p", "difference")


ALL = "all"
"""Asks for every benchmark."""


def leaderboard(
    benchmark: Annotated[str | None, Option(metavar="BENCHMARK", complete="experiments")] = None,
    *,
    lite: bool = False,
    full: Annotated[bool, Option(printed=True)] = False,
    site: Annotated[PathLike | None, Option(metavar="DIR")] = None,
    results: Annotated[PathLike | None, Option(metavar="DIR")] = None,
) -> Leaderboard:
    """Show who leads a benchmark: every model's score relative to the best reference. Nothing is fitted.

    Args:
        benchmark: such as films.v1 (see: benchsuite list experiments); all, with --site, for pages of every one
            (default: films.v1; with --site, all).
        lite: the short form.
        full: the score of every task, not one number for each split.
        site: write pages there that need no server: each benchmark that is asked for, and each of its models. They
            replace the start page; ask for all at once where one site is to hold all.
        results: the folder of all results (default: $BENCHSUITE_RESULTS, or those that come with benchsuite).

    Raises:
        ConfigError: when there is no such benchmark.
        DataError: when a result is damaged or rests on other folds.
        UsageError: when there is no such folder of results, or the folder for the pages holds something else.
    """
    from benchsuite.benchmark.board import read_board
    from benchsuite.benchmark.places import benchmark_names, results_root

    root = None if results is None else Path(results)
    if root is not None and not root.is_dir():
        raise UsageError("no such folder", where=str(root), remedy="name a folder of results")
    if benchmark == ALL and site is None:
        raise UsageError("all leaderboards are made as pages", remedy="name a folder with --site DIR")
    benchmark = benchmark or ("films.v1" if site is None else ALL)
    names = [benchmark]
    if benchmark == ALL:
        names = [name for name in benchmark_names() if ((root or results_root()) / name).is_dir()] or benchmark_names()
    boards = [read_board(name, lite=lite, root=root) for name in names]
    return Leaderboard(boards[0], full=full, written=() if site is None else _write_site(boards, Path(site)))


def _write_site(boards: Sequence[Board], folder: Path) -> list[str]:
    """Write the pages of leaderboards, and return their paths."""
    from benchsuite.registry import load_function

    written, first = [], folder / "index.html"
    try:
        if first.is_file() and b">benchsuite</a></header>" not in first.read_bytes():
            what = "it is a page of something else"
            raise UsageError(what, where=str(first), remedy="name a new folder with --site DIR")
        for name, content in load_function("pages", "sites")(boards).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(str(path))
    except OSError as error:
        remedy = "choose another --site DIR"
        raise StoreError(f"cannot be written: {error.strerror or error}", where=str(folder), remedy=remedy) from None
    return written


def _place(number: int, row: Standing) -> str:
    return str(number) if row.headline is not None else ""


def _score(row: Standing, place: int) -> str:
    score = row.scores[place]
    if score.mean is None:
        return score.state
    return f"{score.mean:.3f}".lstrip("0") + ("" if score.competes else " (not its own)")


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s" if value < 100 else f"{value:.0f} s"  # noqa: PLR2004 - three digits
