"""A folder in which the examples of the pages are run, as a reader would run them."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from make_site.blocks import Block

FIRST = """name = "first"
sources = ["demo"]
splits = ["random-holdout", "item-cold"]
models = ["popular", "item-knn", "ease", "content-tfidf"]
metrics = ["ndcg@10", "recall@10", "accuracy", "f1"]
"""
"""The experiment that the pages have in common; the first page shows it."""

_WIDTH = "88"


class ExampleError(Exception):
    """An example of a page does not work as it stands."""


@dataclass
class Desk:
    """A working folder with the shared experiment in it, already run or not.

    Attributes:
        folder: where files are written and commands are run.
        names: what the Python blocks of a page have defined so far.
    """

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)

    def prepare(self, store: Path | None = None) -> None:
        """Write the shared experiment and run it, or take the store of a desk where it was run.

        Raises:
            ExampleError: when it fails.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "first.toml").write_text(FIRST, "utf-8")
        if store is not None:
            shutil.copytree(store, self.folder / "runs", symlinks=True)
        elif not (self.folder / "runs").exists():
            self.command("benchsuite run first.toml --offline")

    def run(self, block: Block) -> str:
        """Run a block, or write the file that it is, and return what it printed.

        Raises:
            ExampleError: when it fails, with its last words.
        """
        if block.mark == "file":
            path = self.folder / block.detail
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
            return ""
        if block.language == "console":
            return "".join(self.command(command) for command in block.commands)
        if block.language in {"python", "pycon"}:
            return self.python(_typed(block.text) if block.language == "pycon" else block.text)
        if block.language == "toml":
            self.experiment(block.text)
        return ""

    def command(self, line: str) -> str:
        """Run one ``benchsuite ...`` command in this process and return what it printed.

        Raises:
            ExampleError: when it is no such command, or fails.
        """
        from benchsuite.cli.main import main

        words = shlex.split(line)
        if words[0] != "benchsuite":
            raise ExampleError(f"{line}: only benchsuite's own commands are run; mark the block")
        with self._here() as (out, err):
            try:
                code = main(words[1:])
            except SystemExit as left:
                code = left.code if isinstance(left.code, int) else 3
        if code:
            raise ExampleError(f"{line}: exit code {code}: {out.getvalue()[-600:]} {err.getvalue()[-600:]}")
        return out.getvalue()

    def python(self, text: str) -> str:
        """Run Python as a notebook would: what its last expression is worth is printed, too.

        Raises:
            ExampleError: when it raises.
        """
        import ast

        tree = ast.parse(text)
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr):
            tree.body.pop()
        with self._here() as (out, _):
            try:
                exec(compile(tree, "<page>", "exec"), self.names)  # noqa: S102 - the page's own example
                if isinstance(last, ast.Expr):
                    worth = eval(compile(ast.Expression(last.value), "<page>", "eval"), self.names)  # noqa: S307 - same
                    if worth is not None:
                        print(_shown(worth))  # noqa: T201 - into the captured stream
            except Exception as error:
                raise ExampleError(f"{type(error).__name__}: {error}\n{text}") from error
        return out.getvalue()

    def experiment(self, text: str) -> None:
        """Check that a TOML block is an experiment, or a part of one that completes the shared one.

        Raises:
            ExampleError: when it is not.
        """
        import tomllib

        from benchsuite.errors import BenchsuiteError
        from benchsuite.plan.experiment_file import check_experiment

        try:
            table = tomllib.loads(text)
            if "use" in table:
                raise ExampleError("a single plugin is no experiment; write it as models = [...]")
            check_experiment(tomllib.loads(FIRST) | table, where="the page")
        except (BenchsuiteError, tomllib.TOMLDecodeError) as error:
            raise ExampleError(f"{error}\n{text}") from error

    @contextlib.contextmanager
    def _here(self) -> Iterator[tuple[io.StringIO, io.StringIO]]:
        """Work in the folder, with a cache of its own, no other data, and captured streams."""
        own = {"BENCHSUITE_DATA": "", "BENCHSUITE_CACHE": str(self.folder / "cache"), "COLUMNS": _WIDTH}
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, own | {"HF_HUB_OFFLINE": "1"}),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            os.environ.pop("BENCHSUITE_STORE", None)
            yield out, err


def _typed(text: str) -> str:
    """Return what a reader types of a session with prompts."""
    return "\n".join(line[4:] for line in text.splitlines() if line[:4] in {">>> ", "... "})


def _shown(worth: Any) -> str:
    """Return a value as a page shows it: frames as text, all else as Python prints it."""
    to_string = getattr(worth, "to_string", None)
    return str(to_string(index=False)) if callable(to_string) else str(worth)
