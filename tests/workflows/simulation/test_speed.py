"""Ten thousand cases in half a minute, on one core."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.factories.processes import graph, parallel, user_task
from tests.workflows.simulation.probes import AXIS, second
from workflows.bpmn.parse import parse_process
from workflows.engine.graph import Graph
from workflows.simulation import Scenario, simulate
from workflows.simulation.arrivals import made_up
from workflows.simulation.figures import figures_of

CASES, SECONDS = 10_000, 30
PROCESSES = Path(__file__).resolve().parents[3] / "services" / "catalogue" / "data" / "processes"
BRANCHES = [f"branch_{number}" for number in range(5)]
FIVE = graph(
    (
        parallel("split"),
        parallel("join"),
        user_task("intake"),
        *(user_task(name, outcomes=("agree", "object")) for name in BRANCHES),
        user_task("decide"),
    ),
    "start > intake > split",
    *(f"split > {name} > join" for name in BRANCHES),
    "join > decide > end",
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param(FIVE, id="five branches"),
        pytest.param(parse_process((PROCESSES / "licence-review.bpmn").read_bytes()), id="licence review"),
    ],
)
def test_ten_thousand_cases_take_half_a_minute(drawn: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.process_time()
    coming = made_up(CASES, axis=AXIS, begins=second("2026-01-01 00:00"))
    found = figures_of(simulate(Scenario(graph=drawn, axis=AXIS, cases=coming)), AXIS)
    took = time.process_time() - began
    with capsys.disabled():
        print(f"\n{drawn.key}: {CASES / took:,.0f} cases/s, {took:.1f} s of one core")
    assert (found.cases, found.ended) == (CASES, CASES)
    assert took <= SECONDS
