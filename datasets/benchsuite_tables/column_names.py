"""The names that columns of other people's tables usually have, and how a column is found by its role."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

USUAL_NAMES = {
    "user": ("user", "userid", "uid", "u", "customer", "customerid", "client", "clientid", "member", "memberid",
             "membernumber", "visitor", "visitorid", "reviewer", "reviewerid", "person", "personid", "patient",
             "patientid", "subjectid", "student", "studentid", "account", "accountid", "session", "sessionid"),
    "item": ("item", "itemid", "iid", "i", "product", "productid", "movie", "movieid", "book", "bookid", "isbn", "asin",
             "parentasin", "sku", "stockcode", "article", "articleid", "content", "contentid", "track", "trackid",
             "artist", "artistid", "song", "songid", "game", "gameid", "course", "courseid", "business", "businessid",
             "news", "newsid", "drug"),
    "value": ("rating", "ratings", "stars", "star", "score", "value", "overall", "quantity", "weight", "count", "plays",
              "playcount", "bookrating", "r", "v"),
    "timestamp": ("timestamp", "time", "date", "datetime", "ts", "t", "unixreviewtime", "eventtime", "when",
                  "transactiondate", "invoicedate", "createdat"),
    "behaviour": ("behaviour", "behavior", "event", "eventtype", "action", "type"),
    "id": ("id", "itemid", "userid", "item", "user", "productid", "movieid", "asin", "parentasin", "sku", "isbn",
           "customerid", "bookid", "articleid"),
    "other": ("other", "friend", "friendid", "trustee", "target", "followee", "to"),
}  # fmt: skip
"""Usual names by role, in lower case without punctuation, most specific first."""


def normalize_name(name: str) -> str:
    """Return a column's name in small letters, without signs and without the type RecBole writes behind it."""
    return re.sub(r"[^a-z0-9]", "", name.partition(":")[0].lower())


def find_column(role: str, names: Sequence[str], taken: Collection[str], more: Sequence[str] = ()) -> str:
    """Return the column that most likely has a role, or "".

    Args:
        role: one of :data:`USUAL_NAMES`.
        names: of the columns; the first of equal ones counts.
        taken: columns that have another role, or must not have this one.
        more: further names of the role, tried last.
    """
    by_plain: dict[str, str] = {}
    for name in names:
        if name not in taken:
            by_plain.setdefault(normalize_name(name), name)
    return next((by_plain[known] for known in (*USUAL_NAMES[role], *more) if known in by_plain), "")
