"""Help, version and list answer at once: they import neither numeric libraries nor any plugin."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "torch",
    "transformers",
    "implicit",
    "surprise",
    "pydantic",
    "rich",
    "pyarrow",
)
_CODE = """
import sys
from benchsuite.cli.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["list", "models", "--json"],
        ["run", "--help"],
        ["check", "--help"],
        ["compare", "--help"],
    ],
)
def test_light_verbs_import_nothing_heavy(words):
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    modules = done.stderr.split()
    assert "benchsuite.cli.main" in modules
    roots = {module.partition(".")[0] for module in modules}
    assert not roots & set(_HEAVY)
    shelf = {"benchsuite_testing"} if "check" in words else set()  # the verb's own, and no other
    assert {root for root in roots if root.startswith("benchsuite_")} == shelf
    assert "benchsuite.api" not in modules


@pytest.mark.process
def test_a_pipe_that_closes_early_is_no_error():
    listing = f"{sys.executable} -m benchsuite.cli.main list --json"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; for i in 1 2 3; do {listing}; done | head -n 1"],  # noqa: S607 - any bash
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout == "[\n"
