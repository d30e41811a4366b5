"""Runs, tasks and jobs carried out on a real database: publish, start, call, complete, retry, cancel, tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from tests.factories.accounts import UserFactory
from tests.factories.processes import boundary, bpmn, call, exclusive, graph, manual, parallel, service_task, user_task
from tests.factories.runs import NOW, ONE_TASK, TWO_BRANCHES, publish, start, task
from workflows.actions import ActionContext, ActionResult, UnknownActionError, _registry, action_named, register
from workflows.bpmn.parse import BpmnError
from workflows.engine.advance import EngineError
from workflows.engine.graph import Graph, Span
from workflows.enums import DefinitionState, JobState, RunState, TaskState
from workflows.models import HistoryEvent, Job, ProcessDefinition, Run, Task, Timer
from workflows.operations.definitions import UnsoundProcessError, publish_process
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import BACKOFF, retry_job, run_due_jobs, run_job
from workflows.operations.locking import lock_root
from workflows.operations.runs import cancel_run, start_run
from workflows.operations.tasks import (
    TaskClosedError,
    TaskHeldError,
    UnknownOutcomeError,
    claim_task,
    complete_task,
    release_task,
)
from workflows.operations.timers import sweep_timers
from workflows.queries.definitions import UnknownProcessError, graph_of, published_definition
from workflows.queries.tasks import history_of, open_tasks, tasks_about, tasks_of_posts
from workflows.signals import (
    JobGaveUp,
    RunFinished,
    RunStarted,
    TaskDone,
    TaskReady,
    TaskTakenAway,
    effects_committed,
)

pytestmark = pytest.mark.django_db
Told = list[tuple[type[Any], ...]]


@pytest.fixture
def told() -> Iterator[Told]:
    """Collect the kinds of effects of every transaction."""
    heard: Told = []

    def hear(sender: object, *, effects: tuple[Any, ...], **_: Any) -> None:
        heard.append(tuple(type(effect) for effect in effects))

    effects_committed.connect(hear)
    yield heard
    effects_committed.disconnect(hear)


@pytest.fixture
def action() -> Iterator[Callable[..., list[ActionContext]]]:
    """Let a test say what the action `probe.act` does; returns the contexts it is called with."""

    def says(
        does: Callable[[ActionContext], ActionResult] | None = None, *, outside: bool = False
    ) -> list[ActionContext]:
        calls: list[ActionContext] = []

        @register("probe.act", outside=outside)
        def act(context: ActionContext) -> ActionResult:
            calls.append(context)
            return does(context) if does else ActionResult(outcome="fine", data={"found": 7})

        return calls

    says()
    yield says
    _registry.pop("probe.act", None)


def kinds(run: Run) -> list[str]:
    return [row.kind for row in history_of(run.root_key)]


def fresh(run: Run) -> Run:
    again = Run.objects.select_related("definition").get(pk=run.pk)
    assert first_broken_row(Run.objects.get(pk=run.root_key)) is None
    return again


# --- definitions


def test_publishing_again_changes_nothing_and_a_new_drawing_retires_the_old() -> None:
    first = publish(ONE_TASK)
    assert publish(ONE_TASK, moment=NOW + timedelta(days=1)) == first
    run = start(ONE_TASK)
    changed = graph([user_task("other")], "start > other > end", key="one-task")
    second = publish(changed, moment=NOW + timedelta(days=2))
    assert (second.version, str(second), second.published_at) == (2, "one-task v2", NOW + timedelta(days=2))
    first.refresh_from_db()
    assert first.state == DefinitionState.RETIRED
    assert published_definition("one-task") == second
    complete_task(task_id=task(run, "work").pk, outcome="again", by=UserFactory.create(), at=NOW)
    assert fresh(run).definition == first
    assert task(run, "work", 2).state == TaskState.READY, "a run goes on by the drawing it began with"
    assert task(start(changed, number=2), "other")


def test_going_back_to_an_older_drawing_is_a_new_version() -> None:
    publish(ONE_TASK)
    publish(graph([user_task("other")], "start > other > end", key="one-task"))
    assert publish(ONE_TASK).version == 3
    assert ProcessDefinition.objects.filter(state=DefinitionState.PUBLISHED).count() == 1


def test_a_graph_is_compiled_once() -> None:
    definition = publish(ONE_TASK)
    assert graph_of(definition.pk) is graph_of(definition.pk)
    assert graph_of(definition.pk).nodes.keys() == ONE_TASK.nodes.keys()


def _asking(condition: str) -> Graph:
    nodes = (user_task("ask"), exclusive("x", "x>end"), user_task("more"))
    return graph(nodes, "start > ask > x > more > end", "x > end", conditions={"x>more": condition})


@pytest.mark.parametrize(
    ("drawn", "problem", "words"),
    [
        (_asking("outcome.nobody == 'a'"), "unknown_field", "outcome.nobody"),
        (graph([service_task("s", action="probe.unknown")], "start > s > end"), "unknown_field", "probe.unknown"),
        (graph([user_task("a"), user_task("b")], "start > a > end", "b > end"), "dead_element", ""),
    ],
)
def test_a_drawing_that_could_fail_is_not_published(drawn: Graph, problem: str, words: str) -> None:
    with pytest.raises(UnsoundProcessError, match=f"The process probe is not published: {problem}") as caught:
        publish(drawn)
    assert words in caught.value.problems[0].message
    assert not ProcessDefinition.objects.exists()


def test_conditions_may_read_outcomes_parts_and_answers() -> None:
    nodes = (call("c", part="food"), exclusive("x", "x>end"), user_task("more"))
    text = "outcome.c == 'granted' && has(parts.food) && answers.floor_area > 300.0"
    assert publish(graph(nodes, "start > c > x > more > end", "x > end", conditions={"x>more": text}))


def test_the_command_publishes_folders_and_names_what_it_refuses(tmp_path: Path) -> None:
    out = StringIO()
    (tmp_path / "a.bpmn").write_bytes(bpmn(ONE_TASK))
    call_command("load_processes", tmp_path, stdout=out)
    call_command("load_processes", tmp_path, stdout=out)
    assert out.getvalue() == "a.bpmn: version 1\n" * 2
    (tmp_path / "b.bpmn").write_bytes(b"<definitions/>")
    with pytest.raises(CommandError, match=r"b\.bpmn: line 1: file: is not BPMN 2\.0"):
        call_command("load_processes", tmp_path, stdout=out)
    (tmp_path / "b.bpmn").write_bytes(bpmn(graph([manual("island")], "start > end", "island > end")))
    with pytest.raises(CommandError, match=r"b\.bpmn: The process probe is not published: dead_element: island"):
        call_command("load_processes", tmp_path, stdout=out)
    with pytest.raises(CommandError, match=r"no \.bpmn file"):
        call_command("load_processes", tmp_path / "none", stdout=out)


def test_an_unreadable_file_is_not_published() -> None:
    with pytest.raises(BpmnError):
        publish_process(source=b"no xml", at=NOW)


# --- runs


def test_a_started_run_waits_with_its_task_and_its_history(told: Told) -> None:
    run = start(ONE_TASK, data={"answers": {"a": 1}})
    assert told == [(RunStarted, TaskReady)]
    one = task(run, "work")
    assert (one.state, one.department, one.role, one.outcomes) == (TaskState.READY, "SCJG", "handler", ["ok", "again"])
    assert (one.root, one.subject_kind, one.subject_id, one.opened_at) == (run, "probe", "1", NOW)
    assert (run.root_key, run.version, str(run), str(one)) == (run.pk, 1, "probe 1 (active)", "work#1 (ready)")
    assert kinds(run) == ["run_started", "task_opened"]
    assert list(tasks_about("probe", "1")) == [one]


def test_what_is_not_published_cannot_be_started() -> None:
    with pytest.raises(UnknownProcessError, match="The process nothing is not published"):
        start_run(process_key="nothing", subject_kind="probe", subject_id="1", data={}, by=None, at=NOW)


def test_a_run_whose_task_nobody_would_see_is_not_started() -> None:
    with pytest.raises(EngineError):
        start(graph([user_task("u", department="$where")], "start > u > end"))
    assert not Run.objects.exists()


PARENT = graph((call("c", part="food"), user_task("after")), "start > c > after > end", key="parent")


def _parts(**part: Any) -> dict[str, Any]:
    return {"answers": {"a": 1}, "parts": {"food": {"process": "one-task", **part}}}


def test_a_call_activity_runs_a_child_as_its_part_says(told: Told) -> None:
    publish(ONE_TASK)
    parent = start(PARENT, data=_parts(subject_kind="probe-part", subject_id="7", data={"department": "XF"}))
    (child,) = parent.children.all()
    assert (child.root, child.parent_node, child.parent_round, child.definition.key) == (parent, "c", 1, "one-task")
    assert (child.subject_kind, child.subject_id) == ("probe-part", "7")
    assert child.data == {"answers": {"a": 1}, "department": "XF"}
    assert child.root_key == parent.pk
    complete_task(task_id=task(child, "work").pk, outcome="ok", by=UserFactory.create(), at=NOW)
    assert told[-1] == (TaskDone, RunFinished, TaskReady)
    assert fresh(child).outcome == "closed"
    assert fresh(parent).known["outcome"] == {"c": "closed"}
    assert task(parent, "after").state == TaskState.READY
    assert list(history_of(child.pk)) == [], "a case has one history, its root's"


def test_without_a_part_the_drawing_names_the_child_which_is_about_the_same_subject() -> None:
    publish(ONE_TASK)
    parent = start(graph((call("c", called="one-task"),), "start > c > end", key="parent"))
    child = parent.children.get()
    assert (child.subject_kind, child.subject_id, child.data) == ("probe", "1", {"answers": {}})


def test_a_child_that_ends_at_once_lets_its_parent_go_on_and_leaves_no_timer() -> None:
    publish(graph([manual("m")], "start > m > end", key="quick"))
    nodes = (call("c", called="quick"), boundary("late", "c"), user_task("after"))
    parent = start(graph(nodes, "start > c > after > end", "late > end", key="parent"))
    assert task(parent, "after")
    assert not Timer.objects.exists()
    assert "armed" not in fresh(parent).marking


def test_processes_that_call_each_other_without_end_are_stopped() -> None:
    publish(graph((call("c", called="b"),), "start > c > end", key="a"))
    publish(graph((call("c", called="a"),), "start > c > end", key="b"))
    with pytest.raises(EngineError, match="more than 8 deep"):
        start_run(process_key="a", subject_kind="probe", subject_id="1", data={}, by=None, at=NOW)
    assert not Run.objects.exists()


def test_cancelling_takes_tasks_jobs_timers_and_children_away(told: Told, action: Callable[..., Any]) -> None:
    publish(ONE_TASK)
    nodes = (parallel("p"), parallel("j"), user_task("a"), service_task("s"), call("c", called="one-task"))
    drawn = graph(
        (*nodes, boundary("late", "a"), exclusive("m")),
        "start > p > a > m > j > end",
        "p > s > j",
        "p > c > j",
        "late > m",
        key="everything",
    )
    run, user = start(drawn), UserFactory.create()
    child = run.children.get()
    cancel_run(run_id=run.pk, outcome="withdrawn", by=user, at=NOW + timedelta(hours=1))
    assert told[-1].count(TaskTakenAway) == 2
    assert told[-1].count(RunFinished) == 2
    assert {one.state for one in Task.objects.all()} == {TaskState.CANCELLED}
    assert Job.objects.get().state == JobState.CANCELLED
    assert not Timer.objects.exists()
    assert (fresh(run).outcome, fresh(child).outcome, fresh(child).state) == ("withdrawn", "withdrawn", RunState.ENDED)
    length = fresh(run).history_length
    cancel_run(run_id=run.pk, outcome="again", by=user, at=NOW)
    assert (fresh(run).outcome, fresh(run).history_length) == ("withdrawn", length)


def test_cancelling_a_child_lets_its_parent_go_on_with_the_answer() -> None:
    publish(ONE_TASK)
    parent = start(PARENT, data=_parts())
    cancel_run(run_id=parent.children.get().pk, outcome="withdrawn", by=None, at=NOW)
    assert fresh(parent).known["outcome"] == {"c": "withdrawn"}
    assert task(parent, "after")


def test_effects_are_told_once_per_transaction_and_who_refuses_them_undoes_all(told: Told) -> None:
    run, user = start(TWO_BRANCHES), UserFactory.create()
    complete_task(task_id=task(run, "left").pk, outcome="ok", by=user, at=NOW)
    complete_task(task_id=task(run, "right").pk, outcome="ok", by=user, at=NOW)
    assert told == [(RunStarted, TaskReady, TaskReady), (TaskDone,), (TaskDone, RunFinished)]
    other = start(TWO_BRANCHES, number=2)

    def refuse(sender: object, **_: Any) -> None:
        raise RuntimeError("the notice cannot be stored")

    effects_committed.connect(refuse)
    try:
        with pytest.raises(RuntimeError):
            complete_task(task_id=task(other, "left").pk, outcome="ok", by=user, at=NOW)
    finally:
        effects_committed.disconnect(refuse)
    assert task(other, "left").state == TaskState.READY
    assert fresh(other).version == 1
    assert kinds(other) == ["run_started", "task_opened", "task_opened"]


# --- tasks


def test_a_task_is_claimed_given_back_and_completed(told: Told) -> None:
    run, (anna, bert) = start(ONE_TASK), UserFactory.create_batch(2)
    one = claim_task(task_id=task(run, "work").pk, by=anna, at=NOW)
    assert (one.state, one.assignee, one.claimed_at) == (TaskState.CLAIMED, anna, NOW)
    claim_task(task_id=one.pk, by=anna, at=NOW + timedelta(hours=1))
    assert task(run, "work").claimed_at == NOW
    for refused in (
        lambda: claim_task(task_id=one.pk, by=bert, at=NOW),
        lambda: complete_task(task_id=one.pk, outcome="ok", by=bert, at=NOW),
    ):
        with pytest.raises(TaskHeldError) as caught:
            refused()
        assert caught.value.holder == anna
    release_task(task_id=one.pk, by=anna, at=NOW)
    release_task(task_id=one.pk, by=anna, at=NOW)
    assert (task(run, "work").state, task(run, "work").assignee) == (TaskState.READY, None)
    with pytest.raises(UnknownOutcomeError, match="'maybe' is none of ok, again"):
        complete_task(task_id=one.pk, outcome="maybe", by=bert, at=NOW)
    later = NOW + timedelta(hours=2)
    complete_task(task_id=one.pk, outcome="ok", by=bert, at=later)
    one = complete_task(task_id=one.pk, outcome="ok", by=bert, at=later + timedelta(hours=1))
    assert (one.state, one.outcome, one.closed_by, one.closed_at) == (TaskState.DONE, "ok", bert, later)
    for refused in (
        lambda: claim_task(task_id=one.pk, by=bert, at=NOW),
        lambda: release_task(task_id=one.pk, by=bert, at=NOW),
        lambda: complete_task(task_id=one.pk, outcome="again", by=bert, at=NOW),
        lambda: complete_task(task_id=one.pk, outcome="ok", by=anna, at=NOW),
    ):
        with pytest.raises(TaskClosedError):
            refused()
    assert kinds(run) == ["run_started", "task_opened", "task_claimed", "task_released", "task_done", "run_ended"]
    assert fresh(run).ended_at == later


def test_lists_of_tasks_belong_to_posts_and_begin_with_the_most_urgent() -> None:
    runs = [start(ONE_TASK, number=number) for number in range(3)]
    for run, days in ((runs[1], 2), (runs[2], 1)):
        Task.objects.filter(run=run).update(due_at=NOW + timedelta(days=days))
    assert [one.run for one in open_tasks()] == [runs[2], runs[1], runs[0]]
    assert len(tasks_of_posts([("SCJG", "handler"), ("XF", "clerk")])) == 3
    assert not tasks_of_posts([("SCJG", "clerk"), ("XF", "handler")])
    assert not tasks_of_posts([])
    complete_task(task_id=task(runs[1], "work").pk, outcome="ok", by=UserFactory.create(), at=NOW)
    assert len(open_tasks()) == 2


def test_the_database_opens_a_task_once_per_round() -> None:
    one = task(start(ONE_TASK), "work")
    one.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        one.save(force_insert=True)


# --- jobs

JOB = graph((service_task("act"), user_task("after")), "start > act > after > end", key="job")


def test_a_job_is_carried_out_once_and_its_answer_joins_the_data(action: Callable[..., Any], told: Told) -> None:
    calls = action()
    run = start(JOB, data={"a": 1})
    job = Job.objects.get()
    assert (str(job), job.key) == (f"probe.act {run.pk}:act#1 (queued)", f"{run.pk}:act:1")
    assert run_due_jobs(at=NOW) == 1
    assert run_due_jobs(at=NOW) == 0
    assert not run_job(job_id=job.pk, at=NOW)
    (context,) = calls
    assert (context.key, context.node, context.at, context.data) == (f"{run.pk}:act:1", "act", NOW, {"a": 1})
    assert (context.run_id, context.root_id, context.subject_kind, context.subject_id) == (run.pk, run.pk, "probe", "1")
    assert (fresh(run).data, fresh(run).learned) == ({"a": 1}, {"found": 7, "outcome": {"act": "fine"}})
    assert told[-1] == (TaskReady,)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.closed_at) == (JobState.DONE, 1, NOW)


@pytest.mark.parametrize("outside", [True, False])
def test_a_job_that_asks_another_system_holds_no_lock_meanwhile(action: Callable[..., Any], outside: bool) -> None:
    depths: list[int] = []

    def measure(context: ActionContext) -> ActionResult:
        depths.append(len(connection.savepoint_ids))
        return ActionResult()

    action(measure, outside=outside)
    start(JOB)
    around = len(connection.savepoint_ids)
    assert run_due_jobs(at=NOW) == 1
    assert depths == [around if outside else around + 1]


@pytest.mark.parametrize("outside", [True, False])
def test_a_failing_job_is_tried_again_ever_later_then_waits_for_a_manager(
    action: Callable[..., Any], told: Told, outside: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(context: ActionContext) -> ActionResult:
        if not outside:
            Task.objects.filter(root_id=context.root_id).delete()
            Run.objects.filter(pk=context.run_id).update(version=99)
        raise ValueError("with what nobody may read")

    calls = action(fail, outside=outside)
    run, moment = start(JOB), NOW
    job = Job.objects.get()
    for number, pause in enumerate(BACKOFF, start=1):
        assert run_due_jobs(at=moment) == 0
        job.refresh_from_db()
        assert (job.attempts, job.next_attempt_at, job.last_error) == (number, moment + pause, "ValueError")
        assert run_due_jobs(at=moment + pause - timedelta(seconds=1)) == 0
        moment += pause
    assert run_due_jobs(at=moment) == 0
    job.refresh_from_db()
    assert (job.state, len(calls)) == (JobState.INCIDENT, len(BACKOFF) + 1)
    assert told[-1] == (JobGaveUp,)
    assert run_due_jobs(at=moment + timedelta(days=1)) == 0
    action()
    manager = UserFactory.create()
    retry_job(job_id=job.pk, by=manager, at=moment)
    retry_job(job_id=job.pk, by=manager, at=moment)
    assert run_due_jobs(at=moment) == 1
    assert kinds(run)[-4:] == ["job_gave_up", "job_retried", "job_done", "task_opened"]
    assert HistoryEvent.objects.get(kind="job_retried").by == manager
    assert fresh(run).version == 2, "what a failed attempt wrote inside the step is undone"
    assert "nobody may read" not in caplog.text


def test_one_failing_job_does_not_stop_the_others(action: Callable[..., Any]) -> None:
    def fail_first(context: ActionContext) -> ActionResult:
        if context.subject_id == "1":
            raise ValueError(context.subject_id)
        return ActionResult()

    action(fail_first)
    start(JOB, number=1)
    start(JOB, number=2)
    assert run_due_jobs(at=NOW) == 1
    assert list(Job.objects.order_by("id").values_list("state", flat=True)) == [JobState.QUEUED, JobState.DONE]


def test_a_job_whose_action_is_gone_waits_like_one_that_fails(action: Callable[..., Any]) -> None:
    start(JOB)
    del _registry["probe.act"]
    with pytest.raises(UnknownActionError, match=r"No service registered the action probe\.act"):
        action_named("probe.act")
    assert run_due_jobs(at=NOW) == 0
    assert Job.objects.get().last_error == "UnknownActionError"


def test_an_action_may_move_its_own_case_and_nothing_is_lost(action: Callable[..., Any]) -> None:
    user = UserFactory.create()

    def complete_the_other_branch(context: ActionContext) -> ActionResult:
        waiting = Task.objects.get(root_id=context.root_id, node="other")
        complete_task(task_id=waiting.pk, outcome="ok", by=user, at=context.at)
        return ActionResult()

    nodes = (parallel("p"), parallel("j"), service_task("act"), user_task("other"))
    drawn = graph(nodes, "start > p > act > j > end", "p > other > j", key="both")
    action(complete_the_other_branch)
    run = start(drawn)
    assert run_due_jobs(at=NOW) == 1
    assert fresh(run).state == RunState.ENDED
    assert kinds(run)[-4:] == ["task_done", "job_done", "joined", "run_ended"]


def test_an_action_that_ends_its_own_run_is_not_done_again(action: Callable[..., Any]) -> None:
    def withdraw(context: ActionContext) -> ActionResult:
        cancel_run(run_id=context.run_id, outcome="withdrawn", by=None, at=context.at)
        return ActionResult()

    calls = action(withdraw)
    run = start(JOB)
    assert run_due_jobs(at=NOW) == 0
    assert run_due_jobs(at=NOW) == 0
    assert (fresh(run).outcome, Job.objects.get().state, len(calls)) == ("withdrawn", JobState.CANCELLED, 1)


def test_a_job_cancelled_while_it_failed_stays_cancelled(action: Callable[..., Any]) -> None:
    def withdraw_and_fail(context: ActionContext) -> ActionResult:
        cancel_run(run_id=context.run_id, outcome="withdrawn", by=None, at=context.at)
        raise ValueError

    action(withdraw_and_fail, outside=True)
    run = start(JOB)
    assert run_due_jobs(at=NOW) == 0
    assert (fresh(run).state, Job.objects.get().state) == (RunState.ENDED, JobState.CANCELLED)


# --- timers

TIMED = graph(
    (
        user_task("work"),
        boundary("remind", "work", interrupting=False, span=Span(amount=1, unit="calendar_days")),
        boundary("late", "work", span=Span(amount=3, unit="calendar_days")),
        user_task("note"),
        user_task("instead"),
    ),
    "start > work > end",
    "remind > note > end",
    "late > instead > end",
    key="timed",
)


def test_timers_beside_and_instead_of_a_task_fire_in_order_and_once(told: Told) -> None:
    run = start(TIMED)
    assert sweep_timers(at=NOW) == 0
    assert sweep_timers(at=NOW + timedelta(days=2)) == 1
    assert (task(run, "work").state, task(run, "note").state) == (TaskState.READY, TaskState.READY)
    assert sweep_timers(at=NOW + timedelta(days=2)) == 0
    assert sweep_timers(at=NOW + timedelta(days=10)) == 1
    assert told[-1] == (TaskTakenAway, TaskReady)
    assert (task(run, "work").state, task(run, "instead").state) == (TaskState.CANCELLED, TaskState.READY)
    assert kinds(run).count("timer_fired") == 2
    with pytest.raises(TaskClosedError):
        complete_task(task_id=task(run, "work").pk, outcome="", by=UserFactory.create(), at=NOW)
    user = UserFactory.create()
    complete_task(task_id=task(run, "instead").pk, outcome="", by=user, at=NOW + timedelta(days=10))
    assert fresh(run).state == RunState.ACTIVE
    complete_task(task_id=task(run, "note").pk, outcome="", by=user, at=NOW + timedelta(days=10))
    assert fresh(run).state == RunState.ENDED


def test_a_done_task_takes_its_timers_along() -> None:
    run = start(TIMED)
    complete_task(task_id=task(run, "work").pk, outcome="", by=UserFactory.create(), at=NOW)
    assert sweep_timers(at=NOW + timedelta(days=10)) == 0
    assert not Timer.objects.filter(cancelled_at=None).exists()


def test_a_timer_of_a_childs_task_moves_the_child() -> None:
    publish(TIMED)
    parent = start(graph((call("c", called="timed"),), "start > c > end", key="parent"))
    assert sweep_timers(at=NOW + timedelta(days=10)) == 2
    assert task(parent.children.get(), "instead")
    assert fresh(parent)


def test_a_timer_on_a_call_takes_the_child_away() -> None:
    publish(ONE_TASK)
    nodes = (call("c", called="one-task"), boundary("late", "c"), user_task("instead"))
    parent = start(graph(nodes, "start > c > end", "late > instead > end", key="parent"))
    assert sweep_timers(at=NOW + timedelta(days=10)) == 1
    child = parent.children.get()
    assert (child.state, child.outcome, task(child, "work").state) == (RunState.ENDED, "cancelled", TaskState.CANCELLED)
    assert task(parent, "instead").state == TaskState.READY
    assert fresh(parent).state == RunState.ACTIVE


def test_a_lock_is_of_a_run_that_exists() -> None:
    with pytest.raises(Run.DoesNotExist):
        lock_root(4711)
