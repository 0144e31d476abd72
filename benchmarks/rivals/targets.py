"""What was to be reached, and whether it was: one line a target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from overhead import LIMIT, LIMITS

Row = Mapping[str, Any]
GB = 1e9


def target_table(rows: Sequence[Row]) -> str:
    """Return the table in Markdown; what was not measured says so."""
    lines = ["## Targets", "", "| what | target | measured | met |", "|---|--:|--:|---|"]
    for model in ("item-knn", "als"):
        lines += _path_targets(rows, model)
    lines += _kernel_targets(rows)
    for model in ("als", "ease"):
        found = [row for row in rows if row["key"].get("model") == model and row["key"].get("what") == "large"]
        peak = [row["peak"] / GB for row in found if "peak" in row]
        size = " x ".join(f"{number:,}" for number in found[0]["key"]["size"]) if found else "not run"
        name = f"`{model}` on generated users x items x rows ({size}): peak of the process, GB"
        lines.append(_line(name, peak, 6.0))
    for name in ("list", "--help"):
        seconds = [row["seconds"] for row in rows if row["key"] == {"what": "start-up", "name": name}]
        lines.append(_line(f"`benchsuite {name}`, s", seconds, 0.3, digits=3))
    overhead = [row for row in rows if row["key"].get("what") == "overhead"]
    for row in overhead or (None,):
        name = f"`{row['key']['experiment']}`, {row['key']['workers']} worker" if row else "`quick`"
        ratio = [row["ratio"]] if row else []
        wanted = LIMITS.get(row["key"]["experiment"], LIMIT) if row else LIMIT
        lines.append(_line(f"Run of {name}: wall time x workers / the models' own time", ratio, wanted))
    return "\n".join(lines)


def _path_targets(rows: Sequence[Row], model: str) -> list[str]:
    found: dict[str, dict[int, Row]] = defaultdict(dict)
    agreed: dict[str, Row] = {}
    for row in rows:
        key = row["key"]
        if key.get("model") == model and key.get("what") == "path" and ("failed" not in row or "at_least" in row):
            found[key["who"]][key["round"]] = row
        if key.get("model") == model and key.get("what") == "agreement" and "failed" not in row:
            agreed[key["who"]] = row
    ours = found["benchsuite"]

    def ratios(who: str) -> list[float]:
        """Return ours against theirs, a number a round."""
        shared = sorted(ours.keys() & found[who].keys())
        return [total(ours[number]) / total(found[who][number]) for number in shared]

    lines = [_line(f"`{model}`: time against implicit called directly", ratios("implicit"), 1.15)]
    if model == "als":
        anew = "implicit, users solved anew"
        lines.append(_line(f"`{model}`: time against {anew} as ours are", ratios(anew), 1.15))
    lines.append(_line(f"`{model}`: time against RecTools", ratios("RecTools"), 1.0))
    slower = [1 / ratio for ratio in ratios("LensKit")]
    bound = any("at_least" in row for row in found["LensKit"].values())
    name = "LensKit's time against ours" + (" (stopped: a lower bound)" if bound else "")
    lines.append(_line(f"`{model}`: {name}", slower, 10, least=True))
    peak = [max(max(row["peak"], row["child_peak"]) for row in ours.values()) / GB] if ours else []
    lines.append(_line(f"`{model}`: peak of the process, GB", peak, 0.6))
    names = ["RecTools"] + (["RecTools, users solved anew"] if model == "als" else [])
    for name in names:
        told = agreed.get(name)
        gap = [] if told is None else [metric_gap(told)]
        same = [] if told is None or "one_rule" not in told else [metric_gap(told["one_rule"])]
        what = f"`{model}`: Recall@20 and NDCG@20 differ from {name}'s"
        lines.append(_line(f"{what}, each with its own order of ties", gap, 1e-6, digits=None))
        lines.append(_line(f"{what}, ties by one rule", same, 1e-6, digits=None))
    return lines


def _kernel_targets(rows: Sequence[Row]) -> list[str]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["key"].get("what") == "kernel" and "failed" not in row:
            found[row["key"]["name"]].append(row)
    ease = [row for row in found["ease"] if "memory" in row]
    size = f"{int(ease[0]['key']['size']):,} items" if ease else "not run"

    def ratio(parts: Sequence[Row]) -> list[float]:
        return [part["ours"] / part["theirs"] for part in parts]

    return [
        _line("Generic path, vectors of 384 numbers: time against the bare product", ratio(found["ranking"]), 1.3),
        _line("Ten metrics at three cutoffs, s", [row["ours"] for row in found["metrics"]], 0.1, digits=3),
        _line("The same: ranx's time against ours", [1 / r for r in ratio(found["metrics"])], 5, least=True),
        _line(f"EASE's solver ({size}): time against LAPACK's own inversion", ratio(ease), 1.2),
        _line("The same: memory in matrices, what fitting adds", [row["memory"] for row in ease], 1.3),
        _line("The same: memory in matrices, all of the process", [row["memory_in_all"] for row in ease], 1.3),
        *(
            _line(f"`{name}`: time against Surprise itself", ratio([row[name] for row in found["surprise"]]), 1.1)
            for name in ("svd", "knn-baseline")
        ),
    ]


def total(row: Row) -> float:
    """Return the seconds of all stages; of one that was stopped, those that it was given."""
    return float(row["at_least"] if "at_least" in row else sum(row["seconds"].values()))


def metric_gap(row: Row) -> float:
    """Return the larger difference of the two metrics."""
    return float(max(abs(row["ours"][name] - row["theirs"][name]) for name in ("recall", "ndcg")))


def _line(what: str, values: Sequence[float], limit: float, *, least: bool = False, digits: int | None = 2) -> str:
    sign = ">=" if least else "<="
    wanted = f"{sign} {limit:g}"
    if not values:
        return f"| {what} | {wanted} | not measured | |"
    middle = float(np.median(values))
    met = middle >= limit if least else middle <= limit
    told = f"{middle:.1e}" if digits is None else f"{middle:.{digits}f}"
    if len(values) > 1:
        told += f" ({min(values):.{digits}f} to {max(values):.{digits}f})"
    return f"| {what} | {wanted} | {told} | {'yes' if met else '**no**'} |"
