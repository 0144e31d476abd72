"""Damage a finished store in one place and use it: no wrong digit may be shown, and no answer may be a traceback."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from attack.breakage import EVIDENCE, ways
from attack.chance import chance
from attack.digits import Tables, read_tables, wrong_digits
from attack.findings import Fault, Journal, Result
from attack.program import Answer, forked, fresh, warm

_EXPERIMENT = """
name = "damaged"
seeds = {seeds}
sources = [{{ use = "demo", with = {{ users = {users}, items = 50, events_per_user = 12 }} }}]
splits = ["random-holdout"]
models = ["popular", "item-knn", "ease"{more}]
metrics = ["f1", "ndcg@10", "recall@20"]
tune = {{ on = "ndcg@10", trials = {trials} }}
"""
_ADDED = ', "user-knn"'
_DESIGNED = 0.6
"""So large a part of the cases walks through kinds of file and ways of damage evenly; the rest is drawn at random."""

_SHOWN = 3
_RESTS_ON = ("fold", "data", "tune")
"""Kinds of entry all of which the report rests on; of cells and plans, those that its provenance names."""

_READ_BY_RUNS = ("fold", "data", "split", "tune", "cell", "truth")
"""Kinds that a run reads before it fits: half of these damages are followed by one, of others every eighth."""


@dataclass(frozen=True)
class _Case:
    """One damage: a file of the store, and what is done to it."""

    number: int
    file: str
    way: str

    @property
    def name(self) -> str:
        return f"{self.number}: {self.file}: {self.way}"

    @property
    def kind(self) -> str:
        return self.file.partition("/")[0]


@dataclass(frozen=True)
class _Right:
    """What an undamaged store says."""

    store: Path
    page: Path
    report: Tables
    added: Tables

    def rests_on(self, case: _Case) -> bool:
        """Tell whether the page's numbers rest on what was damaged, so that verify must see it."""
        if case.file.endswith("log.txt"):
            return False
        facts = json.loads((self.page / "provenance.json").read_text("utf-8"))
        named = {*facts["cells"], facts["plan"]}
        return case.kind in _RESTS_ON or bool(named & set(Path(case.file).parts))


def attack(n: int, seed: int, out: Path, *, small: bool = False) -> Result:
    """Damage a store ``n`` times, each time anew.

    Args:
        n: how many damages.
        seed: draws files, ways and values.
        out: a folder for stores and the journal; cases that are finished are not done again.
        small: one seed and two trials; plan and verify in every fifth damaged store only, run one more model in every
            fifteenth.
    """
    folder = out / "damages"
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "journal.jsonl", {"n": n, "seed": seed, "small": small})
    right = _undamaged(folder, small=small)
    before = _state(right.store)
    result = Result("damages", seed)
    for case in _cases(right.store, n, seed):

        def work(case: _Case = case) -> tuple[list[Fault], Counter[str]]:
            return _attack_one(case, seed, folder, right, small=small)

        journal.into(result, journal.once(case.name, work))
        result.tried += 1
    if _state(right.store) != before:
        result.faults.append(Fault.of("all", "a command wrote into a finished entry", str(right.store)))
    return result


def _undamaged(folder: Path, *, small: bool) -> _Right:
    """Make the store, its report and a page to verify, and the report with one more model."""
    temporary, store, page = fresh(folder / "tmp"), folder / "right", folder / "page"
    for name, users, more in (("warm", 30, ""), ("damaged", 60, ""), ("added", 60, _ADDED)):
        size = {"seeds": [1], "trials": 2} if small else {"seeds": [1, 2], "trials": 3}
        text = _EXPERIMENT.format(users=users, more=more, **size)
        (folder / f"{name}.toml").write_text(text.replace('"damaged"', '"warm"') if name == "warm" else text, "utf-8")
    run = ["--offline", "--threads", "1", "--store"]
    report = ["report", "damaged", "--as", "csv", "--store"]
    warm(["run", "warm.toml", *run, "warm"], cwd=folder)
    warm(["report", "warm", "--as", "csv", "--store", "warm", "--out", "page-warm"], cwd=folder)

    def must(*words: str) -> None:
        answer = forked(words, cwd=folder, temporary=temporary, seconds=300)
        if answer.code:
            raise SystemExit(f"{' '.join(words)} ended with {answer.code}: {answer.err}")

    must("run", "damaged.toml", *run, str(store))
    must(*report, str(store), "--out", str(fresh(page)))
    if not (folder / "right-added").is_dir():
        shutil.copytree(store, folder / "adding", dirs_exist_ok=True)
        must("run", "added.toml", *run, "adding")
        must(*report, "adding", "--out", str(folder / "right-added"))
    return _Right(store, page, read_tables(page), read_tables(folder / "right-added"))


def _state(store: Path) -> dict[str, int]:
    """Return the time of the last change of every file of the entries."""
    files = (path for path in store.glob("*/*/*/**/*") if path.is_file())
    return {str(path): path.stat().st_mtime_ns for path in files}


def _cases(store: Path, n: int, seed: int) -> list[_Case]:
    """Draw the cases: the designed ones take each kind of file in each way before any comes twice."""
    draw = chance("damages", seed)
    files: dict[str, list[str]] = {}
    for path in sorted(path for path in store.rglob("*") if path.is_file()):
        name = path.relative_to(store).as_posix()
        kind, _, rest = name.partition("/")
        if kind not in ("drafts", "checkpoints"):
            shape = "/".join(part for part in rest.split("/") if len(part) not in (2, 64))
            files.setdefault(f"{kind}/{shape}", []).append(name)
    designed = [(shape, way) for shape, named in files.items() for way in ways(store / named[0])]
    draw.shuffle(designed)
    designed.sort(key=lambda one: one[0].startswith("fold/"))  # a fold has forty files; they come last
    folds = [one for one in designed if one[0].startswith("fold/")]
    others = [one for one in designed if not one[0].startswith("fold/")]
    mixed = (
        [one for pair in zip(others, folds, strict=False) for one in pair] + others[len(folds) :] + folds[len(others) :]
    )
    picks = [(draw.choice(files[shape]), way) for shape, way in mixed[: round(n * _DESIGNED)]]
    everything = [name for named in files.values() for name in named]
    while len(picks) < n:
        file = draw.choice(everything)
        picks.append((file, draw.choice(sorted(ways(store / file)))))
    return [_Case(number, *pick) for number, pick in enumerate(picks)]


def _attack_one(
    case: _Case, seed: int, folder: Path, right: _Right, *, small: bool
) -> tuple[list[Fault], Counter[str]]:
    """Damage a copy and ask all verbs; those that mend what they find leave a copy that the next does not get."""
    faults: list[Fault] = []
    counts: Counter[str] = Counter({f"damaged {case.kind}": 1})
    temporary = fresh(folder / "tmp")

    def ask(*words: str, damage: bool = True) -> Answer:
        if damage:
            _damaged_copy(case, seed, right.store, folder / "copy")
        answer = forked([*words, "--store", "copy"], cwd=folder, temporary=temporary)
        counts[f"{words[0]}: exit {answer.code}"] += 1
        faults.extend(answer.faults(case.name, temporary))
        return answer

    page = fresh(folder / "found")
    ask("status", "damaged")
    ask("report", "damaged", "--as", "csv", "--out", "found", damage=False)  # a status changes nothing
    faults += _wrong(case, "a wrong digit in a report", read_tables(page), right.report, costs=True)
    if not small or case.kind in ("data", "split") or case.number % 5 == 1:
        ask("plan", "damaged.toml", "--offline")
    if not small or case.number % 5 == 0:
        answer = ask("verify", "page")
        if answer.code == 0 and right.rests_on(case):
            faults.append(Fault.of(case.name, "verify does not see it", answer.out))
    often = 2 if case.kind in _READ_BY_RUNS else 8
    if case.number % (15 if small else often) == 0:
        ask("run", "added.toml", "--offline", "--threads", "1")
        page = fresh(folder / "found")
        ask("report", "damaged", "--as", "csv", "--out", "found", damage=False)
        tables = read_tables(page)
        added = any(row["model"] == "user-knn" for row in tables.get("results", []))
        wanted = right.added if added else right.report
        faults += _wrong(case, "a wrong digit after a run with one more model", tables, wanted, costs=False)
    if (folder / EVIDENCE).exists():
        (folder / EVIDENCE).rmdir()
        faults.append(Fault.of(case.name, "code from the store was run"))
    return faults, counts


def _damaged_copy(case: _Case, seed: int, store: Path, target: Path) -> None:
    """Copy a store by linking its files, all but the one to damage, and damage that."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(store, target, copy_function=os.link)
    path = target / case.file
    path.unlink()
    shutil.copyfile(store / case.file, path)
    ways(path)[case.way](path, chance("damage", seed, case.number))


def _wrong(case: _Case, check: str, found: Tables, wanted: Tables, *, costs: bool) -> Iterator[Fault]:
    for line in list(wrong_digits(found, wanted, costs=costs))[:_SHOWN]:
        yield Fault.of(case.name, check, line)
