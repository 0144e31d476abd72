"""The code blocks of a page, and what is to be done with each.

A comment in the line before a block says what is special about it; without one the block is run by the tests:

- ``<!-- shown -->``: run when the site is built, too; what it prints is put below it, and into the page in the
  repository by ``docs/update_pages.py``.
- ``<!-- needed -->``: run when the site is built, since shown blocks rest on it; what it prints is not shown.
- ``<!-- file: NAME -->``: the block is a file of that name, which later blocks of the page use.
- ``<!-- not run: REASON -->``: not run, for this reason. The tests count these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- (shown|needed|file|not run)(?:: ([^\n]*?))? -->\n\Z")

RUNNABLE = ("console", "python", "pycon", "toml")
"""Languages whose blocks are examples: commands, programs, experiments."""


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: behind the opening fence; "" for plain text.
        text: what is between the fences, with the last end of line.
        mark: "shown", "needed", "file", "not run" or "" for none.
        detail: the name of the file, or the reason.
        end: where the block ends in the page's text, in characters.
    """

    language: str
    text: str
    mark: str
    detail: str
    end: int

    @property
    def commands(self) -> list[str]:
        """The commands of a console block: what follows ``$``, and after a backslash the next line; no comments."""
        whole = re.sub(r"\\\n\s*", "", self.text)
        lines = [line[2:] for line in whole.splitlines() if line.startswith("$ ")]
        return [re.sub(r"\s+# .*", "", line).strip() for line in lines]


def blocks_of(page: str) -> list[Block]:
    """Return all fenced blocks of a Markdown page, in order."""
    found = []
    for match in _BLOCK.finditer(page):
        before = _COMMENT.search(page[: match.start()])
        mark, detail = (before[1], before[2] or "") if before else ("", "")
        found.append(Block(match[1], match[2], mark, detail, match.end()))
    return found
