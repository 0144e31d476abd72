"""Puts the per-query values of each benchmark's rows into one file of the wheel: there they take the least room."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ValuesTogether(BuildHookInterface[Any]):
    """Run by hatchling when a wheel is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files, and say where in the wheel they stand."""
        if version == "editable":  # reads the checkout, where each row has its own
            return
        sys.path.insert(0, self.root)
        from benchsuite.benchmark.values_together import write_together

        self._folder = tempfile.TemporaryDirectory()
        for benchmark in sorted(path for path in Path(self.root, "reports", "results").iterdir() if path.is_dir()):
            target = Path(self._folder.name, benchmark.name)
            target.mkdir()
            write_together(benchmark, target)
            for file in sorted(target.iterdir()):
                build_data["force_include"][str(file)] = f"benchsuite_results/{benchmark.name}/{file.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what is in the wheel now."""
        if version != "editable":
            self._folder.cleanup()
