"""Turn stored results into tables, files and figures."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import benchsuite
from benchsuite.arguments import NO_SETTINGS, RunName, Settings, StoreFolder, Trust
from benchsuite.errors import StoreError, UsageError
from benchsuite.functions.compact_table import TABLE, SortOrder, check_form, table_settings
from benchsuite.functions.run import model_labels
from benchsuite.functions.run_arguments import read_store
from benchsuite.interface import (
    Frames,
    FunctionResult,
    Option,
    PathLike,
    Style,
    Words,
    frame,
    plain,
    several,
    terminal_width,
)

if TYPE_CHECKING:
    from benchsuite.api import Report
    from benchsuite.data import Comparison

PROVENANCE = "provenance.json"
"""Beside every written report: what it rests on."""

_KINDS = ("rows", "strata", "contrasts", "spreads", "standings", "tuning")


class _Shown(FunctionResult):
    """A comparison that was shown in some form."""

    comparison: Comparison

    @property
    def ok(self) -> bool:
        """False when some planned cell failed or is missing."""
        return not any(row.state in ("failed", "missing") for row in self.comparison.rows)


@dataclass(repr=False, eq=False)
class RenderedReport(_Shown):
    """A report as files.

    Attributes:
        comparison: what it shows.
        written: paths of the files, empty when they were not written.
    """

    comparison: Comparison
    written: Sequence[str]
    _form: str
    _report: type[Report]
    _settings: Mapping[str, Any]
    _notes: Sequence[str] = ()
    _names: tuple[str, ...] = ()

    @property
    def files(self) -> dict[str, bytes]:
        """Contents by relative file name."""
        return self._render({})

    def text(self, style: Style = plain) -> str:
        """Return what was written where, or the report itself, where it is text.

        Raises:
            UsageError: when the report makes files and no folder was given.
        """
        if self.written:
            return "\n".join(self.written)
        files = self._render(self._printed(style))
        printable = self._report.printable or self._form != "html"
        if self._report.tabular in ("csv", "json") or (len(files) == 1 and printable):
            return next(iter(files.values())).decode()
        raise UsageError(f"{self._form} makes files", remedy="say where with --out DIR")

    def __str__(self) -> str:
        """Return the same, or names and sizes of the files where they are no text."""
        try:
            return self.text()
        except UsageError:
            return "\n".join(f"{name}  {len(content):,} bytes" for name, content in self.files.items())

    def advice(self) -> Sequence[str]:
        """Return which further files there are, and which results came from other code than is installed now."""
        others = [] if self.written else (self._names or tuple(self.files))[1:]
        return [*([f"{', '.join(others)}: with --out DIR"] if others else []), *self._notes]

    def to_dict(self) -> dict[str, Any]:
        """Return all rows and tests as plain values."""
        from benchsuite.data import as_record

        tables = {kind: [as_record(one) for one in getattr(self.comparison, kind)] for kind in _KINDS}
        return {"experiment": self.comparison.name, **tables}

    def frames(self) -> Frames:
        """Return ``files``: names and sizes; the numbers are in ``benchsuite.load``."""
        rows = [{"file": name, "bytes": len(content)} for name, content in self.files.items()]
        return {"files": frame(rows, ("file", "bytes"))}

    def _render(self, more: Mapping[str, Any]) -> dict[str, bytes]:
        files = dict(self._report.from_settings({**more, **self._settings}).render(self.comparison))
        self._names = tuple(files)
        return files

    def _printed(self, style: Style) -> dict[str, Any]:
        """Return the settings that fit where it is printed."""
        settings: dict[str, Any] = {}
        if self._report.printable:
            if "colour" in self._report.fields():
                settings["colour"] = style("x", "bold") != "x"
            if "width" in self._report.fields() and (width := terminal_width()):
                settings["width"] = width
        return settings


@dataclass(repr=False, eq=False)
class Delivery(_Shown):
    """Results that a report wrote by itself to a folder or a server.

    Attributes:
        comparison: what was written.
        place: the folder or address.
        what: what was written, such as ``MLflow runs``.
        counts: how many of them are new, updated and unchanged.
    """

    comparison: Comparison
    place: str
    what: str
    counts: Mapping[str, int]

    def text(self, style: Style = plain) -> str:
        """Return one line."""
        counts = ", ".join(f"{number} {kind}" for kind, number in self.counts.items())
        return f"{self.what} in {self.place}: {counts}"

    def to_dict(self) -> dict[str, int]:
        """Return the counts."""
        return dict(self.counts)

    def frames(self) -> Frames:
        """Return ``counts``."""
        rows = [{"state": kind, "count": number} for kind, number in self.counts.items()]
        return {"counts": frame(rows, ("state", "count"))}


def report(
    experiment: RunName = "quick",
    *,
    as_: Annotated[str, Option("--as", metavar="FORM", complete="reports")] = "terminal",
    out: Annotated[PathLike | None, Option(metavar="DIR")] = None,
    with_: Settings = NO_SETTINGS,
    full: Annotated[bool, Option(printed=True)] = False,
    queries: bool = False,
    rankings: bool = False,
    models: Annotated[Words, Option(metavar="MODEL,...")] = (),
    metrics: Annotated[Words, Option(metavar="METRIC,...")] = (),
    splits: Annotated[Words, Option(metavar="SPLIT,...")] = (),
    datasets: Annotated[Words, Option(metavar="DATASET,...")] = (),
    rename: Annotated[Words | Mapping[str, str], Option(metavar="OLD=NEW")] = (),
    sort: SortOrder | None = None,
    intervals: Annotated[bool | None, Option("--intervals/--no-intervals")] = None,
    signs: bool = False,
    digits: Annotated[int | None, Option(metavar="N")] = None,
    against: Annotated[Words, Option(metavar="MODEL")] = (),
    country: Annotated[str, Option(metavar="CODE", variable="BENCHSUITE_COUNTRY")] = "",
    store: StoreFolder = None,
    trust: Trust = (),
) -> RenderedReport | Delivery:
    """Turn the stored results of an experiment into a report. Nothing is fitted.

    With --models, --metrics, --splits or another option of a table, the report is that one table, as people paste it.

    Args:
        experiment: the name of an experiment that was run.
        as_: see benchsuite list reports.
        out: write the files there (default: print); for mlflow a folder or a server's address.
        with_: settings of the report, such as 'style = "acmart"'.
        full: print every table: each group of queries, parts by popularity and activity.
        queries: every metric of every query too (with --as csv, json or parquet).
        rankings: every model's lists too (with --as csv, json or parquet).
        models: one table of these only, in this order (default: all); with --as latex, markdown, html, csv or terminal.
        metrics: the table's metrics, costs too, such as accuracy,recall@10,fit_seconds (default: all but costs).
        splits: the table's splits, side by side; user-cold/k=1 is a group of one (default: all).
        datasets: the table's data sets, side by side (default: all).
        rename: what the table shows for a model, metric, split or data set, such as flm="FLM (ours)"; may be repeated.
        sort: models as given, by their place (in the table's first column of its main metric) or by name.
        intervals: show half of the 95% interval behind each value of the table.
        signs: mark in the table what is better or worse than the best reference by the corrected test.
        digits: decimals of the table (default: as many as the intervals support).
        against: test every model against this one too, besides the best reference; may be repeated.
        country: estimate CO2e with this country's electricity, such as FRA (default: $BENCHSUITE_COUNTRY or the world).
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        trust: run this plugin file where stored results name it, such as ./my_metric.py:Mine; may be repeated.

    Raises:
        StoreError: when there is no such run, or the folder cannot be written.
        UsageError: when the report or an option has no sense here.
    """
    from benchsuite.analysis import build, latest_plan, plan_key
    from benchsuite.analysis.model_code import changed_models
    from benchsuite.progress import ProgressBars
    from benchsuite.registry import load_report

    kept = read_store(store)
    plan = latest_plan(kept, experiment).trusting(several(trust))
    labels = model_labels(plan, against)
    options: dict[str, Any] = {"models": models, "metrics": metrics, "splits": splits, "datasets": datasets}
    options |= {"rename": rename, "sort": sort, "intervals": intervals, "signs": signs, "digits": digits}
    table = any(value not in ((), None, False) for value in options.values())
    if table:
        check_form(as_)
    name, settings = (TABLE, table_settings(plan, as_, options)) if table else (as_, {})
    form, settings = load_report(name, trusted=[name]), {**settings, **with_}
    made = form.from_settings(settings, "--with")
    large = [name for name, wanted in (("per_query", queries), ("rankings", rankings)) if wanted]
    if large:
        _check_large(as_, form, out, "--queries" if queries else "--rankings")
    if full and ("groups" not in form.fields() or out is not None):
        raise UsageError("--full is for printed tables", remedy="leave it out: files hold every table")
    if form.delivers and not out:
        raise UsageError(f"{as_} needs a place", remedy="say --out FOLDER, or an address such as http://localhost:5000")
    with ProgressBars() as bars:
        comparison = build(plan, kept, bars.measured, labels, form.users, country)
    if form.delivers and out is not None:
        place = os.fspath(out)
        return Delivery(comparison, place, form.delivers, made.deliver(comparison, place))
    shown = {"groups": True, **settings} if full else settings
    rendered = RenderedReport(comparison, (), name, form, shown, list(changed_models(plan, kept)))
    if out is None:
        return rendered
    rests_on: dict[str, Any] = {"plan": plan_key(plan), "against": labels, "country": country}
    rests_on |= {"settings": settings} if settings else {}
    folder, written = Path(out), []
    try:
        if large:
            from benchsuite.functions.large_tables import write_large

            digests = write_large(as_, large, plan, kept, folder, trusted=[as_])
            rests_on |= {"large": large, "large_files": digests}
            written = [str(folder / name) for name in digests]
        files = rendered.files
        written += _write({**files, PROVENANCE: _provenance(files, name, comparison, rests_on)}, folder)
    except OSError as error:
        remedy = "choose another --out DIR"
        raise StoreError(f"cannot be written: {error.strerror or error}", where=str(out), remedy=remedy) from None
    return dataclasses.replace(rendered, written=written)


def _check_large(as_: str, form: type[Report], out: PathLike | None, option: str) -> None:
    """Refuse ``--queries`` and ``--rankings`` where they have no place to go."""
    if form.tabular is None:
        raise UsageError(f"{option} has no place in {as_}", remedy="use --as csv, --as json or --as parquet")
    if out is None:
        raise UsageError(f"{option} makes files", remedy="say where with --out DIR")


def _provenance(files: Mapping[str, bytes], form: str, comparison: Comparison, rests_on: Mapping[str, Any]) -> bytes:
    """Say what the files rest on, so that ``benchsuite verify`` can make them again."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    facts = {
        "benchsuite": benchsuite.__version__,
        "experiment": comparison.name,
        "form": form,
        **rests_on,
        "files": digests,
        "cells": comparison.provenance["cells"],
        "readings": comparison.provenance.get("readings", {}),
    }
    return (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()


def _write(files: Mapping[str, bytes], out: Path) -> Iterable[str]:
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        yield os.fspath(path)
