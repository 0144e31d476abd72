"""Files of values that no result can have, with sums that are right: refused, never a traceback."""

import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from benchsuite.benchmark.npz_files import packed
from benchsuite.benchmark.packed_values import pack, unpack
from benchsuite.benchmark.places import results_root
from benchsuite.benchmark.result_folder import OTHER_VALUES, RESULT, VALUES, VERIFIED, read_result
from benchsuite.errors import DataError
from benchsuite.keys import file_digest
from benchsuite.store.json_files import with_sum

HEADERS = ["{'descr': (", "'''", "  x\n y", f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**21},)}}"]


@pytest.fixture
def copied(tmp_path):
    source = results_root() / "films.v1" / "popular"
    return shutil.copytree(source, tmp_path / "popular", ignore=shutil.ignore_patterns(VERIFIED))


def put_right(folder, table=None):
    """Write the sums of a changed result."""
    table = json.loads((folder / RESULT).read_text("utf-8")) if table is None else table
    for name, file in (("values_sha256", VALUES), ("other_values_sha256", OTHER_VALUES)):
        table[name] = file_digest(folder / file)
    (folder / RESULT).write_text(json.dumps(with_sum(table)), "utf-8")


def arrays_of(path):
    with np.load(path) as stored:
        return unpack(dict(stored))


def test_the_headline_cannot_stand_beside_its_own_values(copied):
    """Else a folder would be sound in a checkout and damaged where other_values.npz is not."""
    both = arrays_of(copied / OTHER_VALUES) | arrays_of(copied / VALUES)
    (copied / OTHER_VALUES).write_bytes(packed(pack(both)))
    put_right(copied)
    with pytest.raises(DataError, match=r"other_values\.npz: .* ndcg@10 in another file than values\.npz"):
        read_result(copied)


@pytest.mark.parametrize("share", [-7, 1.5])
def test_a_share_that_cannot_be_is_refused(copied, share):
    table = json.loads((copied / RESULT).read_text("utf-8"))
    table["cells"][0]["values"][0][-1] = share
    put_right(copied, table)
    with pytest.raises(DataError, match="a share is outside 0 to 1"):
        read_result(copied)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("magic", [b"", b"\x93NUMPY\x01\x00"])
def test_what_is_no_array_is_told(copied, header, magic):
    buffer = io.BytesIO((copied / VALUES).read_bytes())
    body = header.encode().ljust(117) + b"\n"
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("cells/zz.npy", magic + (len(body).to_bytes(2, "little") if magic else b"") + body)
    (copied / VALUES).write_bytes(buffer.getvalue())
    put_right(copied)
    with pytest.raises(DataError, match=r"values\.npz: cannot be read"):
        read_result(copied)
