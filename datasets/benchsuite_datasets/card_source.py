"""The source behind every card: find the files, read them as the card says, prepare them by declared steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge

from benchsuite.api import DataLocations, PublishedCounts, Source
from benchsuite.data import Dataset
from benchsuite.errors import ConfigError, did_you_mean
from benchsuite_datasets.card import Card, Variants
from benchsuite_datasets.dataset_builder import Tables, build_dataset
from benchsuite_datasets.describe import card_lines
from benchsuite_datasets.file_lookup import FilesNotFound, LocatedFiles, checksums, locate_files, row_files
from benchsuite_datasets.frames import read_layout
from benchsuite_datasets.outliers import (
    BoundValues,
    DropBusyUsers,
    KeepBehaviours,
    NetCancellations,
    Sessions,
    TimeWindow,
)
from benchsuite_datasets.preparation_steps import (
    Action,
    Binary,
    Core,
    DropMarked,
    DropMissing,
    Duplicates,
    Keep,
    Label,
    ShuffleTies,
    Values,
    Weigh,
    prepare,
    sentence,
)
from benchsuite_datasets.prepared_cache import load_or_prepare, prepared_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class CardSource(Source):
    """A data set described by a card.

    Attributes:
        duplicates: which of several rows of one user and item stays.
        behaviours: behaviours to keep; none named means all.
        values: what a row counts: ``given``, its own value where the set has values, else its behaviour's weight;
            ``weights``, its behaviour's weight in any case; ``binary``, 1 in any case (labels still come from ratings).
        weights: value of each behaviour, in the order of the card; none named means the card's own.
        min_value: values below are outliers.
        max_value: values above are outliers.
        clip: move outliers to the bound instead of dropping their rows.
        max_events: users with more events are dropped as automated; 0 means no limit.
        since: first moment kept, as an ISO date; "" means no bound.
        until: first moment not kept.
        session_minutes: each session counts as a user of its own and ends with a longer pause than this; 0 for no
            sessions.
        user_core: users with fewer different items are dropped, together with ``item_core`` until nothing changes.
        item_core: items with fewer different users are dropped.
        positive_from: smallest value that makes label 1; None leaves the data without labels.
        shuffle_ties: seed of a random order of rows of one user and time; None keeps the file's order, which all users
            may share (``benchsuite audit`` says so), so that models of sequences learn it.
        item_text: item columns that make an item's text, in order; none named means the card's own choice.
        user_text: user columns that make a user's text.
    """

    card: ClassVar[Card]

    duplicates: Keep = "last"
    behaviours: tuple[str, ...] = ()
    values: Values = "given"
    weights: tuple[float, ...] = ()
    min_value: float | None = None
    max_value: float | None = None
    clip: bool = False
    max_events: Annotated[int, Ge(0)] = 0
    since: str = ""
    until: str = ""
    session_minutes: Annotated[int, Ge(0)] = 0
    user_core: Annotated[int, Ge(1)] = 1
    item_core: Annotated[int, Ge(1)] = 1
    positive_from: float | None = None
    shuffle_ties: Annotated[int, Ge(0)] | None = None
    item_text: tuple[str, ...] = ()
    user_text: tuple[str, ...] = ()

    def load(self, place: DataLocations) -> Dataset:
        """Find, check, read and prepare the data.

        Raises:
            DataError: when files are missing, unreachable, damaged or malformed.
            ConfigError: when a setting does not fit the data.
        """
        card = self.card
        if card.choice is not None:
            return self._variant(card.choice).load(place)
        place.say(f"{card.title}: {card.licence}; {card.url}")
        for entry in card.cite:
            place.say(f"please cite: {' '.join(entry.split())}")
        found = locate_files(card, place)
        place.say(f"{card.name}: read from {found.origin}")
        dataset = load_or_prepare(
            card, self.settings(), found, place, lambda: self.prepared(self._read_with_checksums(found))
        )
        for step in dataset.steps:
            if step.after != step.before:
                place.say(f"{card.name}: {sentence(step)}")
        return dataset

    def raw_files(self, place: DataLocations) -> Iterable[Path]:
        """Return the files that hold rows, and those of prepared copies."""
        if self.card.choice is not None:
            return self._variant(self.card.choice).raw_files(place)
        return [*row_files(self.card, place), *prepared_rows(self.card.name, place)]

    def check(self, place: DataLocations) -> PublishedCounts | None:
        """Return what the files hold and what was published of them.

        Raises:
            DataError: when files are damaged or malformed.
        """
        if self.card.choice is not None:
            return self._check_variant(self.card.choice, place)
        expect = {} if self.card.expect is None else self.card.expect.model_dump(exclude_none=True)
        try:
            found = locate_files(self.card, place)
        except FilesNotFound:
            return PublishedCounts(here=False, expected=expect)
        tables = self.read(found)
        rows = tables.interactions
        counts = {"rows": len(rows), "users": rows["user"].nunique(), "items": rows["item"].nunique()}
        if tables.links is not None:
            counts["links"] = len(tables.links)
        return PublishedCounts(here=True, found=counts, expected=expect, checksums=checksums(found))

    def _variant(self, choice: Variants) -> CardSource:
        """Return the source of the set that the card's own setting names."""
        settings = {name: getattr(self, name) for name in self.fields() if name != choice.setting}
        card = self.card.chosen(getattr(self, choice.setting))
        base = next(one for one in type(self).__mro__ if one.__dict__.get("card") is not self.card)
        return source_class(card, base)(**settings)

    def _check_variant(self, choice: Variants, place: DataLocations) -> PublishedCounts | None:
        """Check the set that the setting names; where it is the default and not here, the first other one that is."""
        checked = self._variant(choice).check(place)
        if checked is None or checked.here or getattr(self, choice.setting) != choice.default:
            return checked
        others = [value for value in choice.values if value != choice.default]  # noqa: PD011 - a table of the card
        for value in others:
            setting: dict[str, Any] = {choice.setting: value}
            other = dataclasses.replace(self, **setting).check(place)
            if other is not None and other.here:
                return dataclasses.replace(other, checksums=f"{value}: {other.checksums}")
        return checked

    def _read_with_checksums(self, found: LocatedFiles) -> Tables:
        """Read the files; where the card has no checksum, the first step notes that the first-seen one was used."""
        tables = self.read(found)
        sums = checksums(found)
        if not tables.steps or sums.startswith(f"{len(found.layout.files)} of"):
            return tables
        first, *others = tables.steps
        note = "; ".join(filter(None, (first.note, f"checksums: {sums}")))
        return dataclasses.replace(tables, steps=(dataclasses.replace(first, note=note), *others))

    def read(self, found: LocatedFiles) -> Tables:
        """Read the files into frames; a set that needs more than its card can say overrides this."""
        return read_layout(found.layout, found.path, self.card.behaviours)

    def prepared(self, tables: Tables) -> Dataset:
        """Apply the preparation that the settings declare and build the data set."""
        rows, steps = prepare(tables.interactions, self.actions())
        users, links = tables.users, tables.links
        if self.session_minutes:
            users, links = _users_of_sessions(users, rows["user"]), None  # sessions have no links
        return build_dataset(
            self.card.name,
            dataclasses.replace(tables, interactions=rows, users=users, links=links),
            behaviours=tuple(behaviour.name for behaviour in self.card.behaviours),
            steps=(*tables.steps, *steps),
            item_text=self._text("item_text", tables.items),
            user_text=self._text("user_text", tables.users),
            unordered=self.card.unordered,
        )

    def actions(self) -> tuple[Action, ...]:
        """Return the steps of preparation, in order.

        Raises:
            ConfigError: when a setting does not fit the data.
        """
        reasons = (drop.why for table in self.card.layouts[0].interactions for drop in table.drops)
        actions: list[Action] = [*(DropMarked(why) for why in dict.fromkeys(reasons)), DropMissing()]
        actions += self._behaviour_actions()
        if self.card.netted:
            actions.append(NetCancellations())
        if self.min_value is not None or self.max_value is not None:
            actions.append(BoundValues(self.min_value, self.max_value, self.clip))
        if self.since or self.until:
            actions.append(TimeWindow(self.since, self.until))
        if self.max_events:
            actions.append(DropBusyUsers(self.max_events))
        if self.session_minutes:
            actions.append(Sessions(self.session_minutes))
        actions.append(Duplicates(self.duplicates))
        if self.user_core > 1 or self.item_core > 1:
            actions.append(Core(self.user_core, self.item_core))
        if self.positive_from is not None:
            actions.append(Label(self.positive_from))
        if self.values == "binary":
            actions.append(Binary())
        if self.shuffle_ties is not None:
            actions.append(ShuffleTies(self.shuffle_ties))
        return tuple(actions)

    def _behaviour_actions(self) -> Iterator[Action]:
        """Yield what the settings say about behaviours."""
        names = tuple(behaviour.name for behaviour in self.card.behaviours)
        for name in self.behaviours:
            if name not in names:
                raise ConfigError(f'unknown behaviour "{name}"', where=self._where, remedy=did_you_mean(name, names))
        if self.behaviours:
            yield KeepBehaviours(names, self.behaviours)
        if self.values == "weights" or (len(names) > 1 and not self._has_values):
            weights = self.weights or tuple(behaviour.weight for behaviour in self.card.behaviours)
            if len(weights) != len(names):
                what = f"{len(weights)} weights for {len(names)} behaviours"
                raise ConfigError(what, where=self._where, remedy=f"give one for each of {', '.join(names)}")
            yield Weigh(names, weights)

    @property
    def _has_values(self) -> bool:
        return any("value" in table.columns for table in self.card.layouts[0].interactions)

    @property
    def _where(self) -> str:
        return f"source {self.card.name}"

    def _text(self, setting: str, table: Any) -> tuple[str, ...]:
        """Return the text columns to use, checked against the table."""
        chosen: tuple[str, ...] = getattr(self, setting) or getattr(self.card, setting)
        known = [] if table is None else [str(name) for name in table]
        for name in chosen:
            if name not in known:
                what = f'{setting} names "{name}", which is no text column'
                raise ConfigError(what, where=self._where, remedy=did_you_mean(name, known))
        return chosen


def _users_of_sessions(users: pd.DataFrame | None, sessions: pd.Series[Any]) -> pd.DataFrame | None:
    """Give each session what is known about its user."""
    if users is None:
        return None
    ids = sessions.cat.categories
    known = users.reindex([name.rpartition("/")[0] for name in ids])
    return known.set_axis(ids.astype(object), axis=0)


def source_class(card: Card, base: type[CardSource] = CardSource) -> type[CardSource]:
    """Return a source class for a card: its facts as class attributes, its defaults as defaults of the settings.

    Raises:
        ConfigError: when the card's defaults name an unknown setting or a value that does not fit.
    """
    types = CardSource.fields()
    defaults = base.from_settings(card.defaults, where=f"card {card.name}, defaults")
    fields: list[tuple[str, Any, Any]] = [
        (name, types[name], dataclasses.field(default=getattr(defaults, name))) for name in card.defaults
    ]
    if card.choice is not None:
        values = Literal[tuple(card.choice.values)]  # type: ignore[valid-type]  # known only when the card is read
        fields.append((card.choice.setting, values, dataclasses.field(default=card.choice.default)))
    told = [card.summary[:1].upper() + card.summary[1:] + ".", "", *card_lines(card)]
    if card.choice is not None:
        told += ["", "Attributes:", f"    {card.choice.setting}: which of the sets under this name is read."]
    facts = {
        "__doc__": "\n".join(told),
        "__module__": base.__module__,
        "card": card,
        "domain": card.domain,
        "licence": card.licence,
        "url": card.url,
        "cite": tuple(entry.strip() for entry in card.cite),
    }
    name = "".join(part.capitalize() for part in card.name.replace(".", "-").split("-"))
    return dataclasses.make_dataclass(name, fields, bases=(base,), namespace=facts)
