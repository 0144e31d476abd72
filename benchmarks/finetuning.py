"""How fast fine-tuning is: against a plain sentence-transformers loop, and what each trick brings.

    python benchmarks/finetuning.py [--quick] [--fresh] [--page FILE]

Everything learns from the training part of a validation fold of MovieLens-100K (new items) and is judged on that fold.
Each measurement is a process of its own. The plain loop needs ``pip install datasets``. ``--quick`` does two epochs,
on the demo set with ``--source demo``: it proves that the script works, and its page is printed, not kept.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from data import CACHE
from measurement_steps import measured_apart, worker_environment
from records import Records, hardware, put_page

TRICKS = {
    "": "all tricks on",
    "bf16": "bfloat16",
    "buckets": "texts of one length together",
    "cache": "lower layers computed once",
    "accumulation": "one encoder step an epoch",
    "malloc": "freed memory is kept",
}
OFF = {
    "bf16": "float32 throughout",
    "buckets": "batches in the order of titles, padded to the longest of each",
    "cache": "every pass runs all layers, only the top ones learn",
    "accumulation": "an encoder step for every batch of users",
    "malloc": "the C library's own thresholds",
}


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two epochs; the page is printed")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--source", choices=["ml-100k", "demo"], default="ml-100k", help="demo only with --quick")
    parser.add_argument("--seeds", type=int, default=3, help="fits with all tricks, and plain loops (--quick: 1)")
    parser.add_argument("--times", type=float, default=8.5, help="a plain loop may take so many times as long as ours")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--page", type=Path, default=HERE.parent / "reports" / "published" / "finetuning.md")
    options = parser.parse_args()
    if options.source == "demo" and not options.quick:
        parser.error("the demo set is for --quick")
    if options.quick:
        options.seeds, options.times = 1, 1.0
    name = f"finetuning-quick-{options.source}.jsonl" if options.quick else "finetuning.jsonl"
    records = Records(CACHE / name, fresh=options.fresh)
    records.once({"what": "machine"}, lambda: {"hardware": hardware(), "threads": options.threads})
    for seed in range(1, options.seeds + 1):
        once(records, options, {"what": "ours", "without": "", "seed": seed})
    for trick in OFF:
        once(records, options, {"what": "ours", "without": trick, "seed": 1})
    for seed in range(1, options.seeds + 1):
        records.once({"what": "plain", "without": "", "seed": seed}, functools.partial(against, options, seed))
    page = write(records.all(), quick=options.quick)
    put_page(page, options.page, quick=options.quick)


def once(records: Records, options: Any, key: Mapping[str, Any]) -> dict[str, Any]:
    """Return a measurement, made now where there is none."""
    return records.once(key, lambda: measure(options, key))


def against(options: Any, seed: int) -> dict[str, Any]:
    """Measure a fit of ours and, right after it, the plain loop that is to reach the same quality."""
    ours = measure(options, {"what": "ours", "without": "", "seed": seed})
    if "failed" in ours:
        return {"ours": ours}
    limit = options.times * ours["seconds"]
    plain = measure(options, {"what": "plain", "without": "", "seed": seed}, target=ours["ndcg"], limit=limit)
    return {**plain, "ours": ours}


def measure(options: Any, key: Mapping[str, Any], target: float = 1.0, limit: float = 0.0) -> dict[str, Any]:
    """Measure in a process of its own."""
    kept = worker_environment(options.threads)
    if key["without"] == "malloc":
        kept = {name: value for name, value in kept.items() if not name.startswith("MALLOC_")}
    with tempfile.TemporaryDirectory() as scratch:
        words = [key["what"], "--without", key["without"], "--source", options.source, "--seed", str(key["seed"])]
        words += ["--threads", str(options.threads), "--target", str(target), "--limit", str(limit)]
        words += ["--scratch", scratch, *(["--epochs", "2"] if options.quick else [])]
        return measured_apart(HERE / "finetuning_point.py", words, kept)


def write(rows: list[dict[str, Any]], *, quick: bool) -> str:
    """Return the page in Markdown."""
    machine = next(row for row in rows if row["key"]["what"] == "machine")
    found = {(row["key"]["what"], row["key"].get("without"), row["key"].get("seed")): row for row in rows}
    seeds = sorted(seed for what, without, seed in found if (what, without) == ("ours", ""))
    parts = ["# Fine-tuning: how fast, and what makes it so", _HEAD]
    if quick:
        parts.append("**Quick form: two epochs. It shows that the script works; its numbers say nothing.**")
    parts += [f"{machine['hardware']}; {machine['threads']} threads.", "## Against a plain loop", _PLAIN]
    parts.append("\n".join([_ROW.format("seed", "flm, s", "nDCG@10", "plain loop, s", "its nDCG@10", "times"), _LINE,
                            *(versus(seed, found) for seed in seeds)]))  # fmt: skip
    parts += ["## What each trick brings", _TRICKS, tricks(found)]
    return "\n\n".join(parts) + "\n"


def versus(seed: int, found: Mapping[Any, Mapping[str, Any]]) -> str:
    """Return the row of one seed."""
    plain = found.get(("plain", "", seed), {})
    ours = plain.get("ours") or found["ours", "", seed]
    if "failed" in ours:
        return _ROW.format(seed, f"failed: {ours['failed']}", "", "", "", "")
    own = (seed, f"{ours['seconds']:.1f}", f"{ours['ndcg']:.4f}")
    if not plain:
        return _ROW.format(*own, "not run", "", "")
    if "failed" in plain:
        return _ROW.format(*own, f"failed: {plain['failed']}", "", "")
    times = plain["seconds"] / ours["seconds"]
    if plain["reached"]:
        return _ROW.format(*own, f"{plain['seconds']:.1f}", f"{plain['ndcg']:.4f}", f"{times:.1f}")
    value = f"{plain['best']:.4f} at best (untouched {plain['untouched']:.4f}), not reached"
    return _ROW.format(*own, f"stopped at {plain['seconds']:.1f}", value, f"at least {times:.1f}")


def tricks(found: Mapping[Any, Mapping[str, Any]]) -> str:
    """Return the table of what is switched off."""
    whole = found["ours", "", 1]
    lines = [_ROW.format("switched off", "instead", "seconds", "times", "peak memory, MB", "nDCG@10"), _LINE]
    for trick, name in TRICKS.items():
        row = found["ours", trick, 1]
        if "failed" in row or "failed" in whole:
            failed = f"failed: {row.get('failed', 'no baseline')}"
            lines.append(_ROW.format(name, OFF.get(trick, ""), failed, "", "", ""))
            continue
        times, note = f"{row['seconds'] / whole['seconds']:.2f}", OFF.get(trick, "")
        if trick == "bf16" and not whole["half"]:
            times, note = "n/a", "this processor has no bfloat16, so it was off all the time"
        memory = f"{row['peak'] / 1e6:.0f}"
        lines.append(_ROW.format(name, note, f"{row['seconds']:.1f}", times, memory, f"{row['ndcg']:.4f}"))
    return "\n".join(lines)


_ROW = "| {} | {} | {} | {} | {} | {} |"
_LINE = "|---|---|---|---|---|---|"
_HEAD = """This page is generated by `python benchmarks/finetuning.py`; do not edit it.

MovieLens-100K, new items: a fifth of the items is held out, then a fifth of the rest for validation. Everything here
learns from the training part of the validation fold and is judged on that fold, whole catalogue of its new items; test
rows are never looked at. Seconds are of the fit: loading the encoder and the work done once included, starting Python,
importing and judging not. Each is a process of its own, measured once."""
_PLAIN = """The plain loop is what the guides of sentence-transformers show: `SentenceTransformerTrainer` with
`MultipleNegativesRankingLoss` on pairs of texts of items that one user took, 64 pairs a step, a largest step size of
2e-5 with a tenth of warm-up, three epochs, float32, all layers. Its vectors are judged every 50 steps, off the clock,
by whichever answers best: the centred cosine (as `content-lm`), or ALS factors predicted from them (as `als-content`,
two penalties). It is stopped when that reaches the nDCG@10 of `flm`, fitted right before it; where it is stopped by the
limit, or ends, before, the ratio is a lower bound. `flm` also learns residuals, popularity and a prior, so this
compares recipes, not only loops."""
_TRICKS = """Each is switched off alone, by a patch of this script; none is a setting. `times` is the time relative to
all on. Without accumulation there are more encoder steps with the same largest step size, so quality moves too."""


if __name__ == "__main__":
    main()
