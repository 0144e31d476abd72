"""Hostile and broken files, as a user meets them: one line with file, row and remedy, exit code 2, no traceback.

Whatever happens, nothing half-written is left in the cache. What looks odd and is legal is read.

=========================================  ==========================================================================
what comes                                 test
=========================================  ==========================================================================
archive with ``../`` or absolute paths     ``test_members_that_lead_outside_are_never_written``,
                                           ``test_a_table_packed_under_a_path_that_leads_outside_is_refused``
links in an archive                        ``test_a_link_in_an_archive_is_refused``, ``test_a_link_in_a_tar_is_refused``
a bomb, 1 GB of zeros                      ``test_a_bomb_is_refused[...]`` (gzip, zip, an archive of a card)
many rows in few bytes                     ``test_bombs.py`` (gzip, zip, zstd, Parquet)
truncated gz                               ``test_one_line_and_exit_code_2[truncated gz]``
checksum mismatch                          ``test_a_checksum_mismatch``
latin-1 where UTF-8 was promised           ``test_one_line_and_exit_code_2[latin-1]``
NUL bytes                                  ``test_one_line_and_exit_code_2[NUL byte]``
mixed line ends, a quoted newline          ``test_odd_but_legal_files_are_read[...]``
a wrong number of columns in row 1,234,567 ``test_a_short_row_far_down``
timestamps in milliseconds                 ``test_milliseconds_where_seconds_were_said``,
                                           ``test_odd_but_legal_files_are_read[milliseconds, guessed]``
NaN and infinite ratings                   ``test_one_line_and_exit_code_2[NaN]``, ``[infinity]``,
                                           ``[infinity in JSON]``
cells of 10**7 characters                  ``test_one_line_and_exit_code_2[long cell]``, ``[long cell in quotes]``
ids with quotes, commas, emoji and HTML    ``test_odd_but_legal_files_are_read[odd ids]``
an empty file                              ``test_one_line_and_exit_code_2[empty]``, ``[empty gz]``, ``[header only]``
a file that vanishes while being read      ``test_a_file_that_vanishes``
a full disk                                ``test_a_full_disk_while_unpacking``, ``test_a_full_disk_while_keeping``,
                                           ``test_no_space_left_while_unpacking``
anything else                              ``test_fuzz.py`` (Hypothesis)
=========================================  ==========================================================================
"""

from __future__ import annotations

import gzip
import io
import resource
import struct
import tarfile
import zipfile
import zlib

import pytest

from benchsuite.api import DataLocations
from benchsuite_datasets import fetch, own_tables, prepared_cache
from benchsuite_datasets.file_source import FileSource

GOOD = b"user,item,rating,timestamp\n" + b"".join(
    b"u%d,i%d,%d,88125094%d\n" % (n, n % 5, n % 5 + 1, n) for n in range(9)
)
GIGABYTE = 1 << 30


def line(number, cells):
    """The good file with one line replaced."""
    lines = GOOD.split(b"\n")
    lines[number - 1] = cells
    return b"\n".join(lines)


BROKEN = {
    "truncated gz": ("a.csv.gz", gzip.compress(GOOD * 50)[:-20], ["cannot be read"]),
    "garbage in gz": ("a.csv.gz", b"\x1f\x8b" + GOOD, ["cannot be read"]),
    "latin-1": ("a.csv", line(5, "José,x,1,881250944".encode("latin-1")), ["line 5", "is not utf-8"]),
    "latin-1 in the header": ("a.csv", "user,item,préis\na,b,1\n".encode("latin-1"), ["line 1", "is not utf-8"]),
    "NUL byte": ("a.csv", line(5, b"u\0,x,1,881250944"), ["line 5", "NUL byte"]),
    "too few columns": ("a.csv", line(5, b"u,x,1"), ["line 5", "3 columns instead of 4"]),
    "too many columns": ("a.csv", line(5, b"u,x,1,2,3"), ["line 5", "5 columns instead of 4"]),
    "unclosed quote": ("a.csv", line(5, b'u,"x,1,2'), ["line 5"]),
    "no number": ("a.csv", line(5, b"u,x,good,881250944"), ["line 5", "column rating", "'good' is not a number"]),
    "NaN": ("a.csv", line(5, b"u,x,nan,881250944"), ["line 5", "column rating", "no finite number"]),
    "infinity": ("a.csv", line(5, b"u,x,-inf,881250944"), ["line 5", "column rating", "no finite number"]),
    "infinity in JSON": (
        "a.jsonl",
        b'{"user": "a", "item": "x", "rating": 1}\n{"user": "b", "item": "x", "rating": Infinity}\n',
        ["line 2", "column rating", "no finite number"],
    ),
    "half a JSON line": (
        "a.jsonl",
        b'{"user": "a", "item": "x"}\n{"user": "b", "it',
        ["line 2", "is not JSON"],
    ),
    "long cell": ("a.csv", line(5, b"u," + b"x" * 10**7 + b",1,881250944"), ["line 5", "longer than"]),
    "long cell in quotes": ("a.csv", line(5, b'u,"' + b"x" * 10**7 + b'",1,881250944'), ["line 5", "longer than"]),
    "empty": ("a.csv", b"", ["is empty"]),
    "empty gz": ("a.csv.gz", gzip.compress(b""), ["is empty"]),
    "empty JSON lines": ("a.jsonl", b"", ["is empty"]),
    "header only": ("a.csv", b"user,item,rating\n", ["holds no rows"]),
    "no zip": ("a.zip", b"PK\3\4 no", ["cannot be read"]),
    "no Parquet": ("a.parquet", b"PAR1 no", ["cannot be read"]),
}
"""File name, bytes, and what the line must say besides the file."""


@pytest.mark.parametrize("case", BROKEN)
def test_one_line_and_exit_code_2(case, refused, folder):
    name, data, parts = BROKEN[case]
    (folder / name).write_bytes(data)
    refused("file", name, *parts, path=name)


def test_milliseconds_where_seconds_were_said(refused, folder):
    (folder / "a.csv").write_bytes(line(5, b"u,x,1,881250944000"))
    place = "a.csv, line 5, column timestamp: times count different units"
    refused("file", place, "in one unit", path="a.csv", time="s")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"time": "%Q"}, "time: 'Q' is a bad directive in format '%Q'"),
        ({"time": "%"}, "time: stray %"),
        ({"time": "seconds"}, "time: 'seconds' is none of s, ms, us, ns, iso and no pattern"),
        ({"item_text": ["when"]}, "column when: holds the value or the time and cannot be a text too"),
        ({"item_features": "a.csv"}, "a.csv: cannot be read"),
        ({"users": "a.zip"}, "a.zip: no such file"),
    ],
)
def test_a_bad_setting_is_one_line_too(given, message, refused, folder):
    (folder / "a.csv").write_bytes(GOOD.replace(b"timestamp", b"when"))
    refused("file", message, path="a.csv", **given)


@pytest.mark.slow
def test_a_short_row_far_down(refused, folder):
    rows = b"u1,i1,1,881250949\n"
    (folder / "a.csv").write_bytes(b"user,item,rating,timestamp\n" + rows * 1_234_565 + b"u1,i1\n" + rows * 9)
    refused("file", "a.csv, line 1234567: 2 columns instead of 4; correct the row", path="a.csv")


ODD = [
    'a "quote"',
    "with, comma",
    "two\nlines",
    "🎬",
    "<b>&amp;</b>",
    " space ",
    "001",
    "1e5",
    "'; --",
    "=1+1",
    "é",
]

LEGAL = {
    "mixed line ends": (GOOD.replace(b"\n", b"\r\n", 3) + b"\n\r\n", 9),
    "a quoted newline": (line(5, b'"u\r\nx","i\nj",1,881250944'), 9),
    "milliseconds, guessed": (GOOD.replace(b"\n", b"000\n").replace(b"timestamp000", b"timestamp"), 9),
    "odd ids": (
        b"user,item,rating\n" + b"".join(b'"%s","x",1\n' % raw.replace('"', '""').encode() for raw in ODD),
        len(ODD),
    ),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, 9),
}


@pytest.mark.parametrize("case", LEGAL)
def test_odd_but_legal_files_are_read(case, show, folder):
    data, users = LEGAL[case]
    (folder / "a.csv").write_bytes(data)
    code, out, last = show("file", path="a.csv")
    assert code == 0, last
    dataset = FileSource(path="a.csv").load(DataLocations((folder,), offline=True))
    assert len(dataset.users) == users
    if case == "odd ids":
        assert set(dataset.users.ids) == {raw.strip() for raw in ODD}
    if case == "milliseconds, guessed":
        assert dataset.interactions.timestamp.max() == 881_250_948
    assert f"users            {users}" in out


def test_a_checksum_mismatch(refused, folder):
    where = folder / "ml-latest-small"
    where.mkdir()
    for name in ("ratings.csv", "movies.csv", "tags.csv"):
        (where / name).write_bytes(b"userId,movieId,rating,timestamp\n1,2,3,4\n")
    refused("ml-latest-small", "ratings.csv: checksum mismatch: sha256 is ", "replace it")


def pack(path, members, *, links=()):
    """Write a zip whose ``links`` are symbolic links to what their bytes name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name in links else 0o100644) << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)


def test_members_that_lead_outside_are_never_written(refused, folder, tmp_path):
    evil = dict.fromkeys(("../evil.txt", "../../evil.txt", "/tmp/evil.txt", "ml-20m/../../evil.txt"), b"evil")  # noqa: S108
    pack(folder / "ml-20m.zip", evil)
    refused("ml-20m", "ml-20m.zip: holds no ml-20m/ratings.csv")
    assert not list(tmp_path.rglob("evil.txt"))


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "C:\\evil.csv"])
def test_a_table_packed_under_a_path_that_leads_outside_is_refused(name, refused, folder, tmp_path):
    pack(folder / "a.zip", {name: GOOD})
    refused("file", "a.zip", "evil.csv", path="a.zip")
    assert not list(tmp_path.rglob("evil.csv"))


def test_a_link_in_an_archive_is_refused(refused, folder):
    pack(
        folder / "ml-20m.zip",
        {"ml-20m/ratings.csv": "/etc/passwd", "ml-20m/movies.csv": b""},
        links=["ml-20m/ratings.csv"],
    )
    refused("ml-20m", "ml-20m.zip: holds a link instead of the file ml-20m/ratings.csv")
    pack(folder / "a.zip", {"a.csv": "/etc/passwd"}, links=["a.csv"])
    refused("file", "a.zip", path="a.zip")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_link_in_a_tar_is_refused(kind, refused, folder):
    with tarfile.open(folder / "lastfm-dataset-1K.tar.gz", "w:gz") as archive:
        for name in ("../evil.txt", "/tmp/evil.txt"):  # noqa: S108 - what an attacker would write
            archive.addfile(tarfile.TarInfo(name))
        info = tarfile.TarInfo("lastfm-dataset-1K/userid-profile.tsv")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    refused("lastfm-1k", "lastfm-dataset-1K.tar.gz: holds a link or folder instead of the file", "userid-profile.tsv")
    assert not list(folder.parent.rglob("evil.txt"))


def test_a_tar_is_unpacked(show, folder):
    rows = b"user_000001\t2009-05-04T23:08:57Z\tf1b1\tDeep Dish\t\tSet\n"
    with tarfile.open(folder / "lastfm-dataset-1K.tar.gz", "w:gz") as archive:
        for name, data in (
            ("userid-profile.tsv", b"#id\tgender\tage\tcountry\tregistered\nuser_000001\tm\t\tJapan\t\n"),
            ("userid-timestamp-artid-artname-traid-traname.tsv", rows),
        ):
            info = tarfile.TarInfo(f"lastfm-dataset-1K/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    code, out, last = show("lastfm-1k")
    assert code == 0, last
    assert "checksums: 0 of 2 known, 2 first seen" in out


def zeros(path):
    """Write a gzip file of 1 GB of zeros: 64 members of 16 MiB, as gzip allows."""
    path.write_bytes(gzip.compress(bytes(GIGABYTE // 64), 9) * 64)


def bomb(path, name):
    """Write a zip of 1 GB of zeros, by hand: one deflated block 64 times, and nobody reads to the checksum."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(GIGABYTE // 64)) + packer.flush(zlib.Z_FULL_FLUSH)
    data, name = block * 64 + b"\3\0", name.encode()
    sizes = (0, len(data), GIGABYTE, len(name))
    begin = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, *sizes, 0) + name
    central = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, *sizes, 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central), len(begin) + len(data), 0)
    path.write_bytes(begin + data + central + end)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["gzip", "zip", "card"])
def test_a_bomb_is_refused(case, refused, folder):
    if case == "gzip":
        zeros(folder / "a.csv.gz")
        refused("file", "a.csv.gz", path="a.csv.gz")
    elif case == "zip":
        bomb(folder / "a.zip", "a.csv")
        refused("file", "a.zip, a.csv", path="a.zip")
    else:
        bomb(folder / "ml-20m.zip", "ml-20m/ratings.csv")
        refused("ml-20m", "ml-20m.zip: gives more than ", "bytes")


def test_a_file_that_vanishes(refused, folder, monkeypatch):
    path = folder / "a.csv"
    path.write_bytes(GOOD)
    look = own_tables.understand

    def look_and_lose(*args, **more):
        shape = look(*args, **more)
        path.unlink()
        return shape

    monkeypatch.setattr(own_tables, "understand", look_and_lose)
    refused("file", "a.csv: cannot be read: No such file or directory", path="a.csv")


def test_a_full_disk_while_unpacking(refused, folder):
    """The system refuses to let a file grow, as a full disk would, in the middle of the second file."""
    movies = b"".join(b"%d,Film %d,Drama\n" % (n, n) for n in range(40_000))
    rows = b"userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n"
    pack(folder / "ml-20m.zip", {"ml-20m/ratings.csv": rows, "ml-20m/movies.csv": b"movieId,title,genres\n" + movies})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        refused("ml-20m", "cannot be written: File too large; free some space or name another cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_space_left_while_unpacking(refused, folder, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    pack(folder / "ml-20m.zip", {"ml-20m/ratings.csv": GOOD, "ml-20m/movies.csv": GOOD})
    monkeypatch.setattr(fetch, "_copy", full)
    refused("ml-20m", "cannot be written: No space left on device; free some space")


def test_a_full_disk_while_keeping(show, folder, tmp_path, monkeypatch):
    """The prepared copy is a convenience: without room for it the data is there all the same, and this is told."""
    monkeypatch.setattr(prepared_cache, "MIN_CACHED_ROWS", 3)
    (folder / "a.csv").write_bytes(GOOD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, hard))
    try:
        code, out, last = show("file", path="a.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 0
    assert "interactions     9" in out
    assert "a: no prepared copy is kept: " in last
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
