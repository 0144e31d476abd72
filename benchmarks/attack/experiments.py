"""Plan and run experiment files that were mutated: one line of error or a plan, never a mistake in the program."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attack.chance import chance
from attack.findings import Fault, Journal, Result
from attack.program import Answer, forked, fresh, warm

_SMALL_DEMO = '{ use = "demo", with = { users = 30, items = 40, events_per_user = 8 } }'
_BASE = f"""\
name = "fuzzed"
summary = "What is mutated"
seeds = [1]
k = 20
relevant = "taken"
threshold = "accuracy"
timeout_minutes = 1
sources = [{_SMALL_DEMO}]
splits = [
    "random-holdout",
    {{ use = "item-cold", with = {{ items = 0.2 }} }},
    {{ use = "k-fold", with = {{ folds = 2 }} }},
]
models = [
    "popular",
    {{ use = "item-knn", grid = {{ neighbours = [5, 10] }} }},
    {{ use = "ease", with = {{ regularization = 10.0 }}, label = "ridge" }},
]
metrics = ["accuracy", "f1", "ndcg@10", "recall@5", "coverage@10"]
"""
_TUNED = 'tune = { on = "ndcg@10", trials = 2 }\n'

_VALUES = (
    *("0", "-1", "1.5", "nan", "inf", "-inf", "1e308", "9223372036854775807", "99999999999999999999999", "true"),
    *('""', '"\\u0000"', '"\\U0001F4A9"', '"../../etc/passwd"', '"ndcg@0"', '"ndcg@-1"', '"ndcg@999999999999"'),
    *("[]", "{}", "[[]]", "[{}]", "1979-05-27", "07:32:00", '"' + "x" * 5000 + '"', "[" * 50 + "]" * 50),
    *('"./no.py:X"', '"./no.py:"', '":"', '".py:"', '"/etc/passwd.py:X"', '"benchsuite/popular"', '"a/b/c"', '" "'),
    *('"ml-100k"', '"@"', '"k"', '"ndcg@k"', '"demo"', "{ use = 5 }", '{ use = "demo" }', "{ with = {} }", "0x7f"),
)
_MILD = ("1", "2", "3", "0.1", "0.2", "0.5", "1.0", "true", "false", '"tfidf"', '"cosine"', '"candidate"')
_WORDS = (
    *("name", "seeds", "sources", "splits", "models", "metrics", "use", "with", "grid", "label", "k", "tune", "on"),
    *("trials", "seconds", "demo", "popular", "ndcg@10", "random-holdout", "items", "relevant", "threshold"),
)
_MARKS = ("=", "[", "]", "{", "}", ",", '"', "'", "#", "\n", '"""', "\\", ".", "\ufeff", "\r", "\0", "\u2028")
_BINARY = (b"\xff", b"\xfe\xff", b"\xc3", b"\x00", b"\xed\xa0\x80")


def _any(draw: random.Random) -> str:
    """Return a value: as often as not one that a setting could have."""
    return draw.choice(draw.choice([_MILD, _VALUES]))


def _lines(text: str, draw: random.Random) -> str:
    """Delete, double, exchange or cut a line."""
    lines = text.splitlines()
    place, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    change = draw.randrange(4)
    if change == 0:
        del lines[place]
    elif change == 1:
        lines.insert(other, lines[place])
    elif change == 2:
        lines[place], lines[other] = lines[other], lines[place]
    else:
        lines[place] = lines[place][: draw.randrange(len(lines[place]) + 1)]
    return "\n".join(lines) + "\n"


def _tokens(text: str) -> Iterator[str]:
    """Yield the text in pieces: words, numbers, and every mark by itself."""
    yield from re.findall(r"[\w.@-]+|.", text, re.DOTALL)


def _value(text: str, draw: random.Random) -> str:
    """Put another value, or another name, in the place of a word."""
    tokens = list(_tokens(text))
    words = [place for place, token in enumerate(tokens) if token[0].isalnum()]
    numbers = [place for place in words if tokens[place][0].isdigit()]
    place = draw.choice(numbers if numbers and draw.random() < 0.5 else words)
    quoted = place and tokens[place - 1] == '"'
    if quoted:
        tokens[place - 1 : place + 2] = [draw.choice(_VALUES)]
    else:
        tokens[place] = _any(draw) if tokens[place][0].isdigit() else draw.choice(_WORDS)
    return "".join(tokens)


def _number(text: str, draw: random.Random) -> str:
    """Put another number of the same type in the place of one: most of these experiments are valid."""
    tokens = list(_tokens(text))
    numbers = [place for place, token in enumerate(tokens) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", token)]
    place = draw.choice(numbers)
    tokens[place] = draw.choice(("0.05", "0.3", "0.5", "2.0") if "." in tokens[place] else ("1", "2", "3", "7", "40"))
    return "".join(tokens)


def _mark(text: str, draw: random.Random) -> str:
    """Insert, delete or replace a mark anywhere."""
    place = draw.randrange(len(text))
    return text[:place] + draw.choice(_MARKS) * draw.randrange(3) + text[place + draw.randrange(2) :]


def _insert(text: str, draw: random.Random) -> str:
    """Add a setting, known or not, at the end."""
    return f"{text}{draw.choice(_WORDS)} = {draw.choice(_VALUES)}\n"


def _cut(text: str, draw: random.Random) -> str:
    return text[: draw.randrange(len(text))]


def _mutated(text: str, draw: random.Random) -> bytes:
    if draw.random() < 0.4:
        return _number(_number(text, draw), draw).encode()
    changes: tuple[Callable[[str, random.Random], str], ...] = (_lines, _value, _value, _value, _mark, _insert, _cut)
    for _ in range(draw.choice([1, 1, 1, 2, 3, 6])):
        text = draw.choice(changes)(text or "\n", draw)
    raw = text.encode("utf-8", "replace")
    if draw.random() < 0.05:
        place = draw.randrange(len(raw) + 1)
        raw = raw[:place] + draw.choice(_BINARY) + raw[place:]
    return raw


def _settings(draw: random.Random, choices: dict[str, dict[str, Any]]) -> str:
    """Return a plugin with one of its own settings set to anything."""
    name = draw.choice(sorted(choices))
    setting = draw.choice(sorted(choices[name]) or ["x"])
    table = draw.choice(["with = {{ {0} = {1} }}", "grid = {{ {0} = [{1}, {2}] }}", "grid = {{ {0} = {1} }}"])
    return f'{{ use = "{name}", {table.format(setting, _any(draw), _any(draw))} }}'


def _grammar(draw: random.Random, known: dict[str, dict[str, dict[str, Any]]]) -> bytes:
    """Write an experiment whose parts are picked from all there are, with settings of any value."""
    lines = ['name = "fuzzed"']
    for part in ("splits", "models", "metrics"):
        picked = [_settings(draw, known[part]) for _ in range(draw.choice([1, 1, 1, 2]))]
        lines.append(f"{part} = [{', '.join(picked)}]")
    lines.append(f"sources = [{draw.choice([_SMALL_DEMO, _settings(draw, known['sources'])])}]")
    rest = [key for key in ("seeds", "k", "relevant", "threshold", "timeout_minutes", "tune") if draw.random() < 0.1]
    lines += [f"{key} = {draw.choice(_VALUES)}" for key in rest]
    return "\n".join(lines).encode()


_BOMBS = {
    "deep arrays": _BASE + "seeds2 = " + "[" * 100_000 + "]" * 100_000,
    "deep tables": _BASE + "x = " + "{ a = " * 50_000 + "1" + " }" * 50_000,
    "a deep header": _BASE + "[" + ".".join("a" * 20_000) + "]\n",
    "a deep setting": _BASE.replace("regularization = 10.0", "regularization = " + "[" * 600 + "]" * 600),
    "a million products": _BASE.replace(
        "neighbours = [5, 10]", f"neighbours = {list(range(1, 1001))}, shrinkage = {list(range(1000))}"
    ),
    "products of products": _BASE.replace(
        "neighbours = [5, 10]", ", ".join(f"s{j} = {list(range(10))}" for j in range(12))
    ),
    "a hundred thousand models": _BASE.replace('"popular",', '"popular", ' * 100_000),
    "a huge seed": _BASE.replace("seeds = [1]", f"seeds = [{10**400}]"),
    "a huge number": _BASE.replace("k = 20", f"k = {'9' * 6000}"),
    "a long name": _BASE.replace('"fuzzed"', f'"{"x" * 10_000}"'),
    "a name of a folder": _BASE.replace('"fuzzed"', '"a..b"'),
    "a long label": _BASE.replace('"ridge"', f'"{"x" * 10**6}"'),
    "an odd label": _BASE.replace('"ridge"', '"\\u0000\\u001b[31m\\u202e\\n|<b>"'),
    "many trials": _BASE + 'tune = { on = "ndcg@10", trials = 1000000000000 }\n',
    "no time": _BASE + 'tune = { on = "ndcg@10", seconds = 1e-300 }\n',
    "a byte order mark": "\ufeff" + _BASE,
    "nothing": "",
    "spaces": " " * 10**6,
    "a folder": "",
}
"""Files that are built to be too much."""


def attack(n: int, seed: int, out: Path, *, small: bool = False) -> Result:
    """Plan ``n`` experiments, and run every tenth (those that are small enough).

    Args:
        n: how many.
        seed: draws them.
        out: a folder for files and the journal; cases that are finished are not done again.
        small: run every thirtieth only.
    """
    from benchsuite.plan import bundled

    folder = out / "experiments"
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "journal.jsonl", {"n": n, "seed": seed, "small": small})
    (folder / "base.toml").write_text(_BASE.replace('"fuzzed"', '"base"'), "utf-8")
    warm(["run", "base.toml", "--store", str(fresh(folder / "base")), "--offline"], cwd=folder)
    known = _known(folder)
    texts = [_BASE, _BASE + _TUNED, *(path.read_text("utf-8") for path in bundled().values())]
    result = Result("experiments", seed, tried=n)
    bombs = sorted(_BOMBS)
    for number in range(n):
        draw = chance("experiments", seed, number)
        if number < len(bombs) and number < n // 4:
            name, raw = bombs[number], _BOMBS[bombs[number]].encode()
        elif number % 3 == 0:
            name, raw = "grammar", _grammar(draw, known)
        else:
            name, raw = "mutation", _mutated(draw.choice([texts[0], texts[0], texts[1], draw.choice(texts)]), draw)
        runs = number % (30 if small else 10) == 0

        def work(name: str = name, raw: bytes = raw, runs: bool = runs, number: int = number) -> Any:
            return _attack_one(f"{number}: {name}", raw, folder, runs=runs)

        journal.into(result, journal.once(f"{number}: {name}", work))
    return result


def _known(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the settings of cheap plugins by kind and name, as ``benchsuite show`` tells them."""
    cheap = {
        "models": ("random", "popular", "item-knn", "user-knn", "ease", "als", "damped-means"),
        "splits": ("random-holdout", "item-cold", "user-cold", "k-fold", "leave-last-out"),
        "metrics": ("accuracy", "ndcg@10", "recall@5", "gini@10", "rmse"),
        "sources": ("demo",),
    }
    known: dict[str, dict[str, dict[str, Any]]] = {}
    for kind, names in cheap.items():
        for name in names:
            words = ["show", kind[:-1], name, "--json"]
            answer = forked(words, cwd=folder, temporary=folder / "tmp")
            told = json.loads(answer.out) if answer.code == 0 else {}
            settings = told.get("settings", {}) if isinstance(told, dict) else {}
            names_of = settings if isinstance(settings, dict) else {one["name"]: one for one in settings}
            known.setdefault(kind, {})[name] = dict(names_of)
    return known


def _attack_one(case: str, raw: bytes, folder: Path, *, runs: bool) -> tuple[list[Fault], Counter[str]]:
    file = fresh(folder / "case") / "fuzzed.toml"
    file.write_bytes(raw)
    if case.endswith(": a folder"):
        file.unlink()
        file.mkdir()
    temporary = fresh(folder / "tmp")
    counts: Counter[str] = Counter()
    faults: list[Fault] = []

    def ask(verb: str) -> Answer:
        words = [verb, "case/fuzzed.toml", "--offline", "--store", "case/store"]
        answer = forked(words, cwd=folder, temporary=temporary, seconds=240 if verb == "run" else 60)
        counts[f"{verb}: exit {answer.code}"] += 1
        faults.extend(answer.faults(case, temporary))
        return answer

    planned = ask("plan")
    if runs and (planned.code != 0 or planned.out.count("\n") < 40):
        ask("run")
    if faults:
        keep = folder / "kept" / f"{case.partition(':')[0]}.toml"
        keep.parent.mkdir(exist_ok=True)
        keep.write_bytes(raw)
    return faults, counts
