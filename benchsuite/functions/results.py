"""The results of one experiment as frames and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from benchsuite.data import Comparison
from benchsuite.data.result_tables import (
    CONTRASTS,
    LARGE,
    PER_QUERY,
    RANKINGS,
    RESULTS,
    SMALL,
    SPREADS,
    STANDINGS,
    STRATA,
    TUNING,
    Batch,
    TidyTable,
)
from benchsuite.data.result_tables import small_tables as _small_tables
from benchsuite.data.tabular import arrow_schema, to_arrow
from benchsuite.functions.run_ending import FEWEST_LINES, SCREEN_COLUMNS, SCREEN_LINES, ending
from benchsuite.interface import Frames, FunctionResult, Style, Words, count, plain, plain_values, terminal_width

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

    from benchsuite.functions.compact_table import CompactTable, SortOrder
    from benchsuite.plan import Plan
    from benchsuite.runner import RunSummary
    from benchsuite.store import Store


class Results(FunctionResult):
    """The results of one experiment: pandas frames, and tables for people.

    ``print(results)`` shows one screen: what the numbers say and one table. A notebook shows all tables when the object
    is a cell's last line.
    Columns and their meaning: ``benchsuite show report csv``, or :meth:`describe`.

    Args:
        full: ``print`` shows all tables.

    Attributes:
        comparison: everything a report may see; :class:`benchsuite.data.Comparison`.
        plan: every planned cell with its key.
        outcome: what the run came to, None for loaded results.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        comparison: Comparison,
        outcome: RunSummary | None = None,
        *,
        full: bool = False,
    ) -> None:
        self.plan = plan
        self._full = full
        self.comparison = comparison
        self.outcome = outcome
        self._store = store

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.comparison.name

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that every report shows: simulated data, conventions, what the results survive."""
        return self.comparison.notes

    @property
    def results(self) -> DataFrame:
        """One number a row, or the reason why there is none."""
        return self._small[RESULTS.name]

    @property
    def contrasts(self) -> DataFrame:
        """One model against another on the same queries, tested."""
        return self._small[CONTRASTS.name]

    @property
    def tuning(self) -> DataFrame:
        """One tuning trial a row."""
        return self._small[TUNING.name]

    @property
    def spreads(self) -> DataFrame:
        """Seed variance apart from user variance; empty with one seed."""
        return self._small[SPREADS.name]

    @property
    def standings(self) -> DataFrame:
        """Mean ranks over data sets; empty with one data set."""
        return self._small[STANDINGS.name]

    @property
    def strata(self) -> DataFrame:
        """Parts of each test shown apart: warm and cold, popular and rare, new and active."""
        return self._small[STRATA.name]

    def table(
        self,
        *,
        models: Words = (),
        metrics: Words = (),
        splits: Words = (),
        datasets: Words = (),
        rename: Words | Mapping[str, str] = (),
        sort: SortOrder = "given",
        intervals: bool = False,
        signs: bool = False,
        digits: int | None = None,
    ) -> CompactTable:
        """Return one compact table, best bold and second underlined, with its frame, LaTeX, Markdown, HTML and CSV.

        Args:
            models: labels in the order of the table; all where none is named.
            metrics: labels, costs included; all but costs where none is named.
            splits: labels, side by side; ``user-cold/k=1`` is a group of one. All where none is named.
            datasets: labels, side by side; all where none is named.
            rename: what the table shows for a label: ``{"flm": "FLM (ours)"}``.
            sort: models as given, by their place, or by name.
            intervals: show half of the 95% interval behind each value.
            signs: mark what is better or worse than the best reference by the corrected test.
            digits: decimals; as many as the intervals support where not given.

        Raises:
            UsageError: when a name is unknown, or nothing was measured there.
        """
        from benchsuite.functions.compact_table import CompactTable, table_settings

        options: dict[str, Any] = {
            "models": models,
            "metrics": metrics,
            "splits": splits,
            "datasets": datasets,
            "rename": rename,
        }
        options |= {"sort": sort, "intervals": intervals, "signs": signs, "digits": digits}
        chosen = table_settings(self.comparison, options=options)
        return CompactTable(self.comparison, chosen)

    @cached_property
    def per_query(self) -> DataFrame:
        """One metric of one query of one model a row; texts are categories. Large: read from the store when asked."""
        from benchsuite.analysis.query_tables import per_query

        return _large(PER_QUERY, per_query(self.plan, self._store))

    @cached_property
    def rankings(self) -> DataFrame:
        """One place of one list a row; texts are categories. Large: read from the store when asked."""
        from benchsuite.analysis.query_tables import rankings

        return _large(RANKINGS, rankings(self.plan, self._store))

    @cached_property
    def _small(self) -> dict[str, DataFrame]:
        batches = _small_tables(self.comparison)
        return {table.name: to_arrow(table, batches[table.name]).to_pandas() for table in SMALL}

    @staticmethod
    def describe() -> DataFrame:
        """Return every column of every frame with its type and meaning."""
        import pandas as pd

        rows = [(t.name, column.name, column.dtype, column.meaning) for t in (*SMALL, *LARGE) for column in t.columns]
        return pd.DataFrame(rows, columns=["frame", "column", "dtype", "meaning"])

    def __repr__(self) -> str:
        """Return one line; ``print`` shows the tables."""
        about = self.comparison
        parts = ((about.datasets, "data set"), (about.splits, "split"), (about.models, "model"))
        counts = ", ".join(count(len(part), thing) for part, thing in parts)
        return f'<Results of "{self.name}": {counts}; print() shows one screen>'

    @property
    def ok(self) -> bool:
        """False when a cell or a tuning trial of this run failed."""
        return self.outcome is None or not (self.outcome.failed or self.outcome.failed_trials)

    def text(self, style: Style = plain) -> str:
        """Return one screen, what the run came to included; ``benchsuite report`` shows everything."""
        ended = [] if self.outcome is None else ["", *ending(self.name, self._store.root, self.outcome)]
        colour: dict[str, Any] = {"colour": True} if style("x", "bold") != "x" else {}
        return self._text(colour, terminal_width(), ended)

    def advice(self) -> Sequence[str]:
        """Say which results came from other code of a model that kept its version."""
        from benchsuite.analysis.model_code import changed_models

        return list(changed_models(self.plan, self._store))

    def to_dict(self) -> dict[str, Any]:
        """Return what the run came to; the numbers are in the frames and in ``benchsuite.report``."""
        return {"experiment": self.name, **({} if self.outcome is None else plain_values(self.outcome))}

    def frames(self) -> Frames:
        """Return all frames but the large ones."""
        return self._small

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the same with bold and underlined values, as wide as rich allows."""
        from rich.text import Text

        yield Text.from_ansi(self._text({"colour": True}, options.max_width, []))

    def _repr_html_(self) -> str:
        """Return the tables for a notebook."""
        return self._rendered("notebook", {})

    def _text(self, settings: dict[str, Any], width: int, ended: list[str]) -> str:
        """Return the tables and after them how the run ended, in one screen unless all was asked for."""
        if self._full:
            return self._rendered("terminal", settings | ({"width": width} if width else {})) + "\n".join(ended)
        columns = min(width or SCREEN_COLUMNS, SCREEN_COLUMNS)
        taken = sum(max(1, math.ceil(len(line) / columns)) for line in ended)
        fits = {"brief": True, "width": columns, "lines": max(SCREEN_LINES - taken, FEWEST_LINES)}
        return self._rendered("terminal", settings | fits) + "\n".join(ended)

    def _rendered(self, form: str, settings: dict[str, Any]) -> str:
        from benchsuite.registry import load_report

        files = load_report(form).from_settings(settings).render(self.comparison)
        return next(iter(files.values())).decode()


def _large(table: TidyTable, batches: Iterator[Batch]) -> DataFrame:
    """Put batches together; repeated texts are kept once."""
    import pyarrow as pa

    schema = arrow_schema(table)
    encode: Callable[[Any], Any] = lambda column: (  # noqa: E731 - two lines, used once
        column.dictionary_encode() if pa.types.is_string(column.type) else column
    )
    parts = []
    for batch in batches:
        rows = to_arrow(table, batch, schema)
        parts.append(pa.table({name: encode(rows.column(name)) for name in rows.column_names}))
    whole = pa.concat_tables(parts).unify_dictionaries() if parts else to_arrow(table, table.batch([]), schema)
    frame: DataFrame = whole.to_pandas()
    return frame
