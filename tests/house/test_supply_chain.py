"""Licences of what is installed, and what workflows run."""

from __future__ import annotations

import json
import re
import runpy
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from list_licences import NOT_FREE, PAGE, allowed, installed, spdx

NOT_OF_TESTS = {"ray"}
"""Extras that the group dev does not install: the tests of their shelves are skipped without them."""


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def listed():
    """Licences of the page by name."""
    table = PAGE.read_text("utf-8").partition("<!-- licences -->\n| package | licence | needed by |\n")[2]
    return dict(re.findall(r"^\| ([\w.-]+) \| ([^|]+) \| [^|]+ \|$", table, re.MULTILINE))


def test_every_package_has_an_allowed_licence(project):
    packages = installed(project, NOT_OF_TESTS)
    assert len(packages) > len(project["dependencies"])
    refused = [(one.name, one.licence) for one in packages if not allowed(one.licence) and not NOT_FREE.match(one.name)]
    assert refused == []


def test_the_page_lists_every_dependency_of_ours(project, listed):
    named = [*project["dependencies"], *(line for lines in project["optional-dependencies"].values() for line in lines)]
    names = {canonicalize_name(Requirement(line).name) for line in named}
    assert names - set(listed) == set()
    now = {one.name: one.licence for one in installed(project, NOT_OF_TESTS)}
    assert names - set(now) <= NOT_OF_TESTS
    assert {name: listed[name] for name in names & set(now)} == {name: now[name] for name in names & set(now)}
    assert all(allowed(licence) for licence in listed.values())


def test_an_unknown_or_strict_licence_is_refused():
    assert not allowed("")
    assert not allowed("GPL-3.0-only")
    assert not allowed("MIT AND GPL-3.0-only")
    assert allowed("MIT OR GPL-3.0-only")
    assert spdx("Apache Software License") == "Apache-2.0"
    assert spdx("BSD 3-Clause OR Apache-2.0") == "BSD-3-Clause OR Apache-2.0"
    assert spdx("GNU General Public License v3 (GPLv3)") == ""
    assert not NOT_FREE.match("nvidia-ml-py")
    assert NOT_FREE.match("nvidia-cublas-cu12")


def test_workflows_run_nothing_that_can_change_under_them(repository):
    """Actions are named by a commit, rights are none but reading, and a job ends by itself."""
    paths = sorted((repository / ".github" / "workflows").glob("*.yml"))
    assert len(paths) > 1
    for path in paths:
        work = yaml.safe_load(path.read_text("utf-8"))
        assert work["permissions"] == {"contents": "read"}
        for name, job in work["jobs"].items():
            assert "timeout-minutes" in job, (path.name, name)
            for step in job["steps"]:
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step.get("uses", "a@" + "0" * 40)), (path.name, step)


def package(name, *faults, **more):
    return {"name": name, "version": "1", "vulns": [{"id": one, "fix_versions": ["2"]} for one in faults]} | more


OLD = package("old", "CVE-1")
UNASKED = {"name": "ours", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ([package("ours"), OLD], 0, "1 packages, 0 known faults"),
        ([package("ours", "CVE-2"), OLD], 1, "ours 1: CVE-2, mended in 2"),
        ([UNASKED, OLD], 3, "nothing is known of 1 of 2 packages: ours"),
        ([package("ours"), package("old")], 3, "the service does not know the faults of an old old"),
        ([package("ours")], 3, "the service does not know"),
        (None, 3, "pip-audit wrote no answer"),
    ],
)
def test_no_answer_about_faults_is_never_a_good_one(repository, tmp_path, capsys, answer, code, said):
    path = tmp_path / "audit.json"
    if answer is not None:
        path.write_text(json.dumps({"dependencies": answer}))
    read = runpy.run_path(str(repository / ".ci" / "read_audit.py"))["main"]
    assert read(str(path), "old") == code
    assert said in capsys.readouterr().out
