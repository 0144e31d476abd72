"""Formulas as MathML, which browsers show by themselves: no script, no font, no network.

A formula is written in a small notation: ``frac{a}{b}``, ``sqrt{a}``, ``sum{below}{above}``, ``sub{a}{b}``,
``sup{a}{b}``, ``text{words}``, ``abs{a}``, ``mean{below}``; names, numbers and signs stand for themselves.
"""

from __future__ import annotations

import html
import re

_TOKEN = re.compile(r"\s*(frac|sqrt|sum|sub|sup|text|abs|mean)\{|\s*(\d+(?:\.\d+)?)|\s*([A-Za-z]+)|\s*(\S)")
_ARGUMENTS = {"frac": 2, "sqrt": 1, "sum": 2, "sub": 2, "sup": 2, "text": 1, "abs": 1, "mean": 1}
_SIGNS = {"*": "·", "-": "\N{MINUS SIGN}"}
_UPRIGHT = {"ln", "log", "min", "max"}


def formula(text: str) -> str:
    """Return a displayed formula, with the notation as its label for those who do not see it.

    Raises:
        ValueError: when a brace is not closed.
    """
    label = html.escape(re.sub(r"\s+", " ", text), quote=True)
    return f'<p class="formula"><math display="block" alttext="{label}">{_row(text)}</math></p>'


def _row(text: str) -> str:
    parts, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            break
        place = match.end()
        name, number, word, sign = match.groups()
        if name:
            inner = []
            for number_of in range(_ARGUMENTS[name]):
                if number_of:
                    place = text.index("{", place) + 1
                end = _closing(text, place)
                inner.append(text[place:end])
                place = end + 1
            parts.append(_call(name, inner))
        elif number:
            parts.append(f"<mn>{number}</mn>")
        elif word:
            parts.append(f'<mi mathvariant="normal">{word}</mi>' if word in _UPRIGHT else f"<mi>{word}</mi>")
        else:
            parts.append(f"<mo>{html.escape(_SIGNS.get(sign, sign))}</mo>")
    return f"<mrow>{''.join(parts)}</mrow>"


def _call(name: str, inner: list[str]) -> str:
    if name == "text":
        return f"<mtext>{html.escape(inner[0])}</mtext>"
    rows = [_row(one) for one in inner]
    if name == "sum":
        sign = '<mo movablelimits="false">∑</mo>'
        return f"<munderover>{sign}{rows[0]}{rows[1]}</munderover>" if inner[1] else f"<munder>{sign}{rows[0]}</munder>"
    if name == "mean":
        return f"<munder><mtext>mean</mtext>{rows[0]}</munder>"
    if name == "abs":
        return f"<mrow><mo>|</mo>{rows[0]}<mo>|</mo></mrow>"
    tag = {"frac": "mfrac", "sqrt": "msqrt", "sub": "msub", "sup": "msup"}[name]
    return f"<{tag}>{''.join(rows)}</{tag}>"


def _closing(text: str, begin: int) -> int:
    """Return where the brace that was opened before ``begin`` is closed.

    Raises:
        ValueError: when it is not.
    """
    depth = 1
    for place in range(begin, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if not depth:
            return place
    raise ValueError(f"a brace is not closed: {text}")
