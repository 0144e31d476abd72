"""Turn stored results into tables, files and figures."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import benchsuite
from benchsuite.errors import StoreError, UsageError
from benchsuite.functions.arguments import NO_SETTINGS, Settings, StoreFolder, Trust, read_store
from benchsuite.functions.run import check_labels
from benchsuite.interface import FunctionResult, Option, Style, frame, plain

if TYPE_CHECKING:
    from pandas import DataFrame

    from benchsuite.api import Report
    from benchsuite.data import Comparison

PROVENANCE = "provenance.json"
"""Beside every written report: what it rests on."""

_KINDS = ("rows", "strata", "contrasts", "spreads", "standings", "tuning")


class RenderedReport(FunctionResult):
    """A report as files.

    Attributes:
        comparison: what it shows.
        files: contents by relative file name.
        written: where they were written, empty when they were not.
        delivered: how many things the report wrote by itself, by what they came to; None for a report of files.
    """

    def __init__(
        self,
        form: str,
        report: type[Report],
        settings: Mapping[str, Any],
        comparison: Comparison,
        written: Sequence[str] = (),
        delivered: Mapping[str, int] | None = None,
    ) -> None:
        self._form, self._report, self._settings = form, report, dict(settings)
        self.comparison, self.written, self.delivered = comparison, tuple(written), delivered

    @property
    def ok(self) -> bool:
        """False when some planned cell failed or is missing."""
        return not any(row.state in ("failed", "missing") for row in self.comparison.rows)

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
        if self._report.tabular in ("csv", "json") or (
            len(files) == 1 and (self._report.printable or self._form != "html")
        ):
            return next(iter(files.values())).decode()
        raise UsageError(f"{self._form} makes files", remedy="say where with --out DIR")

    def advice(self) -> Sequence[str]:
        """Return which further files there are."""
        if self.written or len(others := list(self.files)[1:]) == 0:
            return ()
        return [f"{', '.join(others)}: with --out DIR"]

    def to_dict(self) -> dict[str, Any]:
        """Return all rows and tests as plain values, or what was delivered."""
        if self.delivered is not None:
            return dict(self.delivered)
        from benchsuite.data import as_record

        tables = {kind: [as_record(one) for one in getattr(self.comparison, kind)] for kind in _KINDS}
        return {"experiment": self.comparison.name, **tables}

    def frames(self) -> Mapping[str, DataFrame]:
        """Return ``files``: names and sizes; the numbers are in ``benchsuite.load``."""
        rows = [{"file": name, "bytes": len(content)} for name, content in self.files.items()]
        return {"files": frame(rows, ("file", "bytes"))}

    def _render(self, more: Mapping[str, Any]) -> dict[str, bytes]:
        return dict(self._report.from_settings({**more, **self._settings}).render(self.comparison))

    def _printed(self, style: Style) -> dict[str, Any]:
        """Return the settings that fit where it is printed."""
        report = self._report
        settings: dict[str, Any] = {}
        if report.printable:
            if "colour" in report.fields():
                settings["colour"] = style("x", "bold") != "x"
            if "width" in report.fields() and sys.stdout.isatty():
                settings["width"] = shutil.get_terminal_size().columns
        return settings


def report(
    experiment: str = "quick",
    *,
    as_: Annotated[str, Option("--as", metavar="FORM")] = "terminal",
    out: Annotated[str | None, Option(metavar="DIR")] = None,
    with_: Settings = NO_SETTINGS,
    full: bool = False,
    queries: bool = False,
    rankings: bool = False,
    against: Annotated[Sequence[str], Option(metavar="MODEL")] = (),
    country: Annotated[str, Option(metavar="CODE", variable="BENCHSUITE_COUNTRY")] = "",
    store: StoreFolder = None,
    trust: Trust = (),
) -> RenderedReport:
    """Turn the stored results of an experiment into a report. Nothing is fitted.

    Args:
        experiment: the name of an experiment that was run.
        as_: see benchsuite list reports.
        out: write the files there (default: print); for mlflow a folder or a server's address.
        with_: settings of the report, such as 'style = "acmart"'.
        full: print every table: each group of queries, parts by popularity and activity.
        queries: every metric of every query too (with --as csv, json or parquet).
        rankings: every model's lists too (with --as csv, json or parquet).
        against: test every model against this one too, besides the best reference; may be repeated.
        country: estimate CO2e with this country's electricity, such as FRA (default: $BENCHSUITE_COUNTRY or the world).
        store: where results are kept (default: $BENCHSUITE_STORE or ./runs).
        trust: run this plugin file where stored results name it, such as ./my_metric.py:Mine; may be repeated.

    Raises:
        StoreError: when there is no such run, or the folder cannot be written.
        UsageError: when the report or an option has no sense here.
    """
    from benchsuite.analysis import build, latest_plan, plan_key
    from benchsuite.registry import load_report

    kept = read_store(store)
    plan = latest_plan(kept, experiment).trusting(trust)
    check_labels(plan, against)
    form = load_report(as_, trusted=[as_])
    made = form.from_settings(with_, "--with")
    large = [name for name, wanted in (("per_query", queries), ("rankings", rankings)) if wanted]
    if large:
        _check_large(as_, form, out, "--queries" if queries else "--rankings")
    if full and ("groups" not in form.fields() or out is not None):
        raise UsageError("--full is for printed tables", remedy="leave it out: files hold every table")
    if form.delivers and not out:
        raise UsageError(f"{as_} needs a place", remedy="say --out FOLDER, or an address such as http://localhost:5000")
    comparison = build(plan, kept, against=against, users=form.users, country=country)
    settings = {"groups": True, **with_} if full else dict(with_)
    rendered = RenderedReport(as_, form, settings, comparison)
    if out is None:
        return rendered
    if form.delivers:
        counts = made.deliver(comparison, out)
        told = f"{form.delivers} in {out}: {', '.join(f'{number} {kind}' for kind, number in counts.items())}"
        return RenderedReport(as_, form, settings, comparison, [told], counts)
    rests_on: dict[str, Any] = {"plan": plan_key(plan), "against": list(against), "country": country}
    rests_on |= {"settings": dict(with_)} if with_ else {}
    folder, written = Path(out), []
    try:
        if large:
            from benchsuite.functions.large_tables import write_large

            digests = write_large(as_, large, plan, kept, folder, trusted=[as_])
            rests_on |= {"large": large, "large_files": digests}
            written = [str(folder / name) for name in digests]
        files = rendered.files
        written += _write({**files, PROVENANCE: _provenance(files, as_, comparison, rests_on)}, folder)
    except OSError as error:
        remedy = "choose another --out DIR"
        raise StoreError(f"cannot be written: {error.strerror or error}", where=out, remedy=remedy) from None
    return RenderedReport(as_, form, settings, comparison, written)


def _check_large(as_: str, form: type[Report], out: str | None, option: str) -> None:
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
