"""Who holds a task: claimed once whoever comes, handed over, given back, taken in order."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from tests.factories.accounts import UserFactory
from tests.factories.processes import graph, parallel, user_task
from tests.factories.runs import NOW, ONE_TASK, at_once, start, task
from workflows.engine.graph import Loop
from workflows.enums import RunState, TaskState
from workflows.models import HistoryEvent, Task
from workflows.operations.history import first_broken_row
from workflows.operations.locking import lock_root
from workflows.operations.runs import suspend_run
from workflows.operations.tasks import (
    RunSuspendedError,
    TaskClosedError,
    TaskHeldError,
    claim_next_task,
    claim_task,
    complete_task,
    reassign_task,
    release_task,
)

POSTS = [("SCJG", "handler")]
#: Ten tasks of one case.
TEN = graph(
    (parallel("split"), parallel("join"), *(user_task(f"t{number}") for number in range(10))),
    *(f"start > split > t{number} > join > end" for number in range(10)),
    key="ten",
)


@pytest.mark.django_db(transaction=True)
def test_of_fifty_who_claim_one_task_exactly_one_has_it() -> None:
    run, people = start(ONE_TASK), UserFactory.create_batch(50)
    one = task(run, "work")
    found = at_once(*(partial(claim_task, task_id=one.pk, by=user, at=NOW) for user in people))
    assert sum(isinstance(result, Task) for result in found) == 1
    refused = [result for result in found if isinstance(result, TaskHeldError)]
    assert len(refused) == 49
    one.refresh_from_db()
    assert {error.holder for error in refused} == {one.assignee}
    assert HistoryEvent.objects.filter(kind="task_claimed").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cases", [10, 1])
def test_ten_who_take_the_next_task_get_ten_different_ones(cases: int) -> None:
    runs = [start(ONE_TASK, number=number) for number in range(10)] if cases == 10 else [start(TEN)]
    people = UserFactory.create_batch(10)
    found = at_once(*(partial(claim_next_task, posts=POSTS, by=user, at=NOW) for user in people))
    assert all(isinstance(result, Task) for result in found), found
    assert len({one.pk for one in found}) == 10
    assert {one.assignee_id for one in Task.objects.all()} == {user.pk for user in people}
    for run in runs:
        run.refresh_from_db()
        assert first_broken_row(run) is None


@pytest.mark.django_db(transaction=True)
def test_who_takes_the_next_task_does_not_wait_for_a_case_that_somebody_works_on() -> None:
    urgent, other, anna = start(ONE_TASK, number=1), start(ONE_TASK, number=2), UserFactory.create()
    Task.objects.filter(run=urgent).update(due_at=NOW)
    with transaction.atomic():
        lock_root(urgent.pk)
        (found,) = at_once(partial(claim_next_task, posts=POSTS, by=anna, at=NOW))
    assert found.run_id == other.pk


@pytest.mark.django_db
def test_the_next_task_is_the_most_urgent_free_one_of_ones_posts() -> None:
    held, later, sooner, stands, foreign = (start(ONE_TASK, number=number) for number in range(5))
    anna = UserFactory.create()
    for run, days in ((held, 1), (later, 4), (sooner, 3), (stands, 1), (foreign, 1)):
        Task.objects.filter(run=run).update(due_at=NOW + timedelta(days=days))
    Task.objects.filter(run=foreign).update(department="XF")
    claim_task(task_id=task(held, "work").pk, by=UserFactory.create(), at=NOW)
    suspend_run(run_id=stands.pk, by=None, at=NOW)
    taken = [claim_next_task(posts=POSTS, by=anna, at=NOW) for _ in range(3)]
    assert [one and one.run for one in taken] == [sooner, later, None]
    assert (task(sooner, "work").state, task(sooner, "work").assignee) == (TaskState.CLAIMED, anna)
    assert claim_next_task(posts=[], by=anna, at=NOW) is None


@pytest.mark.django_db
def test_a_manager_gives_a_task_from_hand_to_hand() -> None:
    run, (anna, bert, manager) = start(ONE_TASK), UserFactory.create_batch(3)
    one = task(run, "work").pk
    reassign_task(task_id=one, to=anna, by=manager, at=NOW)
    reassign_task(task_id=one, to=anna, by=manager, at=NOW)
    with pytest.raises(TaskHeldError):
        claim_task(task_id=one, by=bert, at=NOW)
    again = reassign_task(task_id=one, to=bert, by=manager, at=NOW + timedelta(hours=1))
    assert (again.state, again.assignee, again.claimed_at) == (TaskState.CLAIMED, bert, NOW + timedelta(hours=1))
    with pytest.raises(TaskHeldError):
        complete_task(task_id=one, outcome="ok", by=anna, at=NOW)
    release_task(task_id=one, by=manager, at=NOW)
    assert claim_task(task_id=one, by=anna, at=NOW).assignee == anna
    complete_task(task_id=one, outcome="ok", by=anna, at=NOW)
    with pytest.raises(TaskClosedError):
        reassign_task(task_id=one, to=bert, by=manager, at=NOW)
    rows = HistoryEvent.objects.filter(root=run, kind__in=["task_reassigned", "task_released", "task_claimed"])
    assert [(row.kind, row.by, row.detail.get("to")) for row in rows.order_by("seq")] == [
        ("task_reassigned", manager, anna.pk),
        ("task_reassigned", manager, bert.pk),
        ("task_released", manager, None),
        ("task_claimed", anna, None),
    ]


@pytest.mark.django_db
def test_in_a_suspended_case_no_task_changes_hands() -> None:
    run, (anna, bert) = start(ONE_TASK), UserFactory.create_batch(2)
    one = claim_task(task_id=task(run, "work").pk, by=anna, at=NOW).pk
    suspend_run(run_id=run.pk, by=None, at=NOW)
    for refused in (
        lambda: claim_task(task_id=one, by=anna, at=NOW),
        lambda: release_task(task_id=one, by=anna, at=NOW),
        lambda: reassign_task(task_id=one, to=bert, by=anna, at=NOW),
        lambda: complete_task(task_id=one, outcome="ok", by=anna, at=NOW),
    ):
        with pytest.raises(RunSuspendedError):
            refused()
    assert task(run, "work").assignee == anna


@pytest.mark.django_db
def test_the_update_itself_refuses_a_task_that_changed_hands_behind_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    run, (anna, bert) = start(ONE_TASK), UserFactory.create_batch(2)
    one = task(run, "work")

    def steal(*_: object) -> None:
        with connection.cursor() as cursor:
            statement = "update workflows_task set state = 'claimed', assignee_id = %s where id = %s"
            cursor.execute(statement, [bert.pk, one.pk])

    monkeypatch.setattr("workflows.operations.tasks.check_open", steal)
    with pytest.raises(TaskClosedError, match="changed hands"):
        claim_task(task_id=one.pk, by=anna, at=NOW)
    assert HistoryEvent.objects.filter(kind="task_claimed").count() == 0


@pytest.mark.django_db
def test_each_of_several_instances_is_a_task_of_its_own_for_the_department_it_is_about() -> None:
    each = user_task("review", department="$item", loop=Loop(kind="parallel", collection="reviewers"))
    run = start(graph([each], "start > review > end", key="several"), data={"reviewers": ["SCJG", "XF", "CG"]})
    # The activity as a whole is the first entry into the node, its instances those after it.
    rows = list(Task.objects.filter(run=run).order_by("round"))
    assert [(one.department, one.state) for one in rows] == [(code, TaskState.READY) for code in ("SCJG", "XF", "CG")]
    for one in rows[:2]:
        complete_task(task_id=one.pk, outcome="ok", by=UserFactory.create(), at=NOW)
    run.refresh_from_db()
    assert run.state == RunState.ACTIVE
    complete_task(task_id=rows[2].pk, outcome="no", by=UserFactory.create(), at=NOW)
    run.refresh_from_db()
    assert (run.state, run.known["outcomes"]) == (RunState.ENDED, {"review": ["ok", "ok", "no"]})


@pytest.mark.django_db
def test_instances_that_are_enough_take_the_others_away() -> None:
    loop = Loop(kind="parallel", collection="reviewers", completion="instances.done >= 2")
    each = user_task("review", department="$item", loop=loop)
    run = start(graph([each], "start > review > end", key="enough"), data={"reviewers": ["SCJG", "XF", "CG"]})
    rows = list(Task.objects.filter(run=run).order_by("round"))
    for one in rows[:2]:
        complete_task(task_id=one.pk, outcome="ok", by=UserFactory.create(), at=NOW)
    assert Task.objects.get(pk=rows[2].pk).state == TaskState.CANCELLED
    run.refresh_from_db()
    assert (run.state, first_broken_row(run)) == (RunState.ENDED, None)
