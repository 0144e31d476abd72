"""Elements and tables in HTML, as pages, notebooks and leaderboards have them."""

from __future__ import annotations

from html import escape


def element(name: str, content: str = "", /, **attributes: str | int | None) -> str:
    """Return an element.

    Args:
        name: of the element.
        content: HTML already.
        attributes: texts, escaped here; those that are None or "" are left out. An underscore stands for a hyphen, and
            one at the end for nothing: ``class_`` is ``class``, ``data_v`` is ``data-v``.
    """
    said = "".join(
        f' {key.removesuffix("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value not in (None, "")
    )
    return f"<{name}{said}>{content}</{name}>"


def table_element(head: str, bodies: str, caption: str = "", foot: str = "", /, **attributes: str | int | None) -> str:
    """Return a table; its parts are HTML already.

    Args:
        head: the rows of the heading.
        bodies: elements ``tbody``.
        caption: an element ``caption``, if any.
        foot: the rows of the foot, if any.
        attributes: as of :func:`element`.
    """
    below = element("tfoot", foot) if foot else ""
    return element("table", f"{caption}{element('thead', head)}{bodies}{below}", **attributes)
