"""Every verb once through Python and once through the shell, and what all of them share."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest

import benchsuite
from benchsuite.cli.command import load_verb, parameters_of
from benchsuite.cli.main import all_verbs, build, main
from benchsuite.errors import UsageError
from benchsuite.functions import VERBS, Verb
from benchsuite.interface import FunctionResult
from benchsuite_external.environments import rival_of

pytestmark = pytest.mark.process

NAMES = {"list": "list_plugins", "show": "show_plugin", "plan": "plan_experiment", "new": "new_plugin"}
"""Functions that are not called as their verb, since that is a module's or too general a word."""

SMALL = {"users": 40, "items": 30, "events_per_user": 8}
WITH = ["--with", "users=40", "items=30", "events_per_user=8"]
EXPERIMENT = f"""
name = "tiny"
sources = [{{ use = "demo", with = {{ users = {SMALL["users"]}, items = 30, events_per_user = 8 }} }}]
splits = ["random-holdout"]
models = ["popular", "random"]
metrics = ["ndcg@10"]
"""
TABLES = {
    "train.csv": "user,item,value,time\na,x,1,10\na,y,0,11\nb,x,1,12\n",
    "test.csv": "user,item,value,time\na,z,1,20\nb,y,0,21\n",
    "recs.csv": "user,item,score\na,z,0.9\nb,x,0.8\n",
    "log.csv": "user,item,rating,timestamp\na,x,1,10\na,y,0,11\nb,x,1,12\nb,y,1,13\n",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which an experiment was run, reported and a model was trained."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "tiny.toml").write_text(EXPERIMENT)
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    kept = benchsuite.run(folder / "tiny.toml", store=folder / "runs", threads=1, quiet=True)
    assert kept.ok
    benchsuite.report("tiny", as_="csv", out=folder / "page", store=folder / "runs")
    benchsuite.train("ease", source="demo", source_with=SMALL, out=folder / "model", quiet=True)
    return folder


@pytest.fixture(autouse=True)
def _at_the_desk(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    monkeypatch.delenv("BENCHSUITE_DATA", raising=False)
    monkeypatch.delenv("BENCHSUITE_STORE", raising=False)
    monkeypatch.setenv("BENCHSUITE_CACHE", str(desk / "cache"))
    monkeypatch.setenv("SHELL", "/bin/bash")


def a_key() -> str:
    return str(benchsuite.status("tiny").frames()["cells"].key[0])[:12]


def a_row() -> str:
    """Return the label of a model that was run in the short form of a benchmark."""
    benchsuite.run("demo.v1", model="popular", lite=True, threads=1, quiet=True)
    return "popular"


def a_title() -> str:
    return str(benchsuite.data_show("demo", with_=SMALL, quiet=True).dataset.items.titles[0])


def a_rival() -> str:
    """Return the name of a rival whose environment looks as if it were made."""
    rival = rival_of("lenskit")
    rival.python.parent.mkdir(parents=True, exist_ok=True)
    rival.python.touch()
    told = {"pins": rival.digest, "python": "3.11.7", "packages": rival.versions}
    (rival.folder / "environment.json").write_text(json.dumps(told))
    return rival.name


Words = Callable[[str], list[str]]
Call = Callable[[str], FunctionResult]
CASES: dict[str, tuple[Call, Words]] = {
    "run": (lambda _: benchsuite.run("tiny.toml", threads=1, quiet=True), lambda _: ["tiny.toml", "--threads", "1"]),
    "report": (lambda _: benchsuite.report("tiny"), lambda _: ["tiny"]),
    "compare": (
        lambda _: benchsuite.compare("tiny", models=("popular", "random"), metrics="ndcg@10"),
        lambda _: ["tiny", "--models", "popular", "random", "--metric", "ndcg@10"],
    ),
    "verify": (lambda _: benchsuite.verify(Path("page")), lambda _: ["page"]),
    "leaderboard": (lambda _: benchsuite.leaderboard("demo.v1", lite=True), lambda _: ["demo.v1", "--lite"]),
    "submit": (
        lambda new: benchsuite.submit("demo.v1", a_row(), out=Path(new), lite=True),
        lambda new: ["demo.v1", a_row(), "--out", new, "--lite"],
    ),
    "rerun": (lambda _: benchsuite.rerun(a_key(), quiet=True), lambda _: [a_key()]),
    "plan": (lambda _: benchsuite.plan_experiment(Path("tiny.toml"), quiet=True), lambda _: ["tiny.toml"]),
    "status": (lambda _: benchsuite.status("tiny"), lambda _: ["tiny"]),
    "store check": (lambda _: benchsuite.store_check(), lambda _: []),
    "store repair": (lambda _: benchsuite.store_repair(dry_run=True), lambda _: ["--dry-run"]),
    "store gc": (
        lambda _: benchsuite.store_gc(keep="tiny.toml", dry_run=True),
        lambda _: ["--keep", "tiny.toml", "--dry-run"],
    ),
    "store size": (lambda _: benchsuite.store_size(), lambda _: []),
    "data show": (lambda _: benchsuite.data_show("demo", with_=SMALL, quiet=True), lambda _: ["demo", *WITH]),
    "data verify": (lambda _: benchsuite.data_verify("demo", quiet=True), lambda _: ["demo"]),
    "data export": (
        lambda new: benchsuite.data_export("demo", out=Path(new), as_="parquet", with_=SMALL, quiet=True),
        lambda new: ["demo", "--out", new, "--as", "parquet", *WITH],
    ),
    "data import": (
        lambda _: benchsuite.data_import("log.csv", force=True, quiet=True),
        lambda _: ["log.csv", "--force"],
    ),
    "score": (
        lambda _: benchsuite.score("recs.csv", Path("test.csv"), metrics="ndcg@10,recall@5", conventions="ours"),
        lambda _: ["recs.csv", "test.csv", "--metric", "ndcg@10,recall@5", "--convention", "ours"],
    ),
    "train": (
        lambda new: benchsuite.train("ease", source="demo", source_with=SMALL, out=Path(new), quiet=True),
        lambda new: ["ease", "--source", "demo", "--source-with", *WITH[1:], "--out", new],
    ),
    "recommend": (
        lambda _: benchsuite.recommend(Path("model"), history=a_title(), k=3),
        lambda _: ["model", "--history", a_title(), "-k", "3"],
    ),
    "audit": (lambda _: benchsuite.audit("tiny.toml", quiet=True), lambda _: ["tiny.toml"]),
    "audit-split": (
        lambda _: benchsuite.audit_split("train.csv", Path("test.csv"), promises="ordered"),
        lambda _: ["train.csv", "test.csv", "--promise", "ordered"],
    ),
    "rivals add": (lambda _: benchsuite.rivals_add(a_rival(), quiet=True), lambda _: [a_rival()]),
    "rivals list": (lambda _: benchsuite.rivals_list(), lambda _: []),
    "rivals remove": (lambda _: benchsuite.rivals_remove("recbole"), lambda _: ["recbole"]),
    "list": (lambda _: benchsuite.list_plugins("splits"), lambda _: ["splits"]),
    "show": (lambda _: benchsuite.show_plugin("als"), lambda _: ["als"]),
    "check": (lambda _: benchsuite.check("ndcg@10"), lambda _: ["ndcg@10"]),
    "new": (
        lambda new: benchsuite.new_plugin("model", "mine", out=Path(new)),
        lambda new: ["model", "mine", "--out", new],
    ),
    "completion": (lambda _: benchsuite.completion(), lambda _: []),
    "doctor": (lambda _: benchsuite.doctor(), lambda _: []),
}
"""By verb: the call and the words that mean the same; both take the name of a new folder."""


def test_every_verb_is_tried() -> None:
    assert set(CASES) == {verb.name for verb in VERBS} == {verb.name for verb in all_verbs()}


@pytest.fixture(scope="module")
def results() -> dict[str, FunctionResult]:
    """What each function returned; filled as the tests go."""
    return {}


def result_of(name: str, results: dict[str, FunctionResult]) -> FunctionResult:
    if name not in results:
        results[name] = CASES[name][0](f"python-{name.replace(' ', '-')}")
    return results[name]


@pytest.mark.parametrize("name", CASES)
def test_through_python(name: str, results: dict[str, FunctionResult]) -> None:
    result = result_of(name, results)
    assert isinstance(result, FunctionResult)
    assert result.ok
    frames = result.frames()
    assert frames
    assert all(isinstance(frame, pd.DataFrame) and len(frame.columns) for frame in frames.values())
    assert repr(result).startswith("<")
    assert "\n" not in repr(result)
    assert str(result).strip()
    assert "\x1b" not in str(result)
    told = result.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False))
    html = result._repr_html_()
    assert "<table" in html
    assert "<script" not in html


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_through_the_shell(name: str, results: dict[str, FunctionResult], capsys: pytest.CaptureFixture[str]) -> None:
    """The verb prints what the function's result shows, as text and as JSON."""
    result, words = result_of(name, results), CASES[name][1]
    old, new = f"python-{name.replace(' ', '-')}", f"shell-{name.replace(' ', '-')}"
    assert main([*name.split(), *words(new)]) == 0
    out = capsys.readouterr().out.replace(new, old)
    assert same(out, str(result))
    assert main([*name.split(), *words(f"{new}-2"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.replace(f"{new}-2", old))
    assert same(json.dumps(told), json.dumps(result.to_dict()))


def same(one: str, other: str) -> bool:
    """Whether texts are equal, numbers that are measured anew and rules of tables aside."""
    plain = [re.sub(r"[\d.,]*\d|-{2,}|\s+", "", text) for text in (one, other)]
    return plain[0] == plain[1]


@pytest.mark.parametrize("verb", all_verbs(), ids=lambda verb: verb.name)
def test_options_are_parameters(verb: Verb) -> None:
    """Every parameter is an argument or an option of its own, and has a line of help; so it is in Python."""
    function = load_verb(verb)
    name = NAMES.get(verb.name, verb.name.replace(" ", "_").replace("-", "_"))
    assert getattr(benchsuite, name) is function
    command = build()
    for word in verb.name.split():
        context = click.Context(command)
        assert isinstance(command, click.Group)
        command = command.get_command(context, word)
        assert command is not None
    shown = {param.name: param for param in command.params if param.name != "as_json"}
    wanted = [one for one in parameters_of(function) if not one.option.hidden]
    assert list(shown) == [one.name for one in wanted]
    for one in wanted:
        assert one.about, f"{one.name} has no line in the docstring"
        assert isinstance(shown[one.name], click.Argument if one.positional else click.Option)
        assert shown[one.name].required is one.required
    hidden = {one.name for one in parameters_of(function)} - set(shown)
    assert hidden <= {"quiet"}
    assert len({option for param in command.params for option in param.opts}) == len(command.params)
    assert command.help
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty


def test_the_stub_names_what_the_package_offers() -> None:
    text = (Path(benchsuite.__file__).parent / "__init__.pyi").read_text("utf-8")
    named = {
        *re.findall(r"^from \S+ import \w+ as (\w+)$", text, re.MULTILINE),
        *re.findall(r"^(\w+): ", text, re.MULTILINE),
    }
    assert named == set(benchsuite.__all__)
    for module, name in re.findall(r"^from (\S+) import (\w+) as", text, re.MULTILINE):
        assert getattr(__import__(module, fromlist=[name]), name) is getattr(benchsuite, name)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: benchsuite.score("recs.csv", "test.csv", metrics=","), "--metric: names nothing"),
        (lambda: benchsuite.score("recs.csv", "test.csv", metrics="ndgc@10"), '"ndgc@10"; did you mean "ndcg@10"'),
        (lambda: benchsuite.audit_split("train.csv", "test.csv", promises="luck"), 'no choice "luck"'),
        (lambda: benchsuite.data_export("demo", out="x", as_="recbol"), 'did you mean "recbole"'),  # type: ignore[arg-type]
        (lambda: benchsuite.train("popular", source="demo", out="x", device="gpu"), 'device: no choice "gpu"'),  # type: ignore[arg-type]
        (lambda: benchsuite.compare("tiny", models="popular"), "--models: names no two models"),  # type: ignore[arg-type]
        (lambda: benchsuite.check([]), "names nothing; write KIND NAME, or NAME alone"),
        (lambda: benchsuite.data_import([]), "names no table"),
        (lambda: benchsuite.new_plugin("metrc", "x"), 'KIND: no choice "metrc"; did you mean "metric"?'),  # type: ignore[arg-type]
        (lambda: benchsuite.completion("tcsh"), 'SHELL: no choice "tcsh"'),  # type: ignore[arg-type]
        (lambda: benchsuite.report("tiny", against="populer"), 'no model "populer" in tiny; did you mean "popular"'),
        (lambda: benchsuite.compare("tiny", models=("popular", "random"), metrics="ndgc@10"), "did you mean"),
    ],
)
def test_mistakes_in_python_are_those_of_the_shell(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        call()
    assert said in str(error.value)


def test_one_word_is_as_good_as_a_list(desk: Path) -> None:
    both = benchsuite.load("tiny", against="popular"), benchsuite.load("tiny", against=["popular"])
    assert set(both[0].contrasts.role) == set(both[1].contrasts.role)
    lists = benchsuite.check(["metric", "ndcg@5"]), benchsuite.check("ndcg@5")
    assert lists[0].entry == lists[1].entry
    shown = [benchsuite.data_show("demo", with_=SMALL, data=where, quiet=True) for where in (desk, [desk], str(desk))]
    assert len({str(one) for one in shown}) == 1


def test_what_is_no_text_still_has_a_str() -> None:
    shown = benchsuite.report("tiny", as_="html")
    assert re.fullmatch(r"[\w.-]+\.html  [\d,]+ bytes", str(shown))
    assert main(["report", "tiny", "--as", "html"]) == 2


def test_several_words_after_with(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for words in (
        ["--with", "users=40", "items=30"],
        ["--with=users=40", "items=30"],
        ["--with", "users=40", "--with", "items=30"],
        ["--with", "users = 40; items = 30"],
    ):
        assert main(["data", "show", *words, "demo", "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0]["items"] == 30
    assert all(one == told[0] for one in told)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--wrokers", "2"], 'unknown option "--wrokers"; did you mean "--workers"?'),
        (["run", "--device", "cpuu"], '--device: no choice "cpuu"; did you mean "cpu"?'),
        (["run", "--workers", "two"], '--workers: "two" is not a valid integer; see benchsuite run --help'),
        (["run", "--store"], 'option "--store" requires an argument; see benchsuite run --help'),
        (["run", "a", "b"], "got unexpected extra argument (b); see benchsuite run --help"),
        (["data", "export", "demo", "--out", "x"], "missing option --as; see benchsuite data export --help"),
        (["compare"], "missing argument A; see benchsuite compare --help"),
        (["compare", "a", "--models", "x"], "see benchsuite compare --help"),
        (["new", "metrc", "x"], 'KIND: no choice "metrc"; did you mean "metric"?'),
        (["--jsn"], 'unknown option "--jsn"; see benchsuite --help'),
        (["data", "--jsn", "demo"], 'unknown option "--jsn"; did you mean "--json"?'),
    ],
)
def test_wrong_words_are_one_line_with_a_remedy(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("error: ")
    assert said in err


def test_a_notebook_shows_text_as_text() -> None:
    from benchsuite_doctor.doctor import Diagnosis, Finding

    html = Diagnosis([Finding("<script>alert(1)</script>", "ok", "a & b")])._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &amp; b" in html
