"""Show who leads a benchmark, from results that come with the package; nothing is fitted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from benchsuite.errors import StoreError, UsageError
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    PathLike,
    Style,
    count,
    frame,
    plain,
    plain_values,
    terminal_width,
)

if TYPE_CHECKING:
    from benchsuite.benchmark.board import Board
    from benchsuite.benchmark.board_rows import LeftOut
    from benchsuite.benchmark.scores import Standing


@dataclass(repr=False, eq=False)
class Leaderboard(FunctionResult):
    """Who leads a benchmark.

    Attributes:
        board: standings, tasks, and what is known of each row.
        own: labels of rows that are one's own, marked in the table.
        written: files of the site, empty when none was made.
        others: the other boards of the site.
    """

    board: Board
    own: Sequence[str] = ()
    full: bool = False
    written: Sequence[str] = ()
    others: Sequence[Board] = ()

    @property
    def ok(self) -> bool:
        """False where a damaged row is left out."""
        return not self._left_out()

    def text(self, style: Style = plain) -> str:
        """Return the verdict and the table, and below it what is left out."""
        from benchsuite.benchmark.board_text import left_out, verdict
        from benchsuite.functions.board_table import filled

        width = terminal_width()
        lost = [line for board in (self.board, *self.others) for line in left_out(board)]
        lost = ["", *filled(lost, width)] if lost else []
        if self.written:
            return "\n".join([*self.written, *lost])
        board = self.board
        form = ", short form" if board.lite else ""
        head = [style(line, "bold") for line in filled([f"{board.name}{form}: {board.title}"], width)]
        drawn, narrow = self._table(style, width)
        told = filled([*narrow, *self._legend()], width)
        return "\n".join([*head, "", *filled(list(verdict(board, self.own)), width), "", drawn, "", *told, *lost])

    def _table(self, style: Style, width: int) -> tuple[str, list[str]]:
        """Return the table, and lines on what there is no room for in it."""
        from benchsuite.benchmark.board_text import (
            by_split,
            interval_text,
            left_out_text,
            marks_of,
            number_text,
            own_tasks,
            task_label,
        )
        from benchsuite.functions.board_table import Column, drawn

        board = self.board
        labels, headlines, tests = [], [], []
        for row in board.rows:
            own = row.model in self.own
            mark = "" if row.model.endswith(" (own)") else " (yours)"
            labels.append(style(f"{row.model}{mark}", "bold") if own else row.model)
            verified = " *" if board.entrants[row.model].verified else ""
            headlines.append(number_text(row.headline) + marks_of(row) + verified)
            same = row.count("not separated") + row.count("reference")
            tests.append(f"{row.count('better')}, {same}, {row.count('worse')}")
        columns = [
            Column("", [_place(number, row) for number, row in enumerate(board.rows, 1)]),
            Column("model", labels),
            Column("kind", [board.entrants[row.model].kind for row in board.rows], 2),
            Column("headline", headlines),
            Column("95% of draws", [interval_text(row) for row in board.rows], 3),
            Column("better, same, worse", tests, 4),
        ]
        if self.full:  # who asks for tasks wants these first
            columns += [
                Column("without one task", [left_out_text(row) for row in board.rows], 2),
                Column("own answers", [f"{own_tasks(row)} tasks" for row in board.rows], 2),
            ]
            columns += [
                Column(task_label(task), [_score(row, place) for row in board.rows], 1)
                for place, task in enumerate(board.tasks)
            ]
        else:
            columns += [
                Column(split, [number_text(by_split(row, board.tasks, split)) for row in board.rows], 5)
                for split in dict.fromkeys(task.split for task in board.tasks)
            ]
        columns.append(Column("CPU", [_seconds(row.cpu_seconds) for row in board.rows], 6))
        return drawn(columns, width)

    def _left_out(self) -> list[LeftOut]:
        return [one for board in (self.board, *self.others) for one in board.left_out]

    def _legend(self) -> Iterator[str]:
        from benchsuite.benchmark.board_text import (
            cautions,
            items_text,
            lacking_references,
            marks_of,
            partly_run,
            rivals_text,
        )
        from benchsuite.benchmark.places import read_benchmark

        board = self.board
        shown = f"{board.metric} of each task" if self.full else "the same for each split"
        tasks = count(len(board.tasks), "task")
        yield f"headline: {board.metric} by that of the best reference, geometric mean of {tasks};"
        yield f"  {shown} stands beside it. better, same, worse: by paired tests against the best reference (Holm)."
        yield "best reference: the best of the benchmark's named baselines; it is counted under same."
        yield from filter(None, (items_text(board), rivals_text(board) if self.full else ""))
        yield from cautions(board)
        if any(map(marks_of, board.rows)):
            yield "~ in some task, the fallback or ties decided most of it: --full says where; it is not tested there."
        if any(board.entrants[row.model].verified for row in board.rows):
            yield "* some of its cells were fitted again and gave the same; its folder says when and on which machine."
        if partly := partly_run(board):
            yield f"run in part: {', '.join(partly)}"
        if board.absent:
            yield f"not run yet: {', '.join(board.absent)}"
        rules = read_benchmark(board.name)[1]
        if self.full:
            yield from (f"no row: {', '.join(models)}: {why}" for why, models in rules.without_row.items())
        if lacking := lacking_references(board, rules.references):
            yield f"of these, {', '.join(lacking)} may be the best reference of a task, and lower its ratios."

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**self.board.record(), "left_out": [plain_values(one) for one in self._left_out()]}

    def frames(self) -> Frames:
        """Return ``standings``, a row for each model, ``scores``, for each model and task, and ``left_out``."""
        board = self.board
        standings = [
            {"place": number, "model": row.model, "kind": board.entrants[row.model].kind, "headline": row.headline}
            | {"low": row.low, "high": row.high, "least": row.least, "most": row.most}
            | {"behind_leader": row.behind, "cpu_seconds": row.cpu_seconds}
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
            "left_out": frame(self._left_out(), ("folder", "what", "where", "remedy")),
        }


_STANDING = ("place", "model", "kind", "headline", "low", "high", "least", "most", "behind_leader", "cpu_seconds")
_SCORE = ("state", "reason", "mean", "low", "high", "ratio", "competes", "verdict", "p", "difference", "p_draws")


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

    A damaged row is left out, told below the table, and ends the command with exit code 1.

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
        DataError: when the results are not there, or who asks in the benchmark cannot be read.
        UsageError: when there is no such folder of results, or the folder for the pages holds something else.
    """
    from benchsuite.benchmark.board import read_board
    from benchsuite.benchmark.places import FIRST, benchmark_names, results_root

    root = None if results is None else Path(results)
    if root is not None and not root.is_dir():
        raise UsageError("no such folder", where=str(root), remedy="name a folder of results")
    if benchmark == ALL and site is None:
        raise UsageError("all leaderboards are made as pages", remedy="name a folder with --site DIR")
    benchmark = benchmark or (FIRST if site is None else ALL)
    names = [benchmark]
    if benchmark == ALL:
        names = [name for name in benchmark_names() if ((root or results_root()) / name).is_dir()] or benchmark_names()
    boards = [read_board(name, lite=lite, root=root) for name in names]
    written = () if site is None else _write_site(boards, Path(site))
    return Leaderboard(boards[0], full=full, written=written, others=boards[1:])


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
