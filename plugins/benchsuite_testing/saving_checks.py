"""Check of a model's ``save`` and ``load``, for models that have them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchsuite.api import Model
from benchsuite.data import Entities
from benchsuite.errors import NotApplicable
from benchsuite_testing.fitted_models import fitted_model, require_equal
from benchsuite_testing.outcome import Make, require, skip


def check_saved_model_agrees(make: Make[Model]) -> None:
    """A saved model, loaded into a new one of the same settings, gives equal scores; no file is pickled."""
    done = fitted_model(make)
    if type(done.model).save is Model.save:
        skip("cannot be saved")
    table = done.fold.train.items
    items = Entities(table.ids, table.text, table.columns)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            done.model.save(folder)
        except NotApplicable as reason:
            skip(str(reason))
        files = {path.name for path in folder.rglob("*") if path.is_file()}
        require(files, "save wrote no file")
        taken = sorted(files & {"benchsuite.json", "items.json", "README.md"})
        require(not taken, f"save wrote {', '.join(taken)}, which the harness writes")
        pickled = sorted(file for file in files if Path(file).suffix in (".pkl", ".pickle", ".pt", ".pth", ".bin"))
        require(not pickled, f"save wrote {', '.join(pickled)}: pickled files can run code")
        model = make()
        require(model.load(folder, items) is model, "load returned something other than self")
        require_equal(model.score(done.fold.queries, None), done.scores, "the loaded model", exact=True)
        queries = done.fold.queries
        query = np.arange(len(queries), dtype=np.int32)
        item = query % np.int32(len(items))
        pairs = done.model.score_pairs(queries, query, item)
        require_equal(model.score_pairs(queries, query, item), pairs, "pairs of the loaded model", exact=True)


SAVING_CHECKS = (check_saved_model_agrees,)
