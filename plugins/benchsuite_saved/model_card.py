"""The model card: what a saved model is, what it was fitted on, and its results in an experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchsuite.api import Model
from benchsuite.data import Contrast, Dataset, Row
from benchsuite.markdown_text import markdown_table

CARD = "README.md"
_KEPT = (
    "The folder holds ids and texts of items and what was learnt. It holds no ids and no histories of users; a model "
    "that reads profile texts or links keeps what they were encoded to."
)


@dataclass(frozen=True)
class Benchmark:
    """The results of a model in an experiment.

    Attributes:
        experiment: its name.
        plan: the key of its plan in the store.
        dataset: label of the data set there.
        model: label of the model there.
        origin: one sentence on where its settings come from.
        rows: its numbers, without costs.
        contrasts: the model against the best reference of each table.
    """

    experiment: str
    plan: str
    dataset: str
    model: str
    origin: str
    rows: tuple[Row, ...]
    contrasts: tuple[Contrast, ...]

    @property
    def facts(self) -> dict[str, str]:
        """What identifies the stored numbers."""
        return {"experiment": self.experiment, "plan": self.plan, "dataset": self.dataset, "model": self.model}


def card(
    model: Model, dataset: Dataset, about: Mapping[str, Any], benchmark: Benchmark | None, *, encoder: bool
) -> str:
    """Return the card as Markdown; the same model has the same card.

    Args:
        model: the fitted model.
        dataset: the data it was fitted on.
        about: the content of ``benchsuite.json``.
        benchmark: its results, None where it was not measured.
        encoder: whether the folder opens in sentence-transformers.
    """
    told, data = about["model"], about["data"]
    lines = ["---", "library_name: benchsuite", "tags:", "- recommendation", "---", ""]
    lines += [f"# {told['name']}, fitted on {data['name']}", "", model.summary(), "", *_use(dataset, encoder)]
    lines += ["## Data", "", *_data(dataset, about), "", "## Settings", "", *_settings(model, benchmark), ""]
    lines += ["## Benchmark", "", *_numbers(benchmark), ""]
    lines += [
        "## Kept and not kept",
        "",
        _KEPT,
        "",
    ]
    if model.cite:
        lines += ["## Cite", "", "```bibtex", *model.cite, "```", ""]
    return "\n".join(lines)


def _use(dataset: Dataset, encoder: bool) -> Iterator[str]:
    known = [title for title in dataset.items.titles if title]
    asked = " ".join(f"--history '{title}'" for title in known[:2] if "'" not in title)
    yield from (
        "## Use",
        "",
        "```console",
        f"$ benchsuite recommend FOLDER {asked} -k 10".replace("  ", " "),
        "```",
        "",
    )
    if encoder:
        yield from ("The item encoder alone:", "", "```python", "from sentence_transformers import SentenceTransformer")
        yield from ("", 'vectors = SentenceTransformer("FOLDER").encode(["the text of an item"])', "```", "")


def _data(dataset: Dataset, about: Mapping[str, Any]) -> list[str]:
    data = about["data"]
    rows = [
        ("source", data["source"]),
        *((f"source setting {name}", value) for name, value in data["settings"].items()),
        ("users", f"{data['users']:,}"),
        ("items", f"{data['items']:,}"),
        ("interactions", f"{data['interactions']:,}, all of them used"),
        ("licence", data["licence"] or "not told"),
        ("url", data["url"] or "none"),
        ("fingerprint", f"sha256 {data['fingerprint']}"),
        ("seed of the fit", about["seed"]),
    ]
    if dataset.simulated:
        rows.append(("simulated", "yes: no row comes from the real world"))
    steps = [f"- {step.name}: {step.before:,} rows before, {step.after:,} after" for step in dataset.steps]
    return [*_table(("", ""), rows), *(["", "Prepared so:", "", *steps] if steps else [])]


def _settings(model: Model, benchmark: Benchmark | None) -> list[str]:
    usual = type(model)().settings()
    rows = [(name, value, "" if value == usual[name] else usual[name]) for name, value in model.settings().items()]
    origin = "Defaults, but for what was given by hand." if benchmark is None else benchmark.origin
    return [origin, "", *_table(("setting", "value", "default, where it differs"), rows)]


def _numbers(benchmark: Benchmark | None) -> list[str]:
    if benchmark is None:
        return ["**This model was not benchmarked.** Nothing is known of how well it recommends."]
    held = {(one.split_label, one.metric): one for one in benchmark.contrasts}
    rows = []
    for row in benchmark.rows:
        value = _interval(row.mean, row.ci_low, row.ci_high) if row.state == "ok" else f"{row.state}: {row.reason}"
        place = (row.split_label, row.metric)
        rows.append((*place, value, row.n or "", *_against(held.get(place))))
    names = ("split", "metric", "mean (95% interval)", "queries or pairs", "best reference", "difference", "verdict")
    told = (
        f'Row "{benchmark.model}" on "{benchmark.dataset}" in the experiment "{benchmark.experiment}" (plan '
        f"{benchmark.plan[:12]}). These numbers are of fits on training parts, measured on what was held out. The "
        "model in this folder was fitted on all rows, so nothing is left to measure it on."
    )
    return [told, "", *_table(names, rows)]


def _against(one: Contrast | None) -> tuple[str, str, str]:
    if one is None:
        return "", "", ""
    return one.reference, _interval(one.difference, one.ci_low, one.ci_high, "+"), one.verdict


def _interval(mean: float | None, low: float | None, high: float | None, sign: str = "") -> str:
    if mean is None:
        return ""
    return f"{mean:{sign}.4f}" + ("" if low is None or high is None else f" ({low:{sign}.4f} to {high:{sign}.4f})")


def _table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    return markdown_table(headers, [[_cell(cell) for cell in row] for row in rows])


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
