"""Each format says what the comparison says: every digit is parsed back, and names do no harm."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import defaultdict
from html.parser import HTMLParser

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from benchsuite_reports.model.sections import tables
from benchsuite_reports.model.table_builder import RANK, SHARE
from benchsuite_reports.render.latex import Latex
from benchsuite_reports.render.markdown import Markdown
from benchsuite_reports.render.terminal import Terminal
from benchsuite_reports.render.tidy import COLUMNS, Csv

REPORTS = [Terminal(), Terminal(colour=True), Markdown(), Latex(), Csv()]
KINDS = ("Results", "Ranking", "Classification", "Costs")
NUMBER = re.compile(r"(?P<number>-?\d{1,3}(?:,\d{3})+|-?\d*\.?\d+)(?P<percent>%?)(?: ?±(?P<margin><?\d*\.?\d+))?")


_RENDERED = {}


def text_of(report, comparison):
    """Return a report of a comparison as text; the same one is made once."""
    key = type(report), repr(report.settings()), id(comparison)
    if key not in _RENDERED:
        _RENDERED[key] = _text_of(report, comparison), comparison  # kept, so that no other gets its id
    return _RENDERED[key][0]


def _text_of(report, comparison):
    files = report.render(comparison)
    content = files["results.csv"] if isinstance(report, Csv) else next(iter(files.values()))
    assert isinstance(report, Csv) or len(files) == 1
    # In LaTeX, places where a line may break are no part of what a reader sees.
    return content.decode().replace("\\allowbreak{}", "")


def check(comparison, found, *, complete):
    """Check texts by (place, model, heading) against the rows, under the stated rounding.

    Every value must be there where ``complete``; each must have its column's decimals and be the nearest decimal.
    """
    by_heading = {about.heading: about.label for about in comparison.metrics}
    rows = {(f"{row.dataset}, {row.split_label}", row.model, row.metric): row for row in comparison.rows}
    decimals = defaultdict(set)
    seen = set()
    for (place, model, head), text in found.items():
        if head in (SHARE, RANK):
            continue
        row = rows.get((place, model, by_heading[head]))
        match = NUMBER.match(text)
        if row is None or row.mean is None:
            assert match is None, (place, model, head, text)
            continue
        assert match, (place, model, head, text)
        digits = len(match["number"].partition(".")[2])
        if match["percent"]:
            assert f"{100 * row.mean:.1f}" == match["number"]
        else:
            decimals[place, head].add(digits)
            assert float(match["number"].replace(",", "")) == float(f"{row.mean:.{digits}f}")
        if row.ci_low is not None and row.ci_high is not None:
            half = max(row.mean - row.ci_low, row.ci_high - row.mean)
            assert match["margin"] is not None
            assert float(match["margin"]) == float(f"{half:.{digits}f}")
        seen.add((place, model, by_heading[head]))
    assert all(len(several) == 1 for several in decimals.values()), decimals
    if complete:
        assert seen == {key for key, row in rows.items() if row.mean is not None}
    return len(seen)


class Tables(HTMLParser):
    """Collects the cells of HTML tables, each with the last bold paragraph before it as its title."""

    def __init__(self):
        super().__init__()
        self.tables, self._text, self._title, self._skip = [], None, "", 0

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append((self._title, []))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th", "strong"):
            self._text = "" if tag != "strong" or self._text is None else self._text
        elif tag == "sup":
            self._skip += 1

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[-1][1][-1].append(self._text)
            self._text = None
        elif tag == "strong" and (not self.tables or not self.tables[-1][1] or self._title_line):
            self._title, self._text = self._text, None
        elif tag == "sup":
            self._skip -= 1

    @property
    def _title_line(self):
        return self.get_starttag_text() == "<strong>" and self._text is not None and ": " in self._text

    def handle_data(self, data):
        if self._text is not None and not self._skip:
            self._text += data


def read_markdown(text):
    """Render Markdown with another project's parser and read its tables."""
    parser = Tables()
    # GitHub keeps <ins> and <sup>, so they are let through; everything else was escaped by the report.
    parser.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    return parser.tables


def found_in_markdown(text):
    found = {}
    for title, (head, *body) in read_markdown(text):
        kind, _, place = title.partition(": ")
        if kind not in KINDS:
            continue
        for cells in body:
            model = cells[0].removesuffix(" (ceiling)")
            for name, cell in zip(head[1:], cells[1:], strict=True):
                found[place, model, name.removesuffix(" ↓")] = cell
    return found


def test_markdown_gives_back_every_digit(invented):
    assert check(invented, found_in_markdown(text_of(Markdown(), invented)), complete=True) > 500


def untex(text):
    """Take the markup of a cell away, leaving what a reader sees."""
    text = re.sub(r"\\textsuperscript\{[^}]*\}", "", text)
    text = re.sub(r"\\shortstack\[r\]\{(.*) \\\\ (.*)\}", r"\1 \2", text)
    text = text.replace("{\\scriptsize$\\pm$}", " ±").replace("\\,$\\downarrow$", "").replace("\\textless{}", "<")
    text = re.sub(r"\{\\scriptsize ([^}]*)\}", r"\1", text)
    text = re.sub(r"\\(?:textbf|underline|emph)\{([^}]*)\}", r"\1", text)
    return text.replace("\\,", "").replace("\\%", "%").replace("$-$", "-").strip()


def found_in_latex(text):
    found = {}
    for fragment in text.split("\\begin{table}")[1:]:
        title = untex(re.search(r"\\caption\{(.*?)\.(?: Simulated.*)?\}\n", fragment)[1])
        kind, _, place = re.sub(r" \(\d+ of \d+\)$", "", title).partition(": ")
        if kind not in KINDS:
            continue
        body = fragment.split("\\toprule")[1].split("\\bottomrule")[0]
        rows = [re.split(r"(?<!\\) & ", line.strip().removesuffix(" \\\\")) for line in body.strip().split("\n")]
        head = [untex(cell) for cell in rows[0]]
        for cells in rows[1:]:
            if len(cells) != len(head):
                assert "midrule" in cells[0] or "multicolumn" in cells[-1]
                continue
            for name, cell in zip(head[1:], cells[1:], strict=True):
                found[place, untex(cells[0]), name] = untex(cell)
    return found


def test_latex_gives_back_every_digit(invented):
    assert check(invented, found_in_latex(text_of(Latex(), invented)), complete=True) > 500


@pytest.mark.parametrize("width", [60, 100, 200])
def test_terminal_gives_back_every_digit(invented, width):
    text = text_of(Terminal(width=width, groups=True), invented)
    found = {}
    for block in text.split("\n\n"):
        lines = block.split("\n")
        if not re.match(r"(Ranking|Classification|Costs): ", lines[0]):
            continue
        place = re.sub(r" \(\d+ of \d+\)$", "", lines[0].partition(": ")[2])
        rule = next(index for index, line in enumerate(lines) if re.fullmatch(r"-+(  -+)*", line))
        edges = [(match.start(), match.end() + 2) for match in re.finditer("-+", lines[rule])]
        top = next(index for index, line in enumerate(lines) if line.startswith("model"))
        names = [
            re.sub(r" \[\w\]| ↓", "", " ".join(line[a:b].strip() for line in lines[top:rule])).strip() for a, b in edges
        ]
        for line in lines[rule + 1 :]:
            if line.startswith(("[", "-", "ceiling")) or "failed" in line or "n/a" in line:
                continue
            model = re.sub(r" \[[\w,]+\]", "", line[edges[0][0] : edges[0][1]]).strip()
            for name, (a, b) in zip(names[1:], edges[1:], strict=True):
                found[place, model, name] = line[a:b].strip()
    assert check(invented, found, complete=True) > 500


def test_csv_gives_back_every_row_exactly(invented):
    frame = pd.read_csv(io.StringIO(text_of(Csv(), invented)), keep_default_na=False, dtype=str)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == len(invented.rows)
    for read, row in zip(frame.itertuples(index=False), invented.rows, strict=True):
        assert (read.dataset, read.split, read.model, read.metric) == (
            row.dataset,
            row.split_label,
            row.model,
            row.metric,
        )
        for name in ("mean", "ci_low", "ci_high"):
            text, value = getattr(read, name), getattr(row, name)
            assert (text == "") if value is None else float(text) == value
        assert int(read.n) == row.n
        assert (read.state, read.reason) == (row.state, row.reason)


def test_csv_holds_costs_as_metrics(invented):
    frame = pd.read_csv(io.StringIO(text_of(Csv(), invented)))
    assert {"fit_seconds", "score_seconds", "peak_memory_mb"} <= set(frame.metric)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{type(report).__name__}-{report.settings()}")
def test_same_comparison_same_bytes(report, invent):
    assert report.render(invent()) == report.render(invent())


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{type(report).__name__}-{report.settings()}")
def test_notes_and_simulation_are_told(report, invented):
    if isinstance(report, Csv):
        return
    text = text_of(report, invented)
    assert "every number here is invented to test reports" in text
    assert "Simulated data: generated, not observed." in text


def test_terminal_is_plain_text_without_colour(invented):
    text = text_of(Terminal(), invented)
    assert "\x1b" not in text
    assert ".334 ±.019*" in text
    coloured = text_of(Terminal(colour=True), invented)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_terminal_keeps_its_width(invented, width):
    lines = text_of(Terminal(width=width), invented).split("\n")
    assert max(map(len, lines)) <= width


def test_terminal_names_the_tables_it_leaves_out(invented):
    told = "More tables in Markdown, LaTeX and CSV, here with --full: invented-real, random-holdout, by part;"
    text = " ".join(text_of(Terminal(), invented).split())
    assert f"{told} invented-real, user-cold/k=0;" in text
    assert "More tables" not in text_of(Terminal(groups=True), invented)


def test_terminal_columns_stand_under_their_heads_with_wide_names(naughty):
    from wcwidth import wcswidth

    text = text_of(Terminal(width=200), naughty)
    for block in text.split("\n\n"):
        rows = [line for line in block.split("\n") if line.startswith(("名字", "flöm")) and "±" in line]
        assert len({wcswidth(line[: line.index("±")]) for line in rows}) <= 1
    assert "名字" in text


def test_markdown_shows_every_name_as_it_is(naughty):
    found = found_in_markdown(text_of(Markdown(), naughty))
    assert {model for _, model, _ in found} == {about.label for about in naughty.models}
    places = {f"{data.label}, {split.label}" for data in naughty.datasets for split in naughty.splits}
    assert {place for place, _, _ in found} == places
    check(naughty, found, complete=True)


def test_markdown_lets_no_html_through(naughty):
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text_of(Markdown(), naughty))
    tags = set(re.findall(r"</?([a-zA-Z0-9]+)", rendered))
    assert tags <= {
        "h1",
        "h2",
        "h3",
        "p",
        "br",
        "strong",
        "ins",
        "sup",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "blockquote",
        "ul",
        "li",
    }
    assert "<script>alert(1)</script>" in html.unescape(rendered)


def test_csv_is_no_formula_and_still_exact(naughty):
    text = text_of(Csv(), naughty)
    rows = list(csv.reader(io.StringIO(text)))
    for read, row in zip(rows[1:], naughty.rows, strict=True):
        for cell, exact in zip(read[:4], (row.dataset, row.split_label, row.model, row.metric), strict=True):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell.removeprefix("'") == exact
    # Opened with another separator, no part of a name becomes a cell of its own.
    for line in csv.reader(io.StringIO(text), delimiter=";"):
        assert not any(cell.startswith(("=", "+", "@")) for cell in line)


@pytest.mark.parametrize("report", [Terminal(), Markdown(), Latex()], ids=lambda report: type(report).__name__)
def test_a_name_cannot_write_control_codes_or_lines(report, invent):
    comparison = invent(models=("a\x1b[31mred\nline\u202etxt", "b", "c"), splits=("random-holdout",))
    text = text_of(report, comparison)
    assert not set("\x1b\u202e\r\x00") & set(text)
    assert "\nline" not in text


def test_latex_is_ascii_but_for_named_characters(naughty):
    text = re.sub(r"\\benchsuitechar\{.\}", "", text_of(Latex(), naughty))
    assert text.isascii()


def test_latex_labels_are_unique(invented):
    labels = re.findall(r"\\label\{(.*?)\}", text_of(Latex(), invented))
    assert len(labels) == len(set(labels)) >= len(tables(invented))
