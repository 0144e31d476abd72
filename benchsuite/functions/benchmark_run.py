"""Run one model in a benchmark and show it among all others."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from benchsuite.arguments import store_folder
from benchsuite.errors import PluginError, UsageError, did_you_mean
from benchsuite.functions.results import Results
from benchsuite.functions.run_ending import ending
from benchsuite.interface import Style, plain

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

    from benchsuite.benchmark.board import Board
    from benchsuite.benchmark.board_rows import LeftOut
    from benchsuite.benchmark.model_result import ModelResult
    from benchsuite.plan import Experiment, Plan, PluginSpec


_LONGEST = 200
"""Settings that take more characters than this are told by a digest in a label."""


class BenchmarkResults(Results):
    """The results of one model in a benchmark; ``print`` shows the leaderboard with it."""

    @property
    def ok(self) -> bool:
        """False where cells failed, or a damaged row is left out of what is shown."""
        return super().ok and (self._full or not self._stored[1])

    @cached_property
    def _stored(self) -> tuple[dict[str, ModelResult], tuple[LeftOut, ...]]:
        """The results to stand among, and what is damaged of them."""
        from benchsuite.benchmark.board_rows import read_rows
        from benchsuite.benchmark.places import benchmark_of, results_root

        name = benchmark_of(self.plan.name)
        return read_rows(name, results_root() / name)

    @cached_property
    def _own(self) -> ModelResult:
        """The result of this model."""
        from benchsuite.benchmark.model_result import collect
        from benchsuite.benchmark.pins import read_pins
        from benchsuite.benchmark.places import benchmark_of

        return collect(
            self.plan, self._store, self.plan.models[0].label, read_pins(benchmark_of(self.plan.name)).digest
        )

    def board(self) -> Board:
        """Return the standings of the benchmark's results and of this model."""
        from benchsuite.benchmark.board import make_board
        from benchsuite.benchmark.places import benchmark_of, is_lite

        name, (rows, left) = benchmark_of(self.plan.name), self._stored
        return make_board(name, [*rows.values(), self._own], lite=is_lite(self.plan.name, name), left_out=left)

    def text(self, style: Style = plain) -> str:
        """Return the leaderboard with this model, and what the run came to."""
        if self._full:
            return super().text(style)
        from benchsuite.functions.leaderboard import Leaderboard

        shown = Leaderboard(self.board(), [model.label for model in self.plan.models]).text(style)
        ended = [] if self.outcome is None else ["", *ending(self.name, self._store.root, self.outcome)]
        return "\n".join([shown, *ended])

    def to_dict(self) -> dict[str, Any]:
        """Return what the run came to and the leaderboard with this model, as plain values."""
        from benchsuite.functions.leaderboard import Leaderboard

        return {**super().to_dict(), "leaderboard": Leaderboard(self.board()).to_dict()}

    def advice(self) -> list[str]:
        """Return how to enter the benchmark."""
        from benchsuite.benchmark.places import benchmark_of, is_lite, read_benchmark
        from benchsuite.benchmark.result_checks import says_nothing
        from benchsuite.benchmark.result_history import replaced_line

        told = list(super().advice())
        if self.outcome is not None and self.outcome.failed:
            return told
        label, name = self.plan.models[0].label, benchmark_of(self.plan.name)
        if silence := says_nothing(self._own, read_benchmark(name)[1].headline):
            return [*told, f"it cannot enter {name}: {silence}"]
        if taken := replaced_line(self._own, self._stored[0].get(label)):
            told.append(taken)
        root = self._store.root
        store = "" if root.absolute() == store_folder(None).absolute() else f" --store {root}"
        first = "run the same without --lite, then: " if is_lite(self.plan.name, name) else ""
        return [*told, f"to enter it: {first}benchsuite submit {name} {quote(label)} --out DIR{store}"]

    def _repr_html_(self) -> str:
        """Return the leaderboard with this model, for a notebook."""
        return f"<pre>{escape(self.text())}</pre>"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the same."""
        from rich.text import Text

        yield Text(self.text())


def chosen_form(
    experiment: Experiment, model: str, settings: Mapping[str, Any], *, tune: bool, lite: bool
) -> tuple[Experiment, bool]:
    """Return what is to be run of an experiment, and whether it is one model in a benchmark.

    Args:
        experiment: any; the options are for benchmarks only.
        model: a plugin's name, a row of the benchmark or ``./file.py:Class``; "" for the benchmark's own models.
        settings: of that model.
        tune: search its settings with the benchmark's budget, but for those given.
        lite: the short form.

    Raises:
        PluginError: when there is neither such a model nor such a row.
        UsageError: when an option has no sense here, or the experiment is no frozen benchmark.
        DataError: when the results to stand among are not there, before anything is fitted.
    """
    from benchsuite.benchmark.board_rows import read_rows
    from benchsuite.benchmark.places import benchmark_names, read_benchmark, results_root
    from benchsuite.benchmark.result_checks import is_row
    from benchsuite.plan import PluginSpec
    from benchsuite.plan.benchmark_rules import narrowed, tuned_label, with_model
    from benchsuite.plan.experiment_file import Tune

    if not all([isinstance(model, str), isinstance(settings, Mapping)]):
        remedy = 'model="als" or "./my_model.py:Mine", with_={"factors": 16}'
        raise UsageError("model is a name, and with_ maps settings to values", remedy=remedy)
    given = [name for name, value in (("--model", model), ("--lite", lite)) if value]
    if experiment.benchmark is None and given:
        remedy = f"benchmarks are {', '.join(benchmark_names())}; write another experiment for anything else"
        raise UsageError(f"{given[0]} is for benchmarks", where=experiment.name, remedy=remedy)
    if (settings or tune) and not model:
        raise UsageError(f"{'--with' if settings else '--tune'} is for one model", remedy="name it with --model")
    rules = experiment.benchmark
    if rules is None:
        return experiment, False
    if experiment.name in benchmark_names() and experiment != read_benchmark(experiment.name)[0]:
        remedy = f"call it otherwise, or run the one that comes with benchsuite: benchsuite run {experiment.name}"
        raise UsageError(
            "a benchmark never changes, and this is another of its name", where=experiment.name, remedy=remedy
        )
    if model and experiment.name not in benchmark_names():
        remedy = f"write the model into its table models; benchmarks are {', '.join(benchmark_names())}"
        raise UsageError("it has no pins, and --model is for pinned benchmarks", where=experiment.name, remedy=remedy)
    form = narrowed(experiment, rules) if lite else experiment
    if not model:
        return form, False
    stored, _ = read_rows(experiment.name, results_root() / experiment.name)
    row, more = _row(experiment, model), settings
    if row is not None:  # a row's label stands for its plugin and settings
        model, settings = row.use, {**row.settings, **settings}
    spec = PluginSpec.model_validate({"use": model, "with": dict(settings)})
    plain = spec.expand()[0].label if row is None else row.label
    label = f"{plain}{_told(more)}"
    label = tuned_label(label) if tune else label
    own = [is_row(row, model, settings) for row in experiment.expanded("models") if row.label in (plain, label)]
    own += [Path(str(one.identity["plugin"])).name == Path(model).name for one in stored.values() if one.label == label]
    if not all(own):
        label = f"{label} (own)"  # it would take the place of a row, which scores may be divided by
    named = PluginSpec.model_validate({"use": model, "with": dict(settings), "label": label})
    budget = Tune(on=rules.headline, trials=rules.trials) if tune else None
    return with_model(form, named, budget), True


def refuse_empty_search(plan: Plan) -> None:
    """Refuse to call a row tuned of which nothing is searched, before anything is fitted.

    Raises:
        UsageError: when the models have no search ranges, or all their settings are given.
    """
    if not any(model.space for model in plan.models):
        what = "there is nothing to search: the model has no search ranges, or all their settings are given by --with"
        raise UsageError(what, where="--tune", remedy="leave --tune out")


def _row(experiment: Experiment, model: str) -> PluginSpec | None:
    """Return the row of a benchmark that a label names, None for any other model.

    Raises:
        PluginError: when it is neither a row nor an installed model, nor a file's.
    """
    from benchsuite.plan.benchmark_rules import tuned_label
    from benchsuite.registry import entries

    rows = {row.label: row for row in experiment.expanded("models")}
    searched = model.removesuffix(tuned_label(""))
    if searched != model and searched in rows:
        remedy = f"write --model {quote(searched)} --tune"
        raise PluginError(f'"{model}" is a row whose settings are searched', where="--model", remedy=remedy)
    known = {*rows, *(entry.name for entry in entries("models"))}
    if model not in known and not any(mark in model for mark in "/:."):  # neither a file nor distribution/name
        raise PluginError(f'unknown model "{model}"', where="--model", remedy=did_you_mean(model, known))
    return rows.get(model)


@contextlib.contextmanager
def naming_the_model(experiment: Experiment, model: str) -> Iterator[None]:
    """Tell what is wrong with the one model of a benchmark as the user named it: the experiment's name is made of it.

    Args:
        experiment: as :func:`chosen_form` returned it.
        model: as the user typed it.
    """
    try:
        yield
    except UsageError as error:
        table = f"{experiment.name}: models"
        place, _, rest = error.where.partition(table)
        if place or not error.where.startswith(table):
            raise
        for known in (experiment.models[0].label, model):
            rest = rest.removeprefix(f": {known}")
        raise type(error)(error.what, where=f"--model {model}{rest}", remedy=error.remedy) from error


def _told(settings: Mapping[str, Any]) -> str:
    """Return settings as a label shows them."""
    told = ", ".join(f"{name}={value}" for name, value in settings.items())
    if len(told) > _LONGEST or not told.isprintable():
        told = f"settings {hashlib.sha256(told.encode(errors='replace')).hexdigest()[:8]}"
    return f" ({told})" if settings else ""
