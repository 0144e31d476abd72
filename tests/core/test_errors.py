from __future__ import annotations

import copy

import pytest

from benchsuite import errors
from benchsuite.errors import BenchsuiteError, ConfigError, DataError, did_you_mean


def test_a_message_is_one_line_of_where_what_and_remedy():
    error = DataError('wrong type "x"\nin value', where="rows.csv, line 17", remedy="write a number")
    assert str(error) == 'rows.csv, line 17: wrong type "x" in value; write a number'
    assert str(DataError("is empty")) == "is empty"
    assert str(DataError("is empty", where="rows.csv")) == "rows.csv: is empty"


def test_errors_survive_a_trip_between_processes():
    error = copy.copy(ConfigError("what", where="where", remedy="remedy"))
    assert type(error) is ConfigError
    assert (error.what, error.where, error.remedy) == ("what", "where", "remedy")


def test_the_tree_is_the_one_in_the_docstring():
    classes = {
        name: cls for name, cls in vars(errors).items() if isinstance(cls, type) and cls.__module__ == errors.__name__
    }
    assert len(classes) > 5
    assert all(issubclass(cls, BenchsuiteError) for cls in classes.values())
    assert all(name in (errors.__doc__ or "") for name in classes)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("esae", ["ease", "als"], 'did you mean "ease"?'),
        ("zzz", ["ease", "als"], "known: als, ease"),
        ("zzz", [], "there are none"),
    ],
)
def test_did_you_mean(name, options, said):
    assert did_you_mean(name, options) == said
