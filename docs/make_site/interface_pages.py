"""Pages of the Python interface: functions, contracts, data and errors, from signatures and docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import textwrap
from types import ModuleType
from typing import Any

import benchsuite
from make_site.markdown import code, prose, table

_WIDTH = 88


def api_pages() -> dict[str, str]:
    """Return the pages of the Python interface by path: functions, contracts, data."""
    names = sorted(name for name in _offered(benchsuite) if name != "__version__")
    said = {
        "api/functions.md": "# Functions\n\nWhat `import benchsuite` offers. Every function returns an object with "
        "`.frames()`, `.to_dict()` and a text; it raises an error of one line.\n",
        "api/contracts.md": "# Contracts\n\n`benchsuite.api`: everything that an author of plugins needs.\n",
        "api/data.md": "# Data\n\n`benchsuite.data`: what models read and answer, and what reports show. All arrays "
        "are "
        "read-only.\n",
        "api/errors.md": "# Errors\n\n`benchsuite.errors`: every foreseen error is one line: what is wrong, where, "
        "what to do.\n",
    }
    modules = {"api/contracts.md": "benchsuite.api", "api/data.md": "benchsuite.data"}
    pages = {"api/functions.md": said["api/functions.md"] + _members(benchsuite, names)}
    for path, module in modules.items():
        loaded = importlib.import_module(module)
        pages[path] = said[path] + _members(loaded, _offered(loaded))
    errors = importlib.import_module("benchsuite.errors")
    kinds = [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and value.__module__ == errors.__name__ and not name.startswith("_")
    ]
    pages["api/errors.md"] = said["api/errors.md"] + _members(errors, kinds)
    return pages


def _offered(module: ModuleType) -> list[str]:
    """Return the public names of a module."""
    return list(module.__dict__["__all__"])


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
    """Return how a function is called, over several lines where it is long, without what is said to the shell."""
    signature = inspect.signature(function)
    taken = [one for one in signature.parameters.values() if one.name not in {"self", "cls"}]
    plain = [one.replace(annotation=_bare(one.annotation)) for one in taken]
    lines = [str(one) for one in plain]
    stars = [place for place, one in enumerate(plain) if one.kind is inspect.Parameter.KEYWORD_ONLY]
    if stars and not any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in plain):
        lines.insert(stars[0], "*")
    returned = (
        "" if signature.return_annotation is inspect.Signature.empty else f" -> {_bare(signature.return_annotation)}"
    )
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
    parts: list[str] = []
    items: list[str] = []
    kind = ""
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
