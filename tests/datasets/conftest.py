"""A toy data set with a card of its own, so that finding, fetching and reading are tested without real files."""

from __future__ import annotations

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchsuite.api import DataLocations
from benchsuite.cli.main import main
from benchsuite.data import Dataset
from benchsuite_datasets.card import Card
from benchsuite_datasets.card_loader import parse_card
from benchsuite_datasets.card_source import CardSource, source_class
from benchsuite_datasets.frames import events_of
from benchsuite_tables.card_table import CardTable
from benchsuite_tables.table_rows import read_rows
from benchsuite_tables.text_file import TextFile

RATINGS = b"user,item,stars,when\nann,tea,5,100\nbob,tea,2,200\nann,jam,4,300\nbob,ham,3,400\ncat,jam,1,500\n"
THINGS = b"id,name,kind\ntea,Green tea,drink\njam,Plum jam,spread\nham,Ham,meat\nfig,Figs,fruit\n"

CARD = """
name = "toy"
title = "Toy"
domain = "groceries"
summary = "five ratings"
licence = "free"
redistribution = true
url = "https://example.org/toy"
cite = ["@misc{toy}"]
behaviours = [{ name = "rating", raw = "rating" }]
item_text = ["name", "kind"]
defaults = { positive_from = 4.0 }
expect = { rows = 5, users = 3, items = 3 }
[[layouts]]
name = "upstream"
files = [
    { name = "ratings.csv", sha256 = "RATINGS_SUM", bytes = RATINGS_BYTES },
    { name = "things.csv", sha256 = "THINGS_SUM" },
]
mirrors = [MIRRORS]
[[layouts.interactions]]
file = "ratings.csv"
columns = { user = "user", item = "item", value = "stars", timestamp = "when" }
[[layouts.items]]
file = "things.csv"
columns = { id = "id", name = "name", kind = "kind" }
"""


def sum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def toy_toml() -> str:
    """The toy card as TOML, without mirrors."""
    return (
        CARD.replace("RATINGS_SUM", sum_of(RATINGS))
        .replace("THINGS_SUM", "")
        .replace("RATINGS_BYTES", "9")
        .replace("MIRRORS", "")
    )


@pytest.fixture
def toy_card() -> Callable[..., Card]:
    """A function that returns the toy card with these mirrors (TOML inline tables)."""

    def make(*mirrors: str) -> Card:
        text = CARD.replace("RATINGS_SUM", sum_of(RATINGS)).replace("THINGS_SUM", sum_of(THINGS))
        text = text.replace("RATINGS_BYTES", str(len(RATINGS))).replace("MIRRORS", ", ".join(mirrors))
        return parse_card(text, "toy.toml")

    return make


@pytest.fixture
def toy(toy_card: Callable[..., Card]) -> Callable[..., type[CardSource]]:
    """A function that returns the toy source with these mirrors."""
    return lambda *mirrors: source_class(toy_card(*mirrors))


@pytest.fixture
def toy_folder(tmp_path: Path) -> Path:
    """A folder that holds the toy set in a sub-folder of its name."""
    folder = tmp_path / "named" / "toy"
    folder.mkdir(parents=True)
    (folder / "ratings.csv").write_bytes(RATINGS)
    (folder / "things.csv").write_bytes(THINGS)
    return folder.parent


@pytest.fixture
def toy_zip() -> Callable[..., Path]:
    """A function that writes the toy set's archive; keyword arguments replace members."""

    def write(path: Path, folder: str = "toy", **members: bytes) -> Path:
        contents = {"ratings.csv": RATINGS, "things.csv": THINGS}
        contents |= {name.replace("_", "."): data for name, data in members.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                archive.writestr(f"{folder}/{name}" if folder else name, data)
        return path

    return write


@pytest.fixture
def here(tmp_path: Path) -> Callable[..., tuple[DataLocations, list[str]]]:
    """A function that returns a place with a cache of its own, and the lines it says."""

    def make(*folders: Path, offline: bool = False) -> tuple[DataLocations, list[str]]:
        said: list[str] = []
        return DataLocations(folders=folders, cache=tmp_path / "cache", offline=offline, say=said.append), said

    return make


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """A function that serves a folder on this machine and returns its address."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(folder: Path) -> str:
        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, directory=str(folder), **kwargs)

            def log_message(self, *args: Any) -> None:
                """Stay silent."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def events() -> Callable[..., pd.DataFrame]:
    """A function that returns a frame of events from rows of (user, item, value, timestamp, behaviour)."""

    def make(*rows: tuple[Any, ...], timed: bool = True) -> pd.DataFrame:
        full = [(*row, *(1.0, 0, 0)[len(row) - 2 :]) for row in rows]
        frame = pd.DataFrame(full, columns=["user", "item", "value", "timestamp", "behaviour"])
        frame["user"] = frame["user"].astype("category")
        frame["item"] = frame["item"].astype("category")
        frame = frame.astype({"value": "float64", "timestamp": "int64", "behaviour": "int8"})
        return frame if timed else frame.drop(columns="timestamp")

    return make


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """A function that writes bytes to a file and reads them as events."""

    def run(data: bytes, name: str = "events.csv", **settings: Any) -> pd.DataFrame:
        path = tmp_path / name
        path.write_bytes(data)
        columns = {"user": "u", "item": "i", "value": "v"}
        behaviours = settings.pop("behaviours", ())
        member = settings.get("member", "")
        table = CardTable.model_validate({"file": name, "columns": columns} | settings)
        return events_of(read_rows(TextFile(path, member), table, ("value",)), behaviours)

    return run


def rows_of(dataset: Dataset) -> list[tuple[str, str, float]]:
    rows = dataset.interactions
    return [
        (dataset.users.ids[user], dataset.items.ids[item], float(value))
        for user, item, value in zip(rows.user, rows.item, rows.value, strict=True)
    ]


@pytest.fixture
def raw_rows() -> Callable[[Dataset], list[tuple[str, str, float]]]:
    """A function that returns a data set's rows under their raw ids."""
    return rows_of


def pytest_configure(config: pytest.Config) -> None:
    """Register this folder's mark."""
    config.addinivalue_line("markers", "network: may ask the configured package index; skipped and counted without it")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    made.mkdir()
    return made


@pytest.fixture
def show(tmp_path, folder, capsys, monkeypatch):
    """Run ``benchsuite data show`` and return the exit code, what it printed, and the last line of its errors."""
    monkeypatch.delenv("BENCHSUITE_DATA", raising=False)
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))

    def run(source, **given):
        words = ["data", "show", source, "--data", str(folder), "--offline"]
        if given:
            words += ["--with", "; ".join(f"{name} = {value!r}" for name, value in given.items())]
        code = main(words)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err.splitlines()[-1] if err else ""

    return run


@pytest.fixture
def refused(show, tmp_path):
    """Check that a source is refused as it should be, and return the line."""

    def check(source, *parts, **given):
        code, out, line = show(source, **given)
        assert (code, out) == (2, ""), line
        for part in parts:
            assert part in line
        assert "; " in line, f"tells no remedy: {line}"
        assert len(line) < 500
        left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert left == [], "the cache holds something"
        return line

    return check
