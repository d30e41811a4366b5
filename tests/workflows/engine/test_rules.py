"""What a drawing must have besides being sound: defaults, work in every circle, ways back, time enough."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.factories.graphs import drawn, on
from workflows.engine.graph import Graph, Loop, Span, Timer, Trigger
from workflows.engine.verify import Problem, find_problems

APPLICANT = {"role": "applicant"}
MESSAGE, TIMER = {"trigger": Trigger.MESSAGE}, {"trigger": Trigger.TIMER, "timer": Timer()}


def found(graph: Graph) -> list[Problem]:
    return [
        problem
        for problem in find_problems(graph)
        if problem.kind in {"no_option_to_complete", "no_return", "over_limit"}
    ]


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
    ("outcome.a == 'yes' || answers.x", "'no' == (outcome.a)", False),
    ("answers.k == 'b' && answers.n > 3", "answers.k != 'b' && answers.n > 3", True),
    ("answers.k == 'b' && answers.n > 3", "!(answers.k == 'b' && answers.n > 3)", False),
    ("answers.k == 'b' && answers.n > 3", "answers.k != 'b' || !(answers.n > 3)", False),
    ("answers.k == 'b' || answers.n > 3", "answers.k != 'b'", False),
    ("answers.k == 'b' || answers.n > 3", "answers.j != 'b'", True),
    ("(answers.k) == \"b\"", "'b' != answers.k", False),
    ("answers.k == 'b'", "answers.k != 'c'", True),
    ("answers.n < 5", "answers.n >= 5", True),
    ("answers.n < 5", "!(5 > answers.n)", False),
    ("answers.f == true", "!answers.f", False),
    ("answers.f == true", "answers.f == false", True),
    ("answers.x", "true", False),
    ("answers.n + 1 == 2", "answers.n - 1 != 2", True),
    ("answers.k.startsWith('a')", "!answers.k.startsWith('a')", False),
    ("answers.k.startsWith('a')", "!answers.k.endsWith('a')", True),
    ("answers.rows[0] == 1", "answers.rows[1] != 1", True),
    ("has(answers.k) ? true : false", "!(has(answers.k) ? true : false)", False),
])  # fmt: skip
def test_a_gateway_needs_a_default_unless_its_conditions_cover_all(one: str, other: str, missing: bool) -> None:
    conditions = {"xor1>b": one, "xor1>c": other}
    assert lacks_default(conditions, a={"outcomes": ("yes", "no")}) is missing
    assert not lacks_default(conditions, a={"outcomes": ("yes", "no")}, xor1={"default": "xor1>c"})


def test_conditions_cover_nothing_where_a_task_may_answer_anything() -> None:
    assert lacks_default({"xor1>b": "outcome.a == 'yes'", "xor1>c": "outcome.a == 'no'"})


def doubted(*paths: str, **nodes: Any) -> str:
    """Return what is said of xor1, which asks for both answers of a, "" if it needs no default."""
    conditions = {"xor1>b": "outcome.a == 'yes'", "xor1>c": "outcome.a == 'no'"}
    graph = drawn(*paths, "xor1 > b > end", "xor1 > c > end", conditions=conditions, **{
        "a": {"outcomes": ("yes", "no")}, **nodes,
    })  # fmt: skip
    found = [problem for problem in find_problems(graph) if problem.kind == "missing_default"]
    return "; ".join(problem.message for problem in found if problem.elements == ("xor1",))


ANSWERS = {"outcomes": ("yes", "no")}


def test_answers_cover_only_where_the_task_was_completed() -> None:
    assert not doubted("start > a > d > xor1")
    assert "a may not have been answered" in doubted("start > xor0 > a > xor1", "xor0 > d > xor1")
    assert "a may not have been answered" in doubted("start > a > xor1", "late > xor1", late=on("a"))
    assert doubted("start > a > xor1", "late > d > xor1", late=on("a", interrupting=False))
    assert not doubted("start > a > xor1", "late > end2", late=on("a"))
    assert not doubted("start > d > xor0 > a > xor1", "late > xor0", late=on("a"))
    assert doubted("start > a > xor1", a={**ANSWERS, "loop": Loop(kind="parallel", collection="answers.rows")})


def test_a_join_waits_for_the_answer_beside_it() -> None:
    assert not doubted("start > and1 > a > and2 > xor1", "and1 > d > and2")
    assert doubted("start > and1 > a > or2 > xor1", "and1 > d > or2")


def test_what_lies_in_a_sub_process_is_answered_when_that_has_ended() -> None:
    inner = {**ANSWERS, "scope": "sub1"}
    assert not doubted("start > sub1 > xor1", a=inner)
    assert not doubted("start > sub1 > xor1", "sub1: start2 > a > end2")
    assert doubted("start > sub1 > xor1", "sub1: start2 > xor2 > a > end2", "sub1: xor2 > end3")
    assert doubted("start > sub1 > xor1", "late > xor1", a=inner, late=on("sub1"))
    assert doubted("start > sub1 > xor1", a=inner, sub1={"loop": Loop(kind="parallel", collection="answers.rows")})
    error = {"trigger": Trigger.ERROR}
    inside = "sub1: start2 > xor2 > a > end2", "sub1: xor2 > end3"
    assert not doubted("start > sub1 > xor1", *inside, end3=error)
    assert doubted("start > sub1 > xor1", "late > xor1", *inside, end3=error, late=on("sub1", Trigger.ERROR))


def test_an_activity_may_ask_for_its_own_answers() -> None:
    conditions = {"a>b": "outcome.a == 'yes'", "a>c": "outcome.a == 'no'"}
    graph = drawn("start > a > b > end", "a > c > end", conditions=conditions, a=ANSWERS)
    assert not [problem for problem in find_problems(graph) if problem.kind == "missing_default"]


def test_of_an_order_it_is_said_that_a_missing_value_has_none() -> None:
    conditions = {"xor1>b": "answers.n < 5", "xor1>c": "answers.n >= 5"}
    graph = drawn("start > a > xor1 > b > end", "xor1 > c > end", conditions=conditions)
    (found,) = find_problems(graph)
    assert "a value that is missing" in found.message


@pytest.mark.parametrize("conditions", [{}, {"xor1>b": "answers.x"}])
def test_a_bare_flow_is_no_default(conditions: dict[str, str]) -> None:
    graph = drawn("start > a > xor1 > b > end", "xor1 > c > end", conditions=conditions)
    (found,) = find_problems(graph)
    assert (found.kind, found.elements) == ("missing_default", ("xor1",))
    assert "A flow without a condition is none" in found.message


def test_an_inclusive_gateway_with_an_unconditional_flow_needs_no_default() -> None:
    paths = ("start > or1 > b > or2 > end", "or1 > c > or2")
    assert find_problems(drawn(*paths, conditions={"or1>b": "x"})) == []
    assert [problem.kind for problem in find_problems(drawn(*paths, conditions={"or1>b": "x", "or1>c": "y"}))] == [
        "missing_default"
    ]


def test_a_circle_in_which_nothing_waits_is_refused() -> None:
    (problem,) = found(drawn("start > a > xor1 > man1 > xor2 > xor1", "xor2 > end"))
    assert (problem.kind, problem.elements) == ("no_option_to_complete", ("xor1", "man1", "xor2"))
    assert "in which nothing waits for anybody" in problem.message
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


def test_the_timer_must_lead_out_of_the_circle() -> None:
    assert found(drawn(*CIRCLE, "late > fix", fix=APPLICANT, late=on("fix")))
    assert found(drawn(*CIRCLE, "late > remind > xor1", fix=APPLICANT, late=on("fix")))
    assert not found(drawn(*CIRCLE, "late > remind > xor3 > xor1", "xor3 > end2", fix=APPLICANT, late=on("fix")))
    assert not found(drawn(*CIRCLE, "late > xor2", fix=APPLICANT, late=on("fix")))
    # A circle that the timer alone draws is one too.
    (problem,) = found(drawn("start > fix > end", "late > remind > fix", fix=APPLICANT, late=on("fix")))
    assert (problem.kind, problem.elements) == ("no_return", ("fix", "remind"))


def test_nobody_else_may_have_to_answer_on_the_way_out() -> None:
    circle = ("start > xor1 > fix > pay > xor2 > xor1", "xor2 > end", "late > pay")
    steps = {"fix": APPLICANT, "pay": APPLICANT, "late": on("fix")}
    assert found(drawn(*circle, **steps))
    assert not found(drawn(*circle, "late2 > end2", **steps, late2=on("pay")))
    assert found(drawn(*circle, "late2 > fix", **steps, late2=on("pay")))


def test_a_timer_beside_a_message_must_lead_out_too() -> None:
    waits = {"catch1": MESSAGE, "catch2": TIMER}
    assert found(drawn("start > xor1 > event1 > catch1 > end", "event1 > catch2 > xor1", **waits))
    assert found(drawn("start > xor1 > event1 > catch1 > xor2 > xor1", "xor2 > end", "event1 > catch2 > xor1", **waits))


def test_a_timer_in_a_sub_process_leads_out_of_the_circle_around_it() -> None:
    around = ("start > xor1 > sub1 > xor2 > xor1", "xor2 > end", "sub1: fix > end2")
    assert found(drawn(*around, fix=APPLICANT))
    assert not found(drawn(*around, "sub1: late > end3", fix=APPLICANT, late={**on("fix"), "scope": "sub1"}))
    assert found(drawn(*around, "sub1: late > fix", fix=APPLICANT, late={**on("fix"), "scope": "sub1"}))
    assert not found(drawn(*around, "late > xor2", fix=APPLICANT, late=on("sub1")))
    assert found(drawn(*around, "late > xor1", fix=APPLICANT, late=on("sub1")))
    failing = (*around, "sub1: late > end3", "failed > end4")
    words = {"late": {**on("fix"), "scope": "sub1"}, "end3": {"trigger": Trigger.ERROR}}
    assert not found(drawn(*failing, fix=APPLICANT, **words, failed=on("sub1", Trigger.ERROR)))


def test_a_timer_over_the_whole_process_is_a_way_out() -> None:
    words = {"sub1": {"by_event": True}, "start2": {**TIMER, "scope": "sub1"}}
    assert not found(drawn(*CIRCLE, "sub1: start2 > tell > end2", fix=APPLICANT, **words))


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
    assert (problem.kind, problem.elements) == ("over_limit", ("probe",))


def longest(*paths: str, **nodes: Any) -> tuple[int, tuple[str, ...]]:
    """Return the working days of the longest path and its steps."""
    (problem,) = found(drawn(*paths, limits={"promised": 0}, **nodes))
    match = re.search(r"may take (\d+) working days", problem.message)
    assert match
    return int(match[1]), problem.elements


def test_a_circle_counts_one_pass_and_of_branches_the_longest() -> None:
    loop = ("start > xor1 > and1 > a > and2 > q > xor2 > xor1", "and1 > b > and2", "xor2 > end")
    assert longest(*loop, a=days(3), b=days(3), q=days(1)) == (4, ("a", "q"))
    loop = ("start > xor1 > xor3 > a > xor4 > q > xor2 > xor1", "xor3 > b > xor4", "xor2 > end")
    assert longest(*loop, a=days(3), b=days(5), q=days(1)) == (6, ("b", "q"))
    circle = ("late > q", "start > xor1 > a > q > xor1", "q > end")
    assert longest(*circle, a=days(3), q=days(2), late=on("a")) == (5, ("a", "q"))


def test_only_the_whole_is_rounded() -> None:
    two = {"a": days(2, "working_hours"), "b": days(2, "working_hours")}
    assert longest("start > a > b > end", **two)[0] == 1
    assert longest("start > a > b > end", a=days(1, "calendar_days"), b=days(2, "calendar_days"))[0] == 3
    assert longest("start > a > b > end", a=days(3, "calendar_days"), b=days(4, "calendar_days"))[0] == 5


def test_who_leaves_by_a_timer_has_spent_no_more_than_its_time() -> None:
    late = on("a", timer=Timer(span=Span(amount=2, unit="working_days")))
    paths = ("start > a > end", "late > c > end2")
    assert longest(*paths, a=days(10), c=days(9), late=late) == (11, ("a", "c"))
    assert longest(*paths, a=days(10), c=days(7), late=late) == (10, ("a",))
    assert longest(*paths, a=days(1), c=days(7), late=late) == (8, ("a", "c"))
    assert longest(*paths, a=days(1), c=days(7), late=on("a", Trigger.ERROR)) == (8, ("a", "c"))


def test_instances_one_after_another_take_their_time_each() -> None:
    several = {kind: Loop(kind=kind, cardinality="3") for kind in ("sequential", "parallel")}
    assert longest("start > a > end", a={**days(2), "loop": several["sequential"]}) == (6, ("a",))
    assert longest("start > a > end", a={**days(2), "loop": several["parallel"]}) == (2, ("a",))
    assert longest("start > sub1 > end", "sub1: a > b", a=days(2), b=days(1), sub1={"loop": several["sequential"]}) == (
        9, ("a", "b"),
    )  # fmt: skip


def test_circles_count_once_and_sub_processes_with_what_is_in_them() -> None:
    graph = drawn(
        "start > xor1 > a > sub1 > xor2 > xor1", "xor2 > end", "sub1: b > catch1",
        a=days(1), b=days(2), catch1={**TIMER, "timer": Timer(span=Span(amount=3, unit="working_days"))},
        limits={"promised": 5},
    )  # fmt: skip
    (problem,) = found(graph)
    assert problem.elements == ("a", "b", "catch1")
