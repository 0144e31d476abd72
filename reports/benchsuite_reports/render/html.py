"""The report for a colleague: one self-contained page to explore, on any screen, with no network."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import ClassVar

from benchsuite.api import Report
from benchsuite.data import Comparison, ModelInfo
from benchsuite_reports.model import chosen_settings, text
from benchsuite_reports.model.comparison_index import ComparisonIndex
from benchsuite_reports.model.palette import model_styles
from benchsuite_reports.model.sections import Section, sections
from benchsuite_reports.render import html_tables
from benchsuite_reports.render.html_answer import answer, question
from benchsuite_reports.render.html_data import payload

_SCRIPTS = (
    *("base.js", "charts.js", "tuning.js", "tables.js", "users.js"),
    *("paste.js", "paste_forms.js", "paste_view.js", "main.js"),
)


@dataclass
class Html(Report):
    """One self-contained page: sortable tables, pickers, charts; light and dark, phone to desktop."""

    users: ClassVar[int] = 12

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``report.html``, UTF-8. It loads nothing, and without JavaScript it still shows every table."""
        view = ComparisonIndex(comparison)
        style = _file("style.css") + _colours(view)
        script = "".join(f"{_file(name)}\n" for name in _SCRIPTS)
        policy = (
            f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
            "base-uri 'none'; form-action 'none'"
        )
        parts = {
            "policy": policy,
            "title": html_tables.escaped(comparison.name),
            "style": style,
            "question": question(view),
            "summary": html_tables.escaped(_summary(view)),
            "notes": _notes(comparison.notes),
            "verdict": answer(view),
            "tables": "".join(_section(view, section) for section in sections(comparison)),
            "about": _about(comparison),
            # "<" never stands as itself, so no name can end the element.
            "data": json.dumps(payload(view), ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c"),
            "script": script,
        }
        page = _file("page.html")
        return {"report.html": "".join(_filled(page, parts)).encode()}


def _filled(page: str, parts: Mapping[str, str]) -> list[str]:
    """Fill each ``@name@`` once; what is filled in is not looked at again."""
    pieces = page.split("@")
    return [parts[piece] if index % 2 else piece for index, piece in enumerate(pieces)]


def _file(name: str) -> str:
    return resources.files("benchsuite_reports.render").joinpath("web", name).read_text("utf-8")


def _hash(line: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(line.encode()).digest()).decode()


def _colours(view: ComparisonIndex) -> str:
    styles = model_styles(view)
    light = "".join(f"--m{index}:{styles[model].light};" for index, model in enumerate(view.models))
    dark = "".join(f"--m{index}:{styles[model].dark};" for index, model in enumerate(view.models))
    keys = "".join(f".k{index}{{--key:var(--m{index})}}" for index in range(len(view.models)))
    hollow = ",".join(f".k{index}" for index, model in enumerate(view.models) if not styles[model].filled)
    keys += f"{hollow}{{--fill:var(--card)}}" if hollow else ""
    return (
        f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}{keys}\n"
    )


def _summary(view: ComparisonIndex) -> str:
    splits = len({place.split for place in view.places})
    tests = [metric for metric in view.metrics if view.task(metric) != "cost"]
    parts = ((len(view.models), "model"), (len(view.datasets), "data set"), (splits, "split"), (len(tests), "metric"))
    return " \N{MIDDLE DOT} ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in parts)


def _notes(notes: Sequence[str]) -> str:
    """Return the notes folded away; the cards already say which data is simulated."""
    said = "".join(f"<li>{html_tables.escaped(text.sentence(note))}</li>" for note in notes)
    return f'<details id="notes"><summary>Notes</summary><ul>{said}</ul></details>' if notes else ""


def _section(view: ComparisonIndex, section: Section) -> str:
    tables = "".join(html_tables.table(view, table) for table in section.tables)
    if not tables:
        return ""
    places = ",".join(str(view.places.index(place)) for place in section.places)
    said = "".join(f"<p>{html_tables.escaped(sentence)}</p>" for sentence in section.text)
    head = f"<h3>{html_tables.escaped(section.heading)}</h3>{said}"
    return f'<section class="place" data-places="{places}">{head}{tables}</section>\n'


def _tuned(comparison: Comparison, about: ModelInfo) -> ModelInfo:
    """Return a model with its settings as they are told: of a tuned one what was chosen."""
    return dataclasses.replace(about, settings=chosen_settings.told(comparison, about))


def _about(comparison: Comparison) -> str:
    kinds = (
        ("Data sets", [(one, text.dataset_lines(one)) for one in comparison.datasets]),
        ("Splits", [(one, [text.split_line(one)]) for one in comparison.splits]),
        ("Models", [(_tuned(comparison, one), [one.summary] if one.summary else []) for one in comparison.models]),
        ("Metrics", [(one, [one.convention or one.summary]) for one in comparison.metrics]),
    )  # fmt: skip
    parts = [
        f"<details><summary>{title}</summary>{html_tables.about(items)}</details>" for title, items in kinds if items
    ]
    if comparison.provenance:
        entries = json.dumps(dict(comparison.provenance), indent=1, ensure_ascii=False, default=str)
        parts.append(f"<details><summary>Provenance</summary><pre>{html_tables.lines(entries)}</pre></details>")
    return "".join(parts)
