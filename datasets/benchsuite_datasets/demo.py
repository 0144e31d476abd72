"""A small simulated shop with a known truth: it needs no network and shows what a perfect model could reach.

Every number comes from whole-number arithmetic on the raw stream of one fixed bit generator, so that it is the same on
every machine and with every version of NumPy.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from benchsuite.api import DataLocations, Source
from benchsuite.data import Dataset, Int64, Step
from benchsuite_datasets.dataset_builder import Tables, build_dataset
from benchsuite_datasets.demo_words import AGES, BRANDS, OCCUPATIONS, TOPICS, Topic

_BEHAVIOURS = ("view", "cart", "purchase")
_WEIGHTS = np.array([1.0, 3.0, 5.0])
_STYLES = 3
"""Hidden tastes that no text tells of: what only other people's choices can teach."""

_BEGIN = 1_704_067_200
"""1 January 2024, UTC."""

_DAYS = 540


class _Draw:
    """Whole numbers from a raw stream that is the same everywhere."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def below(self, bound: int, *shape: int) -> Int64:
        """Return int64 numbers from 0 to ``bound`` - 1 (bound at most 2**31; the bias is below 2**-32)."""
        raw = np.asarray(self._bits.random_raw(int(np.prod(shape))), np.uint64)
        return ((raw >> np.uint64(1)) % np.uint64(bound)).astype(np.int64).reshape(shape)

    def one(self, bound: int) -> int:
        """Return one number."""
        return int(self.below(bound, 1)[0])

    def distinct(self, bound: int, many: int) -> Int64:
        """Return ``many`` different numbers below ``bound``, in random order."""
        order: Int64 = np.argsort(self.below(2**31, bound), kind="stable").astype(np.int64)
        return order[:many]


@dataclass
class Demo(Source):
    """A small simulated shop for twelve hobbies, with texts, profiles, friends and known true preferences.

    An item's weight for a user is its popularity times the match of the user's tastes with the item's hobbies and
    hidden style. A user takes items one after the other with chances in proportion to these weights, and whether an
    item is only looked at, put into the cart or bought depends on the same weight. The weights are the data set's
    ``preferences``: ranking by them is the best that anybody can do in expectation.

    Attributes:
        seed: the data's identity.
        users: how many people.
        items: how many things are sold.
        events_per_user: how many different things a person takes on average.
    """

    domain: ClassVar[str] = "e-commerce (simulated)"
    licence: ClassVar[str] = "simulated by benchsuite itself; free for any use"
    simulated: ClassVar[bool] = True

    seed: Annotated[int, Ge(0), Le(2**31)] = 1
    users: Annotated[int, Ge(20), Le(20_000)] = 400
    items: Annotated[int, Ge(30), Le(5_000)] = 300
    events_per_user: Annotated[int, Ge(4), Le(1_000)] = 40

    def load(self, place: DataLocations) -> Dataset:
        """Simulate the shop."""
        import pandas as pd

        place.say("demo: this shop is simulated; no row comes from the real world")
        draw = _Draw(self.seed)
        hobbies, catalogue = _catalogue(draw, self.items)
        tastes, people = _people(draw, self.users)
        weight = _weights(draw, tastes, hobbies)
        rows = _events(draw, weight, self.events_per_user)
        links = _friends(draw, tastes)
        user_ids = [f"u{code:05d}" for code in range(self.users)]
        item_ids = [f"p{code:05d}" for code in range(self.items)]
        frame = pd.DataFrame(
            {
                "user": pd.Categorical.from_codes(rows["user"], pd.Index(user_ids)),
                "item": pd.Categorical.from_codes(rows["item"], pd.Index(item_ids)),
                "value": _WEIGHTS[rows["behaviour"]],
                "label": (rows["behaviour"] > 0).astype(np.int8),
                "timestamp": rows["timestamp"],
                "behaviour": rows["behaviour"].astype(np.int8),
            }
        )
        note = f"seed {self.seed}; label 1: put into the cart or bought; value: view 1, cart 3, purchase 5"
        dataset = build_dataset(
            "demo",
            Tables(
                interactions=frame,
                users=pd.DataFrame(people, index=user_ids),
                items=pd.DataFrame(catalogue, index=item_ids),
                links=pd.DataFrame({side: [user_ids[u] for u in links[:, at]] for at, side in enumerate(_ENDS)}),
            ),
            behaviours=_BEHAVIOURS,
            steps=(Step("simulate events", len(frame), len(frame), note),),
            item_text=("title", "description"),
            user_text=("age", "occupation", "about"),
            simulated=True,
        )
        user, item = (np.array([int(raw[1:]) for raw in table.ids]) for table in (dataset.users, dataset.items))
        # weights are whole numbers below 2**24, which float32 holds exactly
        return dataclasses.replace(dataset, preferences=weight[np.ix_(user, item)].astype(np.float32))


_ENDS = ("user", "other")


def _catalogue(draw: _Draw, items: int) -> tuple[Int64, dict[str, list[str]]]:
    """Return int64[items, topics], how much of each hobby is in an item (sum 4), and the items' texts."""
    shares = np.zeros((items, len(TOPICS)), np.int64)
    titles, descriptions, hobbies = [], [], []
    taken: set[str] = set()
    for item in range(items):
        main, second = draw.distinct(len(TOPICS), 2).tolist()
        mixed = draw.one(5) in {0, 1}
        shares[item, main] = 3 if mixed else 4
        shares[item, second] += mixed
        topic, other = TOPICS[main], TOPICS[second]
        thing, trait = _pick(draw, topic.things), _pick(draw, topic.traits)
        title = f"{_pick(draw, BRANDS)} {thing}"
        while title in taken:
            title = f"{_pick(draw, BRANDS)} {_pick(draw, BRANDS)} {thing}"
        taken.add(title)
        text = f"{trait.capitalize()}, made for {_pick(draw, topic.uses)}."
        if mixed:
            text += f" Just as good for {_pick(draw, other.uses)}."
        titles.append(title)
        descriptions.append(text)
        hobbies.append(f"{topic.name}, {other.name}" if mixed else topic.name)
    return shares, {"title": titles, "description": descriptions, "hobby": hobbies}


def _people(draw: _Draw, users: int) -> tuple[Int64, dict[str, list[str]]]:
    """Return int64[users, topics], how much each user likes each hobby (sum about 110), and telling profiles."""
    tastes = np.zeros((users, len(TOPICS)), np.int64)
    ages, occupations, about = [], [], []
    for user in range(users):
        favourites = draw.distinct(len(TOPICS), 3)
        tastes[user] = draw.below(4, len(TOPICS))
        tastes[user, favourites] += np.array([48, 28, 10]) + draw.below(8, 3)
        ages.append(f"{_pick(draw, AGES)} years old")
        occupations.append(_pick(draw, OCCUPATIONS))
        about.append(_about(draw, [TOPICS[code] for code in favourites.tolist()]))
    return tastes, {"age": ages, "occupation": occupations, "about": about}


def _about(draw: _Draw, favourites: list[Topic]) -> str:
    """Return a sentence about the first hobby or two; one person in eight tells nothing."""
    if draw.one(8) == 0:
        return ""
    told = favourites[: 1 + draw.one(2)]
    return f"Likes {' and '.join(_pick(draw, topic.joys) for topic in told)}"


def _pick(draw: _Draw, words: tuple[str, ...]) -> str:
    return words[draw.one(len(words))]


def _weights(draw: _Draw, tastes: Int64, hobbies: Int64) -> Int64:
    """Return int64[users, items] true preferences, from 1 to about 2**17."""
    users, items = len(tastes), len(hobbies)
    match: Int64 = tastes @ hobbies.T  # 0 to about 250
    # the square makes one favourite hobby count for much more than two half-liked ones
    match = 6 + match + match * match // 40
    styles = draw.below(_STYLES, users), draw.below(_STYLES, items)
    style = np.where(styles[0][:, None] == styles[1][None, :], 3, 1)
    rank = draw.distinct(items, items)
    popularity = 100 * items // (rank * 4 + items // 4 + 1)  # the most popular sells about 17 times the least
    weight: Int64 = 1 + match * style * popularity[None, :] // 16
    return weight


def _events(draw: _Draw, weight: Int64, mean: int) -> dict[str, Int64]:
    """Return the events, in the order of time: who took what, when, and how far it went."""
    users, items = weight.shape
    columns: dict[str, list[Int64]] = {name: [] for name in ("user", "item", "timestamp", "behaviour")}
    middle = int(np.sort(weight.ravel())[weight.size * 19 // 20])
    for user in range(users):
        # activity is skewed: many take about half of the mean, a few more than twice as much
        wish = mean // 2 + (mean * 3 // 2 * draw.one(1000) * draw.one(1000)) // 750_000
        taken = _take(draw, weight[user], min(wish, items // 2))
        own = weight[user, taken]
        luck = draw.below(10_000, len(taken)) * (own + middle)
        wanted, bought = luck < 10_000 * own, luck < 5_000 * own
        first = draw.one(_DAYS // 2)
        # days come in no order: had favourites come first, the last event would say less about a user than any other
        visits = first + draw.below(_DAYS - first, len(taken))
        columns["user"].append(np.full(len(taken), user))
        columns["item"].append(taken)
        columns["timestamp"].append(_BEGIN + visits * 86_400 + 25_200 + draw.below(57_600, len(taken)))
        columns["behaviour"].append(wanted.astype(np.int64) + bought)
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.lexsort((joined["item"], joined["user"], joined["timestamp"]))
    return {name: column[order] for name, column in joined.items()}


def _take(draw: _Draw, weight: Int64, many: int) -> Int64:
    """Return different items, drawn one after the other with chances in proportion to their weights."""
    ends = np.cumsum(weight)
    chosen: dict[int, None] = {}
    while len(chosen) < many:
        drawn = np.searchsorted(ends, draw.below(int(ends[-1]), 2 * many), side="right")
        chosen |= dict.fromkeys(drawn.tolist())
    return np.array(list(chosen)[:many], np.int64)


def _friends(draw: _Draw, tastes: Int64) -> Int64:
    """Return int64[l, 2] friends, both ways: each user asks the most alike of a few chance acquaintances."""
    users = len(tastes)
    found: set[tuple[int, int]] = set()
    alike = tastes @ tastes.T
    for user in range(users):
        met = draw.distinct(users, min(users, 25))
        met = met[met != user]
        best = met[np.argsort(-alike[user, met], kind="stable")[: 2 + draw.one(4)]]
        found |= {pair for friend in best.tolist() for pair in ((user, friend), (friend, user))}
    return np.array(sorted(found), np.int64)
