"""Tables and pages about experiments, verbs, data sets, reports and the Python interface, made from the code itself."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import textwrap
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import benchsuite
from benchsuite.functions.setting_text import type_text
from benchsuite.functions.show_plugin import meanings_of
from benchsuite.plan.benchmark_rules import BenchmarkRules, Lite
from benchsuite.plan.experiment_file import Experiment, PluginSpec, Tune
from benchsuite_testing.plugin_package import Writable, package
from make_site.markdown import code, prose, table
from make_site.plugin_pages import about, entries, settings

_TABLES: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("The file", "", Experiment),
    ("A plugin in it", "What `sources`, `splits`, `models` and `metrics` hold. `\"als\"` means `{ use = \"als\" }`.", PluginSpec),
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
        parts.append(f"### {title}\n\n{said}\n\n{table(('key', 'type', 'default', 'meaning'), rows)}")
    return "\n".join(parts)


def _hint(model: type[BaseModel], name: str) -> str:
    """Return the type of a key in words, bounds included."""
    from typing import get_type_hints

    text = type_text(get_type_hints(model, include_extras=True)[name])
    return re.sub(r"list\[(?:list\[)?PluginSpec.*", "list of plugins", text).replace("Tune", "table").replace("str", "text")


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined:
        return "none"
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def template(kind: Writable) -> str:
    """Return the code that ``benchsuite new KIND`` writes, as a block."""
    name = f"my-{kind}"
    files = package(kind, name)
    (path,) = (path for path in files if path.endswith((f"my_{kind}.py", f"my_{kind}/__init__.py")))
    return f"```python title=\"{path}\"\n{files[path].strip()}\n```"


def verbs() -> str:
    """Return the page of all verbs: what each prints with ``--help``."""
    from benchsuite.cli.main import build

    root = build()
    parts = ["# Every verb\n\nWhat `benchsuite VERB --help` says. Each verb is a function of `import benchsuite`, too: "]
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
    """Return the page of data sets: what each is about, and its licence."""
    rows = []
    for name in entries("sources"):
        told = about("sources", name)
        facts = told["facts"]
        shown = facts["domain"] + (" (simulated)" if facts["simulated"] else "")
        rows.append((code(name), prose(told["summary"]), shown, prose(str(facts["licence"])), prose(str(facts["url"]))))
    head = ("source", "what it is", "field", "licence", "from")
    said = (
        "---\nhide:\n  - toc\n---\n\n# Data sets\n\nData sets are cards, not copies: where the files are, their sha256, licence and citation. A set is "
        "looked for in your folders, then in the cache, then where its publishers have it. How to open a table of your "
        "own: [your own data](data.md).\n\n```console\n$ benchsuite show source demo\n```\n\n"
    )
    return said + table(head, rows)


def reports() -> str:
    """Return the page of reports: each form with its settings."""
    parts = ["# Forms of reports\n\n`benchsuite report NAME --as FORM --out DIR` writes one; without `--out` a form that can "]
    parts.append("be printed is printed. How to make a paper of one: [paper recipes](paper.md).\n")
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
        f"# How to cite\n\n{field['message']}\n\n```bibtex\n{entry}\n```\n\nThe same is in `CITATION.cff` at the root of the "
        "repository. Every model page and every report has the BibTeX of what it rests on. A paper that shows a table "
        "should also name the version of the benchmark, such as films.v1, and the version of benchsuite.\n"
    )


def api_pages() -> dict[str, str]:
    """Return the pages of the Python interface by path: functions, contracts, data."""
    names = sorted(name for name in benchsuite.__all__ if name != "__version__")
    said = {
        "api/functions.md": "# Functions\n\nWhat `import benchsuite` offers. Every function returns an object with "
        "`.frames()`, `.to_dict()` and a text; it raises an error of one line.\n",
        "api/contracts.md": "# Contracts\n\n`benchsuite.api`: everything that an author of plugins needs.\n",
        "api/data.md": "# Data\n\n`benchsuite.data`: what models read and answer, and what reports show. All arrays are "
        "read-only.\n",
        "api/errors.md": "# Errors\n\n`benchsuite.errors`: every foreseen error is one line: what is wrong, where, what to do.\n",
    }
    modules = {"api/contracts.md": "benchsuite.api", "api/data.md": "benchsuite.data"}
    pages = {"api/functions.md": said["api/functions.md"] + _members(benchsuite, names)}
    for path, module in modules.items():
        loaded = importlib.import_module(module)
        pages[path] = said[path] + _members(loaded, loaded.__all__)
    errors = importlib.import_module("benchsuite.errors")
    kinds = [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and value.__module__ == errors.__name__ and not name.startswith("_")
    ]
    pages["api/errors.md"] = said["api/errors.md"] + _members(errors, kinds)
    return pages


def _members(module: ModuleType, names: list[str]) -> str:
    """Return a section for each name; types that are only other words for types make a table at the end."""
    parts, plain = [], []
    for name in names:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            parts.append(member(name, value))
        else:
            plain.append((code(name), code(re.sub(r"numpy\.|typing\.", "", str(value)))))
    if plain:
        parts.append(f"## Names of types and constants\n\n{table(('name', 'stands for'), plain)}")
    return "\n" + "\n".join(parts)


def member(name: str, value: Any) -> str:
    """Return the section of a class, with its public methods, or of a function."""
    if inspect.isfunction(value):
        return f"## {name}\n\n{_signature(name, value)}\n{docstring(inspect.getdoc(value) or '')}"
    bases = [base.__name__ for base in value.__bases__ if base is not object]
    head = f"class {name}({', '.join(bases)})" if bases else f"class {name}"
    parts = [f"## {name}\n\n```python\n{head}\n```\n{docstring(inspect.getdoc(value) or '')}"]
    declared = attributes(value)
    if declared:
        rows = [(code(name), code(kind), prose(meaning)) for name, kind, meaning in declared]
        parts.append(f"**Declarations**\n\n{table(('name', 'type', 'meaning'), rows)}")
    for method, function in vars(value).items():
        if method.startswith("_"):
            continue
        bare = function.__func__ if isinstance(function, classmethod | staticmethod) else function
        got = getattr(bare, "fget", None) or getattr(bare, "func", None)  # a property, or a cached one
        if inspect.isfunction(bare) and bare.__doc__:
            parts.append(f"### {name}.{method}\n\n{_signature(method, bare)}\n{docstring(inspect.getdoc(bare) or '')}")
        elif got is not None and got.__doc__:
            parts.append(f"### {name}.{method}\n\n{docstring(inspect.getdoc(got) or '')}")
    return "\n".join(parts)


def attributes(value: type) -> list[tuple[str, str, str]]:
    """Return name, type and meaning of what a class declares with a docstring below it."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    assert isinstance(node, ast.ClassDef)  # noqa: S101 - the source of a class
    found = []
    for line, after in itertools.pairwise(node.body):
        told = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and isinstance(told, str):
            kind = re.sub(r"ClassVar\[(.*)\]", r"\1", ast.unparse(line.annotation))
            found.append((line.target.id, kind, " ".join(told.split())))
    return found


def _signature(name: str, function: Any) -> str:
    """Return how a function is called, over several lines where it is long; options of the command line are left out."""
    signature = inspect.signature(function)
    taken = [one for one in signature.parameters.values() if one.name not in {"self", "cls"}]
    plain = [one.replace(annotation=_bare(one.annotation)) for one in taken]
    lines = [str(one) for one in plain]
    stars = [place for place, one in enumerate(plain) if one.kind is inspect.Parameter.KEYWORD_ONLY]
    if stars and not any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in plain):
        lines.insert(stars[0], "*")
    returned = "" if signature.return_annotation is inspect.Signature.empty else f" -> {_bare(signature.return_annotation)}"
    short = f"{name}({', '.join(lines)}){returned}"
    if len(short) > _WIDTH:
        short = f"{name}(\n    " + ",\n    ".join(lines) + f",\n){returned}"
    return f"```python\n{short}\n```\n"


def _bare(annotation: Any) -> Any:
    """Return an annotation without what it says to the command line: ``Annotated[X, Option(...)]`` is X."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    found = re.fullmatch(r"Annotated\[(.*?), (?:Option|Range|Field)\(.*\)\]", text, re.DOTALL)
    return _Text(found[1] if found else text)


class _Text(str):
    """A text whose representation is itself, so that signatures show it without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def docstring(text: str) -> str:
    """Return a docstring of Google's style as Markdown: sections become lists."""
    parts, items, kind = [], [], ""
    text, examples = _without_examples(text)
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Attributes|Raises|Yields|Returns):", line):
            parts += _flushed(kind, items)
            kind, items = line[:-1], []
        elif kind and re.match(r"    \S", line):
            items.append(line.strip())
        elif kind and (line.startswith("        ") or not line.strip()):
            if items and line.strip():
                items[-1] += f" {line.strip()}"
        else:
            if kind:
                parts += _flushed(kind, items)
                kind, items = "", []
            parts.append(prose(line))
    parts += _flushed(kind, items)
    return "\n".join(parts) + f"\n{examples}"


def _without_examples(text: str) -> tuple[str, str]:
    """Return a docstring without its section ``Example``, and that section as a block."""
    before, head, section = text.partition("Example:\n")
    lines = list(itertools.takewhile(lambda line: line.startswith("    ") or not line.strip(), section.splitlines()))
    after = "\n".join(section.splitlines()[len(lines) :])
    shown = textwrap.dedent("\n".join(lines)).strip()
    return before + after, f"\n**Example**\n\n```pycon\n{shown}\n```\n" if head else ""


def _flushed(kind: str, items: list[str]) -> list[str]:
    if not kind:
        return []
    rows = []
    for item in items:
        name, colon, meaning = item.partition(": ")
        rows.append(f"- {code(name)}: {prose(meaning)}" if colon else f"- {prose(item)}")
    word = {"Args": "Arguments"}.get(kind, kind)
    return ["", f"**{word}**", "", *rows, ""]

