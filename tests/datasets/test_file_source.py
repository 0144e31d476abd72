"""Anybody's own data: guessed columns, cards beside a table, other libraries' files, feature vectors."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchsuite.errors import ConfigError, DataError
from benchsuite_datasets.feature_vectors import read_features
from benchsuite_datasets.file_source import FileSource
from benchsuite_testing.kit import check_names, checks

CSV = "userId,movieId,rating,timestamp\nann,tea,5,881250949\nbob,tea,2,881250950\nann,jam,4,881250951\n"
ROWS = [("ann", "tea", 5.0), ("bob", "tea", 2.0), ("ann", "jam", 4.0)]


@pytest.fixture
def put(tmp_path):
    def write(name, data):
        path = tmp_path / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    return write


def test_columns_are_guessed_and_told(put, here, raw_rows):
    path = put("ratings.csv", CSV)
    place, said = here()
    dataset = FileSource(path=path).load(place)
    assert raw_rows(dataset) == ROWS
    assert dataset.name == "ratings"
    assert dataset.interactions.timestamp.tolist() == [881_250_949, 881_250_950, 881_250_951]
    told = "ratings.csv: guessed that user is userId, item is movieId, value is rating, timestamp is timestamp, "
    assert said == [told + "times are s; say otherwise in the settings if it is not so"]


def test_a_path_may_be_relative_to_a_named_folder(put, here, tmp_path, raw_rows):
    put("ratings.csv", CSV)
    assert raw_rows(FileSource(path="ratings.csv").load(here(tmp_path / "data")[0])) == ROWS


def test_columns_may_be_said(put, here, raw_rows):
    path = put("x.csv", "a;b;c;note\nann;tea;5;hot\nbob;tea;2;hot\nann;jam;4;sweet\n")
    source = FileSource(path=path, user="a", item="b", value="c", item_text=("note",), positive_from=4)
    dataset = source.load(here()[0])
    assert raw_rows(dataset) == ROWS
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True)) == {"tea": "hot", "jam": "sweet"}
    assert dataset.interactions.label.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tsv", CSV.replace(",", "\t")),
        ("a.dat", "\n".join(CSV.replace(",", "::").split("\n")[1:])),
        ("u.data", "\n".join(CSV.replace(",", "\t").split("\n")[1:])),
        ("spaces.dat", "\n".join(CSV.replace(",", "  ").split("\n")[1:])),
        ("spaces.txt", CSV.replace(",", " ").replace("userId movieId rating", "user item rating")),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("a.jsonl", pd.read_csv(io.StringIO(CSV)).to_json(orient="records", lines=True)),
        ("a.inter", CSV.replace(",", "\t").replace("userId\tmovieId", "user_id:token\titem_id:token")),
        ("a.csv", CSV.replace("userId,movieId", "user,item")),
        ("a.csv", CSV.replace("userId,movieId,rating", "user_id,item_id,rating")),
        ("a.csv", CSV.replace("userId,movieId,rating", "CustomerID,StockCode,Quantity")),
    ],
)
def test_usual_tables_open_directly(put, here, raw_rows, name, data):
    dataset = FileSource(path=put(name, data)).load(here()[0])
    assert raw_rows(dataset) == ROWS
    assert dataset.interactions.timestamp.tolist() == [881_250_949, 881_250_950, 881_250_951]


def test_zip_zstandard_and_parquet_open_directly(put, here, raw_rows, tmp_path):
    put("a.csv", CSV)
    with zipfile.ZipFile(tmp_path / "data" / "z.zip", "w") as archive:
        archive.writestr("inner/ratings.csv", CSV)
    with pa.OSFile(str(tmp_path / "data" / "a.csv.zst"), "wb") as raw, pa.CompressedOutputStream(raw, "zstd") as file:
        file.write(CSV.encode())
    pd.read_csv(tmp_path / "data" / "a.csv").to_parquet(tmp_path / "data" / "a.parquet")
    for name in ("z.zip", "a.csv.zst", "a.parquet"):
        assert raw_rows(FileSource(path=str(tmp_path / "data" / name)).load(here()[0])) == ROWS
    with zipfile.ZipFile(tmp_path / "data" / "z.zip", "a") as archive:
        archive.writestr("second.csv", CSV)
    with pytest.raises(DataError, match=r"z\.zip: holds 2 files; unpack it, or write a card that names the member"):
        FileSource(path=str(tmp_path / "data" / "z.zip")).load(here()[0])
    whole = (tmp_path / "data" / "a.csv.zst").read_bytes()
    (tmp_path / "data" / "a.csv.zst").write_bytes(whole[:-9])
    with pytest.raises(DataError, match="cannot be read"):
        FileSource(path=str(tmp_path / "data" / "a.csv.zst")).load(here()[0])


def test_recbole_files_come_with_their_tables(put, here):
    path = put("toy.inter", CSV.replace(",", "\t").replace("userId\tmovieId", "user_id:token\titem_id:token"))
    put("toy.item", "item_id:token\tname:token_seq\tyear:float\ntea\tGreen tea\t1\njam\tPlum jam\t2\n")
    put("toy.user", "user_id:token\tjob:token\nann\tcook\nbob\tnurse\n")
    put("toy.net", "source_id:token\ttarget_id:token\nann\tbob\n")
    dataset = FileSource(path=path).load(here()[0])
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True)) == {"tea": "Green tea", "jam": "Plum jam"}
    assert dict(zip(dataset.users.ids, dataset.users.text, strict=True)) == {"ann": "cook", "bob": "nurse"}
    assert [(dataset.users.ids[a], dataset.users.ids[b]) for a, b in dataset.links] == [("ann", "bob")]


def test_second_tables_and_features_may_be_named(put, here, tmp_path):
    path = put("events.csv", CSV)
    put("things.csv", "sku,name,kind\ntea,Green tea,drink\njam,Plum jam,spread\n")
    put("friends.csv", "who,whom\nann,bob\nbob,ann\n")
    np.save(tmp_path / "data" / "covers.npy", np.array([[1.0, 2.0], [3.0, 4.0]]))
    put("covers.ids", "tea\nother\n")
    source = FileSource(path=path, items="things.csv", links="friends.csv", item_features="covers.npy")
    place, said = here()
    dataset = source.load(place)
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True))["tea"] == "Green tea. drink"
    assert len(dataset.links) == 2
    assert dict(zip(dataset.items.ids, dataset.items.features.tolist(), strict=True)) == {"tea": [1, 2], "jam": [0, 0]}
    assert dataset.items.feature_names == ("covers0", "covers1")
    assert "1 item without features get zeros" in dataset.steps[-1].note
    assert any("things.csv: guessed that the id is sku, texts are name, kind" in line for line in said)


CARD = """
item_text = ["name"]
defaults = { positive_from = 4.0, duplicates = "first" }
behaviours = [{ name = "view", raw = "V" }, { name = "buy", raw = "B", weight = 3.0 }]
[interactions]
file = "events.csv"
columns = { user = "who", item = "what", behaviour = "did", timestamp = "when" }
time = "%d/%m/%Y"
[items]
file = "things.csv"
columns = { id = "sku", name = "name", kind = "kind" }
"""


@pytest.mark.parametrize("name", ["events.csv", "events.toml"])
def test_a_card_beside_the_table_counts(put, here, raw_rows, tmp_path, name):
    put("events.csv", "who,what,did,when\nann,tea,V,01/02/2020\nann,tea,B,02/02/2020\nbob,jam,B,03/02/2020\n")
    put("things.csv", "sku,name,kind\ntea,Green tea,drink\njam,Plum jam,spread\n")
    put("events.toml", CARD)
    path = str(tmp_path / "data" / name)
    dataset = FileSource(path=path).load(here()[0])
    assert raw_rows(dataset) == [("ann", "tea", 1.0), ("bob", "jam", 3.0)]
    assert dataset.interactions.timestamp.tolist() == [1_580_515_200, 1_580_688_000]
    assert dict(zip(dataset.items.ids, dataset.items.text, strict=True)) == {"tea": "Green tea", "jam": "Plum jam"}
    assert raw_rows(FileSource(path=path, duplicates="strongest").load(here()[0]))[0] == ("ann", "tea", 3.0)
    with pytest.raises(ConfigError, match=r"user has no effect beside the card .*events\.toml; say it in the card"):
        FileSource(path=path, user="who").load(here()[0])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('file = "events.csv"', 'file = "../events.csv"', "'../events.csv' is not a plain relative path"),
        ('file = "events.csv"', 'file = "other.csv"', "other.csv: cannot be read: No such file or directory"),
        ("[interactions]", "[events]", "describes no interactions; add a table [interactions]"),
        ("time =", "tiem =", "key layouts.0.interactions.0.tiem: extra inputs are not permitted"),
        ("[items]", "[items", "is not valid TOML"),
        ('item_text = ["name"]', 'item_text = ["nam"]', 'item_text names "nam", which is no text column'),
        ('raw = "V"', 'raw = "View"', "events.csv, line 2, column did: 'V' is no known behaviour"),
        ('time = "%d/%m/%Y"', 'time = "%m.%d.%Y"', "is no time written like %m.%d.%Y"),
        ('user = "who"', 'user = "whoo"', 'events.csv, line 1: column "whoo" is missing; did you mean "who"?'),
    ],
)
def test_a_bad_card_of_ones_own_is_one_line(put, here, old, new, message):
    put("events.csv", "who,what,did,when\nann,tea,V,01/02/2020\n")
    put("things.csv", "sku,name,kind\ntea,Green tea,drink\n")
    assert old in CARD
    path = put("mine.toml", CARD.replace(old, new))
    with pytest.raises((DataError, ConfigError)) as caught:
        FileSource(path=path).load(here()[0])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        ("a,b\nann,tea\n", {}, "cannot tell which column holds the user; say user = 'COLUMN'; there are a, b"),
        ("user,b\nann,tea\n", {}, "cannot tell which column holds the item; say item = 'COLUMN'; there are user, b"),
        (CSV, {"user": "userid"}, 'column "userid" is missing; did you mean "userId"?'),
        ("just one column\nx\n", {}, "line 1: has one column only, or an unknown separator; say separator = '...'"),
        ("", {}, "is empty"),
        ("user,item,date\na,b,01/02/2020\n", {}, "times like '01/02/2020' could be %d/%m/%Y or %m/%d/%Y; say time ="),
        ("user,item,rating\na,b,good\n", {}, "column rating would be the value, but holds text such as 'good'"),
        ("user,item,rating\na,b,4\na,c,5\na,d,good\n", {}, "line 4, column rating: 'good' is not a number"),
        ("user,item\na,b,c\n", {}, "line 2: 3 columns instead of 2"),
    ],
)
def test_what_cannot_be_guessed_is_asked_for(put, here, data, settings, message):
    with pytest.raises(DataError) as caught:
        FileSource(path=put("x.csv", data), **settings).load(here()[0])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("881250949", 881_250_949),
        ("881250949000", 881_250_949),
        ("881250949000000", 881_250_949),
        ("1997-12-04T15:55:49Z", 881_250_949),
        ("1997-12-04 15:55:49 UTC", 881_250_949),
        ("31-01-2020", 1_580_428_800),
        ("01/31/2020", 1_580_428_800),
        ("31.01.2020", 1_580_428_800),
    ],
)
def test_the_form_of_times_is_guessed(put, here, cell, seconds):
    dataset = FileSource(path=put("x.csv", f"user,item,date\na,b,{cell}\n")).load(here()[0])
    assert dataset.interactions.timestamp.tolist() == [seconds]


def test_behaviours_of_an_unknown_file_are_taken_in_the_order_of_the_file(put, here):
    path = put("x.csv", "user,item,did\na,x,view\na,y,buy\nb,x,view\n")
    dataset = FileSource(path=path, behaviour="did", duplicates="all").load(here()[0])
    assert dataset.interactions.behaviours == ("view", "buy")
    assert dataset.interactions.behaviour.tolist() == [0, 1, 0]


def test_no_path_and_no_file_are_told(here):
    with pytest.raises(ConfigError, match=r"source file: no file is named; say path = 'ratings\.csv'"):
        FileSource().load(here()[0])
    with pytest.raises(DataError, match=r"nowhere\.csv: no such file; name it in full, or its folder with --data DIR"):
        FileSource(path="nowhere.csv").load(here()[0])


def test_preparation_settings_apply(put, here, raw_rows):
    dataset = FileSource(path=put("x.csv", CSV), item_core=2).load(here()[0])
    assert raw_rows(dataset) == [("ann", "tea", 5.0), ("bob", "tea", 2.0)]


def test_values_may_be_given_weights_or_binary(put, here, raw_rows):
    path = put("x.csv", "user,item,did,amount\na,x,view,7\na,y,buy,2\nb,x,view,1\n")
    made = {}
    for values in ("given", "weights", "binary"):
        source = FileSource(path=path, behaviour="did", value="amount", values=values, weights=(1.0, 3.0))
        made[values] = source.load(here()[0])
    assert [value for *_, value in raw_rows(made["given"])] == [7.0, 2.0, 1.0]
    assert [value for *_, value in raw_rows(made["weights"])] == [1.0, 3.0, 1.0]
    assert [value for *_, value in raw_rows(made["binary"])] == [1.0, 1.0, 1.0]
    assert len({dataset.fingerprint for dataset in made.values()}) == 3
    assert any(step.name == "values to 1: taken or not" for step in made["binary"].steps)
    rated = FileSource(path=path, value="amount", values="binary", positive_from=2.0).load(here()[0])
    assert rated.interactions.label.tolist() == [1, 1, 0], "labels come from the values before"


def test_sessions_are_users_of_their_own(put, here, raw_rows):
    path = put("x.csv", "user,item,timestamp\na,x,0\na,y,1000\nb,x,500\na,z,5000\nb,y,99999\n")
    put("people.csv", "id,job\na,cook\nb,nurse\n")
    dataset = FileSource(path=path, users="people.csv", session_minutes=30).load(here()[0])
    assert [(user, item) for user, item, _ in raw_rows(dataset)] == [
        ("a/1", "x"),
        ("a/1", "y"),
        ("b/1", "x"),
        ("a/2", "z"),
        ("b/2", "y"),
    ]
    assert dict(zip(dataset.users.ids, dataset.users.text, strict=True))["a/2"] == "cook"
    assert any(step.note == "4 sessions of 2 users" for step in dataset.steps)
    with pytest.raises(ConfigError, match="session_minutes needs timestamps"):
        FileSource(path=put("y.csv", "user,item\na,x\n"), session_minutes=30).load(here()[0])


def test_features_are_read_by_id(tmp_path):
    pd.DataFrame({"id": [1, 2], "risk": [0.5, 1.0], "age": [30, 40]}).to_parquet(tmp_path / "f.parquet")
    frame = read_features(tmp_path / "f.parquet")
    assert frame.index.tolist() == ["1", "2"]
    assert frame.loc["2"].tolist() == [1.0, 40.0]
    assert frame.to_numpy().dtype == np.float32


def test_bad_features_are_one_line(tmp_path):
    path = tmp_path / "f.parquet"
    for frame, message in (
        (pd.DataFrame({"name": ["a"], "x": [1.0]}), 'column "id" is missing'),
        (pd.DataFrame({"id": ["a"], "x": ["one"]}), "column x: holds no numbers"),
        (pd.DataFrame({"id": ["a", "a"], "x": [1.0, 2.0]}), "id 'a' is there twice"),
        (pd.DataFrame({"id": ["a", "b"], "x": [1.0, np.nan]}), "id b, column x: is no finite number"),
        (pd.DataFrame({"id": ["a"]}), "holds no number columns"),
    ):
        frame.to_parquet(path)
        with pytest.raises(DataError, match=message):
            read_features(path)
    path.write_bytes(b"no parquet")
    with pytest.raises(DataError, match="cannot be read"):
        read_features(path)
    matrix = tmp_path / "m.npy"
    np.save(matrix, np.ones((2, 2)))
    with pytest.raises(DataError, match=r"m\.npy: cannot be read: .*it needs a m\.ids beside it"):
        read_features(matrix)
    (tmp_path / "m.ids").write_text("a\nb\nc\n")
    with pytest.raises(DataError, match=r"has 2 rows, but m\.ids names 3"):
        read_features(matrix)
    np.save(matrix, np.ones(3))
    with pytest.raises(DataError, match="is no matrix of numbers"):
        read_features(matrix)
    np.save(matrix, np.array([["a"]], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read: Object arrays cannot be loaded"):
        read_features(matrix)


@pytest.mark.parametrize("check", check_names("sources"))
def test_conformance(check, put, here):
    from functools import partial

    make = partial(FileSource, path=put("x.csv", CSV))
    {str(one): one for one in checks("sources", make, here(offline=True)[0])}[check]()


def test_sums_first_seen_are_pinned(toy_toml, toy_folder, here, serve):
    from benchsuite_datasets.card_loader import parse_card
    from benchsuite_datasets.card_source import source_class

    address = serve(toy_folder / "toy")
    unknown = toy_toml.replace(toy_toml.partition('sha256 = "')[2].partition('"')[0], "").replace(
        "bytes = 9", "bytes = 999"
    )
    unknown = unknown.replace("mirrors = []", f'mirrors = [{{ kind = "file", url = "{address}/" }}]')
    source = source_class(parse_card(unknown, "toy.toml"))
    place, said = here()
    first = source().load(place)
    assert sum("upstream tells no checksum" in line and "first seen now and pinned" in line for line in said) == 2
    lock = place.cache / "files" / "toy" / "upstream" / "first-seen.json"
    assert set(json.loads(lock.read_text("utf-8"))) == {"ratings.csv", "things.csv"}
    assert source().load(place).fingerprint == first.fingerprint
    (lock.parent / "ratings.csv").write_bytes(b"user,item,stars,when\nann,tea,1,1\n")
    assert source().load(place).fingerprint == first.fingerprint, "a damaged copy is fetched again"
    upstream = toy_folder / "toy" / "ratings.csv"
    upstream.write_bytes(upstream.read_bytes() + b"dan,tea,5,600\n")
    (lock.parent / "ratings.csv").unlink()
    with pytest.raises(DataError, match=r"is another file than the one first seen here .*delete .*first-seen\.json"):
        source().load(place)
