"""Find or download a data set, prepare it, and say what came of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchsuite.arguments import NO_SETTINGS, DataFolders, Quiet, Settings, Source, data_locations
from benchsuite.interface import Frames, FunctionResult, Style, frame, plain

if TYPE_CHECKING:
    from benchsuite import api
    from benchsuite.data import Dataset

_LAST_DATE = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@dataclass(repr=False, eq=False)
class DatasetSummary(FunctionResult):
    """What a data set holds.

    Attributes:
        dataset: the prepared data.
        facts: sizes, columns, licence, preparation, by name.
    """

    dataset: Dataset
    facts: dict[str, Any]

    def text(self, style: Style = plain) -> str:
        """Return a line for each fact."""
        width = max(len(name) for name in self.facts)
        said = []
        for name, value in self.facts.items():
            lines = value if isinstance(value, list) else [value]
            for j, line in enumerate(lines or ["none"]):
                said.append(f"{name if not j else '':<{width}}  {_step(line) if isinstance(line, dict) else line}")
        return "\n".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts."""
        return self.facts

    def frames(self) -> Frames:
        """Return ``facts``, and ``steps`` of the preparation."""
        facts = [{"fact": name, "value": value} for name, value in self.facts.items() if not isinstance(value, list)]
        steps = frame(self.facts["steps"], ("name", "before", "after", "note"))
        return {"facts": frame(facts, ("fact", "value")), "steps": steps}


def data_show(
    source: Source,
    *,
    with_: Settings = NO_SETTINGS,
    data: DataFolders = (),
    offline: bool = False,
    quiet: Quiet = False,
) -> DatasetSummary:
    """Find or download a data set, check and prepare it, and say what it holds.

    Args:
        source: see benchsuite list sources; or a card or table of your own, such as shop.toml.
        with_: settings of the source, such as item_core=5.
        data: a folder with data files, searched before any download; may be repeated (also: $BENCHSUITE_DATA).
        offline: never use the network.
        quiet: show no progress.

    Raises:
        PluginError: when there is no such source.
        DataError: when data cannot be had.
    """
    from benchsuite.plan.named_source import named_source

    found = named_source(source, with_)
    dataset = found.load(data_locations(data, offline=offline, quiet=quiet))
    return DatasetSummary(dataset, _facts(found, dataset))


def _facts(source: api.Source, dataset: Dataset) -> dict[str, Any]:
    """Gather what a user wants to know."""
    rows = dataset.interactions
    density = len(rows) / max(len(dataset.users) * len(dataset.items), 1)
    none = "none, but the rows of each user are in the order of time" if dataset.ordered else "none"
    times = none if rows.timestamp is None else _span(int(rows.timestamp.min()), int(rows.timestamp.max()))
    liked = None if rows.label is None else int(rows.label.sum())
    return {
        "name": dataset.name + (" (simulated)" if dataset.simulated else ""),
        "summary": source.summary(),
        "domain": source.domain,
        "licence": source.licence,
        "url": source.url,
        "users": len(dataset.users),
        "items": len(dataset.items),
        "interactions": len(rows),
        "density": f"{density:.2%}",
        "behaviours": ", ".join(rows.behaviours),
        "labels": "none" if liked is None else f"{liked} liked, {len(rows) - liked} not",
        "timestamps": times,
        "published split": ", ".join(rows.parts) or "none",
        "item text": "none" if dataset.items.text is None else dataset.items.text[0],
        "user text": "none" if dataset.users.text is None else dataset.users.text[0],
        "links": 0 if dataset.links is None else len(dataset.links),
        "fingerprint": dataset.fingerprint,
        "steps": [dataclasses.asdict(step) for step in dataset.steps],
        "cite": [entry.replace("\n", " ") for entry in source.cite],
    }


def _span(first: int, last: int) -> str:
    """Return the first and the last time, as dates where they are some: small numbers count steps."""
    from benchsuite_tables.times import EARLIEST

    seconds = f"{first} to {last} UTC seconds"
    if not EARLIEST <= first <= last <= _LAST_DATE:
        return seconds
    begin, end = (datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d") for time in (first, last))
    return f"{begin} to {end} ({seconds})"


def _step(step: dict[str, Any]) -> str:
    note = f" ({step['note']})" if step["note"] else ""
    return f"{step['after']:,} of {step['before']:,} rows kept: {step['name']}{note}"
