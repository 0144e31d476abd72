"""The other side of the protocol in C++: a header, and programs of few lines."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import benchsuite_external
from benchsuite.api import Context
from benchsuite.errors import BenchsuiteError
from benchsuite_external.external import External
from benchsuite_testing import last_events, small_dataset

pytestmark = pytest.mark.process

PROGRAMS = Path(benchsuite_external.__file__).parent / "programs"
HEADER = (PROGRAMS / "benchsuite_program.hpp").read_text("utf-8")


def test_the_example_has_forty_lines():
    lines = (PROGRAMS / "example_program.cpp").read_text("utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 40


def test_the_program_in_the_head_of_the_header_counts(compile_cpp, tmp_path):
    head, _, _ = HEADER.partition("#pragma once")
    shown = "\n".join(re.findall(r"^//     ?(.*)$|^//$", head, re.MULTILINE))
    source = tmp_path / "popular.cpp"
    source.write_text(shown + "\n")
    fold = last_events(small_dataset())
    model = External(command=[compile_cpp(source)]).fit(fold.train, Context())
    count = np.bincount(fold.train.interactions.item, minlength=len(fold.train.items)).astype(np.float32)
    np.testing.assert_array_equal(model.score(fold.queries, None), np.tile(count, (len(fold.queries), 1)))
    some = np.array([3, 5], np.int32)
    np.testing.assert_array_equal(model.score(fold.queries, some), np.tile(count[some], (len(fold.queries), 1)))


def test_settings_and_words_of_its_own(compile_cpp, tmp_path):
    source = tmp_path / "settings.cpp"
    source.write_text(
        '#include "benchsuite_program.hpp"\nstruct Two {\n    double sum = 0;\n'
        '    void fit(const benchsuite::Fold &fold) { sum = fold.option("damping", 7) + fold.option("other", 0.5); }\n'
        "    std::vector<float> score(const benchsuite::Block &block) {\n"
        "        const auto size = block.queries() * block.candidates.size();\n"
        "        return std::vector<float>(size, static_cast<float>(sum));\n    }\n};\n"
        "int main(int count, char **words) { return benchsuite::serve(count, words, Two()); }\n"
    )
    fold = last_events(small_dataset())
    command = [compile_cpp(source), "--loud"]
    model = External(command=command, options={"damping": -2.25e1}).fit(fold.train, Context())
    assert (model.score(fold.queries, None) == -22.0).all()


def test_what_goes_wrong_is_one_line(compiled, compile_cpp, tmp_path):
    done = subprocess.run([compiled, "fit", str(tmp_path)], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "set keep_open = true" in done.stderr
    source = tmp_path / "wrong.cpp"
    source.write_text(
        '#include "benchsuite_program.hpp"\nstruct Wrong {\n'
        '    void fit(const benchsuite::Fold &fold) { fold.load<float>("train/nothing.npy"); }\n'
        "    std::vector<float> score(const benchsuite::Block &) { return {}; }\n};\n"
        "int main(int count, char **words) { return benchsuite::serve(count, words, Wrong()); }\n"
    )
    with pytest.raises(BenchsuiteError, match=r"cannot read .*train/nothing\.npy"):
        External(command=[compile_cpp(source)]).fit(small_dataset(), Context())
