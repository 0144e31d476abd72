import pytest

from benchsuite.tune import Budget

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("budget", "left"),
    [
        (Budget("ndcg@10", trials=3), [(2, 1e9, True), (3, 0.0, False)]),
        (Budget("ndcg@10", seconds=10.0), [(1000, 9.9, True), (1, 10.0, False)]),
        (Budget("ndcg@10", trials=3, seconds=10.0), [(2, 9.9, True), (3, 0.0, False), (1, 10.0, False)]),
    ],
)
def test_of_two_limits_the_first_reached_ends_the_search(budget: Budget, left: list[tuple[int, float, bool]]) -> None:
    for trials, seconds, wanted in left:
        assert budget.left(trials, seconds) is wanted
