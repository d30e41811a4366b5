"""What a called process tells its caller: it ends, fails, escalates; and what becomes of it when its caller goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories.accounts import UserFactory
from tests.factories.processes import (
    boundary,
    call,
    catch,
    exclusive,
    finish,
    graph,
    on_border,
    parallel,
    receive,
    service_task,
    throw,
    user_task,
)
from tests.factories.runs import NOW, ONE_TASK, publish, start, task
from workflows.actions import ActionResult, _registry, register
from workflows.engine.graph import Graph, Trigger
from workflows.enums import JobState, RunState, TaskState
from workflows.models import HistoryEvent, Job, Run, Subscription, Task, Timer
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs
from workflows.operations.runs import cancel_run
from workflows.operations.tasks import complete_task
from workflows.signals import RunFinished, effects_committed

pytestmark = pytest.mark.django_db
FAILING = graph(
    (user_task("ask", outcomes=("well", "badly")), exclusive("x", "x>end"), finish("failed", Trigger.ERROR, "E1")),
    "start > ask > x > end",
    "x > failed",
    conditions={"x>failed": "outcome.ask == 'badly'"},
    key="failing",
)
ESCALATING = graph(
    (throw("loud", Trigger.ESCALATION, "X1"), user_task("more")), "start > loud > more > end", key="escalating"
)


def caller(key: str, called: str, border: Any = None) -> Graph:
    nodes = [call("c", called=called), user_task("after")]
    paths = ["start > c > after > end"]
    if border is not None:
        nodes += [border, user_task("instead")]
        paths.append(f"{border.id} > instead > end")
    return graph(nodes, *paths, key=key)


def done(run: Run, node: str, outcome: str = "") -> None:
    complete_task(task_id=task(run, node).pk, outcome=outcome, by=UserFactory.create(), at=NOW)


def fresh(run: Run) -> Run:
    again = Run.objects.get(pk=run.pk)
    assert first_broken_row(Run.objects.get(pk=run.root_key)) is None
    return again


def waiting(run: Run) -> list[str]:
    return list(Task.objects.filter(run=run, state=TaskState.READY).order_by("node").values_list("node", flat=True))


@pytest.fixture
def finished() -> Iterator[list[RunFinished]]:
    """Collect which runs were told to be over."""
    heard: list[RunFinished] = []

    def hear(effects: tuple[Any, ...], **_: Any) -> None:
        heard.extend(effect for effect in effects if isinstance(effect, RunFinished))

    effects_committed.connect(hear)
    yield heard
    effects_committed.disconnect(hear)


def test_an_error_of_a_child_is_caught_at_its_callers_border(finished: list[RunFinished]) -> None:
    publish(FAILING)
    run = start(caller("caller", "failing", on_border("wrong", "c", Trigger.ERROR, "E1")))
    child = run.children.get()
    done(child, "ask", "badly")
    assert (fresh(child).state, fresh(run).state, waiting(run)) == (RunState.ENDED, RunState.ACTIVE, ["instead"])
    assert [(one.run.pk, one.error) for one in finished] == [(child.pk, "E1")]
    assert HistoryEvent.objects.get(run=child, kind="run_ended").detail["error"] == "E1"


def test_an_error_that_no_caller_listens_for_ends_all_of_them(finished: list[RunFinished]) -> None:
    publish(FAILING)
    publish(caller("middle", "failing"))
    run = start(caller("top", "middle"))
    middle = run.children.get()
    done(middle.children.get(), "ask", "badly")
    assert [one.error for one in finished] == ["E1"] * 3
    assert {one.state for one in Run.objects.all()} == {RunState.ENDED}
    assert not Task.objects.filter(state=TaskState.READY).exists()


def test_an_error_goes_past_a_caller_that_does_not_listen_to_one_that_does() -> None:
    publish(FAILING)
    publish(caller("middle", "failing"))
    run = start(caller("top", "middle", on_border("wrong", "c", Trigger.ERROR)))
    done(run.children.get().children.get(), "ask", "badly")
    assert waiting(run) == ["instead"]
    assert fresh(run.children.get()).state == RunState.ENDED


@pytest.mark.parametrize("interrupting", [True, False])
def test_a_child_that_escalates_is_heard_by_its_caller(interrupting: bool) -> None:
    publish(ESCALATING)
    run = start(caller("caller", "escalating", on_border("heard", "c", Trigger.ESCALATION, interrupting=interrupting)))
    child = run.children.get()
    assert waiting(run) == ["instead"]
    assert (fresh(child).state == RunState.ENDED) is interrupting
    assert waiting(child) == ([] if interrupting else ["more"])
    if not interrupting:
        done(child, "more")
        assert waiting(run) == ["after", "instead"]


def test_an_escalation_passes_a_caller_that_does_not_listen() -> None:
    publish(ESCALATING)
    publish(caller("middle", "escalating"))
    run = start(caller("top", "middle", on_border("heard", "c", Trigger.ESCALATION, "X1", interrupting=False)))
    assert waiting(run) == ["instead"]
    assert fresh(run.children.get()).state == RunState.ACTIVE
    kinds = HistoryEvent.objects.filter(root=run, kind="escalation_sent").order_by("seq")
    assert [row.detail["node"] for row in kinds] == ["loud", "c"]


def test_an_escalation_that_nobody_hears_changes_nothing() -> None:
    publish(ESCALATING)
    run = start(caller("caller", "escalating"))
    done(run.children.get(), "more")
    assert waiting(run) == ["after"]


def test_cancelling_reaches_children_of_children_with_all_they_wait_for(finished: list[RunFinished]) -> None:
    register("probe.act")(lambda _: ActionResult())
    nodes = (parallel("s"), parallel("j"), user_task("t"), boundary("late", "t"), exclusive("m"), service_task("act"))
    waits = (receive("paid"), catch("hear", Trigger.SIGNAL, "closed"), catch("wait", Trigger.TIMER))
    try:
        publish(graph(
            (*nodes, *waits), "start > s > t > m > j > end", "late > m", "s > act > j", "s > paid > j", "s > hear > j",
            "s > wait > j", key="deep",
        ))  # fmt: skip
        publish(caller("middle", "deep"))
        run = start(caller("top", "middle"))
    finally:
        _registry.pop("probe.act")
    assert (Timer.objects.count(), Subscription.objects.count()) == (2, 2)
    cancel_run(run_id=run.pk, outcome="withdrawn", by=None, at=NOW)
    assert [one.run.outcome for one in finished] == ["withdrawn"] * 3
    assert not Subscription.objects.exists()
    assert not Timer.objects.filter(fired_at=None, cancelled_at=None).exists()
    assert (Job.objects.get().state, Task.objects.get().state) == (JobState.CANCELLED, TaskState.CANCELLED)
    assert fresh(run).state == RunState.ENDED


def test_children_that_begin_and_are_ended_in_one_step_leave_no_work_behind() -> None:
    # Two children of one process open the same node in one step; the fault of a third takes one of them away.
    publish(ONE_TASK)
    publish(graph((finish("failed", Trigger.ERROR, "E1"), exclusive("x", "x>end")), "start > x > failed", "x > end",
                  conditions={"x>failed": "parts.fail"}, key="at-once"))  # fmt: skip
    inner = graph(
        (parallel("s"), call("one", called="one-task"), call("bad", part="bad"), parallel("j")),
        "start > s > one > j > end",
        "s > bad > j",
        key="inner",
    )
    publish(inner)
    outer = graph(
        (
            parallel("s"),
            call("stays", called="one-task"),
            call("goes", called="inner", part="inner"),
            on_border("wrong", "goes", Trigger.ERROR),
            user_task("mend"),
            exclusive("m"),
            parallel("j"),
        ),
        "start > s > stays > j > end",
        "s > goes > m > j",
        "wrong > mend > m",
        key="outer",
    )
    told: list[int] = []

    def hear(effects: tuple[Any, ...], **_: Any) -> None:
        told.extend(one.task.run_id for one in effects if hasattr(one, "task"))

    parts = {
        "inner": {
            "process": "inner",
            "data": {"parts": {"bad": {"process": "at-once", "data": {"parts": {"fail": True}}}}},
        }
    }
    effects_committed.connect(hear)
    try:
        run = start(outer, data={"parts": parts})
    finally:
        effects_committed.disconnect(hear)
    stays = Run.objects.get(parent=run, parent_node="stays")
    open_now = set(Task.objects.filter(state=TaskState.READY).values_list("run", "node"))
    assert open_now == {(stays.pk, "work"), (run.pk, "mend")}
    assert set(told) == {stays.pk, run.pk}, "whoever still has work is told of it"
    assert {one.state for one in Run.objects.exclude(pk__in=[run.pk, stays.pk])} == {RunState.ENDED}
    assert fresh(run).state == RunState.ACTIVE


def test_a_service_tasks_error_in_a_child_goes_up_to_who_listens() -> None:
    register("probe.act")(lambda _: ActionResult(error="E1"))
    try:
        publish(graph([service_task("act")], "start > act > end", key="acting"))
        run = start(caller("caller", "acting", on_border("wrong", "c", Trigger.ERROR, "E1")))
        other = start(caller("deaf", "acting"), number=2)
        assert run_due_jobs(at=NOW) == 1
    finally:
        _registry.pop("probe.act")
    assert waiting(run) == ["instead"]
    assert Job.objects.get(root=run).state == JobState.DONE
    assert (Job.objects.get(root=other).state, fresh(other).state) == (JobState.INCIDENT, RunState.ACTIVE)
