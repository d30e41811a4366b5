"""What a new drawing changes, by kind, and what a run on its way need not notice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from tests.factories.plays import Play
from tests.factories.processes import (
    DAY,
    boundary,
    catch,
    event_based,
    exclusive,
    graph,
    service_task,
    user_task,
    whole_graphs,
)
from tests.factories.version_changes import changed, redrawn, renamed
from workflows.engine.changes import ChangeKind, differences, is_harmless
from workflows.engine.graph import Graph, Loop, NodeKind, Span, Timer, Trigger

LONG = Span(amount=9, unit="working_days")
LINE = graph(
    [user_task("a"), user_task("b", limit=DAY), boundary("late", "b"), exclusive("x", "x>c"), service_task("c")],
    "start > a > b > x > c > end",
    "late > x",
    "x > a",
    conditions={"x>a": "outcome.b == 'no'"},
)


def kinds(after: Graph, before: Graph = LINE) -> set[tuple[str, str, str]]:
    return {(str(one.kind), one.element, one.what) for one in differences(before, after)}


def test_the_same_drawing_and_one_drawn_elsewhere_change_nothing() -> None:
    assert differences(LINE, LINE) == []


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("name_zh", "新", "text"),
        ("name_en", "New", "text"),
        ("limit", LONG, "limit"),
        ("department", "XF", "assignment"),
        ("role", "approver", "assignment"),
        ("form", "premises", "assignment"),
        ("outcomes", ("ok",), "work"),
        ("loop", Loop(kind="parallel", cardinality="2"), "condition"),
    ],
)
def test_each_field_of_a_task_is_a_kind_of_change(field: str, value: Any, kind: str) -> None:
    assert kinds(changed(LINE, b={field: value})) == {(kind, "b", field)}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (changed(LINE, late={"timer": Timer(span=LONG)}), {("limit", "late", "timer")}),
        (changed(LINE, late={"interrupting": False}), {("flow", "late", "interrupting")}),
        (changed(LINE, c={"action": "other.act"}), {("work", "c", "action")}),
        (changed(LINE, c={"kind": NodeKind.RULE_TASK}), {("kind", "c", "kind")}),
        (redrawn(LINE, x_to_a="outcome.b == 'never'"), {("condition", "x>a", "condition")}),
        (replace(LINE, promised=5), {("limit", "", "promised")}),
        (replace(LINE, name_en="Other"), {("text", "", "name_en")}),
        (
            redrawn(LINE, user_task("d"), links=["-c > end", "c > d", "d > end"]),
            {
                ("added", "d", "element"),
                ("added", "c>d", "flow"),
                ("added", "d>end", "flow"),
                ("removed", "c>end", "flow"),
                ("flow", "c", "outgoing"),
            },
        ),
    ],
)
def test_other_changes_are_named_by_their_elements(after: Graph, expected: set[tuple[str, str, str]]) -> None:
    assert kinds(after) == expected


def test_the_order_in_which_a_gateway_asks_is_a_change() -> None:
    turned = {**LINE.nodes, "x": replace(LINE.nodes["x"], outgoing=LINE.nodes["x"].outgoing[::-1])}
    assert kinds(replace(LINE, nodes=turned)) == {("flow", "x", "outgoing")}


def test_a_change_says_what_was_and_what_is() -> None:
    (change,) = differences(LINE, changed(LINE, b={"role": "approver"}))
    assert str(change) == "b: role was handler, is approver"
    added = differences(LINE, redrawn(LINE, user_task("d"), links=["c > d"]))[1:]
    assert [str(one) for one in added] == ["d: element added", "c>d: flow added"]
    (gone,) = differences(LINE, changed(LINE, b={"limit": None}))
    assert str(gone).endswith("is nothing")


@given(drawn=whole_graphs)
def test_names_alone_are_texts_and_every_run_moves(drawn: Graph) -> None:
    found = differences(drawn, renamed(drawn))
    assert {change.kind for change in found} == {ChangeKind.TEXT}
    state = Play(drawn, reviewers=["SCJG"], choice={f"n{n}": 2 for n in range(90)}).state
    assert all(is_harmless(change, drawn, state) for change in found)
    back = differences(renamed(drawn), drawn)
    assert [(one.element, one.what, one.before, one.after) for one in back] == [
        (one.element, one.what, one.after, one.before) for one in found
    ]


def harmless(play: Play, after: Graph) -> bool:
    return all(is_harmless(change, play.drawn, play.state) for change in differences(play.drawn, after))


def test_limits_and_posts_are_harmless_until_the_step_is_reached_and_not_after() -> None:
    play = Play(LINE)
    later = changed(LINE, b={"limit": LONG, "role": "approver", "department": "XF"})
    timer = changed(LINE, late={"timer": Timer(span=LONG)})
    assert harmless(play, later)
    assert harmless(play, timer)
    play.done("a")
    assert not harmless(play, later), "the step is open"
    assert not harmless(play, timer), "its timer runs"
    play.done("b", "yes")
    assert not harmless(play, later), "the step is over"
    assert not harmless(play, timer)
    assert harmless(play, renamed(LINE))
    assert harmless(play, replace(LINE, promised=9))


def test_conditions_work_and_flows_are_felt_wherever_the_run_is() -> None:
    play = Play(LINE)
    for after in (
        redrawn(LINE, x_to_a="outcome.b == 'never'"),
        changed(LINE, c={"action": "other.act"}),
        changed(LINE, b={"outcomes": ("ok",)}),
        redrawn(LINE, user_task("d"), links=["-c > end", "c > d", "d > end"]),
        redrawn(LINE, without=["late"]),
    ):
        assert not harmless(play, after)


def test_a_timer_behind_a_gateway_is_reached_with_the_gateway() -> None:
    drawn = graph(
        [
            user_task("a"),
            event_based("wait"),
            catch("heard", Trigger.MESSAGE, "answered", host="wait"),
            catch("over", Trigger.TIMER, host="wait"),
            exclusive("merge"),
        ],
        "start > a > wait > heard > merge > end",
        "wait > over > merge",
    )
    longer = changed(drawn, over={"timer": Timer(span=LONG)})
    play = Play(drawn)
    assert harmless(play, longer)
    play.done("a")
    assert not harmless(play, longer)
