"""Queues: whoever is free takes what is due first; waiting, load and how busy people are, told by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.factories.processes import boundary, graph, user_task
from tests.workflows.simulation.probes import AXIS, HOUR, MONDAY, cases, end, run, second, spans
from workflows.engine.graph import Span
from workflows.simulation import ComingCase
from workflows.simulation.arrivals import made_up
from workflows.simulation.figures import figures_of

ONE = graph((user_task("a"),), "start > a > end")


def test_one_person_does_one_task_after_the_other() -> None:
    outcome = run(ONE, {"a": 120}, cases(MONDAY, MONDAY, "2026-03-02 14:00"), staff={"SCJG": 1})
    assert [end(course)[-5:] for course in outcome.courses] == ["11:00", "14:00", "16:00"]
    (load,) = figures_of(outcome, AXIS, {"SCJG": 1}).load
    assert (load.tasks, load.hours, load.handled_hours) == (3, 2 + 4 + 2, 6)
    assert load.utilisation == 1
    two = run(ONE, {"a": 120}, cases(MONDAY, MONDAY, "2026-03-02 14:00"), staff={"SCJG": 2})
    assert [end(course)[-5:] for course in two.courses] == ["11:00", "11:00", "16:00"]


def test_a_service_that_takes_as_long_as_the_next_arrival_waits_as_computed() -> None:
    """D/D/1 by hand: one case an hour, ninety minutes each; the n-th of them waits (n - 1) half hours."""
    coming = tuple(
        ComingCase(name=str(number), begins=AXIS.after(second(MONDAY), number * HOUR)) for number in range(100)
    )
    outcome = run(ONE, {"a": 90}, coming, staff={"SCJG": 1})
    waited = [
        AXIS.worked(visit.taken_up or 0) - AXIS.worked(visit.opened)
        for course in outcome.courses
        for visit in course.visits
    ]
    assert waited == [number * HOUR // 2 for number in range(100)]


def test_waiting_at_random_arrivals_is_that_of_the_formula() -> None:
    """M/D/1 (Pollaczek-Khinchine): with load r the mean wait is r / (2 (1 - r)) services; here r = 1/2, so one half."""
    coming = made_up(20_000, axis=AXIS, begins=second("2015-01-05 09:00"), per_day=7, seed=3)
    outcome = run(ONE, {"a": 30}, coming, staff={"SCJG": 1})
    found = figures_of(outcome, AXIS, {"SCJG": 1})
    assert found.steps[0].waiting.mean == pytest.approx(0.5 * 30 / 420, rel=0.08)
    assert found.load[0].utilisation == pytest.approx(0.5, abs=0.02)


def test_what_is_due_first_is_done_first() -> None:
    drawn = graph(
        (user_task("calm", limit=Span(amount=9, unit="working_days")),
         user_task("urgent", limit=Span(amount=1, unit="working_days"))),
        "start > calm > urgent > end",
    )  # fmt: skip
    outcome = run(drawn, {"calm": 60, "urgent": 60}, cases(MONDAY, MONDAY, MONDAY), staff={"SCJG": 1})
    assert [end(course)[-5:] for course in outcome.courses] == ["11:00", "14:00", "16:00"]


def test_a_post_of_its_own_has_its_own_people_and_applicants_never_queue() -> None:
    drawn = graph(
        (user_task("a"), user_task("b", role="approver"), user_task("c", role="applicant")), "start > a > b > c > end"
    )
    coming = cases(MONDAY, MONDAY)
    outcome = run(drawn, {"a": 60, "b": 60, "c": 60}, coming, staff={"SCJG": 2, "SCJG/approver": 1})
    assert [spans(course, "b")[0][1] for course in outcome.courses] == ["02 11:00", "02 12:00"]
    assert [end(course)[-5:] for course in outcome.courses] == ["12:00", "14:00"]
    (load,) = figures_of(outcome, AXIS, {"SCJG": 2, "SCJG/approver": 1}).load
    assert (load.people, load.tasks) == (3, 4)


def test_who_is_at_a_task_that_is_taken_away_is_free_at_once() -> None:
    slow = boundary("late", "a", span=Span(amount=1, unit="working_hours"))
    drawn = graph((user_task("a"), slow), "start > a > end", "late > end")
    outcome = run(drawn, {"a": 300}, cases(MONDAY, MONDAY, "2026-03-02 09:30"), staff={"SCJG": 1})
    # The second is taken away while it waits, the third is taken up when the first one's hour is over.
    assert [end(course)[-5:] for course in outcome.courses] == ["10:00", "10:00", "10:30"]
    assert [course.visits[0].handled for course in outcome.courses] == [HOUR, 0, HOUR // 2]


def test_made_up_cases_come_evenly_or_at_random() -> None:
    even = made_up(500, axis=AXIS, begins=second("2026-01-01 00:00"))
    gaps = {AXIS.worked(b.begins) - AXIS.worked(a.begins) for a, b in pairwise(even)}
    assert gaps == {AXIS.per_day // 2}
    chance = made_up(5_000, axis=AXIS, begins=second("2026-01-01 00:00"), per_day=20, data=[{"n": 1}, {"n": 2}])
    lasted = AXIS.days(AXIS.worked(chance[-1].begins) - AXIS.worked(second("2026-01-01 00:00")))
    assert lasted == pytest.approx(250, rel=0.05)
    assert sum(case.data["n"] == 1 for case in chance) == pytest.approx(2_500, abs=200)
    assert (
        replace(chance[0])
        == made_up(1, axis=AXIS, begins=second("2026-01-01 00:00"), per_day=20, data=[{"n": 1}, {"n": 2}])[0]
    )


def test_a_queue_that_outlasts_the_calendar_is_given_up_case_by_case() -> None:
    days = 420 * 1_500
    outcome = run(ONE, {"a": days}, cases(MONDAY, MONDAY, MONDAY), staff={"SCJG": 1})
    assert [bool(course.stuck) for course in outcome.courses] == [False, True, True]
