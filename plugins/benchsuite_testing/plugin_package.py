"""The files of a plugin package, from templates: what ``benchsuite new`` writes."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from string import Template
from typing import Literal

Writable = Literal["model", "source", "split", "metric", "report"]

_DEMO = '{ use = "demo", with = { users = 200, items = 100, events_per_user = 20 } }'


def package(kind: Writable, name: str) -> dict[str, str]:
    """Return the files of a package with one plugin, by path.

    Args:
        kind: of the plugin.
        name: what experiments will call it; a metric is called ``name@k`` there, with a number for k.
    """
    point = f"{name}@k" if kind == "metric" else name
    call = called(kind, name)
    own = {kind: f'"{call}"'}
    module = name.replace("-", "_")
    words = {
        "kind": kind,
        "name": name,
        "point": point,
        "call": call,
        "package": module,
        "klass": "".join(part.capitalize() for part in name.split("-")),
        "file": f"{module}/__init__.py" if kind == "source" else f"{module}.py",
        "sources": own.get("source", _DEMO),
        "splits": own.get("split", '"random-holdout"'),
        "models": ", ".join([*filter(None, [own.get("model")]), '"popular"', '"item-knn"']),
        "metrics": ", ".join([*filter(None, [own.get("metric")]), '"ndcg@10"', '"recall@10"']),
        "more": "".join(f"$ {line}\n" for line in shown(kind, name)),
    }
    files = {
        "pyproject.toml": "pyproject",
        words["file"]: kind,
        "tests/test_conformance.py": "test",
        "try.toml": "try",
        "README.md": "readme",
    }
    written = {path: _template(template).substitute(words) for path, template in files.items()}
    return written | ({f"{module}/events.csv": _events()} if kind == "source" else {})


def called(kind: Writable, name: str) -> str:
    """Return what a user writes to mean the plugin, with its default settings."""
    return f"{name}@10" if kind == "metric" else name


def shown(kind: Writable, name: str) -> list[str]:
    """Return the commands that show what the plugin made, where ``benchsuite run`` does not."""
    report = f"benchsuite report {name.replace('-', '_')}"
    return {"report": [f"{report} --as {name}"], "metric": [report]}.get(kind, [])


@cache
def _template(name: str) -> Template:
    return Template((Path(__file__).parent / "templates" / f"{name}.txt").read_text("utf-8"))


def _events() -> str:
    """Return an invented table: forty users buy twelve times each, mostly what is of their taste."""
    draw = random.Random(7)  # noqa: S311 - invented purchases
    lines = ["user,item,time,title"]
    for step in range(12):
        for user in range(40):
            taste = user if draw.randrange(10) else user + 1
            item = min(29, int(draw.expovariate(0.12))) // 2 * 2 + taste % 2
            lines.append(f"u{user},i{item},{1_700_000_000 + 3600 * (40 * step + user)},Thing {item}")
    return "\n".join(lines) + "\n"
