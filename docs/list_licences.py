"""Lists the licences of everything that benchsuite installs, from the metadata of what is installed here.

``python docs/list_licences.py`` writes the table in supply-chain.md anew. A test holds licences against ``ALLOWED``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "supply-chain.md"
_TABLE = re.compile(r"(?<=<!-- licences -->\n).*?(?=<!-- end of licences -->)", re.DOTALL)

ALLOWED = {
    # Permissive: their notices stay with the packages, which pip installs unchanged.
    *("0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0"),
    *("CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib"),
    # Copyleft by file or by library: bounds whoever changes or copies that package. Nothing of it is in our wheel.
    *("MPL-2.0", "LGPL-2.1-only"),
}
"""Licences, by their SPDX names, under which a package may be imported by one under Apache-2.0."""

NOT_FREE = re.compile(r"nvidia-(?!ml-py)|cuda-")
"""Packages that torch brings where its build is for a GPU: NVIDIA's terms, never part of what is handed on."""

_SPDX = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd license": "BSD",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
"""What packages write without SPDX, in lower case. "BSD" is kept where they do not say which."""

_SHORT = 60
"""Characters: a longer field is the text of a licence, not its name."""


@dataclass(frozen=True)
class Package:
    """An installed package.

    Attributes:
        name: normalized.
        licence: an SPDX expression, "" when its metadata names none that is known.
        wanted_by: the names of what needs it; "benchsuite", or "benchsuite[lora]" for an extra, is ours.
    """

    name: str
    licence: str
    wanted_by: tuple[str, ...]

    @property
    def direct(self) -> bool:
        """True for what benchsuite names itself."""
        return any(name.startswith("benchsuite") for name in self.wanted_by)


def installed(project: dict[str, Any], may_lack: Collection[str] = ()) -> list[Package]:
    """Return every package that benchsuite and its extras need, and all that these bring, by name.

    Args:
        project: the table ``project`` of pyproject.toml.
        may_lack: packages that are left out where they are not installed.

    Raises:
        PackageNotFoundError: when another one is not installed.
    """
    open_ = [("benchsuite", line) for line in project["dependencies"]]
    for extra, lines in project["optional-dependencies"].items():
        open_ += [(f"benchsuite[{extra}]", line) for line in lines]
    wanted: dict[str, set[str]] = {}
    while open_:
        by, line = open_.pop()
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(requirement.name)
        if name not in wanted:
            try:
                brings = distribution(name).requires or ()
            except PackageNotFoundError:
                if name in may_lack:
                    continue
                raise
            open_ += [(name, more) for more in brings]
        wanted.setdefault(name, set()).add(by)
    return [Package(name, licence_of(name), tuple(sorted(by))) for name, by in sorted(wanted.items())]


def licence_of(name: str) -> str:
    """Return the licence of an installed package as SPDX, "" when its metadata names none that is known."""
    facts = distribution(name).metadata
    if expressions := facts.get_all("License-Expression"):
        return str(expressions[0])
    classifiers = facts.get_all("Classifier") or []
    said = [
        *(facts.get_all("License") or []),
        *(one.rpartition(" :: ")[2] for one in classifiers if one[:7] == "License"),
    ]
    known = (spdx(text) for text in said)
    exact = [text for text in known if text]
    return next((text for text in exact if text != "BSD"), exact[0] if exact else "")


def spdx(text: str) -> str:
    """Return what a package wrote about its licence as an SPDX expression, "" when it is not known."""
    if len(text) > _SHORT:
        return ""
    parts = [part for part in re.split(r"( AND | OR )", text.strip()) if part]
    told = [part if part in (" AND ", " OR ") else _SPDX.get(part.lower(), part) for part in parts]
    return "".join(told) if all(part in ALLOWED for part in told if part not in (" AND ", " OR ")) else ""


def allowed(expression: str) -> bool:
    """Return whether a package of this licence may be a dependency: of each OR, one part is enough."""
    return bool(expression) and all(
        any(one.strip(" ()") in ALLOWED for one in part.split(" OR ")) for part in expression.split(" AND ")
    )


def table(packages: Iterable[Package]) -> str:
    """Return the packages as a Markdown table; what torch brings for a GPU is not listed."""
    rows = [one for one in packages if not NOT_FREE.match(one.name)]
    lines = ["| package | licence | needed by |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.licence or 'unknown'} | {', '.join(one.wanted_by)} |" for one in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the table into the page."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    try:
        made = table(installed(project))
    except PackageNotFoundError as error:
        raise SystemExit(f"{error}; install everything first: pip install . --group dev") from None
    PAGE.write_text(_TABLE.sub(lambda _: made, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
