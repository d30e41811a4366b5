"""What a drawing must have besides being sound: defaults, work in every circle, ways back, time enough."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.graphs import drawn, on
from workflows.engine.graph import Graph, Span, Timer, Trigger
from workflows.engine.verify import Problem, find_problems

APPLICANT = {"role": "applicant"}
MESSAGE, TIMER = {"trigger": Trigger.MESSAGE}, {"trigger": Trigger.TIMER, "timer": Timer()}


def found(graph: Graph) -> list[Problem]:
    return [problem for problem in find_problems(graph) if problem.kind in {"endless_loop", "no_return", "over_limit"}]


def lacks_default(conditions: dict[str, str], **nodes: Any) -> bool:
    drawing = drawn("start > a > xor1 > b > end", "xor1 > c > end", conditions=conditions, **nodes)
    return any(problem.kind == "missing_default" for problem in find_problems(drawing))


@pytest.mark.parametrize(("one", "other", "missing"), [
    ("answers.x == 1", "answers.x == 2", True),
    ("answers.x == 1", "!(answers.x == 1)", False),
    ("answers.x == 1", "answers.x != 1", False),
    ("outcome.a == 'yes'", 'outcome.a == "no"', False),
    ("outcome.a == 'yes'", "outcome.a == 'perhaps'", True),
    ("outcome.a == 'yes'", "outcome.b == 'no'", True),
    ("outcome.a == 'yes' && answers.x", "outcome.a == 'no'", True),
])  # fmt: skip
def test_a_gateway_needs_a_default_unless_its_conditions_cover_all(one: str, other: str, missing: bool) -> None:
    conditions = {"xor1>b": one, "xor1>c": other}
    assert lacks_default(conditions, a={"outcomes": ("yes", "no")}) is missing
    assert not lacks_default(conditions, a={"outcomes": ("yes", "no")}, xor1={"default": "xor1>c"})


def test_conditions_cover_nothing_where_a_task_may_answer_anything() -> None:
    assert lacks_default({"xor1>b": "outcome.a == 'yes'", "xor1>c": "outcome.a == 'no'"})


def test_an_inclusive_gateway_with_an_unconditional_flow_needs_no_default() -> None:
    paths = ("start > or1 > b > or2 > end", "or1 > c > or2")
    assert find_problems(drawn(*paths, conditions={"or1>b": "x"})) == []
    assert [problem.kind for problem in find_problems(drawn(*paths, conditions={"or1>b": "x", "or1>c": "y"}))] == [
        "missing_default"
    ]


def test_a_circle_in_which_nothing_waits_is_refused() -> None:
    (problem,) = found(drawn("start > a > xor1 > man1 > xor2 > xor1", "xor2 > end"))
    assert (problem.kind, problem.elements) == ("endless_loop", ("xor1", "man1", "xor2"))
    assert not found(drawn("start > xor1 > a > xor2 > xor1", "xor2 > end"))


# --- ways back

CIRCLE = ("start > xor1 > fix > xor2 > xor1", "xor2 > end")


def test_a_circle_through_the_applicant_needs_a_way_out() -> None:
    (problem,) = found(drawn(*CIRCLE, fix=APPLICANT))
    assert (problem.kind, problem.elements) == ("no_return", ("xor1", "fix", "xor2"))
    assert not found(drawn(*CIRCLE, "late > end2", fix=APPLICANT, late=on("fix")))
    assert found(drawn(*CIRCLE, "late > end2", fix=APPLICANT, late=on("fix", interrupting=False)))
    assert not found(drawn(*CIRCLE))
    assert not found(drawn("start > fix > end", fix=APPLICANT))


def test_a_message_may_be_waited_for_beside_a_timer() -> None:
    assert found(drawn("start > xor1 > catch1 > xor2 > xor1", "xor2 > end", catch1=MESSAGE))
    beside = drawn("start > xor1 > event1 > catch1 > xor1", "event1 > catch2 > end", catch1=MESSAGE, catch2=TIMER)
    assert not found(beside)


def test_a_timer_around_the_applicant_is_a_way_out() -> None:
    inner = ("start > sub1 > xor3 > end", "sub1: fix > xor2 > end2", "sub1: start1 > xor1 > fix", "xor2 > xor1")
    assert found(drawn(*inner, fix=APPLICANT))
    assert not found(drawn(*inner, "late > xor3", fix=APPLICANT, late=on("sub1")))


# --- time


def days(amount: int, unit: str = "working_days") -> dict[str, Span]:
    return {"limit": Span(amount=amount, unit=unit)}


def test_the_longest_path_must_keep_the_promise() -> None:
    paths = ("start > and1 > a > b > and2 > end", "and1 > c > and2")
    steps = {"a": days(2), "b": days(8, "working_hours"), "c": days(7, "calendar_days")}
    assert not found(drawn(*paths, limits={"promised": 5}, **steps))
    (problem,) = found(drawn(*paths, limits={"promised": 4}, **steps))
    assert (problem.kind, problem.elements) == ("over_limit", ("c",))
    assert "5 working days" in problem.message
    (problem,) = found(drawn(*paths, limits={"statutory": 4}, **{**steps, "a": days(4)}))
    assert problem.elements == ("a", "b")


def test_the_promise_must_keep_the_law() -> None:
    (problem,) = found(drawn("start > a > end", limits={"promised": 5, "statutory": 4}))
    assert problem.kind == "over_limit"


def test_circles_count_once_and_sub_processes_with_what_is_in_them() -> None:
    graph = drawn(
        "start > xor1 > a > sub1 > xor2 > xor1", "xor2 > end", "sub1: b > catch1",
        a=days(1), b=days(2), catch1={**TIMER, "timer": Timer(span=Span(amount=3, unit="working_days"))},
        limits={"promised": 5},
    )  # fmt: skip
    (problem,) = found(graph)
    assert problem.elements == ("a", "b", "catch1")
