"""The names that columns of other people's tables usually have, and how a column is found by its role."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

USUAL_NAMES = {
    "user": ("user", "userid", "uid", "u", "username", "customer", "customerid", "client", "clientid", "member",
             "memberid", "membernumber", "visitor", "visitorid", "reviewer", "reviewerid", "person", "personid",
             "patient", "patientid", "subjectid", "student", "studentid", "account", "accountid", "session",
             "sessionid"),
    "item": ("item", "itemid", "iid", "i", "product", "productid", "movie", "movieid", "book", "bookid", "isbn", "asin",
             "parentasin", "sku", "stockcode", "article", "articleid", "content", "contentid", "track", "trackid",
             "artist", "artistid", "song", "songid", "game", "gameid", "course", "courseid", "business", "businessid",
             "news", "newsid", "drug"),
    "value": ("rating", "ratings", "stars", "star", "score", "value", "overall", "quantity", "weight", "count", "plays",
              "playcount", "bookrating", "r", "v", "label", "liked", "like", "clicked", "click", "isclick", "islike",
              "target", "feedback"),
    "timestamp": ("timestamp", "time", "date", "datetime", "ts", "t", "unixreviewtime", "eventtime", "when",
                  "transactiondate", "invoicedate", "createdat", "datebought", "purchasedate", "orderdate"),
    "behaviour": ("behaviour", "behavior", "event", "eventtype", "action", "type"),
    "id": ("id", "itemid", "userid", "item", "user", "productid", "movieid", "asin", "parentasin", "sku", "isbn",
           "customerid", "bookid", "articleid"),
    "other": ("other", "friend", "friendid", "trustee", "target", "followee", "to"),
    "score": ("score", "prediction", "predicted", "rating", "estimate", "est", "value"),
    "rank": ("rank", "position", "place", "pos"),
}  # fmt: skip
"""Usual names by role, in lower case without punctuation, most specific first."""

_DATED = ("date", "time", "timestamp", "day")
_OTHER_DATES = ("release", "birth", "publish", "publication", "update", "joined", "since", "start", "end", "expir")


def normalize_name(name: str) -> str:
    """Return a column's name in small letters, without signs and without the type RecBole writes behind it."""
    return re.sub(r"[^a-z0-9]", "", name.partition(":")[0].lower())


def find_column(role: str, names: Sequence[str], taken: Collection[str]) -> str:
    """Return the column that most likely has a role, or "".

    Args:
        role: one of :data:`USUAL_NAMES`.
        names: of the columns; the first of equal ones counts.
        taken: columns that have another role, or must not have this one.
    """
    by_plain: dict[str, str] = {}
    for name in names:
        if name not in taken:
            by_plain.setdefault(normalize_name(name), name)
    found = next((known for known in USUAL_NAMES[role] if known in by_plain), "")
    # beside an id a column of the same name holds titles, and two things may have one title
    return by_plain.get(f"{found}id", by_plain[found]) if found else ""


def is_known(name: str) -> bool:
    """Return whether a name is usual for some role."""
    plain = normalize_name(name)
    return any(plain in names for names in USUAL_NAMES.values())


def names_a_moment(name: str) -> bool:
    """Return whether a name speaks of the time of an event, such as ``Date bought``, and of no other date."""
    low = name.lower()
    parts = re.split(r"[^a-z]+", low)
    return any(part in _DATED for part in parts) and not any(other in low for other in _OTHER_DATES)


def is_unnamed(name: str) -> bool:
    """Return whether a first line's cell names nothing, as pandas writes for an index or for columns without names."""
    return (
        not name.strip()
        or name.strip().isdigit()
        or normalize_name(name) in {"index", "rowid", "rownumber"}
        or bool(re.fullmatch(r"Unnamed: \d+", name.strip()))
    )
