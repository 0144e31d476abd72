"""What a page in the repository holds of what is made: what its examples print, and its generated parts.

Both stand between comments, so that the page is whole where no site is built. ``docs/update_pages.py`` writes them; the
site build takes them out and makes them anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from make_site.blocks import Block
from make_site.desk import FIRST

_PRINTED = re.compile(r"\n\n<!-- printed: (\w+) -->\n```text\n(.*?\n)```\n<!-- end of printed -->", re.DOTALL)
_GENERATED = re.compile(
    r"(^<!-- generated: ([\w-]+) -->)\n\n(.*?)\n<!-- end of generated -->", re.DOTALL | re.MULTILINE
)
_MARK = re.compile(r"<!-- (?:printed: .*|end of (?:printed|generated)) -->")
PLACE = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)
"""Where a generated part begins."""

_DIGITS = 8


@dataclass(frozen=True)
class Printed:
    """What a page says that a block printed.

    Attributes:
        fingerprint: of what was run, from :func:`fingerprint`.
        text: as it stands there.
        place: where the page without its held parts goes on, in characters; the end of the block.
    """

    fingerprint: str
    text: str
    place: int


def bare(text: str) -> str:
    """Return a page as somebody wrote it, without what it holds.

    Raises:
        ValueError: when a held part has a beginning without an end, or an end without a beginning.
    """
    left = _GENERATED.sub(r"\1", _PRINTED.sub("", text))
    if mark := _MARK.search(left):
        raise ValueError(f"{mark[0]} stands alone; take it out, and run python docs/update_pages.py")
    return left


def printed_in(text: str) -> list[Printed]:
    """Return what a page says that its blocks printed, in order."""
    found, taken = [], 0
    text = _GENERATED.sub(r"\1", text)
    for match in _PRINTED.finditer(text):
        found.append(Printed(match[1], match[2], match.start() - taken))
        taken += len(match[0])
    return found


def generated_in(text: str) -> dict[str, str]:
    """Return the generated parts that a page holds, by name."""
    return {match[2]: match[3] for match in _GENERATED.finditer(text)}


def with_generated(match: re.Match[str], made: str) -> str:
    """Return a place for a generated part with that part in it."""
    return f"{match[0]}\n\n{made.rstrip()}\n\n<!-- end of generated -->"


def with_printed(printed: str, run: Sequence[Block]) -> str:
    """Return what stands below a block: what it printed, and of which commands that is.

    Args:
        printed: by the last of the blocks.
        run: what was run on the page, this block included.
    """
    shown = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())
    return f"\n\n<!-- printed: {fingerprint(run)} -->\n```text\n{shown}\n```\n<!-- end of printed -->"


def fingerprint(run: Sequence[Block]) -> str:
    """Return some digits that change when a block does, or a file or block that it rests on."""
    told = [FIRST, *(f"{block.mark} {block.detail}\n{block.text}" for block in run)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:_DIGITS]


def words(printed: str) -> list[str]:
    """Return the words of a printed text in alphabetical order, without numbers: these depend on the processor."""
    return sorted(re.findall(r"[^\W\d_]{2,}", re.sub(r"\S*\d\S*", " ", printed)))
