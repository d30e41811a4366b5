"""What a designer may state, and what is assumed where she states nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests.factories.processes import call, exclusive, graph, receive, service_task, user_task
from tests.workflows.simulation.probes import AXIS, MONDAY, cases, run
from workflows.engine.graph import Span
from workflows.simulation.assumptions import AssumptionError, read_assumptions, usual_duration, usual_outcomes
from workflows.simulation.chance import Fixed, Spread
from workflows.simulation.world import misfits

DAY = AXIS.per_day


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ([], "a mapping of names"),
        ({"people": {}}, "people is not known; known are arrivals, staff, steps"),
        ({"steps": {"a": {"time": 3}}}, "time is not known"),
        ({"steps": {"a": 3}}, "The step a: a mapping"),
        ({"steps": {"a": {"minutes": -1}}}, "minutes of a: -1"),
        ({"steps": {"a": {"minutes": "60"}}}, "neither a number"),
        ({"steps": {"a": {"minutes": [1, 2]}}}, "a list of three"),
        ({"steps": {"a": {"minutes": [3, 2, 1]}}}, "in this order"),
        ({"steps": {"a": {"minutes": True}}}, "minutes of a: True"),
        ({"steps": {"a": {"outcomes": {"yes": "often"}}}}, "'often' for yes"),
        ({"steps": {"a": {"outcomes": {"yes": 0}}}}, "none of them ever comes"),
        ({"steps": {"a": {"chance": 2}}}, "chance of a: 2"),
        ({"staff": {"SCJG": 0}}, "staff of SCJG: 0"),
        ({"staff": {"SCJG": 1.5}}, "staff of SCJG: 1.5"),
        ({"arrivals": 0}, "arrivals: 0"),
        ({"arrivals": float("nan")}, "arrivals: nan"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(stated: Any, reason: str) -> None:
    with pytest.raises(AssumptionError) as refused:
        read_assumptions(stated)
    assert reason in str(refused.value)


def test_nothing_stated_is_nothing_assumed() -> None:
    assert read_assumptions(None) == read_assumptions({}) == read_assumptions({"steps": None, "staff": {}})


def test_one_process_may_be_meant() -> None:
    found = read_assumptions({"steps": {"intake": {"minutes": 5}, "child/intake": {"minutes": [1, 2, 3]}}})
    assert found.about("other", "intake").duration == Fixed(300)
    assert found.about("child", "intake").duration == Spread(60, 120, 180)
    assert found.about("child", "elsewhere").duration is None


def test_the_usual_time_is_a_share_of_the_limit() -> None:
    def usual(**more: Any) -> Any:
        return usual_duration(user_task("a", **more), DAY)

    assert usual() == Spread(0.25 * DAY, DAY, 2 * DAY)
    assert usual(limit=Span(amount=10, unit="working_days")) == Spread(2 * DAY, 5 * DAY, 9 * DAY)
    assert usual(limit=Span(amount=7, unit="calendar_days")).median == 2.5 * DAY
    assert usual(limit=Span(amount=10, unit="working_hours")).median == 5 * 3600
    assert usual(limit=Span(amount=0, unit="working_days")) == Spread(300, 900, 3600)
    assert usual(role="applicant") == Spread(DAY, 3 * DAY, 10 * DAY)
    assert usual_duration(service_task("job"), DAY) == Fixed(5)
    assert usual_duration(receive("paid"), DAY) == Fixed(86_400)
    assert usual_duration(call("child"), DAY) == Spread(2 * DAY, 5 * DAY, 10 * DAY)


def test_the_first_answer_is_the_usual_one_and_jobs_answer_what_conditions_ask_for() -> None:
    drawn = graph(
        (user_task("a", outcomes=("grant", "refuse", "return")), service_task("job"), exclusive("which", "which>end")),
        "start > a > job > which > end",
        "which > a",
        conditions={"which>a": "outcome.job == 'again'"},
    )
    answers = usual_outcomes(drawn, drawn.nodes["a"])
    assert answers.answers == ("grant", "refuse", "return")
    assert answers.until == pytest.approx((0.8, 0.9, 1))
    assert usual_outcomes(drawn, drawn.nodes["job"]).answers == ("again", "")
    assert usual_outcomes(drawn, drawn.nodes["which"]).answers == ("",)


def test_slips_of_the_pen_are_told_but_not_about_processes_that_are_elsewhere() -> None:
    drawn = graph(
        (user_task("a"), user_task("b", outcomes=("yes", "no"), returns=("b>a",))), "start > a > b > end", "b > a"
    )
    outcomes = {"yes": 1, "returned:a": 1, "error:E1": 1, "yse": 1, "returned:b": 1}
    stated = read_assumptions(
        {
            "steps": {
                "b": {"outcomes": outcomes},
                "c": {"outcomes": {"yes": 1}},
                "probe/d": {"minutes": 1},
                "elsewhere/e": {"minutes": 1},
            }
        }
    )
    assert misfits(stated, [drawn]) == [
        "b never ends with yse",
        "b never ends with returned:b",
        "there is no step c",
        "there is no step d",
    ]


def test_an_answer_that_only_the_other_version_has_is_not_given_in_this_one() -> None:
    stated = {"a": {"minutes": 1, "outcomes": {"new": 0.5, "yes": 0.3, "no": 0.2}}}
    old, gone = (user_task("a", outcomes=answers) for answers in (("yes", "no"), ("maybe",)))
    coming = [replace(cases(MONDAY)[0], name=str(number)) for number in range(2_000)]
    paths = Counter(course.path for course in run(graph((old,), "start > a > end"), stated, coming).courses)
    assert paths.keys() == {("a=yes",), ("a=no",)}
    assert paths["a=yes",] == pytest.approx(1_200, abs=110)
    assert run(graph((gone,), "start > a > end"), stated).courses[0].path == ("a=maybe",)
