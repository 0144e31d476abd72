"""Tables and pages about experiments, verbs, data sets and reports, made from the code itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from benchsuite.functions.setting_text import type_text
from benchsuite.functions.show_plugin import meanings_of
from benchsuite.plan.benchmark_rules import BenchmarkRules, Lite
from benchsuite.plan.experiment_file import Experiment, PluginSpec, Tune
from benchsuite_testing.plugin_package import Writable, package
from make_site.markdown import code, prose, stacked
from make_site.plugin_pages import about, entries, settings

_TABLES: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("The file", "", Experiment),
    (
        "A plugin in it",
        'What `sources`, `splits`, `models` and `metrics` hold. `"als"` means `{ use = "als" }`.',
        PluginSpec,
    ),
    ("`tune`", "The same budget for every model.", Tune),
    ("`[benchmark]`", "Only for a frozen benchmark; an experiment of your own has none.", BenchmarkRules),
    ("`[benchmark.lite]`", "Its short form.", Lite),
)
_WIDTH = 88


def experiment_keys() -> str:
    """Return every key of an experiment file: type, default, meaning."""
    parts = []
    for title, said, model in _TABLES:
        meanings = meanings_of(model)  # type: ignore[arg-type]  # it only reads docstrings
        rows = [
            (
                code(field.alias or name),
                code(_hint(model, name)),
                "needed" if field.is_required() else code(_default(field.get_default(call_default_factory=True))),
                prose(meanings.get(name, "")),
            )
            for name, field in model.model_fields.items()
        ]
        parts.append(f"### {title}\n\n{said}\n\n{stacked(('key', 'type', 'default', 'meaning'), rows)}")
    return "\n".join(parts)


def _hint(model: type[BaseModel], name: str) -> str:
    """Return the type of a key in words, bounds included."""
    from typing import get_type_hints

    text = type_text(get_type_hints(model, include_extras=True)[name])
    return (
        re.sub(r"list\[(?:list\[)?PluginSpec.*", "list of plugins", text)
        .replace("Tune", "table")
        .replace("str", "text")
    )


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined:
        return "none"
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def template(kind: Writable) -> str:
    """Return the code that ``benchsuite new KIND`` writes, as a block."""
    name = f"my-{kind}"
    files = package(kind, name)
    (path,) = (path for path in files if path.endswith((f"my_{kind}.py", f"my_{kind}/__init__.py")))
    return f'```python title="{path}"\n{files[path].strip()}\n```'


def verbs() -> str:
    """Return the page of all verbs: what each prints with ``--help``."""
    from benchsuite.cli.main import build

    root = build()
    parts = [
        "# Every verb\n\nWhat `benchsuite VERB --help` says. Each verb is a function of `import benchsuite`, too: "
    ]
    parts.append("[commands and functions](commands.md).\n")
    for path, command in _commands(root, click.Context(root, info_name="benchsuite"), ()):
        with click.Context(command, info_name=" ".join(("benchsuite", *path)), terminal_width=_WIDTH) as context:
            parts.append(f"## {' '.join(path)}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def _commands(
    group: click.Command, context: click.Context, path: tuple[str, ...]
) -> list[tuple[tuple[str, ...], click.Command]]:
    """Return all verbs below a group, in the order of the help."""
    if not isinstance(group, click.Group):
        return [(path, group)]
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            found += _commands(command, context, (*path, name))
    return found


def data_sets() -> str:
    """Return the table of data sets: what each is about, and its licence."""
    rows = []
    for name in entries("sources"):
        told = about("sources", name)
        facts = told["facts"]
        told_so = "simulated" in facts["domain"] or not facts["simulated"]
        shown = facts["domain"] + ("" if told_so else " (simulated)")
        rows.append((code(name), prose(told["summary"]), shown, prose(str(facts["licence"])), prose(str(facts["url"]))))
    head = ("source", "what it is", "field", "licence", "from")
    return stacked(head, rows)


def reports() -> str:
    """Return the page of reports: each form with its settings."""
    parts = [
        "# Forms of reports\n",
        "`benchsuite report NAME --as FORM --out DIR` writes one; without `--out` it is printed where it can be.",
        "How to make a paper of one: [paper recipes](paper.md).\n",
    ]
    for name in entries("reports"):
        told = about("reports", name)
        text = f"{prose(told['description'])}\n" if told["description"] else ""
        parts.append(f"## {name}\n\n{prose(told['summary'])}\n\n{text}\n{settings(told)}")
    return "\n".join(parts)


def cite(repository: Path) -> str:
    """Return the page on citing, from ``CITATION.cff``."""
    text = (repository / "CITATION.cff").read_text("utf-8")
    field = {name: value.strip().strip('"') for name, value in re.findall(r"^(\w[\w-]*): (.+)$", text, re.MULTILINE)}
    version = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    entry = (
        f"@software{{{version},\n  title = {{{field['title']}}},\n  author = {{{{The benchsuite founders}}}},\n"
        f"  version = {{{field['version']}}},\n  license = {{{field['license']}}}\n}}"
    )
    return (
        f"# How to cite\n\n{field['message']}\n\n```bibtex\n{entry}\n```\n\nThe same is in `CITATION.cff` at the "
        f"root of the "
        "repository. Every model page and every report has the BibTeX of what it rests on. A paper that shows a table "
        "should also name the version of the benchmark, such as films.v1, and the version of benchsuite.\n"
    )
