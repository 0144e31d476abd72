"""The protocol for a model in another process: what is written, what is taken, and what is refused in one line."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from benchsuite.api import Context
from benchsuite.errors import BenchsuiteError
from benchsuite.evaluate import rank
from benchsuite_external import program_process, running_program
from benchsuite_external.external import External
from benchsuite_external.fold_folder import write_block, write_fold
from benchsuite_testing import check_model
from benchsuite_testing.samples import last_events, small_dataset

pytestmark = pytest.mark.process

KEPT_OPEN = """
import os, struct, sys, time

def put(path, descr, shape, body):  # without NumPy, which takes long to import
    head = repr({"descr": descr, "fortran_order": False, "shape": shape}).ljust(117).encode() + b"\\n"
    with open(path, "wb") as file:
        file.write(b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(head)) + head + body)

print("@protocol 1", flush=True)
for line in sys.stdin:
    order, _, block = line.strip().partition(" ")
    path = f"{sys.argv[2]}/{block}/scores.npy"
    if order == "fit":
        FIT
    else:
        rows = (os.path.getsize(f"{sys.argv[2]}/{block}/user.npy") - 128) // 4
        SCORE
    print("@done", flush=True)
"""
RIGHT = "put(path, '<f4', (rows, 48), struct.pack('<f', 1) * rows * 48)"


def program(score: str = RIGHT, fit: str = "pass") -> str:
    return KEPT_OPEN.replace("FIT", fit).replace("SCORE", score)


@pytest.fixture(scope="module")
def fold():
    return last_events(small_dataset())


def lists(model: External, fold):
    """Fit and rank as the harness does."""
    return rank(model.fit(fold.train, Context()), fold, 10)


BAD_ANSWERS = {
    "nothing": ("pass", "wrote no scores.npy"),
    "another shape": ("put(path, '<f4', (1, 2), bytes(8))", r"returned shape \(1, 2\) instead of \(\d+, 48\)"),
    "text": ("put(path, '<U1', (1, 1), bytes(4))", "returned <U1 values"),
    "infinity": (RIGHT.replace("'<f', 1", "'<f', float('inf')"), "returned infinite scores"),
    "too much": ("open(path, 'wb').write(bytes(10**6))", "scores.npy has 1,000,000 bytes"),
    "a pickle": ("put(path, '|O', (1, 1), b'x')", "scores.npy is no array of numbers, or damaged; write float32"),
    "noise": ("open(path, 'wb').write(bytes(range(200)))", "scores.npy is no array of numbers"),
    "half a file": ("open(path, 'wb').write(b'\\x93NUMPY')", "scores.npy is no array of numbers"),
    "another's file": ("os.symlink(f'{sys.argv[2]}/train/user.npy', path)", "scores.npy is no plain file"),
    "a crash": ("os.kill(os.getpid(), 11)", r"was killed by SIGSEGV while it scored \d+ queries: it said nothing"),
    "an early end": ("sys.exit(0)", "ended with code 0 while it scored"),
    "an exception": ("raise KeyError('gone')", "ended with code 1 while it scored .*: KeyError: 'gone'"),
    "a reason": ("sys.exit('first\\n  the last\\x1b line  \\n\\n')", "with code 1 while it scored .*: the last line$"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_a_bad_answer_is_one_line(case, written, fold):
    score, reason = BAD_ANSWERS[case]
    with pytest.raises(BenchsuiteError, match=reason) as error:
        lists(written(program(score)), fold)
    assert "\n" not in str(error.value)
    assert str(error.value).isprintable()


BAD_STARTS = {
    "no word of the protocol": ("print('@done', flush=True); input(); input()", "did not say which protocol it speaks"),
    "another protocol": (
        "print('@protocol 2', flush=True); input(); input()",
        "speaks protocol 2; benchsuite speaks 1",
    ),
    "no program of ours": ("print('hello')", "ended with code 0 while it fitted: .*it never wrote .*@protocol 1"),
    "another first word": ("print('@progress 1 2', flush=True); input(); input()", "did not say which protocol"),
    "no Python": ("def", "ended with code 1 while it fitted: SyntaxError"),
}


@pytest.mark.parametrize("case", BAD_STARTS)
def test_a_bad_start_is_one_line(case, written, fold):
    code, reason = BAD_STARTS[case]
    with pytest.raises(BenchsuiteError, match=reason):
        written(code).fit(fold.train, Context())


def test_a_program_that_is_not_there(fold):
    with pytest.raises(BenchsuiteError, match="no-such-program cannot be started: No such file"):
        External(command=["no-such-program"]).fit(fold.train, Context())
    with pytest.raises(BenchsuiteError, match="no program is named"):
        External().fit(fold.train, Context())


def test_what_is_printed_reaches_the_log_and_not_without_end(written, fold, capfd):
    loud = "for _ in range(300): print('x' * 10_000); print('@' + 'y' * 10_000, file=sys.stderr)"
    told: list[tuple[int, int, str]] = []
    model = written(program(fit=f"{loud}\n        print('@progress 3 10 a note', '@progress x', sep='\\n')"))
    model.fit(fold.train, Context(report=lambda *step: told.append(step)))
    assert told == [(3, 10, "a note"), (0, 0, "")]
    printed = capfd.readouterr().err
    assert 2**20 <= len(printed) < 2**20 + 1000
    assert printed.endswith("[what it printed from here on is left out]\n")


def test_a_program_that_takes_too_long_is_ended_with_its_children(written, fold, monkeypatch):
    clock, children = [0.0], []
    for module in (program_process, running_program):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def late(child: int, *_: object) -> None:
        children.append(psutil.Process(child))
        clock[0] = 3 * 3600.0

    fit = "import subprocess; print('@progress', subprocess.Popen(['sleep', '60']).pid, 1, flush=True); time.sleep(60)"
    model = written(program(fit=fit))
    with pytest.raises(BenchsuiteError, match="was stopped: it fitted for longer than the time allows"):
        model.fit(fold.train, Context(report=late))
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert [child.status() for child in alive] == ["zombie"] * len(alive)
    assert len(gone) + len(alive) == 1
    with pytest.raises(BenchsuiteError, match="its program has ended"):
        model.score(fold.queries, None)


def test_a_program_that_never_speaks_is_ended_long_before_its_time(written, fold, monkeypatch):
    monkeypatch.setattr(running_program, "_FIRST_WORD_SECONDS", 0.1)
    with pytest.raises(BenchsuiteError, match=r'did not say which protocol it speaks.*write the line "@protocol 1"'):
        written("import time; print('hello', flush=True); time.sleep(60)").fit(fold.train, Context())


def test_a_program_may_have_words_of_its_own(fold, tmp_path):
    """The protocol's words are the last ones of the command line, for the helper in Python as for that in C++."""
    helper = Path(program_process.__file__).parent / "programs" / "benchsuite_program.py"
    (tmp_path / "benchsuite_program.py").write_text(helper.read_text("utf-8"))
    (tmp_path / "mine.py").write_text(
        "import sys\nimport numpy as np\nfrom benchsuite_program import serve\n"
        "class Mine:\n    def fit(self, fold): pass\n"
        "    def score(self, queries, candidates):\n"
        "        return np.full((queries.size, len(candidates)), float(sys.argv[1]))\nserve(Mine())\n"
    )
    model = External(command=[sys.executable, str(tmp_path / "mine.py"), "2.5"]).fit(fold.train, Context())
    assert (model.score(fold.queries, None) == 2.5).all()


def test_one_process_for_each_order(written, fold):
    code = """
import json, os, sys
import numpy as np
verb, folder, *block = sys.argv[1:]
assert os.environ["BENCHSUITE_PROTOCOL"] == "1"
print("@protocol 1")
if verb == "fit":
    np.save(f"{folder}/model/count.npy", np.bincount(np.load(f"{folder}/train/item.npy"), minlength=48))
    json.dump({"parameters": 48, "library": "none"}, open(f"{folder}/facts.json", "w"))
else:
    count = np.load(f"{folder}/model/count.npy").astype(np.float32)
    np.save(f"{folder}/{block[0]}/scores.npy", np.tile(count, (len(np.load(f"{folder}/{block[0]}/user.npy")), 1)))
"""
    model = written(code, keep_open=False).fit(fold.train, Context())
    assert model.parameter_count() == 48
    assert model.facts() == {"parameters": 48, "library": "none"}
    counts = np.bincount(fold.train.interactions.item, minlength=48)
    assert (model.score(fold.queries, None) == counts).all()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [("[1]", "no JSON object"), ("{", "cannot be read"), ('{"parameters": -1}', "no whole number")],
)
def test_facts_that_are_none(facts, reason, written, fold):
    fit = f"open(f'{{sys.argv[2]}}/facts.json', 'w').write({facts!r})"
    with pytest.raises(BenchsuiteError, match=reason):
        written(program(fit=fit)).fit(fold.train, Context()).parameter_count()


def test_the_folder_holds_what_a_model_may_see_and_nothing_else(fold, tmp_path):
    write_fold(tmp_path, fold.train, Context(seed=5, threads=2, validation=fold.validation), {"factors": 8})
    rows = fold.train.interactions
    for name in ("user", "item", "value", "label", "timestamp", "behaviour"):
        column = np.load(tmp_path / "train" / f"{name}.npy")
        assert column.dtype == getattr(rows, name).dtype
        assert (column == getattr(rows, name)).all()
    about = json.loads((tmp_path / "about.json").read_text())
    assert about | {"data": "small"} == about
    assert [about[name] for name in ("protocol", "users", "items", "rows", "seed")] == [1, 36, 48, len(rows), 5]
    assert json.loads((tmp_path / "options.json").read_text()) == {"factors": 8}
    items = json.loads((tmp_path / "items.json").read_text())
    assert tuple(items["ids"]) == fold.train.items.ids
    assert tuple(items["text"]) == fold.train.items.text
    assert (np.load(tmp_path / "items_features.npy") == fold.train.items.features).all()
    assert (np.load(tmp_path / "validation" / "truth" / "item.npy") == fold.validation.truth.item).all()
    write_block(tmp_path / "block", fold.queries, np.arange(3, dtype=np.int32))
    assert (np.load(tmp_path / "block" / "item.npy") == fold.queries.items.item).all()
    assert (np.load(tmp_path / "block" / "start.npy") == fold.queries.start).all()
    assert np.load(tmp_path / "block" / "candidates.npy").tolist() == [0, 1, 2]
    held = set(fold.truth.item.tolist())
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert held
    assert {name for name in names if "truth" in name} == {
        f"validation/truth/{name}.npy" for name in ("start", "item", "value", "label", "timestamp")
    }


def test_the_example_in_another_language_conforms_and_gives_the_same_scores(compiled, example, fold):
    results = check_model(functools.partial(External, command=[compiled]))
    assert {one.name: one.reason for one in results if one.state == "failed"} == {}
    assert sum(one.state == "passed" for one in results) > 15
    python, cpp = (External(command=command).fit(fold.train, Context()) for command in (example, [compiled]))
    one, two = (model.score(fold.queries, None) for model in (python, cpp))
    assert np.isfinite(one).any()
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
    assert python.facts()["parameters"] > 0
