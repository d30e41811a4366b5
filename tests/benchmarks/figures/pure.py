"""What needs no database: one step of the engine, and reading and proving a large drawing."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.benchmarks.drawing import DEPARTMENTS, OUTCOMES, five_departments, large
from tests.benchmarks.figure import Figure, Size
from workflows.bpmn.parse import parse_process
from workflows.engine.advance import advance
from workflows.engine.events import Completed, Started
from workflows.engine.state import State
from workflows.engine.verify import find_problems

ELEMENTS = 200


def step(size: Size) -> Figure:
    """Time `advance` over the seven events of a case."""
    graph = parse_process(five_departments())
    nodes = [*(f"review_{department}" for department in DEPARTMENTS), "approve"]
    events = [Started(), *(Completed(node=node, round=1, outcome=OUTCOMES[0]) for node in nodes)]

    def case() -> None:
        state = State()
        for event in events:
            state, _ = advance(graph, state, event)
        assert state.ended

    rounds = [_seconds(case, size.repetitions) / len(events) * 1e6 for _ in range(size.rounds)]
    return Figure(
        name="advance",
        title="pure advance, 5-branch process, per event",
        unit="µs",
        value=median(rounds),
        must=60,
        hope=25,
        rounds={"per_event": [round(one, 2) for one in rounds]},
        detail={"events": len(events), "repetitions": size.repetitions},
    )


def definition(size: Size) -> Figure:
    """Time parsing, compiling and proving a drawing of 200 elements."""
    drawn = large(ELEMENTS)
    graph = parse_process(drawn)
    assert find_problems(graph) == []
    repetitions = max(3, size.repetitions // 100)
    parts = {"parse": lambda: parse_process(drawn), "check": lambda: find_problems(graph)}
    rounds = {name: [_seconds(act, repetitions) for _ in range(size.rounds)] for name, act in parts.items()}
    totals = [parse + check for parse, check in zip(rounds["parse"], rounds["check"], strict=True)]
    return Figure(
        name="definition",
        title="a 200-element definition: parse + compile + check",
        unit="s",
        value=median(totals),
        must=0.5,
        hope=0.1,
        rounds={name: [round(one, 4) for one in values] for name, values in rounds.items()},
        detail={"elements": len(graph.nodes) + len(graph.flows)},
    )


def _seconds(act: Callable[[], Any], repetitions: int) -> float:
    """Return the seconds one call takes, over some repetitions."""
    began = time.perf_counter()
    for _ in range(repetitions):
        act()
    return (time.perf_counter() - began) / repetitions
