"""LaTeX: text that comes out as it is, and how wide it is set."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import Any

_SPECIAL = {
    "\\": "\\textbackslash{}",
    "{": "\\{",
    "}": "\\}",
    "$": "\\$",
    "&": "\\&",
    "%": "\\%",
    "#": "\\#",
    "_": "\\_",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\texttt{\\char34}",
    "'": "\\textquotesingle{}",
    "`": "\\textasciigrave{}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{PLUS-MINUS SIGN}": "$\\pm$",
    "\N{MULTIPLICATION SIGN}": "$\\times$",
    "\N{MIDDLE DOT}": "$\\cdot$",
    "\N{DEGREE SIGN}": "$^\\circ$",
    "\N{MICRO SIGN}": "$\\mu$",
    "\N{EN DASH}": "--",
    "\N{EM DASH}": "---",
    "\N{HORIZONTAL ELLIPSIS}": "\\dots{}",
    "\N{LEFT SINGLE QUOTATION MARK}": "`{}",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'{}",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``{}",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "''{}",
    "\N{BULLET}": "\\textbullet{}",
    "\N{DAGGER}": "\\dag{}",
    "\N{DOUBLE DAGGER}": "\\ddag{}",
    "\N{SECTION SIGN}": "\\S{}",
    "\N{COPYRIGHT SIGN}": "\\copyright{}",
    "\N{REGISTERED SIGN}": "\\textregistered{}",
    "\N{TRADE MARK SIGN}": "\\texttrademark{}",
    "\N{LESS-THAN OR EQUAL TO}": "$\\le$",
    "\N{GREATER-THAN OR EQUAL TO}": "$\\ge$",
    "\N{NOT EQUAL TO}": "$\\ne$",
    "\N{ALMOST EQUAL TO}": "$\\approx$",
    "\N{INFINITY}": "$\\infty$",
    "\N{MINUS SIGN}": "$-$",
    "\N{N-ARY SUMMATION}": "$\\sum$",
    "\N{SQUARE ROOT}": "$\\surd$",
    "\N{ELEMENT OF}": "$\\in$",
    "\N{RIGHTWARDS ARROW}": "$\\rightarrow$",
    "\N{LEFTWARDS ARROW}": "$\\leftarrow$",
    "\N{UPWARDS ARROW}": "$\\uparrow$",
    "\N{DOWNWARDS ARROW}": "$\\downarrow$",
    "\N{LATIN SMALL LETTER SHARP S}": "\\ss{}",
    "\N{LATIN SMALL LETTER AE}": "\\ae{}",
    "\N{LATIN CAPITAL LETTER AE}": "\\AE{}",
    "\N{LATIN SMALL LIGATURE OE}": "\\oe{}",
    "\N{LATIN CAPITAL LIGATURE OE}": "\\OE{}",
    "\N{LATIN SMALL LETTER O WITH STROKE}": "\\o{}",
    "\N{LATIN CAPITAL LETTER O WITH STROKE}": "\\O{}",
    "\N{LATIN SMALL LETTER L WITH STROKE}": "\\l{}",
    "\N{LATIN CAPITAL LETTER L WITH STROKE}": "\\L{}",
    "\N{LATIN SMALL LETTER DOTLESS I}": "\\i{}",
}
_SUPERSCRIPTS = dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", [f"$^{d}$" for d in range(10)] + [f"$_{d}$" for d in range(10)], strict=True)
)
_ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING MACRON}": "=",
    "\N{COMBINING DOT ABOVE}": ".",
    "\N{COMBINING BREVE}": "u",
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
    "\N{COMBINING RING ABOVE}": "r",
    "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING DOT BELOW}": "d",
}
_ASCII = 128
_RUN = 24
_BREAKS = frozenset("/_-=:|\\@&?#+*~^")
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu "
    "nu xi o pi rho . sigma tau upsilon phi chi psi omega"
)
_GREEKS = {
    chr(0x3B1 + i): f"${name if name == 'o' else chr(92) + name}$"
    for i, name in enumerate(_GREEK.split())
    if name != "."
}


def escape(text: str, *, breaks: bool = False) -> str:
    r"""Return LaTeX that prints the text as it is, with any engine and no package.

    A character with no glyph in the standard fonts becomes ``\benchsuitechar{X}{[U+1F680]}``: itself where the engine
    reads Unicode, its code point under pdfLaTeX. With ``breaks``, a line may end after signs as in paths and
    names, and inside very long words.
    """
    line = unicodedata.normalize("NFC", text)
    pieces = []
    run = 0
    for character, follower in itertools.pairwise([*line, ""]):
        # Two hyphens in a row would become a dash.
        pieces.append("-{}" if character == "-" and follower == "-" else _one(character))
        run = run + 1 if character.isalnum() and character.isascii() else 0
        if breaks and follower and (run == _RUN or character in _BREAKS or _one(character).startswith("\\benchsuite")):
            pieces.append("\\allowbreak{}")
            run = 0
    return "".join(pieces)


def prose(text: str, *, breaks: bool = False) -> str:
    """Return LaTeX of a sentence: as :func:`escape` does, an apostrophe inside a word set as one.

    The straight one is in a font of its own, which some installations have as a bitmap only.
    """
    return escape(re.sub(r"(?<=\w)'(?=\w)", "\N{RIGHT SINGLE QUOTATION MARK}", text), breaks=breaks)


def _one(character: str) -> str:
    for known in (_SPECIAL, _SUPERSCRIPTS, _GREEKS):
        if character in known:
            return known[character]
    if ord(character) < _ASCII:
        return character
    base, accents = unicodedata.normalize("NFD", character)[:1], unicodedata.normalize("NFD", character)[1:]
    if len(accents) == 1 and accents in _ACCENTS and base.isascii() and base.isalpha():
        inner = f"\\{base}" if base in "ij" and _ACCENTS[accents] not in "cd" else base
        return f"\\{_ACCENTS[accents]}{{{inner}}}"
    return f"\\benchsuitechar{{{character}}}{{[U+{ord(character):04X}]}}"


_WIDTHS = {
    **dict.fromkeys("iljI|'.,:;!", 0.30),
    **dict.fromkeys("ft()[] -", 0.39),
    **dict.fromkeys("rsz", 0.42),
    **dict.fromkeys("mwMW%@", 0.92),
    "\N{PLUS-MINUS SIGN}": 0.78,
    "\N{DOWNWARDS ARROW}": 0.50,
}
_CAPITAL, _OTHER, _WIDE = 0.72, 0.51, 4.5
_SIZE = 8.5
"""Footnote size of a ten-point document, whose letters are cut a little wider than the size says."""


def points(text: str) -> float:
    """Estimate, a little on the wide side, how many points text takes in footnote size."""
    return _SIZE * sum(_WIDTHS.get(c) or _other(c) for c in text)


def _other(character: str) -> float:
    if not character.isascii() and character not in _SPECIAL and character not in _SUPERSCRIPTS:
        return _WIDE if _one(character).startswith("\\benchsuitechar") else _CAPITAL
    return _CAPITAL if character.isupper() else _OTHER


def tables() -> dict[str, Any]:
    """Return what :func:`escape` and :func:`points` look up, for the page's script, which writes the same LaTeX."""
    signs = {**_SPECIAL, **_SUPERSCRIPTS}
    widths = {"known": _WIDTHS, "capital": _CAPITAL, "other": _OTHER, "wide": _WIDE, "size": _SIZE}
    return {"signs": signs, "greek": _GREEKS, "accents": _ACCENTS, "widths": widths}
