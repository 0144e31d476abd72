"""Pages are whole in the repository, where nobody builds the site: nothing is missing, every link leads somewhere."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from make_site.assemble import pages, with_outputs
from make_site.blocks import Block, blocks_of
from make_site.desk import Desk
from make_site.held import PLACE, bare, fingerprint, generated_in, printed_in, with_printed, words
from make_site.places import REPOSITORY, sources
from make_site.stage import pages_of
from update_pages import part, updated

TEXTS = {path.name: path.read_text("utf-8") for path in sorted((REPOSITORY / "docs").glob("*.md"))}
LINKED = [REPOSITORY / path for path in pages_of(REPOSITORY)]
"""Every page in the repository; its links are followed."""

REFRESH = "run python docs/update_pages.py"
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MACHINE = re.compile(r"(?<![\w.~])/(?:tmp|home|root|work|Users|var|opt|private)/|[A-Z]:\\")
"""How paths begin that are those of one machine."""

EXAMPLE = (
    "# Title\n\n<!-- file: a.txt -->\n```text\n41\n```\n\n<!-- shown -->\n```python\nfrom pathlib import Path\n\n"
    "int(Path('a.txt').read_text()) + 1\n```\n\nText.\n\n<!-- generated: split-table -->\n\nEnd.\n"
)


def run_of(text: str) -> list[Block]:
    """Return the blocks of a page that are run when its parts are made."""
    return [block for block in blocks_of(bare(text)) if block.mark in {"shown", "needed", "file"}]


def missing(text: str) -> list[str]:
    """Return what a page should hold and does not: shown blocks whose output is absent or that of other commands."""
    run, held = run_of(text), {one.place: one for one in printed_in(text)}
    lost = []
    for number, block in enumerate(run, 1):
        one = held.pop(block.end, None) if block.mark == "shown" else None
        if block.mark == "shown" and (one is None or one.fingerprint != fingerprint(run[:number])):
            lost.append(block.text)
        elif one is not None and not one.text.strip():
            lost.append(f"empty: {block.text}")
    return lost + [f"of no shown block: {one.text}" for one in held.values()]


@pytest.mark.parametrize("name", TEXTS)
def test_shown_blocks_have_what_they_printed_below_them(name: str) -> None:
    assert missing(TEXTS[name]) == [], REFRESH
    assert [one.text for one in printed_in(TEXTS[name]) if MACHINE.search(one.text)] == []


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if PLACE.search(text)])
def test_generated_parts_are_what_the_code_makes(name: str) -> None:
    asked = PLACE.findall(bare(TEXTS[name]))
    held = generated_in(TEXTS[name])
    assert list(held) == asked, REFRESH
    for one in asked:
        assert held[one].strip() == part(one).strip(), f"{one}: {REFRESH}"


def test_parts_are_made_anew_and_taken_out_again(tmp_path: Path) -> None:
    (told,) = updated({"a.md": EXAMPLE}, Desk(tmp_path)).values()
    assert "```text\n42\n```\n<!-- end of printed -->\n\nText." in told
    assert "candidates have no training row" in generated_in(told)["split-table"]
    assert missing(told) == []
    assert bare(told) == EXAMPLE
    assert updated({"a.md": told}, Desk(tmp_path)) == {"a.md": told}


def test_a_change_without_new_output_is_found(tmp_path: Path) -> None:
    told = with_outputs(EXAMPLE, Desk(tmp_path), with_printed)
    assert missing(told) == []
    assert missing(EXAMPLE), "nothing is held"
    assert missing(told.replace("+ 1", "+ 2")), "the block is another"
    assert missing(told.replace("\n41\n", "\n40\n")), "a file that it reads is another"
    assert missing(re.sub(r"\n42\n", "\n\n", told)), "the output is empty"
    with pytest.raises(ValueError, match="stands alone"):
        bare(told.replace("<!-- end of printed -->", ""))
    assert words("b 2.5s a3f9c a better") == words("a 71 better 1e-3"), "numbers do not count"
    assert words("is better") != words("is worse")


def test_the_site_takes_out_what_pages_hold() -> None:
    """Each generated part stands on the site once, and what was printed only where examples are run."""
    made = pages(None)
    for name, text in TEXTS.items():
        assert not re.search(r"<!-- (printed|end of (printed|generated))", made[name]), name
        assert [one.text for one in printed_in(text) if one.text in made[name]] == [], name
        heads = re.findall(r"^(#+ .*)$", FENCED.sub("", made[name]), re.MULTILINE)
        assert [head for head, number in Counter(heads).items() if number > 1] == [], name
    assert all(
        made["models.md"].count(f"](models/{page.name})") == 1
        for page in map(Path, sources())
        if page.parts[0] == "models"
    )
    assert made["splits.md"].count("<figure") == TEXTS["splits.md"].count("\nday ") > 0


def text_of(page: str) -> str:
    """Return a page without its code."""
    return re.sub(r"`[^`\n]+`", "`x`", FENCED.sub("", page))


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings as code hosts make them."""
    found: Counter[str] = Counter()
    for head in re.findall(r"^#+ (.*)$", FENCED.sub("", page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head.strip()).lower()
        found[re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")] += 1
    return {f"{name}-{again}" if again else name for name, times in found.items() for again in range(times)}


def dead(path: Path, page: str) -> list[str]:
    """Return the relative links of a page that lead nowhere."""
    lost = []
    for link in re.findall(r"\]\(<?([^)\s>]+)>?\)|(?:href|src)=\"([^\"]+)\"", text_of(page)):
        target, _, anchor = "".join(link).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = path.parent / target if target else path
        told = (
            page if found == path else found.read_text("utf-8") if found.suffix == ".md" and found.is_file() else None
        )
        if not found.exists() or (anchor and (told is None or anchor not in anchors(told))):
            lost.append("".join(link))
    return lost


@pytest.mark.parametrize("path", LINKED, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_link_leads_to_a_file_and_a_place_in_it(path: Path) -> None:
    assert dead(path, path.read_text("utf-8")) == []


def test_a_dead_link_is_found() -> None:
    page = '# One thing, "told"\n\n[a](nowhere.md) [b](glossary.md#nowhere) [c](#nowhere) <img src="no.svg">\n'
    good = "\n[d](glossary.md) [e](#one-thing-told) [f](https://x.org/#y) `[g](no.md)` [`h`](../README.md#who-leads)\n"
    lost = dead(REPOSITORY / "docs" / "glossary.md", page + good)
    assert lost == ["nowhere.md", "glossary.md#nowhere", "#nowhere", "no.svg"]
