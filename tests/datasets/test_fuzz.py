"""Whatever bytes a file holds, it is rows or one line."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchsuite.api import DataLocations
from benchsuite.errors import UsageError
from benchsuite_datasets.file_source import FileSource

PIECES = st.sampled_from(
    [b"user", b"item", b"rating", b"timestamp", b",", b"\t", b"::", b"\n", b"\r", b'"', b"1", b"nan", b"\0", b"\xff",
     b"{", b"}", b'{"user": 1, "item": 2}', b"user_id:token", b"881250949", b"\xef\xbb\xbf", b" ", b"1e400"]
)  # fmt: skip
NAMES = ["a.csv", "a.tsv", "a.jsonl", "a.csv.gz", "a.jsonl.gz", "a.zip", "a.csv.zst", "a.parquet", "a.inter", "a.dat"]


def packed(name, data):
    """Pack some bytes as the name says; about half of the fuzzed files are sound outside."""
    if name.endswith(".gz"):
        return gzip.compress(data)
    if name.endswith(".zst"):
        return pa.compress(data, "zstd", asbytes=True)
    if name.endswith(".zip"):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("a.csv", data)
        return made.getvalue()
    return data


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(NAMES),
    sound=st.booleans(),
    pieces=st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=25),
)
def test_whatever_the_bytes_it_is_one_line_or_rows(name, sound, pieces, folder):
    data = b"".join(pieces)
    (folder / name).write_bytes(packed(name, data) if sound else data)
    dataset, told = None, ""
    try:
        dataset = FileSource(path=name).load(DataLocations((folder,), folder / "cache", offline=True))
    except UsageError as error:
        told = str(error)
    assert "\n" not in told
    assert len(dataset.interactions) if dataset else name in told or "no row is left after preparation" in told
    assert not (folder / "cache").exists()
    with contextlib.suppress(FileNotFoundError):
        (folder / name).unlink()
