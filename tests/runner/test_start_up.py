"""What a worker's process imports: one process per job pays for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

_CODE = """
import json, sys
import benchsuite.runner.worker
from benchsuite.registry import load_model
from benchsuite_testing import last_events, small_dataset
from benchsuite.api import Context
from benchsuite.evaluate import rank

def roots():
    return sorted({module.partition(".")[0] for module in sys.modules})

print(json.dumps(["worker", roots()]))
fold = last_events(small_dataset())
for name in sys.argv[1:]:
    rank(load_model(name).from_settings({}).fit(fold.train, Context(threads=1)), fold, 10)
    print(json.dumps([name, roots()]))
"""
_MODELS = ("random", "popular", "user-knn", "item-knn", "als", "ease", "svd", "knn-baseline", "social-knn")
_NEVER = {"torch", "transformers", "optuna", "matplotlib", "rich"}


@pytest.fixture(scope="module")
def imported():
    """What is imported after the worker, and after each model in turn, in one process."""
    words = [sys.executable, "-c", _CODE, *_MODELS]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return {name: set(roots) for name, roots in map(json.loads, done.stdout.splitlines())}


@pytest.mark.slow
def test_a_worker_alone_imports_little(imported):
    assert "numpy" in imported["worker"]
    assert not imported["worker"] & (_NEVER | {"scipy", "pandas", "sklearn", "pyarrow", "pydantic"})


@pytest.mark.parametrize("model", _MODELS)
def test_no_worker_imports_torch_for_a_model_that_needs_none(model, imported):
    assert not imported[model] & _NEVER
    assert "pandas" not in imported[model]
