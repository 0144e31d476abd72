"""Small files in the exact shapes of public data sets and of files people asked about, and what they mean."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

Row = tuple[str, str, float, float | None]


@dataclass(frozen=True)
class Shape:
    """A file.

    Attributes:
        file: its name.
        data: its bytes or text.
        rows: (user, item, value, seconds since 1970 or None) of each row after repeats are resolved; an empty list
            where nothing but a refusal is right.
        says: regular expressions; a refusal (without the file's name) must match all of them, in letters of any size.
            None where it must be read.
    """

    file: str
    data: bytes | str
    rows: list[Row]
    says: tuple[str, ...] | None = None

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        return self.data if isinstance(self.data, bytes) else self.data.encode()


def valued(*rows: tuple[Any, Any, float]) -> list[Row]:
    """Return rows without times."""
    return [(str(user), str(item), float(value), None) for user, item, value in rows]


def taken(*rows: tuple[Any, Any]) -> list[Row]:
    """Return rows without values and times."""
    return [(str(user), str(item), 1.0, None) for user, item in rows]


def workbook(*rows: tuple[Any, ...]) -> bytes:
    """Return an Excel workbook (xlsx) with one sheet."""
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    lines = []
    for at, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{"ABCDEF"[column]}{at}"><v>{cell}</v></c>'
            if isinstance(cell, int | float)
            else f'<c r="{"ABCDEF"[column]}{at}" t="inlineStr"><is><t>{cell}</t></is></c>'
            for column, cell in enumerate(row)
        )
        lines.append(f'<row r="{at}">{cells}</row>')
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, head + part)
    return out.getvalue()


def parquet(**columns: Any) -> bytes:
    """Return a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


FILMTRUST = "1 1 2\n1 2 4\n1 3 3.5\n1 4 3\n2 1 4\n2 2 2\n2 3 3.5\n3 1 0.5\n3 5 2.5\n"
FILMTRUST_ROWS = valued(
    (1, 1, 2), (1, 2, 4), (1, 3, 3.5), (1, 4, 3), (2, 1, 4), (2, 2, 2), (2, 3, 3.5), (3, 1, 0.5), (3, 5, 2.5)
)
LASTFM = ",0,1,2\n0,7,42,5.0\n1,7,43,4.0\n2,8,42,3.0\n"
LASTFM_ROWS = valued((7, 42, 5), (7, 43, 4), (8, 42, 3))
RATINGS_DATE = (
    "1 1 2\t97\n1 2 4\t98\n1 3 5\t98\n2 1 3\t101\n2 4 5\t102\n3 1 1\t97\n3 2 4\t99\n3 4 2\t110\n4 1 5\t98\n4 3 4\t112\n"
)
RATINGS_DATE_ROWS = valued(
    (1, 1, 2), (1, 2, 4), (1, 3, 5), (2, 1, 3), (2, 4, 5), (3, 1, 1), (3, 2, 4), (3, 4, 2), (4, 1, 5), (4, 3, 4)
)
K1 = 'user|item|rating|title\na|x|1|t\nb|y|1|"\nc|x|1|t\na|y|1|t\n'
K1_ROWS = valued(("a", "x", 1), ("b", "y", 1), ("c", "x", 1), ("a", "y", 1))
DEPAUL = (
    "userid,itemid,rating,Time,Location,Companion\n"
    "1001,tt0120912,4,NA,NA,NA\n1001,tt0120912,5,Weekend,Home,Alone\n1001,tt0268978,3,Weekday,Cinema,Family\n"
    "1002,tt0120912,1,NA,NA,NA\n1002,tt0454876,5,Weekday,Home,Partner\n1003,tt0268978,2,Weekend,Cinema,Alone\n"
)
DEPAUL_ROWS = valued(
    (1001, "tt0120912", 5),
    (1001, "tt0268978", 3),
    (1002, "tt0120912", 1),
    (1002, "tt0454876", 5),
    (1003, "tt0268978", 2),
)
TWEETS = (
    "1::0114508::8::1381006850\n2::0499549::9::1376753198\n2::1305591::8::1376742507\n2::1428538::1::1371307089\n"
    "3::0114508::5::1381006851\n3::1305591::7::1376742508\n"
)
TWEETS_ROWS: list[Row] = [
    ("1", "0114508", 8.0, 1_381_006_850), ("2", "0499549", 9.0, 1_376_753_198), ("2", "1305591", 8.0, 1_376_742_507),
    ("2", "1428538", 1.0, 1_371_307_089), ("3", "0114508", 5.0, 1_381_006_851), ("3", "1305591", 7.0, 1_376_742_508),
]  # fmt: skip
TWEETED = (
    "0114508::Species (1995)::Action|Horror|Sci-Fi\n0499549::Avatar (2009)::Action|Adventure\n"
    "1305591::Mars Needs Moms (2011)::Animation\n1428538::Hansel & Gretel (2013)::Action\n"
)
"""The films of :data:`TWEETS`, without a line of names."""
TWEETED_TITLES = {"0114508": "Species (1995)", "0499549": "Avatar (2009)", "1428538": "Hansel & Gretel (2013)"}
SEQUENCES = "1 1 2 3 4 5\n2 6 7 1 4\n3 4 8 9 1 2 5 7\n4 3 4\n"
SEQUENCE_ROWS = taken(
    *((user, item) for user, items in ((1, (1, 2, 3, 4, 5)), (2, (6, 7, 1, 4)), (3, (4, 8, 9, 1, 2, 5, 7)), (4, (3, 4)))
      for item in items)
)  # fmt: skip
SOLD = (
    'item,asin,title\n1,B0TEA,"Green tea, loose, 100 g"\n2,B0JAM,Plum jam\n3,B0HAM,"Ham ""extra"""\n4,7806397051,Salt\n'
    "5,B0FIG,Figs\n6,B0NUT,Nuts\n7,B0OIL,Oil\n8,B0RYE,Rye\n9,B0OAT,Oats\n"
)
"""The titles of :data:`SEQUENCES`."""


def _jester() -> str:
    """Return a matrix of 40 users and 30 jokes; the first column counts, 99 means not rated."""
    lines = []
    for user in range(40):
        cells = [
            "99" if (user * joke) % 3 == 1 else f"{(user * 7 + joke * 13) % 2000 / 100 - 10:.2f}" for joke in range(30)
        ]
        lines.append(",".join([str(30 - cells.count("99")), *cells]))
    return "\n".join(lines) + "\n"


def _matrix() -> str:
    """Return 60 rows of 40 ratings, 0 where there is none."""
    return "".join(" ".join(str((row * 5 + column * 3) % 7 % 6) for column in range(40)) + "\n" for row in range(60))


_NETFLIX: list[Row] = [
    ("1488844", "1", 3.0, 1_125_964_800), ("822109", "1", 5.0, 1_115_942_400), ("1488844", "2", 4.0, 1_125_964_800),
    ("2059652", "2", 4.0, 1_125_878_400),
]  # fmt: skip
_YOOCHOOSE: list[Row] = [
    ("1", "501", 1.0, 1_396_867_869), ("1", "502", 1.0, 1_396_868_049), ("2", "501", 1.0, 1_396_871_489),
]  # fmt: skip
_OBJECTS = [{"user_id": user, "item_id": item, "rating": value} for user, item, value, _ in K1_ROWS]
_TIMED: list[Row] = [("a", "x", 5.0, 1_112_486_027), ("b", "x", 4.0, 1_112_484_676), ("b", "y", 1.0, 974_820_889)]

SHAPES: dict[str, Shape] = {
    "FilmTrust, ratings": Shape("ratings.txt", FILMTRUST, FILMTRUST_ROWS),
    "LastFM as pandas writes it": Shape("lastfm.csv", LASTFM, LASTFM_ROWS, ("user", "item|column")),
    "ratings-date.txt": Shape("ratings-date.txt", RATINGS_DATE, RATINGS_DATE_ROWS),
    "an Excel workbook": Shape(
        "ratings.xlsx",
        workbook(("user", "item", "rating"), ("a", "x", 1), ("b", "y", 1), ("c", "x", 1), ("a", "y", 1)),
        K1_ROWS,
        ("excel|xlsx", "csv"),
    ),
    "an Excel workbook called CSV": Shape(
        "ratings.csv", workbook(("user", "item", "rating"), ("a", "x", 1), ("b", "y", 1)), [], ("excel|xlsx", "csv")
    ),
    "an old Excel workbook": Shape(
        "ratings.xls", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504, [], (r"excel|\bxls\b", "csv")
    ),
    "Jester": Shape("jester-data-1.csv", _jester(), [], ("matrix",)),
    "a whole matrix": Shape("matrix.txt", _matrix(), [], ("matrix",)),
    "DePaulMovie": Shape("ratings.txt", DEPAUL, DEPAUL_ROWS),
    "MovieTweetings": Shape("ratings.dat", TWEETS, TWEETS_ROWS),
    "Amazon Beauty": Shape("Beauty.txt", SEQUENCES, SEQUENCE_ROWS, ("lists",)),
    "k1.csv": Shape("k1.csv", K1, K1_ROWS),
    "YooChoose": Shape(
        "yoochoose-clicks.dat",
        "1,2014-04-07T10:51:09.277Z,501,0\n1,2014-04-07T10:54:09.868Z,502,0\n2,2014-04-07T11:51:29.000Z,501,0\n",
        _YOOCHOOSE,
        ("user|item|column",),
    ),
    "more than four columns without names": Shape(
        "events.csv", "1,7,5,881250949,x\n2,7,4,881250950,y\n1,8,3,881250951,x\n", [], ("user", "item")
    ),
    "Weekend under Time": Shape(
        "t.csv", "user,item,rating,Time\na,x,5,Weekend\nb,x,4,Weekday\nb,y,1,Weekend\n",
        valued(("a", "x", 5), ("b", "x", 4), ("b", "y", 1)),
    ),
    "a JSON array": Shape("ratings.json", json.dumps(_OBJECTS, indent=1), K1_ROWS, ("array", "line")),
    "a JSON array in one line": Shape("ratings.json", json.dumps(_OBJECTS), K1_ROWS, ("array", "line")),
    "lines of Python's dicts": Shape(
        "ratings.json", "".join(f"{one}\n" for one in _OBJECTS), K1_ROWS, ("python",)
    ),
    "a Parquet column of lists": Shape(
        "p.parquet",
        parquet(user_id=[1, 2], item_id=[["x", "y"], ["x"]]),
        taken((1, "x"), (1, "y"), (2, "x")),
        ("list", "explode"),
    ),
    "all ratings equal": Shape(
        "ones.csv", "user,item,rating\na,x,4\nb,x,4\nb,y,4\n", valued(("a", "x", 4), ("b", "x", 4), ("b", "y", 4))
    ),
    "decimal commas": Shape(
        "d.csv", "user;item;rating\na;x;3,5\nb;x;4,0\nb;y;1\n", valued(("a", "x", 3.5), ("b", "x", 4), ("b", "y", 1))
    ),
    "decimal commas in quotes": Shape(
        "d.csv",
        'user,item,rating\na,x,"3,5"\nb,x,"4,0"\nb,y,1\n',
        valued(("a", "x", 3.5), ("b", "x", 4), ("b", "y", 1)),
    ),
    "numbers as text in JSON": Shape(
        "n.jsonl",
        '{"user": "a", "item": "x", "rating": "3.0"}\n{"user": "b", "item": "x", "rating": 4}\n',
        valued(("a", "x", 3), ("b", "x", 4)),
    ),
    "labels True and False": Shape(
        "l.csv",
        "user,item,clicked\na,x,True\nb,x,False\nb,y,True\n",
        valued(("a", "x", 1), ("b", "x", 0), ("b", "y", 1)),
    ),
    "labels 0 and 1": Shape(
        "l.csv", "user,item,is_click\na,x,1\nb,x,0\nb,y,1\n", valued(("a", "x", 1), ("b", "x", 0), ("b", "y", 1))
    ),
    "a blank behind an id": Shape(
        "b.csv", "user,item,rating\nuser 5,x,5\nuser 5 ,y,4\n user 6, x,1\n",
        valued(("user 5", "x", 5), ("user 5", "y", 4), ("user 6", "x", 1)),
    ),
    "KONECT": Shape(
        "out.movielens",
        "% bip weighted\n% 3 2 2\n1 1 5 1112486027\n2 1 4 1112484676\n2 2 1 974820889\n",
        [("1", "1", 5.0, 1_112_486_027), ("2", "1", 4.0, 1_112_484_676), ("2", "2", 1.0, 974_820_889)],
        ("konect",),
    ),
    "ARFF": Shape(
        "r.arff",
        "@relation ratings\n\n@attribute user string\n@attribute item string\n@attribute rating numeric\n\n@data\n"
        "a,x,5\nb,x,4\nb,y,1\n",
        valued(("a", "x", 5), ("b", "x", 4), ("b", "y", 1)),
        ("arff",),
    ),
    "Netflix": Shape(
        "combined_data_1.txt",
        "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n1488844,4,2005-09-06\n2059652,4,2005-09-05\n",
        _NETFLIX,
        ("netflix",),
    ),
    "libFM": Shape("ratings.libfm", "5 0:1 943:1\n3 1:1 943:1\n1 1:1 944:1\n", [], ("libfm|libsvm",)),
    "sessions as lists": Shape("sessions.json", "[1, 5, 7]\n[5, 2]\n[7, 1, 2]\n", [], ("list|session",)),
    "a time under another name": Shape(
        "s.csv",
        "user,item,rating,Date bought\na,x,5,2005-04-02\nb,x,4,2005-04-03\nb,y,1,2000-11-21\n",
        [("a", "x", 5.0, 1_112_400_000), ("b", "x", 4.0, 1_112_486_400), ("b", "y", 1.0, 974_764_800)],
    ),
    "nanoseconds": Shape(
        "t.csv",
        "user,item,rating,timestamp\n" + "".join(f"{u},{i},{v},{t}000000000\n" for u, i, v, t in _TIMED),
        _TIMED,
    ),
    "dates as integers": Shape(
        "t.csv", "user,item,rating,date\na,x,5,20050402\nb,x,4,20050403\nb,y,1,20001121\n",
        [("a", "x", 5.0, 1_112_400_000), ("b", "x", 4.0, 1_112_486_400), ("b", "y", 1.0, 974_764_800)],
    ),
    "ISO times with zones": Shape(
        "t.csv",
        "user,item,rating,date\na,x,5,2005-04-03T01:53:47+02:00\nb,x,4,2005-04-02T23:31:16Z\n"
        "b,y,1,2000-11-21T08:34:49-07:00\n",
        [("a", "x", 5.0, 1_112_486_027), ("b", "x", 4.0, 1_112_484_676), ("b", "y", 1.0, 974_820_889)],
    ),
    "seconds and milliseconds": Shape(
        "t.csv", "user,item,rating,timestamp\na,x,5,1112486027\nb,x,4,1112484676000\nb,y,1,974820889\n", [],
        (r"line \d+.*line \d+", "line 3", "ms|millisecond"),
    ),
    "seconds, then milliseconds": Shape(
        "t.csv",
        "user,item,rating,timestamp\n"
        + "".join(f"u{at % 20},i{at % 33},{at % 5},{1112486027 + at}{'000' * (at > 300)}\n" for at in range(400)),
        [],
        (r"line \d+.*line \d+", "line 303", "ms|millisecond"),
    ),
    "dates that could be two things": Shape(
        "t.csv", "user,item,date\na,x,01/02/2003\nb,x,03/02/2003\nb,y,05/06/2004\n", [], ("%d/%m/%Y", "%m/%d/%Y")
    ),
    "an unclosed quote": Shape(
        "q.csv", 'user,item,rating,title\na,x,1,t\nb,y,1,"t\nc,x,1,t\na,y,1,t\n', [], ("quote", "line 3")
    ),
}  # fmt: skip
