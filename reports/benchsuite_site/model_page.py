"""The page of one model in a benchmark: its scores, settings, command, pretrained weights, history and paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from shlex import quote
from typing import Any

from benchsuite.benchmark.board import Board
from benchsuite.benchmark.board_text import interval_text, number_text, task_label
from benchsuite.benchmark.entrants import Entrant
from benchsuite.benchmark.places import read_benchmark
from benchsuite.benchmark.result_history import Earlier
from benchsuite.benchmark.scores import Standing, Task, TaskScore
from benchsuite.html_text import element
from benchsuite.plan.benchmark_rules import row_labels, tuned_label
from benchsuite_content.training_data import training_data
from benchsuite_site.elements import (
    board_name,
    box,
    checked_text,
    heat,
    machine_text,
    scrolled_table,
    short,
    value_text,
    words,
)
from benchsuite_site.explanations import MARKS

_TOLD = "training_data"
"""What a model may say itself of its weights, beside their name and sum."""


def model_page(board: Board, row: Standing, entrant: Entrant) -> str:
    """Return what a model's page holds.

    Args:
        board: the benchmark's.
        row: the model's, of this board.
        entrant: what is known of it.
    """
    about = (
        f'<p class="soft">{escape(entrant.summary.replace("``", ""))} ({escape(entrant.kind)}) in '
        f'<a href="../{escape(board_name(board))}.html">{escape(board_name(board))}</a></p>'
    )
    answer = (
        f'<p class="answer"><span class="big">{number_text(row.headline)}</span> <span>times the best reference of '
        f"each task, 95% of draws: {interval_text(row)}</span></p>"
    )
    if row.headline is None:
        answer = "<p>No headline: not every task has a score; the table says why.</p>"
    parts = [
        f"<h1>{escape(row.model)}</h1>",
        about,
        answer,
        _scores(board, row),
        f'<p class="soft">{MARKS}</p>',
        _settings(entrant),
        f"<h2>Run it</h2><pre>benchsuite run {escape(board.name)} --model {escape(_runs(board, entrant))}</pre>",
        *_pretrained(entrant.facts),
        *_history(board, row, entrant),
        "".join(f"<h2>Paper</h2><pre>{escape(cite.strip())}</pre>" for cite in entrant.cite[:1]),
    ]
    return "\n".join(part for part in parts if part)


def _scores(board: Board, row: Standing) -> str:
    lines = [
        element(
            "tr",
            element("th", escape(task_label(task)), scope="row")
            + heat(score)
            + element("td", _interval(score))
            + element("td", number_text(score.ratio))
            + element("td", escape(score.verdict if score.mean is not None else score.reason)),
        )
        for task, score in zip(board.tasks, row.scores, strict=True)
    ]
    return scrolled_table("Scores", ("task", board.metric, "95% interval", "by reference", "test"), lines)


def _interval(score: TaskScore) -> str:
    return "-" if score.low is None or score.high is None else f"{score.low:.3f} to {score.high:.3f}"


def _settings(entrant: Entrant) -> str:
    if not entrant.settings:
        return ""
    lines = "".join(
        element("tr", element("th", escape(name), scope="row") + element("td", escape(value_text(value))))
        for name, value in entrant.settings.items()
    )
    tuned = "as given"
    if entrant.tuned is not None:
        tuned = (
            f"tuned, {words(entrant.tuned)}: what each fold's search chose stands in result.json; it began with these"
        )
    return f"<h2>Settings</h2><p>{escape(tuned)}</p>{box('Settings', f'<table>{lines}</table>')}"


def _runs(board: Board, entrant: Entrant) -> str:
    """Return what stands behind ``--model`` to run a row again: its label where the benchmark has it, else a plugin."""
    own = row_labels(read_benchmark(board.name)[0])
    if entrant.tuned is not None:
        plain = entrant.label.removesuffix(tuned_label(""))
        return f"{quote(plain) if plain in own else _given(entrant)} --tune"
    return quote(entrant.label) if entrant.label in own else _given(entrant)


def _given(entrant: Entrant) -> str:
    """Return a plugin with the settings that its label tells, which are those that were given."""
    told = [name for name in entrant.settings if re.search(rf"[(\s]{re.escape(name)}=", entrant.label)]
    given = [quote(f"{name}={value_text(entrant.settings[name])}") for name in told]
    return " --with ".join([quote(entrant.plugin), *given])


def _pretrained(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield which pretrained weights a row rests on, and what is known of the texts that they were trained on."""
    found = list(_weights(facts))
    if found:
        yield "<h2>Pretrained weights</h2>"
    for weights in found:
        yield f"<p>{escape(words({name: value for name, value in weights.items() if name != _TOLD}))}</p>"
        known = training_data(weights)
        if known is not None:
            yield f"<p>Trained on: {escape(known.known)}</p><p>{escape(known.meaning)}</p>"
            yield f'<p class="soft">Source: {escape(known.source)}</p>'
        elif isinstance(weights.get(_TOLD), str):
            yield f"<p>Trained on, as the model says itself: {escape(weights[_TOLD])}</p>"
        else:
            yield "<p>Trained on: unknown. What they have read of the items of this benchmark is not known either.</p>"


def _weights(facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what facts tell of weights, wherever it stands in them: tables with a name and a sum, each once."""
    seen: list[Any] = []
    tables = [table for table in facts.values() if isinstance(table, Mapping)]
    while tables:
        table = tables.pop(0)
        if "name" in table and "sha256" in table:
            if table["sha256"] not in seen:
                yield table
            seen.append(table["sha256"])
        else:
            tables += [inner for inner in table.values() if isinstance(inner, Mapping)]


def _history(board: Board, row: Standing, entrant: Entrant) -> Iterator[str]:
    """Yield who made the result when and where, and what earlier versions of the row reached beside it."""
    yield (
        f"<h2>History</h2><p>version {escape(entrant.version)} of {escape(entrant.plugin)}, finished "
        f"{escape(entrant.finished[:10] or 'at an unknown time')} on {escape(machine_text(entrant.machine))}; "
        f"{escape(checked_text(entrant) or 'nobody has fitted it again yet')}</p>"
    )
    history = board.histories.get(row.model)
    if history is None:
        if not board.lite:
            yield "<p>No earlier version of it is known.</p>"
        return
    if history.fault:
        yield f"<p>Earlier versions cannot be told: {escape(history.fault)}</p>"
    if not history.earlier:
        return
    versions = history.earlier[::-1]
    heads = ["task", f"now, version {entrant.version}"]
    heads += [f"version {one.version}{f', {one.finished}' if one.finished else ''}" for one in versions]
    lines = []
    for task, score in zip(board.tasks, row.scores, strict=True):
        state = "not run" if score.state == "missing" else score.state
        cells = [element("td", short(score.mean) if score.mean is not None else escape(state))]
        cells += [element("td", escape(_reached(one, task))) for one in versions]
        lines.append(element("tr", element("th", escape(task_label(task)), scope="row") + "".join(cells)))
    yield scrolled_table(f"{board.metric} of earlier versions, latest first", heads, lines)


def _reached(earlier: Earlier, task: Task) -> str:
    """Return the mean of an earlier version in a task, and on how many folds it rests where it was not run in all."""
    place = (task.dataset, task.split, task.group)
    found = next((one for one in earlier.tasks if (one.dataset, one.split, one.group) == place), None)
    if found is None:
        return "not run"
    part = "" if found.folds == task.seeds else f" ({found.folds} of {task.seeds} folds)"
    return f"{short(found.mean)}{part}"
