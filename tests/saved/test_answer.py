"""Asking a saved model: titles are found, seen items stay out, and reasons are what leaving out an item costs."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchsuite.api import Model
from benchsuite.data import Entities
from benchsuite.errors import UsageError
from benchsuite_saved.folder import Saved
from benchsuite_saved.recommending import find_id, find_title, recommend

TITLES = ("Heat (1995)", "Toy Story (1995)", "Toy Story 2 (1999)", "Babe (1995)", "babe (1995)", "Twin", "Twin", "")
LINKS = np.array(  # [shown, recommended]
    [
        [9, 0, 2, 3, 0, 0, 1, np.nan],
        [0, 9, 4, 1, 0, 0, -1, np.nan],
        *[[0, 0, 0, 0, 0, 0, 0, np.nan]] * 6,
    ],
    np.float32,
)


class Sums(Model):
    """Scores the sum of known links from the history; NaN without a history."""

    def fit(self, train, context):
        return self

    def score(self, queries, candidates):
        assert queries.history.label is not None
        assert (queries.user == 5).all()
        scores = (queries.matrix(8) @ LINKS).astype(np.float32)
        scores[queries.counts == 0] = np.nan
        return scores if candidates is None else scores[:, candidates]


@pytest.fixture
def saved() -> Saved:
    asker = {"user": 5, "value": 4.0, "label": 1, "timestamp": 10, "behaviour": 0, "behaviours": ["rate"]}
    items = Entities(tuple(f"i{n}" for n in range(8)), TITLES)
    return Saved(Sums(), items, {"asker": asker, "data": {"name": "films"}})


def test_titles_are_found_exactly_then_without_case_then_by_their_beginning(saved: Saved) -> None:
    assert find_title(saved, "Babe (1995)") == 3
    assert find_title(saved, "babe (1995)") == 4
    assert find_title(saved, "HEAT (1995)") == 0
    assert find_title(saved, "toy story 2") == 2
    assert find_title(saved, "i7") == 7  # without a title the id is its name
    assert find_id(saved, "i6") == 6


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Toy", '2 titles begin with "Toy"; did you mean "Toy Story (1995)" or "Toy Story 2 (1999)"?'),
        ("Heet (1995)", 'no item is called "Heet (1995)"; did you mean "Heat (1995)"'),
        ("BABE (1995)", '2 items are called "Babe (1995)"; say which with --history-id i3 or i4'),
        ("Twin", '2 items are called "Twin"; say which with --history-id i5 or i6'),
        ("Story", 'no item is called "Story"; did you mean "Toy Story (1995)" or "Toy Story 2 (1999)"?'),
        ("qqqq", 'no item is called "qqqq"; items.json has all titles'),
        ("", 'no item is called ""; items.json has all titles'),
    ],
)
def test_a_title_that_is_not_one_items_is_refused_in_one_line(title: str, said: str, saved: Saved) -> None:
    with pytest.raises(UsageError) as caught:
        find_title(saved, title)
    assert str(caught.value).startswith(f"--history: {said}")
    assert "\n" not in str(caught.value)


def test_an_unknown_id_is_refused(saved: Saved) -> None:
    with pytest.raises(UsageError, match='--history-id: no item has the id "i66"; did you mean'):
        find_id(saved, "i66")
    with pytest.raises(UsageError, match=r"items\.json has all ids"):
        find_id(saved, "zzz")


def test_seen_items_and_those_without_a_score_stay_out(saved: Saved) -> None:
    answers = recommend(saved, [0, 1], 20)
    assert [one.item for one in answers] == [2, 3, 4, 5, 6]
    assert [one.score for one in answers] == [6, 4, 0, 0, 0]
    assert recommend(saved, [0, 1], 2) == answers[:2]
    assert recommend(saved, [], 3) == []


def test_reasons_are_how_far_the_score_falls_without_an_item(saved: Saved) -> None:
    two, three, *_, six = recommend(saved, [0, 1, 7, 0], 20)
    assert [(one.item, one.fall) for one in two.because] == [(1, 4.0), (0, 2.0), (7, 0.0)]
    assert [(one.item, one.fall) for one in three.because] == [(0, 3.0), (1, 1.0), (7, 0.0)]
    assert [(one.item, one.fall) for one in six.because] == [(0, 1.0), (7, 0.0), (1, -1.0)]
    (only,) = recommend(saved, [0], 1)[0].because
    assert (only.item, only.fall) == (0, None)  # without it the model abstains


def run(*words: str) -> int:
    from benchsuite.cli.main import main

    return main(list(words))


@pytest.fixture(scope="module")
def ease(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("verbs") / "ease"
    words = ("--source", "demo", "--source-with", "users = 80; items = 60", "--with", "regularization=20.0")
    assert run("train", "ease", *words, "--out", str(folder), "--offline") == 0
    return str(folder)


def test_the_verbs_train_and_recommend(ease: str, capsys) -> None:
    table = json.loads((Path(ease) / "items.json").read_text())
    assert json.loads((Path(ease) / "benchsuite.json").read_text())["model"]["settings"] == {"regularization": 20.0}
    title = table["columns"]["name" if "name" in table["columns"] else next(iter(table["columns"]))][0]
    assert run("recommend", ease, "--history", title.upper(), "--history-id", table["ids"][7], "-k", "4", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in told["history"]] == [table["ids"][0], table["ids"][7]]
    assert [one["rank"] for one in told["items"]] == [1, 2, 3, 4]
    assert not {one["id"] for one in told["items"]} & {table["ids"][0], table["ids"][7]}
    scores = [one["score"] for one in told["items"]]
    assert scores == sorted(scores, reverse=True)
    for item in told["items"]:  # EASE is a sum over the history, so what items are worth sums up to the score
        assert sum(one["fall"] for one in item["because"]) == pytest.approx(item["score"], abs=1e-5)
    assert run("recommend", ease, "--history", title, "-k", "2") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["title", "score", "because", "of"]
    assert title in out.splitlines()[2]
    assert err == ""


def test_too_few_items_with_a_score_are_said(ease: str, capsys) -> None:
    assert run("recommend", ease) == 1
    out, err = capsys.readouterr()
    assert out == "nothing is recommended\n"
    assert err == (
        "no history is named: add --history TITLE or --history-id ID\nease scores 0 items after this history, not 10\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "ease", "--source", "demo", "--out", "{ease}"], "is not an empty folder; name a new one with --out"),
        (["train", "popular", "--source", "demo", "--out", "{new}"], "popular cannot be saved"),
        (["train", "esae", "--source", "demo", "--out", "{new}"], 'unknown model "esae"; did you mean "ease"?'),
        (["train", "ease", "--source", "dmo", "--out", "{new}"], 'unknown source "dmo"; did you mean "demo"?'),
        (["train", "ease", "--source", "demo", "--with", "x=1", "--out", "{new}"], 'unknown setting "x"'),
        (["train", "ease", "--source", "demo", "--with", "x", "--out", "{new}"], "is not valid TOML"),
        (["train", "ease", "--source", "demo", "--seed", "-1", "--out", "{new}"], "--seed and --threads must be"),
        (["train", "ease", "--source", "demo"], "missing option --out; see benchsuite train --help"),
        (
            ["train", "ease", "--source", "demo", "--experiment", "no", "--store", "{new}", "--out", "{new}/out"],
            'no run of "no"',
        ),
        (["recommend", "{new}"], "no saved model"),
        (["recommend", "{ease}", "--history", "no such thing at all"], 'no item is called "no such thing at all"'),
        (["recommend", "{ease}", "-k", "0"], "-k 0: must be 1 or more"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(words: list[str], said: str, ease: str, tmp_path: Path, capsys) -> None:
    assert run(*(word.format(ease=ease, new=tmp_path / "new") for word in words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "new" / "README.md").exists()
