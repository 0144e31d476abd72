"""Any lists against any test file: what is not relevant is no hit, and ids meet or it is said why not."""

from __future__ import annotations

import re

import pytest

import benchsuite
from benchsuite.errors import UsageError

RECS = "user,item,rank\na,x,1\na,z,2\n"
NEGATIVES = {
    "0 as value": "user,item,value\na,x,0\na,y,1\n",
    "0 as rating": "user,item,rating\na,x,0\na,y,5\n",
    "0 as label": "user,item,label\na,x,0\na,y,1\n",
    "0 as clicked": "user_id,item_id,clicked\na,x,0\na,y,1\n",
    "0 as like": "user,item,like\na,x,0\na,y,1\n",
    "0 as is_click": "user,item,is_click\na,x,0\na,y,1\n",
    "False": "user,item,label\na,x,False\na,y,True\n",
    "false": "user,item,like\na,x,false\na,y,true\n",
    "a negative rating": "user,item,rating\na,x,-5\na,y,3\n",
    "a qrels file": "a 0 x 0\na 0 y 1\n",
}


def score(folder, recs="recs.csv", test="test.csv", metrics="precision@1,recall@2", **given):
    found = benchsuite.score(folder / recs, folder / test, metrics=metrics, **given)
    return {one.metric: one.value for one in found.results}, str(found)


@pytest.mark.parametrize("name", NEGATIVES)
def test_what_is_explicitly_not_relevant_is_no_hit(name, put):
    test = "test.qrels" if name == "a qrels file" else "test.csv"
    folder = put({"recs.csv": RECS, test: NEGATIVES[name]})
    assert score(folder, test=test)[0] == {"precision@1": 0, "recall@2": 0}


@pytest.mark.parametrize("convention", ["ours", "ranx", "trec_eval", "recbole", "elliot"])
def test_a_zero_is_no_hit_in_any_convention(convention, put):
    folder = put({"recs.csv": RECS, "test.csv": NEGATIVES["0 as value"]})
    found, _ = score(folder, metrics="precision@1,recall@2", conventions=convention)
    assert found == {"precision@1": 0, "recall@2": 0}


def test_all_true_rows_still_count(put):
    folder = put({"recs.csv": RECS, "test.csv": "user,item,label\na,x,True\na,y,True\n"})
    assert score(folder)[0] == {"precision@1": 1, "recall@2": 0.5}


def test_what_counts_as_relevant_is_told_and_may_be_said(put):
    folder = put({"recs.csv": RECS, "test.csv": "user,item,rating\na,x,3\na,y,5\n"})
    found, text = score(folder, relevant_from=4)
    assert found == {"precision@1": 0, "recall@2": 0}
    assert re.search(r"relevant.*\b4\b", text, re.IGNORECASE)
    _, text = score(put({"test.csv": NEGATIVES["0 as value"]}))
    assert any("relevant" in line and re.search(r"\b(0|zero|False)\b", line) for line in text.splitlines())


def numbered(write, users=4, items=5):
    return "".join(
        f"{write(user)},{write(100 + item)},{1 + item}\n" for user in range(1, users + 1) for item in range(items)
    )


LOST = {
    "a point": (numbered(str), numbered(lambda one: f"{one}.0"), r"\.0"),
    "leading zeros": (numbered(str), numbered(lambda one: f"{one:07d}"), r"\bzeros?\b"),
}


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("turned", [False, True])
def test_ids_that_do_not_meet_are_told_with_what_makes_them_meet(name, turned, put):
    recs, test, says = LOST[name]
    if turned:
        recs, test = test, recs
    folder = put({"recs.csv": f"user,item,rank\n{recs}", "test.csv": f"user,item,value\n{test}"})
    with pytest.raises(UsageError) as caught:
        score(folder)
    line = str(caught.value)
    assert "\n" not in line
    assert re.search(r"\d+ of \d+", line)
    assert re.search(says, line)
    assert re.search(r"ids[-_]as.{0,5}integer", line)
    found, text = score(folder, metrics="precision@1,recall@5", ids_as="integer")
    assert found == {"precision@1": 1, "recall@5": 1}
    assert re.search(r"\d+ of \d+ .*\b(ids?|users?|items?)\b", text)


def test_ids_that_never_meet_are_told(put):
    folder = put({"recs.csv": "user,item,rank\nu1,x,1\nu2,x,1\n", "test.csv": "user,item\nann,tea\nbob,jam\n"})
    with pytest.raises(UsageError, match=r"0 of 2") as caught:
        score(folder)
    assert caught.value.remedy


def test_blanks_around_ids_are_trimmed(put):
    folder = put({"recs.csv": "user,item,rank\nu 1 ,x,1\nu 2, x,1\n", "test.csv": "user,item\nu 1,x\n u 2,x \n"})
    found, text = score(folder, metrics="precision@1")
    assert found == {"precision@1": 1}
    assert "trimmed" in text


EXPORTED = (
    "dataset,split,group,model,seed,fold,query,user,rank,item,score,fallback,relevant\n"
    "toy,random-holdout,,popular,0,test,0,a,1,x,13.0,false,true\n"
    "toy,random-holdout,,popular,0,test,0,a,2,z,11.0,false,false\n"
)
"""As ``report --rankings`` writes the lists of one model."""

FORMS = {
    "usual names": ("user_id,item_id,score\na,x,2\na,z,1\n", "user_id,item_id,rating\na,x,5\na,y,4\n"),
    "other usual names": ("userId,movieId,prediction\na,x,2\na,z,1\n", "userId,movieId,rating\na,x,5\na,y,4\n"),
    "semicolons": ("user;item;score\na;x;0,75\na;z;0,5\n", "user;item;rating\na;x;5\na;y;4\n"),
    "a rank and a score": ("user,item,rank,score\na,x,1,0.5\na,z,2,0.25\n", "user,item\na,x\na,y\n"),
    "a TREC run and qrels": ("a Q0 x 1 0.9 mine\na Q0 z 2 0.8 mine\n", "a 0 x 1\na 0 y 2\n"),
    "our own rankings": (EXPORTED, "user,item\na,x\na,y\n"),
    "RecBole": (
        "user_id:token\titem_id:token\tscore:float\na\tx\t2\na\tz\t1\n",
        "user_id:token\titem_id:token\trating:float\na\tx\t5\na\ty\t4\n",
    ),
    "a pandas index": (",user,item,score\n0,a,x,2\n1,a,z,1\n", ",user,item\n0,a,x\n1,a,y\n"),
    "a byte order mark and CR LF": ("\ufeffuser,item,score\r\na,x,2\r\na,z,1\r\n", "\ufeffuser,item\r\na,x\r\na,y\r\n"),
}


@pytest.mark.parametrize("name", FORMS)
def test_score_reads_what_the_other_verbs_read(name, put):
    recs, test = FORMS[name]
    folder = put({"recs.csv": recs, "test.csv": test})
    assert score(folder)[0] == {"precision@1": 1, "recall@2": 0.5}


def test_a_rank_and_a_score_that_disagree_are_refused(put):
    folder = put({"recs.csv": "user,item,rank,score\na,x,1,0.25\na,z,2,0.5\n", "test.csv": "user,item\na,x\na,y\n"})
    try:
        found, text = score(folder)
    except UsageError as error:
        assert re.search("rank.*score|score.*rank", str(error))  # noqa: PT017 - both ways are right
    else:
        assert found == {"precision@1": 1, "recall@2": 0.5}
        assert "rank" in text


def test_columns_may_be_said(put):
    folder = put({"recs.csv": "who,what,how\na,x,2\na,z,1\n", "test.csv": "who,what\na,x\na,y\n"})
    assert score(folder, user="who", item="what", score="how")[0] == {"precision@1": 1, "recall@2": 0.5}
    with pytest.raises(UsageError, match="who, what, how"):
        score(folder)


def audited(folder, **given):
    found = benchsuite.audit(train=folder / "train.csv", test=folder / "test.csv", **given)
    return {line["check"]: line["found"] for line in found.to_dict()["lines"]}


@pytest.mark.parametrize("name", LOST)
def test_audit_sees_ids_that_do_not_meet(name, put):
    """A split whose test rows are all in training looked clean."""
    train, test, says = LOST[name]
    folder = put({"train.csv": f"user,item,value\n{train}", "test.csv": f"user,item,value\n{test}"})
    with pytest.raises(UsageError) as caught:
        audited(folder)
    assert re.search(r"\d+ of \d+", str(caught.value))
    assert re.search(says, str(caught.value))
    assert re.search(r"ids[-_]as.{0,5}integer", str(caught.value))
    found = benchsuite.audit(train=folder / "train.csv", test=folder / "test.csv", ids_as="integer")
    assert not found.ok
    assert re.search(r"20 of 20", str(found))


def test_audit_trims_ids(put):
    folder = put({"train.csv": "user,item\na,x\nb ,y\n", "test.csv": "user,item\na, x\nb,y\n"})
    assert not benchsuite.audit(train=folder / "train.csv", test=folder / "test.csv").ok
