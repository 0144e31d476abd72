"""Anything may be written into an experiment: the plan is made, or one line says what is wrong."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchsuite.analysis import plan_key, remember_plan
from benchsuite.api import DataLocations
from benchsuite.errors import BenchsuiteError, ConfigError
from benchsuite.plan import Plan, read_experiment
from benchsuite.plan.experiment_file import check_experiment, read_toml
from benchsuite.registry import OWN, entries
from benchsuite.runner import prepare
from benchsuite.store import Store

LONGEST_LINE = 5000
TIMES = int(os.environ.get("BENCHSUITE_FUZZ", "100"))
SMALL = {"users": 30, "items": 30, "events_per_user": 8}
GOOD: dict[str, Any] = {
    "name": "fuzz",
    "summary": "words",
    "seeds": [1],
    "k": 20,
    "relevant": "taken",
    "threshold": "f1",
    "timeout_minutes": 5.0,
    "tune": {"on": "ndcg@10", "trials": 2, "seconds": 3.0},
    "sources": [{"use": "demo", "with": SMALL}],
    "splits": ["random-holdout", {"use": "item-cold", "with": {"items": 0.3}}],
    "models": ["popular", {"use": "ease", "grid": {"regularization": [1.0, 100.0]}, "label": "e"}],
    "metrics": ["ndcg@10", {"use": "recall@k", "with": {"k": 5}}, "f1"],
}
ODD: list[Any] = [
    *(0, 1, -1, 2**31, 2**63 - 1, -(2**63), 10**12, 10**30, 0.0, -0.5, 1e308, 5e-324, math.nan, math.inf, -math.inf),
    *(
        True,
        False,
        "",
        " ",
        "a" * 5000,
        "\0",
        "\x1b[31m",
        "ä\u2028",
        "\U0001f3ac",
        "../x",
        "@",
        "@10",
        "ndcg@",
        "ndcg@²",
    ),
    *("ndcg@" + "9" * 5000, "x.py:Y", "./\0.py:X", "./no.py:X", "benchsuite/ease", "/", "x/y/z", "{0}", "%s", "NaN"),
    *([], {}, [[]], [{}], {"": ""}, {"use": "ease"}, [1, "a", None.__class__.__name__], ["ease", "ease"]),
    *(dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.time(1, 2)),
    *({"use": "als", "grid": {"factors": list(range(300)), "alpha": list(range(1, 300))}}, list(range(5))),
    *("demo", "ease", "popular", "k-fold", "fixed", "rmse", "file", "flm", "oracle", "ml-100k"),
]


def nest(depth: int, leaf: Any) -> Any:
    for level in range(depth):
        leaf = [leaf] if level % 2 else {"a": leaf}
    return leaf


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(value[key], (*path, key))


def odd(draw: random.Random, like: Any = None) -> Any:
    """Return an odd value, half the time one of the same type, so that it gets past the first check."""
    same = [value for value in ODD if type(value) is type(like)]
    if same and draw.random() < 0.5:
        return copy.deepcopy(draw.choice(same))
    if draw.random() < 0.1:
        return nest(draw.choice([3, 10, 30, 200]), copy.deepcopy(draw.choice(ODD)))
    return copy.deepcopy(draw.choice(ODD))


def mutate(table: dict[str, Any], draw: random.Random) -> None:
    """Change one thing somewhere: another value, another key, once more, or gone."""
    if draw.random() < 0.3:
        add_plugin(table, draw)
        return
    *path, last = draw.choice(list(places(table)))
    inside: Any = table
    for key in path:
        inside = inside[key]
    how = draw.random()
    if how < 0.6:
        inside[last] = odd(draw, inside[last])
    elif how < 0.7:
        del inside[last]
    elif isinstance(inside, list):
        inside.insert(draw.randrange(len(inside) + 1), copy.deepcopy(inside[last]) if how < 0.85 else odd(draw))
    else:
        inside[draw.choice(["with", "grid", "label", "use", "k", "seed", "ü", ""])] = odd(draw)


def add_plugin(table: dict[str, Any], draw: random.Random) -> None:
    """Add any plugin that is installed, with odd values for its own settings."""
    kind = draw.choice(["splits", "models", "metrics"])
    entry = draw.choice([entry for entry in entries(kind) if entry.distribution == OWN])
    fields = list(entry.load().fields())
    chosen = draw.sample(fields, min(len(fields), draw.choice([0, 1, 1, 2])))
    choice = {"use": entry.name, "with": {name: odd(draw) for name in chosen}}
    if isinstance(table.get(kind), list):
        table[kind].append(choice)


def toml(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(key))} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value).replace("\\u001b", "\\u001B")
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return json.dumps(value)


def damaged(text: str, draw: random.Random) -> str:
    """Lose or repeat a piece of a file."""
    begin = draw.randrange(len(text))
    end = begin + draw.randrange(1, 30)
    return text[:begin] + draw.choice(["", text[begin:end] * 2, "\x00", '"', "]", "é", "[[["]) + text[end:]


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function that plans an experiment file as ``benchsuite plan`` does, and reads the plan back."""
    folder = tmp_path_factory.mktemp("fuzz")
    store = Store(folder / "runs")

    def plan(text: str) -> Plan:
        path = folder / "mine.toml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        made = prepare(
            read_experiment(str(path)), store, DataLocations(cache=folder / "cache", offline=True), lambda _: None
        )
        remember_plan(store, made)
        assert plan_key(Plan.from_json(made.to_json())) == plan_key(made)
        return made

    return plan


@pytest.mark.slow
def test_only_our_errors_come_out(planner: Any) -> None:
    planned, refused = 0, []
    for seed in range(TIMES):
        draw = random.Random(seed)  # noqa: S311 - no secret
        table = json.loads(json.dumps(GOOD))
        if draw.random() < 0.7:
            del table["tune"]
        for _ in range(draw.choice([1, 1, 1, 2, 5])):
            mutate(table, draw)
        text = "\n".join(f"{toml(key)} = {toml(value)}" for key, value in table.items())
        if draw.random() < 0.15:
            text = damaged(text, draw)
        try:
            planner(text)
        except BenchsuiteError as error:
            refused.append(str(error))
        except BaseException as error:
            error.add_note(f"seed {seed}: {text[:3000]}")
            raise
        else:
            planned += 1
    assert [line for line in refused if "\n" in line or len(line) > LONGEST_LINE] == []
    assert len(refused) > TIMES / 3
    assert planned > TIMES / 20


@pytest.mark.parametrize(
    "text",
    ["x = " + "[" * 100_000, "x = " + "{a = " * 5000, "a." * 50_000 + "b = 1", "[" + "a." * 5000 + "b]\nx = 1"],
    ids=["lists", "tables", "dotted keys", "a header"],
)
def test_deep_nesting_is_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"my\.toml: is (nested|not valid)"):
        read_toml(text, "my.toml")


def test_deep_values_from_python_are_one_line() -> None:
    for settings in (nest(50, 1), nest(100_000, 1)):
        with pytest.raises(ConfigError, match="nested deeper than 20 levels"):
            check_experiment(GOOD | {"models": [{"use": "ease", "with": {"a": settings}}]}, "my.toml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"k": 10**12}, "my.toml: k: input should be less than or equal to 1000000"),
        ({"k": 10**5000}, "my.toml: k: "),
        ({"seeds": list(range(10**6))}, "my.toml: seeds: list should have at most 10000 items"),
        ({"seeds": [2**32]}, "my.toml: seeds[1]: input should be less than 4294967296"),
        ({"seeds": [3, 1, 3]}, "my.toml: seeds: the seed 3 is there twice; name each seed once"),
        ({"timeout_minutes": math.inf}, "my.toml: timeout_minutes: input should be a finite number"),
        ({"tune": {"on": "f1", "seconds": math.inf}}, "my.toml: tune.seconds: input should be a finite number"),
        ({"name": "a" * 300}, "my.toml: name: string should have at most 100 characters"),
        ({"models": [{"use": "als", "label": "a" * 10**6}]}, "my.toml: models[1].label: string should have at most"),
        (
            {"seeds": list(range(10_000)), "models": [{"use": "als", "grid": {"factors": list(range(1, 101))}}]},
            "my.toml: means 2,000,000 combinations of data set, split, model and seed, more than 1,000,000",
        ),
    ],
)
def test_absurd_sizes_are_one_line(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_experiment(GOOD | change, "my.toml")
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 300


def test_a_product_of_a_million_settings_is_refused_before_it_is_made() -> None:
    grid = {"factors": list(range(1, 1001)), "iterations": list(range(1, 1001))}
    experiment = check_experiment(
        GOOD | {"seeds": [0], "splits": ["k-fold"], "models": [{"use": "als", "grid": grid}]}, "x"
    )
    with pytest.raises(ConfigError) as caught:
        experiment.expanded("models")
    assert str(caught.value) == (
        "fuzz: models: the grids make 1,000,000 rows, more than 10,000; shorten the grids, or let tune search them"
    )
    grid = {f"s{number}": [1, 2, 3] for number in range(60)}
    with pytest.raises(ConfigError, match="combinations of data set"):
        check_experiment(GOOD | {"models": [{"use": "als", "grid": grid}]}, "x")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read_experiment(f"{tmp_path}/a\0b.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_experiment(str(tmp_path))
    with pytest.raises(ConfigError):
        read_experiment("x" * 10_000)
