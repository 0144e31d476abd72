"""Four processes on one store beside one: is each fit done once, and how long does all of it take?

    python benchmarks/sharing.py [--quick] [--rounds 3] [--runs 4]

An experiment of 60 cells, each of which keeps one processor core busy for a second or so: it hashes a block again and
again, which two cores do at twice the speed of one (two programs of matrix products slow each other). Our packages are
compiled before, as pip does. A round runs it
twice, in turns: by one process with one worker, and by four such processes that are started at the same moment on a
store of their own. Each fit adds a line to a file when it begins, so fits are counted from outside. Told are the ratio
of the wall times of a round and that of processor seconds: on a busy machine four processes get a larger share of it
than one, so only processor seconds compare; on two idle cores the ratio of wall times is half of theirs where all cores
are kept busy. The exit code is 1 when a fit was done twice.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from data import CACHE
from records import Records, compiled, hardware, spent_inside

_PLUGIN = '''"""Popularity that takes its time on one thread, and says when a fit begins."""

import hashlib
import os
from dataclasses import dataclass

from benchsuite_classic.popular import Popular


@dataclass
class Costly(Popular):
    """Popularity.

    Attributes:
        blocks: of a megabyte that are hashed before the items are counted.
        power: tells cells apart.
    """

    blocks: int = 100
    power: float = 1.0

    def fit(self, train, context):
        file = os.open(os.environ["SHARING_FITS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, b"begun\\n")
        os.close(file)
        block = bytes(1 << 20)
        for done in range(self.blocks):
            hashlib.sha256(block).digest()
            context.progress(done, self.blocks, "")
        return super().fit(train, context)
'''

_EXPERIMENT = """
name = "sharing"
seeds = [{seeds}]
sources = [{{ use = "demo", with = {{ users = 60, items = 50, events_per_user = 10 }} }}]
splits = ["random-holdout"]
models = [{{ use = "./costly.py:Costly", with = {{ blocks = {blocks} }}, grid = {{ power = [1, 2, 3, 4, 5] }} }}]
metrics = ["f1", "ndcg@10"]
"""


@dataclass(frozen=True)
class Side:
    """What one side of a round took."""

    wall: float
    cpu: float
    fits: int


def main() -> int:
    """Measure in rounds; 1 when a fit was done twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10 cells that take a moment, one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=4, help="processes on one store")
    parser.add_argument("--blocks", type=int, default=1600, help="megabytes that a fit hashes")
    options = parser.parse_args()
    rounds, seeds, blocks = (1, 1, 100) if options.quick else (options.rounds, 6, options.blocks)
    cells, wrong = seeds * 10, False
    print(hardware())
    for number in range(rounds):
        load = os.getloadavg()[0]
        sides = {runs: _side(runs, seeds, blocks) for runs in ((1, options.runs), (options.runs, 1))[number % 2]}
        alone, together = sides[1], sides[options.runs]
        wrong |= (alone.fits, together.fits) != (cells, cells)
        told = {"load": load, "cells": cells, "wall": together.wall / alone.wall, "cpu": together.cpu / alone.cpu}
        for name, side in (("one process", alone), (f"{options.runs} processes", together)):
            print(
                f"{name}: {side.wall:.1f} s wall, {side.cpu:.1f} processor seconds, {side.fits} fits of {cells} cells"
            )
        print(f"ratio of wall times {told['wall']:.2f}, of processor seconds {told['cpu']:.2f}; load before {load:.1f}")
        if not options.quick:
            key = {"what": "sharing", "runs": options.runs, "round": number, "blocks": blocks}
            Records(CACHE / "sharing.jsonl").put(key, told)
    return int(wrong)


def _side(runs: int, seeds: int, blocks: int) -> Side:
    """Run the experiment in a new store by so many processes at once."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "costly.py").write_text(_PLUGIN, "utf-8")
        text = _EXPERIMENT.format(seeds=", ".join(map(str, range(1, seeds + 1))), blocks=blocks)
        (place / "sharing.toml").write_text(text, "utf-8")
        words = [sys.executable, "-m", "benchsuite", "run", "sharing.toml", "--store", "store", "--threads", "1"]
        surroundings = compiled() | {"SHARING_FITS": str(place / "fits.txt"), "BENCHSUITE_CACHE": str(place / "cache")}
        nowhere = subprocess.DEVNULL
        with spent_inside() as spent:
            started = [
                subprocess.Popen(words, cwd=place, env=surroundings, stdout=nowhere, stderr=nowhere)
                for _ in range(runs)
            ]
            codes = [run.wait() for run in started]
        if any(codes):
            raise SystemExit(f"a run ended with {codes}")
        return Side(spent.wall, spent.processor, len((place / "fits.txt").read_text("ascii").splitlines()))


if __name__ == "__main__":
    raise SystemExit(main())
