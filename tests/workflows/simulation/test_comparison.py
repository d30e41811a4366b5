"""What would change: nothing where nothing changed, exactly what was taken out, and whose way is another."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.processes import exclusive, graph, parallel, user_task, whole_graphs
from tests.workflows.simulation.probes import AXIS, MONDAY, cases, run, second
from workflows.engine.graph import Graph
from workflows.simulation import ComingCase, Outcome, Scenario, simulate
from workflows.simulation.comparison import differences
from workflows.simulation.figures import Figures, figures_of

COMING = tuple(replace(cases(MONDAY)[0], name=str(number)) for number in range(200))
THREE = graph((user_task("a"), user_task("b"), user_task("c")), "start > a > b > c > end")
TWO = graph((user_task("a"), user_task("c")), "start > a > c > end")


def measured(outcome: Outcome) -> tuple[Outcome, Figures]:
    return outcome, figures_of(outcome, AXIS)


@settings(max_examples=30)
@given(whole_graphs, st.integers(0, 1_000))
def test_the_same_process_is_no_change(drawn: Graph, seed: int) -> None:
    data = {"reviewers": ["a", "b"], "choice": {}}
    coming = tuple(ComingCase(name=str(number), begins=second(MONDAY), data=data) for number in range(4))
    twice = Scenario(graph=drawn, axis=AXIS, cases=coming, seed=seed)
    found = differences(measured(simulate(twice)), measured(simulate(replace(twice, graph=replace(drawn)))))
    assert (found.changed_cases, found.ways) == (0, ())
    assert all(
        change.p50_by in (0, None) and change.p90_by in (0, None) for change in (found.total, *found.steps.values())
    )
    assert all(load.hours_by == 0 and load.tasks_before == load.tasks_after for load in found.load)


def test_a_step_that_is_taken_out_takes_exactly_its_time_along() -> None:
    stated = {"b": 420 * 2}
    before, after = measured(run(THREE, stated, COMING)), measured(run(TWO, {}, COMING))
    for one, other in zip(before[0].courses, after[0].courses, strict=True):
        assert one.ended is not None
        assert other.ended is not None
        assert AXIS.worked(one.ended) - AXIS.worked(other.ended) == 2 * AXIS.per_day
    found = differences(before, after)
    assert (found.total.p50_by, found.total.p90_by) == (-2, -2)
    assert (found.steps["a"].p50_by, found.steps["c"].p90_by) == (0, 0)
    assert (found.steps["b"].p50_before, found.steps["b"].p50_after, found.steps["b"].p50_by) == (2, None, None)
    (load,) = found.load
    assert (load.tasks_before, load.tasks_after, load.hours_by) == (600, 400, -2 * 7 * 200)
    assert found.changed_cases == 200
    assert (found.ways[0].before, found.ways[0].after) == (("a", "b", "c"), ("a", "c"))


def test_only_cases_that_go_another_way_are_named() -> None:
    asked = user_task("asked", outcomes=("yes", "no"))
    conditions = {"which>extra": "outcome.asked == 'no'"}
    before = graph((asked,), "start > asked > end")
    after = graph(
        (asked, exclusive("which", "which>end"), user_task("extra")),
        "start > asked > which > end",
        "which > extra > end",
        conditions=conditions,
    )
    first, second_ = measured(run(before, {}, COMING)), measured(run(after, {}, COMING))
    found = differences(first, second_)
    refused = [course.name for course in first[0].courses if course.path == ("asked=no",)]
    assert found.changed_cases == len(refused) > 20
    assert found.ways[0].after == ("asked=no", "extra")
    assert found.ways[0].examples == tuple(refused[:5])
    assert found.steps["extra"].p50_before is None


def test_branches_that_overtake_each_other_are_no_other_way_but_steps_that_change_places_are() -> None:
    drawn = graph(
        (parallel("split"), parallel("join"), user_task("a"), user_task("b"), user_task("c")),
        "start > split > a > join > c > end",
        "split > b > join",
    )
    one, other = run(drawn, {"a": 60, "b": 120}, COMING), run(drawn, {"a": 120, "b": 60}, COMING)
    assert one.courses[0].path != other.courses[0].path
    assert differences(measured(one), measured(other)).changed_cases == 0
    swapped = graph((user_task("a"), user_task("b"), user_task("c")), "start > b > a > c > end")
    assert differences(measured(run(THREE, {}, COMING)), measured(run(swapped, {}, COMING))).changed_cases == 200


def test_a_case_that_no_longer_ends_is_another_way() -> None:
    stuck = graph((user_task("a", department="$office.name"),), "start > a > end")
    data = {"office": "not an object"}
    coming = [replace(case, data=data) for case in COMING]
    found = differences(measured(run(TWO, {}, coming)), measured(run(stuck, {}, coming)))
    assert found.ways[0].after is None
    assert found.total.p50_after is None
