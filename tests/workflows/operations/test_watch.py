"""Signs of progress, and cases that nothing will move any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories.runs import NOW, TWO_BRANCHES, at_once, start, task
from workflows.enums import TaskState
from workflows.models import Progress, Run, Standstill
from workflows.operations.runs import suspend_run
from workflows.operations.watch import note_standstills, record_progress
from workflows.queries.tokens import stuck_runs
from workflows.queries.watch import age_of, standing_still
from workflows.tasks import canary_task, note_standstills_task

LATER = NOW + timedelta(minutes=5)


def lose_the_right_branch(run: Run) -> None:
    """Take a branch's task away and leave its token: what a lost write would leave."""
    right = task(run, "right")
    right.state, right.closed_at = TaskState.CANCELLED, NOW
    right.save()


@pytest.mark.django_db
def test_progress_is_kept_by_name_and_never_goes_back() -> None:
    assert age_of("canary", NOW) is None
    record_progress(name="canary", at=NOW)
    record_progress(name="canary", at=NOW - timedelta(hours=1))
    record_progress(name="other", at=LATER)
    assert age_of("canary", LATER) == timedelta(minutes=5)
    assert age_of("other", NOW) == timedelta()
    assert Progress.objects.count() == 2


@pytest.mark.django_db
def test_a_case_that_moves_is_no_standstill() -> None:
    run = start(TWO_BRANCHES)
    suspend_run(run_id=run.pk, by=None, at=NOW)
    assert note_standstills(at=NOW) == 0
    assert stuck_runs() == []


@pytest.mark.django_db
def test_a_lost_branch_is_noted_once_until_it_moves_again_though_the_other_goes_on() -> None:
    run, sound = start(TWO_BRANCHES), start(TWO_BRANCHES, number=2)
    lose_the_right_branch(run)
    assert note_standstills(at=NOW) == 1
    assert note_standstills(at=LATER) == 0
    (found,) = standing_still()
    assert (found.root_id, found.run_id, found.node, found.found_at) == (run.pk, run.pk, "right", NOW)

    right = task(run, "right")
    right.state, right.closed_at = TaskState.READY, None
    right.save()
    assert note_standstills(at=LATER) == 0
    found.refresh_from_db()
    assert found.ended_at == LATER
    assert not standing_still().exists()

    lose_the_right_branch(run)
    lose_the_right_branch(sound)
    assert note_standstills(at=LATER) == 2
    assert Standstill.objects.filter(root=run).count() == 2


@pytest.mark.django_db
def test_a_run_without_any_token_stands_still() -> None:
    run = start(TWO_BRANCHES)
    Run.objects.filter(pk=run.pk).update(marking={"rounds": {"split": 1}})
    assert note_standstills(at=NOW) == 1
    assert standing_still().get().node == ""


@pytest.mark.django_db(transaction=True)
def test_many_who_look_at_once_note_it_once() -> None:
    lose_the_right_branch(start(TWO_BRANCHES))
    found = at_once(*[lambda: note_standstills(at=NOW)] * 6)
    assert sum(found) == 1
    assert Standstill.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_tasks_do_both_by_the_databases_clock() -> None:
    lose_the_right_branch(start(TWO_BRANCHES))
    canary_task()
    note_standstills_task()
    assert Progress.objects.get().name == "canary"
    assert standing_still().get().found_at >= Progress.objects.get().at
