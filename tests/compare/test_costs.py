"""Cost rows: what the harness measured, what a model told, and estimates that say what they rest on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchsuite.analysis import build, energy
from benchsuite.analysis.costs import COSTS, Costs
from benchsuite.errors import UsageError

BARE = {
    "cpu": "AMD Ryzen 9 5950X 16-Core Processor",
    "sockets": 1,
    "processors": 32,
    "virtual": False,
    "gpu": "",
    "gpu_joules": None,
}
MEASURED = {"fit_seconds": 3.0, "score_seconds": 1.0, "peak_memory_mb": 90.0, "fallback_share": 0.0}


@dataclass(frozen=True)
class Spent:
    spent: dict[str, Any] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=lambda: MEASURED | {"cpu_seconds": 3600.0})


def told(*cells: Spent, country: str = "") -> dict[str, tuple[float | None, str, str]]:
    return {row.metric: (row.mean, row.state, row.reason) for row in Costs(country).rows("d", "s", "m", cells)}


@pytest.mark.parametrize(
    ("name", "watts"),
    [
        ("AMD Ryzen 9 5950X 16-Core Processor", 105),
        ("Intel(R) Core(TM) i7-10700K CPU @ 3.80GHz", 125),
        ("Intel(R) Xeon(R) CPU E5-2603 v2 @ 1.80GHz", 80),
        ("AMD EPYC", None),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", None),
        ("a processor of the future 9", None),
    ],
)
def test_rated_power_is_found_by_name(name: str, watts: float | None) -> None:
    assert energy.rated_watts(name) == watts


def test_an_hour_of_one_processor_is_its_part_of_the_rated_power() -> None:
    assert energy.watt_hours(3600, BARE) == pytest.approx(105 / 32)
    assert energy.watt_hours(3600, BARE | {"sockets": 2, "processors": 64}) == pytest.approx(105 / 32)
    assert energy.watt_hours(0, BARE | {"gpu": "a GPU", "gpu_joules": 7200.0}) == pytest.approx(2)


@pytest.mark.parametrize("changed", [{"virtual": True}, {"cpu": "unheard of"}])
def test_without_a_rated_power_the_library_has_a_default(changed: dict[str, Any]) -> None:
    watts, why = energy.watts_per_processor(BARE | changed)
    assert watts == 4
    assert "the library's default" in why


def test_carbon_of_the_world_and_of_a_country() -> None:
    assert energy.carbon_intensity("") == (475, "the world's average")
    grams, where = energy.carbon_intensity("fra")
    assert where == "France"
    assert 20 < grams < 120  # it runs on nuclear power
    with pytest.raises(UsageError, match=r'"XX" is no country .* three letters') as error:
        energy.carbon_intensity("XX")
    assert "\n" not in str(error.value)


def test_every_cost_has_a_row() -> None:
    cell = Spent({"parameters": 7, "power": BARE})
    found = told(cell, Spent({"parameters": 9, "power": BARE}))
    assert list(found) == list(COSTS)
    assert {state for _, state, _ in found.values()} == {"ok"}
    assert found["parameters"][0] == 8
    assert found["energy_wh"][0] == pytest.approx(105 / 32)
    assert found["co2e_g"][0] == pytest.approx(105 / 32 * 0.475)
    assert found["fit_seconds"][0] == 3
    grams, _ = energy.carbon_intensity("IND")
    assert told(cell, country="IND")["co2e_g"][0] == pytest.approx(105 / 32 * grams / 1000)


def test_what_is_not_known_says_why() -> None:
    old = told(Spent(), Spent({"parameters": 1, "power": BARE}))
    for name in ("parameters", "energy_wh", "co2e_g"):
        assert old[name] == (None, "not applicable", "not measured: stored before it was counted")
    assert old["fit_seconds"][1] == "ok"
    silent = told(Spent({"parameters": None, "power": BARE | {"gpu": "H1", "gpu_joules": None}}))
    assert silent["parameters"][1:] == ("not applicable", "the model does not tell")
    assert silent["energy_wh"][2] == silent["co2e_g"][2] == "the energy counter of the GPU cannot be read: H1"


def test_the_convention_says_what_estimates_rest_on() -> None:
    costs = Costs("FRA")
    list(
        costs.rows("d", "s", "m", [Spent({"parameters": 1, "power": BARE | more}) for more in ({}, {"virtual": True})])
    )
    said = {about.name: about.convention for about in costs.infos()}
    assert list(said) == list(COSTS)
    for part in ("estimated", "rated 105 W over 32", "4 W, the library's default", "codecarbon ", "PUE 1.0"):
        assert part in said["energy_wh"]
    for part in ("estimated", "g per kWh", "France"):
        assert part in said["co2e_g"]
    assert all(not about.higher_is_better for about in costs.infos())


def test_what_is_shared_is_named_with_its_seconds() -> None:
    costs = Costs()
    for model, seconds in (("reader", 8.0), ("other", 0.0)):
        shared = {"shared_seconds": seconds} if seconds else {}
        cells = [Spent(costs=MEASURED | {"cpu_seconds": 1.0} | shared) for _ in range(2)]
        assert next(row for row in costs.rows("d", "s", model, cells) if row.metric == "fit_seconds").mean == 3.0
    said = {about.name: about.convention for about in costs.infos()}["fit_seconds"]
    assert said.startswith(COSTS["fit_seconds"])
    assert "shared" in said
    assert "reader 8.0" in said
    assert "other" not in said
    assert {about.name: about.convention for about in Costs().infos()}["fit_seconds"] == COSTS["fit_seconds"]


def test_stores_from_before_are_read(filled: Any) -> None:
    plan, store = filled({"als": 0.4, "popular": 0.2})
    comparison = build(plan, store, country="FRA")
    rows = [row for row in comparison.rows if row.metric in ("parameters", "energy_wh", "co2e_g")]
    assert len(rows) == 6
    assert {(row.state, row.mean) for row in rows} == {("not applicable", None)}
    assert {about.name for about in comparison.metrics} >= set(COSTS)


@pytest.mark.slow
@pytest.mark.process
def test_estimates_use_no_network_write_nothing_and_say_nothing(tmp_path: Path) -> None:
    code = f"""
import socket, sys
def refuse(*_, **__): raise SystemExit("network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from benchsuite.analysis import energy
print(energy.watt_hours(3600, {BARE!r}) > 0, energy.carbon_intensity("DEU")[1], energy.carbon_intensity("")[0])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-B", "-c", code],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("True Germany 475.0\n", "", 0)
    assert list(tmp_path.rglob("*")) == []
