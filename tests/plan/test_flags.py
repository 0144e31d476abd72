"""What a model says of itself is True or False, or it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchsuite.errors import PluginError
from benchsuite.plan import PluginSpec
from benchsuite.plan.resolve import resolve

MODEL = """
from benchsuite.api import Model

class Mine(Model):
    version = "1"
    {flag} = {value}

    def fit(self, data, context): ...

    def score(self, queries): ...
"""


@pytest.mark.parametrize(
    ("flag", "value", "good"),
    [
        ("is_network", "'yes'", False),
        ("is_candidate", "1", False),
        ("is_oracle", "None", False),
        ("is_network", "True", True),
        ("may_abstain", "False", True),
    ],
)
def test_a_flag_is_true_or_false(flag: str, value: str, good: bool, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(MODEL.format(flag=flag, value=value))
    spec = PluginSpec.model_validate({"use": f"{file}:Mine"})
    if good:
        assert getattr(resolve("models", spec, "models").plugin, flag) is (value == "True")
        return
    with pytest.raises(PluginError, match=f"its {flag} is .*neither True nor False; set {flag} = True in Mine"):
        resolve("models", spec, "models")
