"""The report for MLflow: one run for each data set, split and model, into a folder or a server."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from benchsuite.api import Report
from benchsuite.data import Comparison, PluginInfo, Row, RowOrigin
from benchsuite.data.result_tables import CONTRASTS, RESULTS, TUNING, small_tables
from benchsuite.data.tabular import write_table
from benchsuite.errors import StoreError, UsageError
from benchsuite.keys import content_key

KEY, DIGEST, REVISION = "benchsuite.key", "benchsuite.digest", "benchsuite.revision"
"""Tags: which cells a run stands for, what was written into it, so that nothing is written twice, and how often."""

_STATUS = {"ok": "FINISHED", "failed": "FAILED", "not applicable": "FINISHED", "missing": "SCHEDULED"}
_RULES = ("relevant", "relevant_from", "threshold")
_LONGEST = 500
"""Characters of a parameter or tag that every server takes; ``settings.json`` beside them has everything."""

_BATCH = 100


@dataclass
class Run:
    """One MLflow run to be: plain values."""

    key: str
    name: str
    state: str
    start: int
    end: int
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


@dataclass
class MLflow(Report):
    """One MLflow run for each data set, split and model, written into a folder or to a tracking server.

    What is there already stays, what has changed is brought up to date. A folder gets ``mlflow.db`` and
    ``artifacts/``; an address is ``http://...``, ``sqlite:///...`` or ``file:...``.
    """

    delivers: ClassVar[str] = "MLflow runs"

    def render(self, comparison: Comparison) -> Mapping[str, bytes]:
        """Return ``runs.json``: every run as it would be written."""
        table = [dataclasses.asdict(run) for run in runs(comparison)]
        return {"runs.json": (json.dumps(table, indent=1, ensure_ascii=False) + "\n").encode()}

    def deliver(self, comparison: Comparison, target: str) -> Mapping[str, int]:
        """Write every run, and return how many are new, updated and unchanged.

        Raises:
            UsageError: when MLflow is not installed.
            StoreError: when MLflow cannot write there.
        """
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a benchmark tells nobody what it is used for
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        counts = {"new": 0, "updated": 0, "unchanged": 0}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about MLflow's own dependencies; nothing a user could act on
            client, errors = _connect(target)
            try:
                experiment = _experiment(client, comparison.name, target)
                for run in runs(comparison):
                    counts[_write(client, experiment, run)] += 1
            except errors as error:
                raise _refused(target, error) from None
        return counts


def _connect(out: str) -> tuple[Any, type[Exception]]:
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError:
        remedy = 'install it: pip install "benchsuite[mlflow]"'
        raise UsageError("MLflow is not installed", where="--as mlflow", remedy=remedy) from None
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return MlflowClient(tracking_uri=_address(out)), MlflowException
    except (MlflowException, OSError) as error:
        raise _refused(out, error) from None


def _refused(out: str, error: Exception) -> StoreError:
    reason = " ".join(str(error).split())[:300]
    return StoreError(f"MLflow says: {reason}", where=out, remedy="check the folder or address after --out")


def _is_address(out: str) -> bool:
    return re.match(r"[a-z][a-z0-9+.-]*:", out) is not None or out == "databricks"


def _address(out: str) -> str:
    """Return the tracking address; a folder is one SQLite file, since MLflow no longer maintains its plain folders."""
    if _is_address(out):
        return out
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(folder / 'mlflow.db').resolve()}"


def _experiment(client: Any, name: str, out: str) -> str:
    known = client.get_experiment_by_name(name)
    if known is not None and known.lifecycle_stage == "active":
        return str(known.experiment_id)
    place = None if _is_address(out) else (Path(out) / "artifacts").resolve().as_uri()
    return str(client.create_experiment(name, artifact_location=place))


def _write(client: Any, experiment: str, run: Run) -> str:
    """Write one run unless it is there; return ``new``, ``updated`` or ``unchanged``."""
    from mlflow.entities import Metric, Param, RunTag

    found = client.search_runs([experiment], f"tags.`{KEY}` = '{run.key}'", max_results=1)
    if found and found[0].data.tags.get(DIGEST) == run.tags[DIGEST]:
        return "unchanged"
    if found:
        made = found[0]
    else:
        made = client.create_run(experiment, start_time=run.start, run_name=run.name, tags={KEY: run.key})
    run_id = made.info.run_id
    # MLflow shows the value of the highest step.
    step = int(made.data.tags.get(REVISION, "-1")) + 1
    run.tags[REVISION] = str(step)
    for stale in sorted(set(made.data.metrics) - set(run.metrics)):
        run.tags[f"benchsuite.no_longer.{stale}"] = "this metric is of an earlier state"
    for some in _batches([Param(name, value) for name, value in run.params.items()]):
        client.log_batch(run_id, params=some)
    for some in _batches([Metric(name, value, run.end, step) for name, value in run.metrics.items()]):
        client.log_batch(run_id, metrics=some)
    for name, text in run.files.items():
        client.log_text(run_id, text, name)
    if run.state == "missing":
        client.update_run(run_id, status=_STATUS[run.state])
    else:
        client.set_terminated(run_id, _STATUS[run.state], end_time=run.end)
    # The digest comes last, so that an interrupted export is brought up to date by the next one.
    tags = sorted(run.tags.items(), key=lambda tag: tag[0] == DIGEST)
    for some in _batches([RunTag(name, value) for name, value in tags]):
        client.log_batch(run_id, tags=some)
    return "updated" if found else "new"


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(values), _BATCH):
        yield values[first : first + _BATCH]


def runs(comparison: Comparison) -> Iterator[Run]:
    """Yield what each data set, split and model comes to."""
    rows: dict[tuple[str, str, str], list[Row]] = {}
    for row in comparison.rows:
        rows.setdefault((row.dataset, row.split, row.model), []).append(row)
    origins = {(one.dataset, one.split, one.model): one for one in comparison.origins}
    metrics = [[m.label, m.version, dict(m.settings)] for m in comparison.metrics if m.task != "cost"]
    planned = comparison.provenance.get("settings", {})
    rules = {name: planned[name] for name in _RULES if name in planned}
    for place, own in rows.items():
        origin = origins.get(place, RowOrigin(*place))
        identity = {"experiment": comparison.name, "place": place, "cells": origin.cells, "metrics": metrics, **rules}
        run = _run(content_key("mlflow", identity), own, origin, comparison)
        content = {"metrics": run.metrics, "tags": run.tags, "files": run.files, "state": run.state}
        run.tags |= {KEY: run.key, DIGEST: content_key("mlflow-run", content)}
        yield run


def _run(key: str, rows: Sequence[Row], origin: RowOrigin, comparison: Comparison) -> Run:
    dataset, split, model = place = (origin.dataset, origin.split, origin.model)
    ends = [_milliseconds(time) for time in origin.finished] or [0]
    starts = [_milliseconds(time) for time in origin.started] or [min(ends)]
    first = next((row for row in rows if not row.group), None)
    state = first.state if first is not None else "missing"
    run = Run(key, f"{model} on {dataset}, {split}", state, min(starts), max(ends))
    settings = _settings(origin, comparison)
    run.params = {name: _short(value) for name, value in settings.items()}
    for row in rows:
        group = f"/{row.group}" if row.group else ""
        for part, value in (("", row.mean), (".ci_low", row.ci_low), (".ci_high", row.ci_high)):
            if value is not None:
                _add(run.metrics, f"{row.metric}{part}{group}", value)
    for one in comparison.contrasts:
        if (one.dataset, one.split_label, one.model, one.role) == (*place, "best reference"):
            for part, value in ((".difference", one.difference), (".p_holm", one.p_holm)):
                if value is not None:
                    _add(run.metrics, f"{one.metric}{part}", value)
    made = origin.provenance
    tags = {"state": state, "reason": "" if first is None else first.reason, "dataset": dataset, "split": split}
    tags |= {"model": model, "cells": " ".join(key[:12] for key in origin.cells)}
    tags |= {name: str(made.get(name, "")) for name in ("benchsuite", "commit", "python", "system")}
    run.tags = {f"benchsuite.{name}": _short(value) for name, value in tags.items() if value}
    run.files = _files(place, rows, comparison)
    run.files["settings.json"] = json.dumps(
        {"settings": settings, "cells": origin.cells, "provenance": made}, indent=1, ensure_ascii=False
    )
    return run


def _settings(origin: RowOrigin, comparison: Comparison) -> dict[str, Any]:
    """Return every setting behind a run; a setting that tuning chose differently by fold is the list of its values."""
    found: dict[str, Any] = {"dataset": origin.dataset, "split": origin.split, "model": origin.model}
    planned = comparison.provenance.get("settings", {})
    found |= {name: planned[name] for name in ("seeds", "k", *_RULES) if name in planned}
    parts: tuple[tuple[str, Sequence[PluginInfo], str], ...] = (
        ("dataset", comparison.datasets, origin.dataset),
        ("split", comparison.splits, origin.split),
    )
    for kind, infos, label in parts:
        info = next(info for info in infos if info.label == label)
        found |= {f"{kind}.{name}": value for name, value in info.settings.items()}
    found["model.plugin"], found["model.version"] = origin.plugin, origin.version
    for name in origin.settings[0] if origin.settings else ():
        values = list({json.dumps(one[name]): one[name] for one in origin.settings}.values())
        found[f"model.{name}"] = values[0] if len(values) == 1 else values
    return found


def _files(place: tuple[str, str, str], rows: Sequence[Row], comparison: Comparison) -> dict[str, str]:
    """Return the report's CSV of one place."""
    dataset, split, model = place
    own = dataclasses.replace(
        comparison,
        rows=tuple(rows),
        contrasts=tuple(c for c in comparison.contrasts if (c.dataset, c.split, c.model) == (dataset, split, model)),
        tuning=tuple(t for t in comparison.tuning if (t.dataset, t.split, t.model) == place),
        spreads=(),
        standings=(),
        strata=(),
    )
    batches = small_tables(own)
    files = {}
    for table in (RESULTS, CONTRASTS, TUNING):
        file = io.BytesIO()
        if write_table("csv", table, [batches[table.name]], file):
            files[f"{table.name}.csv"] = file.getvalue().decode()
    return files


def _add(metrics: dict[str, float], name: str, value: float) -> None:
    """Add a metric under a name that MLflow takes; two names never become one."""
    plain = re.sub(r"[^\w.\-/ ]", "_", name.replace("@", "_at_"), flags=re.ASCII)
    number, free = 2, plain
    while free in metrics:
        free, number = f"{plain}_{number}", number + 1
    metrics[free] = float(value)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _milliseconds(time: str) -> int:
    with contextlib.suppress(ValueError):
        return int(datetime.fromisoformat(time).timestamp() * 1000)
    return 0
