"""Every code block of every page is run as it stands, or says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from make_site.assemble import FIRST_PAGE
from make_site.blocks import RUNNABLE, Block, blocks_of
from make_site.desk import Desk, ExampleError
from make_site.held import bare, printed_in, words

pytestmark = pytest.mark.process

DOCS = Path(__file__).parents[2] / "docs"
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(DOCS.glob("*.md"))}
PAGES = {page: blocks_of(bare(text)) for page, text in TEXTS.items()}
NOT_RUN = 20
"""How many blocks are not run. Each has its reason in the page; raise the number only with a new reason."""


def run_of(page: str) -> list[Block]:
    """Return the blocks of a page that are to be run."""
    return [block for block in PAGES[page] if block.mark == "file" or _is_example(block)]


def _is_example(block: Block) -> bool:
    return block.language in RUNNABLE and block.mark != "not run"


def test_what_is_not_run_has_a_reason_and_is_counted():
    left_out = [(page, block) for page, blocks in PAGES.items() for block in blocks if block.mark == "not run"]
    assert all(len(block.detail.split()) > 2 for _, block in left_out), left_out
    assert len(left_out) == NOT_RUN, [(page, block.detail) for page, block in left_out]


def test_other_languages_are_only_shown():
    """What is neither a command, a program nor an experiment is a file that an example reads, or a picture in text."""
    others = {block.language for blocks in PAGES.values() for block in blocks} - set(RUNNABLE)
    assert others <= {"", "text"}


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if run_of(page)])
def test_the_blocks_of_a_page_run(page: str, desk: Desk, tmp_path: Path):
    """What shown blocks print has the words that the page says; numbers may differ by the processor."""
    if f"{page}.md" == FIRST_PAGE:  # it shows a first run
        desk = Desk(tmp_path / "first")
        desk.folder.mkdir()
    printed = {block.end: desk.run(block) for block in run_of(page)}
    for told in printed_in(TEXTS[page]):
        assert words(printed[told.place]) == words(told.text), "python docs/update_pages.py"


def test_a_command_may_go_on_in_the_next_line():
    (block,) = blocks_of("```console\n$ benchsuite list models \\\n      --needs text  # why\n$ benchsuite doctor\n```")
    assert block.commands == ["benchsuite list models --needs text", "benchsuite doctor"]


def test_a_block_that_fails_is_found(desk: Desk):
    """The check can fail: a wrong command, program and experiment do."""
    for text in (
        "```console\n$ benchsuite report nobody\n```",
        "```python\n1 / 0\n```",
        '```toml\nmodles = ["ease"]\n```',
        "```console\n$ rm -r somewhere\n```",
    ):
        (block,) = blocks_of(text)
        with pytest.raises(ExampleError):
            desk.run(block)


def test_marks_are_read():
    page = "<!-- not run: it costs money -->\n```console\n$ a   # why\nout\n$ b\n```\n\n"
    page += "<!-- file: x.csv -->\n```text\n1\n```\n"
    first, second = blocks_of(page)
    assert (first.mark, first.detail, first.commands) == ("not run", "it costs money", ["a", "b"])
    assert (second.mark, second.detail, second.text) == ("file", "x.csv", "1\n")
