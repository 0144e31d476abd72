"""One small example for all metrics, worked out by hand. The tests hold every value against the code.

Eight items, a to h, and two people. Ann was shown the list a, b, c, and took a, c and f of what was held out. Ben was
shown d, a, e, and took e. Eight pairs of a person and an item have a label, a score, a probability and a rating.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchsuite.data import Entities, EvaluationInput, Pairs, PairScores, Ragged, Rankings

ITEMS = "abcdefgh"
LISTS = {"Ann": "abc", "Ben": "dae"}
RIGHT = {"Ann": "acf", "Ben": "e"}
PAIRS = (
    ("Ann", "a", 1, 0.9, 0.8, 5, 4.5),
    ("Ann", "b", 0, 0.7, 0.6, 2, 3.0),
    ("Ann", "f", 1, 0.2, 0.4, 4, 3.0),
    ("Ann", "h", 0, 0.1, 0.2, 1, 1.0),
    ("Ben", "e", 1, 0.6, 0.6, 4, 4.0),
    ("Ben", "d", 0, 0.5, 0.4, 2, 3.0),
    ("Ben", "g", 0, 0.3, 0.2, 3, 3.0),
    ("Ben", "h", 0, 0.05, 0.2, 1, 2.0),
)
"""Person, item, label, score, probability, held-out rating, predicted rating. The threshold is 0.5."""

ROWS = (7, 3, 1, 3, 0, 1, 1, 0)
"""How many training rows each item has; seven people have training rows."""

TEXTS = ("red hat", "red hat", "blue tea", "garden lamp", "chess set", "sea salt", "oak desk", "silk tie")


@dataclass(frozen=True)
class Example:
    """How a metric comes out on the example.

    Attributes:
        name: of the metric in experiments, with its settings.
        formula: in the notation of :mod:`make_site.mathml`.
        steps: the working, one step a line.
        value: the result.
        settings: of the metric.
        elsewhere: how others compute what they call by the same name, where it differs.
    """

    name: str
    formula: str
    steps: tuple[str, ...]
    value: float
    settings: tuple[tuple[str, int], ...] = (("k", 3),)
    elsewhere: str = ""


def evidence() -> EvaluationInput:
    """Return the example as a metric sees it."""
    code = {item: place for place, item in enumerate(ITEMS)}
    people = list(LISTS)
    lists = np.array([[code[item] for item in LISTS[who]] for who in people], np.int32)
    wanted = [(people.index(who), code[item]) for who in people for item in RIGHT[who]]
    owner, right = (np.array(column) for column in zip(*wanted, strict=True))
    who, item, *numbers = zip(*PAIRS, strict=True)
    label, score, probability, value, rating = (np.array(column, np.float32) for column in numbers)
    query, code_of = (
        np.array(column, np.int32) for column in ([people.index(w) for w in who], [code[i] for i in item])
    )
    nothing = np.zeros(len(PAIRS), np.bool_)
    return EvaluationInput(
        user=np.arange(2, dtype=np.int32),
        relevant=Ragged.from_pairs(owner, right, 2),
        rankings=Rankings(lists, -np.tile(np.arange(3.0), (2, 1)), np.zeros((2, 3), np.bool_)),
        pairs=Pairs(query, code_of, label.astype(np.int8), value),
        scores=PairScores(score, nothing, 0.5, probability, rating),
        catalogue=len(ITEMS),
        popularity=np.array(ROWS),
        users=7,
        items=Entities(tuple(ITEMS), text=TEXTS),
    )


_LOG = math.log
_IDEAL = 1 + 1 / math.log2(3) + 1 / 2

EXAMPLES = (
    Example(
        "ndcg@k",
        "text{nDCG@}k = frac{sum{j=1}{k} frac{sub{h}{j}}{sub{log}{2} (j+1)}}"
        "{sum{j=1}{min (abs{R}, k)} frac{1}{sub{log}{2} (j+1)}}",
        (
            "Ann: hits at places 1 and 3: 1/log2(2) + 1/log2(4) = 1 + 0.5 = 1.5",
            "the best list would have min(3, 3) = 3 hits: 1 + 0.6309 + 0.5 = 2.1309; 1.5 / 2.1309 = 0.7039",
            "Ben: a hit at place 3: 0.5; the best list has it at place 1: 1; 0.5 / 1 = 0.5",
            "mean of both: 0.602",
        ),
        (1.5 / _IDEAL + 0.5) / 2,
        elsewhere="ranx, trec_eval and scikit-learn let a rating be the gain, Elliot 2 to its power; here each hit "
        "is worth "
        "1. The best list here has at most k places; divided by all relevant items instead, long truths never reach 1.",
    ),
    Example(
        "recall@k",
        "text{recall@}k = frac{H}{abs{R}}",
        ("Ann: 2 hits of 3 relevant items: 2/3", "Ben: 1 of 1: 1", "mean of both: 5/6 = 0.833"),
        5 / 6,
        elsewhere="Some divide by min(k, |R|), so that a list of k hits has 1 however much is relevant. Here |R| "
        "stays.",
    ),
    Example(
        "precision@k",
        "text{precision@}k = frac{H}{k}",
        ("Ann: 2 hits in 3 places: 2/3", "Ben: 1/3", "mean of both: 1/2 = 0.5"),
        1 / 2,
        elsewhere="A list shorter than k is divided by k all the same. Divided by its own length, a model could "
        "gain by "
        "answering less.",
    ),
    Example(
        "f1@k",
        "text{F1@}k = frac{2 H}{k + abs{R}}",
        ("Ann: 2·2 / (3 + 3) = 2/3", "Ben: 2·1 / (3 + 1) = 1/2", "mean of both: 7/12 = 0.583"),
        7 / 12,
        elsewhere="Some take the harmonic mean of mean precision and mean recall. Here each query has its own F1, "
        "then the "
        "mean is taken. It is not the F1 of labelled pairs, `f1`.",
    ),
    Example(
        "map@k",
        "text{AP@}k = frac{1}{min (abs{R}, k)} sum{j=1}{k} sub{h}{j} frac{sub{h}{1} + … + sub{h}{j}}{j}",
        (
            "Ann: hits at 1 and 3: 1/1 + 2/3 = 5/3; divided by min(3, 3) = 3: 5/9",
            "Ben: a hit at 3: 1/3; divided by min(1, 3) = 1: 1/3",
            "mean of both: 4/9 = 0.444",
        ),
        4 / 9,
        elsewhere="trec_eval and ranx divide by |R|; others by the number of hits; Elliot takes the mean of "
        "precision@1 to "
        "precision@k at hits and misses alike.",
    ),
    Example(
        "mrr@k",
        "text{RR@}k = frac{1}{text{place of the first hit}}",
        ("Ann: first hit at place 1: 1", "Ben: at place 3: 1/3", "mean of both: 2/3 = 0.667"),
        2 / 3,
        elsewhere="Without @k others look at the whole list. Here what is not among the first k counts 0.",
    ),
    Example(
        "hit-rate@k",
        "text{hit rate@}k = text{1 where } H > 0 text{, else 0}",
        ("Ann: 2 hits: 1", "Ben: 1 hit: 1", "mean of both: 1"),
        1.0,
        elsewhere="With a single held-out item it is the same number as recall@k, and some papers call it so.",
    ),
    Example(
        "accuracy@k",
        "text{accuracy@}k = 1 - frac{S + abs{R} - 2 H}{C}",
        (
            "Ann: of 8 items, wrong are b (listed, not right) and f (right, not listed): 1 - (3 + 3 - 4)/8 = 3/4",
            "Ben: wrong are d and a: 1 - (3 + 1 - 2)/8 = 3/4",
            "mean of both: 3/4 = 0.75",
        ),
        3 / 4,
        elsewhere="It is close to 1 for every model on a large catalogue. The accuracy of likes and dislikes is "
        "[`accuracy`](accuracy.md).",
    ),
    Example(
        "coverage@k",
        "text{coverage@}k = frac{text{items in anybody's list}}{C}",
        ("listed are a, b, c, d, e: 5 of 8 items", "5/8 = 0.625"),
        5 / 8,
        elsewhere="Some count the share of training items only, or of users who get a list.",
    ),
    Example(
        "gini@k",
        "G = frac{sum{i=1}{C} (2 i - C - 1) sub{x}{i}}{C sum{i=1}{C} sub{x}{i}}",
        (
            "places taken, rising: f, g, h 0; b, c, d, e 1; a 2; C = 8, six places in all",
            "-1·1 + 1·1 + 3·1 + 5·1 + 7·2 = 22; 22 / (8·6) = 11/24 = 0.458",
        ),
        22 / 48,
        elsewhere="Items that nobody was shown count with 0 places here. Over listed items alone the number is "
        "smaller.",
    ),
    Example(
        "novelty@k",
        "text{novelty} = mean{i} (- sub{log}{2} frac{sub{n}{i} + 1}{U + 1})",
        (
            "seven people; training rows of a 7, b 3, c 1, d 3, e 0: bits 0, 1, 2, 1, 3",
            "Ann: (0 + 1 + 2)/3 = 1",
            "Ben: d, a, e: (1 + 0 + 3)/3 = 4/3",
            "mean of both: 7/6 = 1.167 bits",
        ),
        7 / 6,
        elsewhere="Others divide by the number of rows, not of people, or have no 1 above and below, so that a new "
        "item is "
        "infinitely novel.",
    ),
    Example(
        "popularity-lift@k",
        "text{lift} = frac{mean{i} sub{n}{i}}{B} - 1, B = frac{sum{i}{} sup{sub{n}{i}}{2}}{sum{i}{} sub{n}{i}}",
        (
            "B = (49 + 9 + 1 + 9 + 0 + 1 + 1 + 0)/16 = 4.375 rows",
            "Ann: (7 + 3 + 1)/3 / 4.375 - 1 = -0.162; Ben: (3 + 7 + 0)/3 / 4.375 - 1 = -0.238",
            "mean of both: -0.2",
        ),
        -0.2,
        elsewhere="The paper compares with each user's own history; here all histories are pooled.",
    ),
    Example(
        "diversity@k",
        "text{diversity} = mean{i ≠ j} (1 - text{cos}(sub{v}{i}, sub{v}{j}))",
        (
            "Ann: a and b have the same words (distance 0), c shares none with either (1 and 1): 2/3",
            "Ben: d, a, e share no word: 1",
            "mean of both: 5/6 = 0.833",
        ),
        5 / 6,
        elsewhere="Others take genres or learnt vectors. Words are counted here, so no language model is favoured.",
    ),
    Example(
        "accuracy",
        "text{accuracy} = frac{text{TP} + text{TN}}{text{TP} + text{FP} + text{FN} + text{TN}}",
        (
            "a score of at least 0.5 means 1: Ann a, b; Ben e, d (0.5 is at the threshold)",
            "TP 2 (a, e), FP 2 (b, d), FN 1 (f), TN 3 (h, g, h)",
            "(2 + 3)/8 = 0.625",
        ),
        5 / 8,
        (),
        elsewhere="Papers on lists often mean `accuracy@k`, or use the word for any metric of rankings.",
    ),
    Example(
        "precision",
        "text{precision} = frac{text{TP}}{text{TP} + text{FP}}",
        ("TP 2, FP 2", "2/4 = 0.5"),
        1 / 2,
        (),
        elsewhere="It is pooled over all pairs, not averaged over people, and is not `precision@k`.",
    ),
    Example(
        "recall",
        "text{recall} = frac{text{TP}}{text{TP} + text{FN}}",
        ("TP 2, FN 1", "2/3 = 0.667"),
        2 / 3,
        (),
        elsewhere="It is pooled over all pairs, not averaged over people, and is not `recall@k`.",
    ),
    Example(
        "f1",
        "text{F1} = frac{2 text{TP}}{2 text{TP} + text{FP} + text{FN}}",
        ("TP 2, FP 2, FN 1", "4/(4 + 2 + 1) = 4/7 = 0.571"),
        4 / 7,
        (),
        elsewhere='Of the class 1 alone. Others average the F1 of both classes ("macro").',
    ),
    Example(
        "auc",
        "text{AUC} = frac{sum{(i, j)}{} ([sub{s}{i} > sub{s}{j}] + frac{1}{2} [sub{s}{i} = sub{s}{j}])}"
        "{text{pairs of a 1 and a 0}}",
        (
            "scores of 1: 0.9, 0.2, 0.6; of 0: 0.7, 0.1, 0.5, 0.3, 0.05; so 15 comparisons",
            "0.9 beats all 5, 0.2 beats 2, 0.6 beats 4: 11/15 = 0.733",
        ),
        11 / 15,
        (),
        elsewhere="scikit-learn's `roc_auc_score` on the pooled pairs gives the same. What libraries of rankings "
        "call AUC "
        "is often the one within each user: `user-auc`.",
    ),
    Example(
        "user-auc",
        "text{AUC per user} = mean{text{users}} text{AUC of the user's own pairs}",
        (
            "Ann: 0.9 beats 0.7 and 0.1, 0.2 beats 0.1: 3 of 4",
            "Ben: 0.6 beats 0.5, 0.3, 0.05: 3 of 3",
            "mean of both: 7/8 = 0.875",
        ),
        7 / 8,
        (),
        elsewhere='"GAUC" weighs people by their number of pairs; here all count the same.',
    ),
    Example(
        "brier",
        "text{Brier} = mean{text{pairs}} sup{(p - y)}{2}",
        ("0.04 + 0.36 + 0.36 + 0.04 + 0.16 + 0.16 + 0.04 + 0.04 = 1.2", "1.2/8 = 0.15"),
        0.15,
        (),
    ),
    Example(
        "log-loss",
        "text{log loss} = mean{text{pairs}} (- y ln p - (1 - y) ln (1 - p))",
        (
            "four pairs got 0.8 for what happened, two 0.6, two 0.4",
            "(4·0.2231 + 2·0.5108 + 2·0.9163)/8 = 0.468 nats",
        ),
        -(4 * _LOG(0.8) + 2 * _LOG(0.6) + 2 * _LOG(0.4)) / 8,
        (),
    ),
    Example(
        "calibration-error",
        "text{ECE} = sum{b}{} frac{abs{sum{i ∈ b}{} (sub{y}{i} - sub{p}{i})}}{n}",
        (
            "two bins: up to 0.5 lie f, h, d, g, h: label 1 once, probabilities 1.4 in all: gap 0.4",
            "above lie a, b, e: label 1 twice, probabilities 2.0: gap 0",
            "(0.4 + 0)/8 = 0.05",
        ),
        0.05,
        (("bins", 2),),
        elsewhere="Other numbers of bins, and bins of equal counts, give other values.",
    ),
    Example(
        "rmse",
        "text{RMSE} = sqrt{mean{text{pairs}} sup{(p - r)}{2}}",
        ("squared errors: 0.25 + 1 + 1 + 0 + 0 + 1 + 0 + 1 = 4.25", "sqrt(4.25/8) = 0.729"),
        math.sqrt(4.25 / 8),
        (),
        elsewhere="The root is taken once, of all pairs. The mean of each user's own root is another number.",
    ),
    Example(
        "mae",
        "text{MAE} = mean{text{pairs}} abs{p - r}",
        ("errors: 0.5 + 1 + 1 + 0 + 0 + 1 + 0 + 1 = 4.5", "4.5/8 = 0.5625"),
        4.5 / 8,
        (),
    ),
)
"""One for every metric, those of lists first."""
