"""Archives that are damaged, wrong, too large or hostile: refused in one line, nothing is left behind."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from benchsuite.errors import DataError


def zip_mirror(address: str, name: str = "toy.zip", more: str = "") -> str:
    return f'{{ kind = "zip", url = "{address}/{name}", folder = "toy"{more} }}'


@pytest.mark.parametrize(
    ("member", "data", "message"),
    [
        ("ratings_csv", b"user,item,stars,when\n", "ratings.csv does not match the checksum in the card"),
        ("ratings_csv", b"x" * 10_000, "gives more than"),
    ],
)
def test_a_wrong_upstream_is_refused_and_leaves_nothing(toy, toy_zip, here, serve, tmp_path, member, data, message):
    toy_zip(tmp_path / "upstream" / "toy.zip", **{member: data})
    place, _ = here()
    with pytest.raises(DataError, match=message):
        toy(zip_mirror(serve(tmp_path / "upstream")))().load(place)
    assert [path for path in place.cache.rglob("*") if path.is_file()] == []


def test_a_file_where_upstream_changed_its_folder_is_told(toy, toy_zip, here, serve, tmp_path):
    toy_zip(tmp_path / "upstream" / "toy.zip", folder="elsewhere")
    with pytest.raises(DataError, match=r"holds no toy/ratings\.csv"):
        toy(zip_mirror(serve(tmp_path / "upstream")))().load(here()[0])


def test_a_download_that_is_too_large_is_refused_before_it_begins(toy, toy_zip, here, serve, tmp_path):
    toy_zip(tmp_path / "upstream" / "toy.zip")
    with pytest.raises(DataError, match=r"toy\.zip has \d+ bytes, more than the 100 expected"):
        toy(zip_mirror(serve(tmp_path / "upstream"), more=", limit = 100"))().load(here()[0])


def test_something_that_is_no_archive_is_told(toy, here, serve, tmp_path):
    folder = tmp_path / "upstream"
    folder.mkdir()
    (folder / "toy.zip").write_bytes(b"<html>Please log in</html>")
    with pytest.raises(DataError, match="is no sound archive"):
        toy(zip_mirror(serve(folder)))().load(here()[0])
    with pytest.raises(DataError, match="answers 404 File not found"):
        toy(zip_mirror(serve(folder), "other.zip"))().load(here()[0])


def test_a_damaged_archive_in_a_named_folder_is_told(toy, toy_zip, here, tmp_path):
    path = toy_zip(tmp_path / "named" / "toy.zip")
    whole = path.read_bytes()
    path.write_bytes(whole[:60] + b"\0" * 10 + whole[70:])
    with pytest.raises(DataError, match=r"toy\.zip: .*; replace it, or remove it to have it fetched"):
        toy(zip_mirror("http://127.0.0.1:1"))().load(here(tmp_path / "named")[0])


def test_members_that_point_outside_are_never_written(toy, toy_zip, here, serve, tmp_path):
    path = toy_zip(tmp_path / "upstream" / "toy.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("../evil.txt", "/evil.txt", "toy/../../evil.txt"):
            archive.writestr(name, b"evil")
    place, _ = here()
    assert len(toy(zip_mirror(serve(tmp_path / "upstream")))().load(place).interactions) == 5
    assert not list(tmp_path.rglob("evil.txt"))
    assert not Path("/evil.txt").exists()


def test_a_link_in_an_archive_is_not_followed(toy, here, serve, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_bytes(b"user,item,stars,when\n")
    path = tmp_path / "upstream" / "toy.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("toy/ratings.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(secret))
    with pytest.raises(DataError, match=r"holds a link instead of the file toy/ratings\.csv"):
        toy(zip_mirror(serve(path.parent)))().load(here()[0])
