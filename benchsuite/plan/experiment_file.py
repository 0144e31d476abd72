"""Experiment files: TOML in which ``use``, ``with``, ``grid`` and ``label`` describe every kind of plugin."""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from benchsuite.data import Relevance, Relevant
from benchsuite.errors import ConfigError, did_you_mean, shortened
from benchsuite.plan.benchmark_rules import BenchmarkRules, check_rules
from benchsuite.plan.experiment_paths import with_files

MOST_ROWS = 10_000
"""How many rows the grids of one table may make, and how many seeds there may be."""

MOST_PLACES = 1_000_000
"""How many combinations of data set, split, model and seed an experiment may mean."""

_LONGEST_LIST = 1_000_000
_LONGEST_NAME = 100
_LONGEST_LABEL = 1000
_DEEPEST = 20
_LONG_KEY = re.compile(r"""(?<![\w"'.-])(?:[\w"'-]+\s*\.\s*){1000}""")
_SHOWN = 80

_Finite = Field(allow_inf_nan=False)


class PluginSpec(BaseModel):
    """One plugin with its settings; ``"als"`` alone means ``{ use = "als" }``.

    Attributes:
        use: the plugin's name, ``distribution/name`` or ``./file.py:Class``.
        settings: written ``with``; what is not named keeps its default.
        grid: lists of values; one row for each combination.
        label: the name in tables; by default ``use`` and the settings that ``grid`` varies.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    use: str
    settings: dict[str, Any] = Field(default_factory=dict, alias="with")
    grid: dict[str, Annotated[list[Any], MinLen(1)]] = Field(default_factory=dict)
    label: Annotated[str, MaxLen(_LONGEST_LABEL)] = ""

    @property
    def rows(self) -> int:
        """How many rows the grid makes."""
        return math.prod(len(values) for values in self.grid.values())

    def expand(self) -> list[PluginSpec]:
        """Return one labelled plugin for each combination of the grid."""
        plain = self.use.rpartition(":")[2].rpartition("/")[2] if ".py:" in self.use else self.use.rpartition("/")[2]
        base = self.label or plain
        choices = []
        for values in itertools.product(*self.grid.values()):
            varied = dict(zip(self.grid, values, strict=True))
            suffix = ", ".join(f"{name}={value}" for name, value in varied.items())
            label = f"{base} ({suffix})" if suffix else base
            choices.append(PluginSpec.model_construct(use=self.use, settings=self.settings | varied, label=label))
        return choices


def _spell_out(value: Any) -> Any:
    """Turn ``"als"`` into ``{"use": "als"}``."""
    return {"use": value} if isinstance(value, str) else value


PluginSpecs = Annotated[list[Annotated[PluginSpec, BeforeValidator(_spell_out)]], MinLen(1)]


class Tune(BaseModel):
    """The tuning budget, the same for every model on every fold: trials, seconds, or both, whichever ends first.

    Attributes:
        on: a metric of the experiment, measured on the validation fold.
        trials: how many settings each model may try; the first is its defaults, beside what is given.
        seconds: how many seconds of fitting and scoring each model may spend; the trial that exceeds the limit counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    on: str
    trials: Annotated[int, Gt(0), Le(_LONGEST_LIST)] | None = None
    seconds: Annotated[float, Gt(0), _Finite] | None = None

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if self.trials is None and self.seconds is None:
            raise ValueError("give trials, seconds or both")
        return self


class Experiment(BaseModel):
    """What to compare.

    Attributes:
        name: the name of tables and files.
        summary: one line for lists.
        seeds: each seed cuts the data and seeds the models anew.
        k: the length of the stored lists; metrics may ask for any smaller one.
        relevant: which held-out items count as right in a ranking: ``taken``, all but those with a value of 0 (or
            False) or below, which say no; or ``liked``, those with label 1.
        relevant_from: instead of ``relevant``: only held-out items with at least this value count as right. Training
            rows stay as they are, whatever is relevant.
        threshold: what the threshold between 0 and 1 maximizes on the validation fold.
        timeout_minutes: after this long a cell fails.
        memory_gib: the most memory that a cell's process may allocate on a CPU, in GiB (2^30 bytes); by default nine
            tenths of the machine's. Beyond it allocating fails, which is the cell's failure.
        tune: ``{ on = "ndcg@10", trials = 20 }`` or ``{ on = "ndcg@10", seconds = 600 }``, or nothing: then every
            model keeps its settings.
        sources: data sets.
        splits: ways to cut them.
        models: what to compare.
        metrics: how to judge.
        benchmark: what makes it a benchmark that others can enter; nothing for an experiment of one's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=_LONGEST_NAME)]
    summary: str = ""
    seeds: Annotated[list[Annotated[int, Ge(0), Lt(2**32)]], MinLen(1), MaxLen(MOST_ROWS)] = [0]
    k: Annotated[int, Gt(0), Le(_LONGEST_LIST)] = 100
    relevant: Relevant = "taken"
    relevant_from: Annotated[float, Gt(0), _Finite] | None = None
    threshold: Literal["accuracy", "f1"] = "accuracy"
    timeout_minutes: Annotated[float, Gt(0), _Finite] = 120
    memory_gib: Annotated[float, Gt(0), _Finite] | None = None
    tune: Tune | None = None
    sources: PluginSpecs
    splits: PluginSpecs
    models: PluginSpecs
    metrics: PluginSpecs
    benchmark: BenchmarkRules | None = None

    @property
    def relevance(self) -> Relevance:
        """The rule that says which held-out rows are relevant."""
        return Relevance(self.relevant, self.relevant_from)

    def expanded(self, table: Literal["sources", "splits", "models", "metrics"]) -> list[PluginSpec]:
        """Return a table's plugins with all grids expanded.

        Raises:
            ConfigError: when two rows have the same label, or the grids make too many.
        """
        where = f"{self.name}: {table}"
        rows = sum(choice.rows for choice in getattr(self, table))
        if rows > MOST_ROWS:
            remedy = "shorten the grids, or let tune search them"
            raise ConfigError(f"the grids make {rows:,} rows, more than {MOST_ROWS:,}", where=where, remedy=remedy)
        choices: list[PluginSpec] = [one for choice in getattr(self, table) for one in choice.expand()]
        label, times = Counter(choice.label for choice in choices).most_common(1)[0]
        if times > 1:
            remedy = "give each its own label"
            raise ConfigError(f'two {table} are called "{label[:_SHOWN]}"', where=where, remedy=remedy)
        return choices


def bundled() -> dict[str, Path]:
    """Return the experiments that come with the package, by name."""
    folder = Path(str(files("benchsuite") / "experiments"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_experiment(name: str) -> Experiment:
    """Read a bundled experiment by name, or an experiment file by path.

    Raises:
        ConfigError: one line with file, and line or table and key.
    """
    known = bundled()
    path = known.get(name) or Path(name)
    try:
        table = read_toml(path.read_text("utf-8"), where=str(path))
    except FileNotFoundError:
        if name.endswith(".toml"):
            remedy = "check the path"
        elif Path(f"{name}.toml").is_file():
            remedy = f'did you mean "{name}.toml"?'
        else:
            remedy = did_you_mean(name, known)
        raise ConfigError(f'no experiment "{name}"', remedy=remedy) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except ValueError as error:  # bytes that are no text, a path with a NUL byte
        raise ConfigError(f"cannot be read: {error}", where=str(path), remedy="write it in UTF-8") from None
    return check_experiment(with_files(table, path.parent), where=str(path))


def read_toml(text: str, where: str, remedy: str = "correct that line") -> dict[str, Any]:
    """Read TOML from an untrusted author.

    Args:
        text: what to read.
        where: the file or the option it comes from, for the error.
        remedy: what to do about a line that is no TOML.

    Raises:
        ConfigError: when it is not TOML, or nested deeper than any setting.
    """
    if _LONG_KEY.search(text):  # the parser takes the square of a key's length: most of a minute for 100 kB
        raise ConfigError("is nested too deeply", where=where, remedy="write it flat")
    try:
        table = tomllib.loads(text)
    except ValueError as error:  # a number with thousands of digits raises it bare
        raise ConfigError(f"is not valid TOML: {error}", where=where, remedy=remedy) from None
    except RecursionError:
        raise ConfigError("is nested too deeply", where=where, remedy="write it flat") from None
    _check_depth(table, where)
    return table


def _check_depth(table: Any, where: str) -> None:
    """Refuse what is nested deeper than any setting; checked level by level, without recursion.

    Raises:
        ConfigError: when it is.
    """
    level: list[Any] = [table]
    for _ in range(_DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, Mapping | list | tuple)
            for inner in (value.values() if isinstance(value, Mapping) else value)
        ]
        if not level:
            return
    remedy = "write it flat"
    raise ConfigError(f"is nested deeper than {_DEEPEST} levels", where=where, remedy=remedy)


def check_experiment(table: dict[str, Any], where: str) -> Experiment:
    """Turn a parsed table into an experiment.

    Raises:
        ConfigError: naming the table and key of the first mistake.
    """
    _check_depth(table, where)
    try:
        experiment = Experiment.model_validate(table)
    except ValidationError as error:
        # an unknown key tells more than the missing one that it was meant for
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        key = _spot(first["loc"])
        if "interactions" in table and any(one["type"] == "missing" for one in error.errors()):
            remedy = f'name it in one: sources = ["{where}"]'
            raise ConfigError("is a card of data, no experiment", where=where, remedy=remedy) from None
        if first["type"] == "extra_forbidden":
            inside = len(first["loc"]) > 1
            names = ["use", "with", "grid", "label"] if inside else list(Experiment.model_fields)
            remedy = did_you_mean(str(first["loc"][-1]), names)
            raise ConfigError(f'unknown key "{first["loc"][-1]}"', where=f"{where}: {key}", remedy=remedy) from None
        if first["type"] == "missing":
            raise ConfigError("is missing", where=f"{where}: {key}", remedy=f'add "{first["loc"][-1]}"') from None
        message = first["msg"][:1].lower() + first["msg"][1:]
        remedy = f"it is {shortened(first['input'])} now"
        raise ConfigError(message, where=f"{where}: {key}", remedy=remedy) from None
    _check_relevance(experiment, where)
    _check_size(experiment, where)
    check_rules(experiment, where)
    return experiment


def _check_relevance(experiment: Experiment, where: str) -> None:
    """Refuse two rules at once.

    Raises:
        ConfigError: naming both keys.
    """
    if experiment.relevant_from is not None and "relevant" in experiment.model_fields_set:
        what = f'relevant = "{experiment.relevant}" and relevant_from = {experiment.relevant_from:g} are two rules'
        raise ConfigError(what, where=where, remedy="leave one of them out")


def _check_size(experiment: Experiment, where: str) -> None:
    """Refuse repeated seeds, and experiments too large to plan.

    Raises:
        ConfigError: when it is.
    """
    seed, times = Counter(experiment.seeds).most_common(1)[0]
    if times > 1:
        raise ConfigError(f"the seed {seed} is there twice", where=f"{where}: seeds", remedy="name each seed once")
    tables = [sum(choice.rows for choice in table) for table in (experiment.sources, experiment.splits)]
    tables += [sum(choice.rows for choice in experiment.models), len(experiment.seeds)]
    places = math.prod(tables)
    if places > MOST_PLACES:
        what = f"means {places:,} combinations of data set, split, model and seed, more than {MOST_PLACES:,}"
        raise ConfigError(what, where=where, remedy="split it into several experiments")


def _spot(location: tuple[int | str, ...]) -> str:
    """Return a place in the file in words: ``models[2].with``."""
    text = ""
    for part in location[:_SHOWN]:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif not part.startswith("function-"):
            text += f".{part}" if text else part
    return text
