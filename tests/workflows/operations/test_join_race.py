"""Two people finish the last two branches at the same instant: the join fires exactly once, in every round."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence

import pytest
from django.db import IntegrityError, connection

from portal.accounts.models import User
from tests.factories.accounts import UserFactory
from tests.factories.runs import NOW, PATIENCE, TWO_BRANCHES, publish, start
from workflows.enums import RunState
from workflows.models import HistoryEvent, Run, Task
from workflows.operations import tasks
from workflows.operations.history import first_broken_row
from workflows.operations.locking import LockedTask
from workflows.operations.tasks import complete_task

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 500


def _race(pairs: Sequence[tuple[int, int]], people: tuple[User, User]) -> list[Exception]:
    """Let two threads complete one task of each pair, both let go anew before every pair; return what was raised."""
    gate = threading.Barrier(2, timeout=PATIENCE)
    raised: list[Exception] = []

    def work(side: int) -> None:
        try:
            connection.ensure_connection()
            for pair in pairs:
                gate.wait()
                try:
                    complete_task(task_id=pair[side], outcome="ok", by=people[side], at=NOW)
                except threading.BrokenBarrierError:
                    raise
                except Exception as error:
                    raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(side,)) for side in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10 * PATIENCE)
        assert not thread.is_alive()
    return raised


def _prepare(rounds: int) -> tuple[list[Run], list[tuple[int, int]], tuple[User, User]]:
    publish(TWO_BRANCHES)
    runs = [start(TWO_BRANCHES, number=number) for number in range(rounds)]
    open_tasks = {(task.run_id, task.node): task.pk for task in Task.objects.all()}
    pairs = [(open_tasks[run.pk, "left"], open_tasks[run.pk, "right"]) for run in runs]
    return runs, pairs, (UserFactory.create(), UserFactory.create())


def _joins(run: Run) -> int:
    return HistoryEvent.objects.filter(run=run, kind="joined").count()


def test_the_last_two_branches_at_the_same_instant_join_exactly_once() -> None:
    runs, pairs, people = _prepare(ROUNDS)
    assert _race(pairs, people) == []
    ended = {run.pk: run for run in Run.objects.filter(state=RunState.ENDED, outcome="closed")}
    assert set(ended) == {run.pk for run in runs}
    assert HistoryEvent.objects.filter(kind="joined").count() == ROUNDS
    kinds = defaultdict(list)
    for root, kind in HistoryEvent.objects.order_by("root", "seq").values_list("root", "kind"):
        kinds[root].append(kind)
    told = ["run_started", "task_opened", "task_opened", "task_done", "task_done", "joined", "run_ended"]
    assert all(kinds[run] == told for run in ended)
    assert all(first_broken_row(run) is None for run in ended.values())


def test_without_the_lock_joins_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    # Shows that the race above is sharp: both read the run before either has written it, as two pages would.
    runs, pairs, people = _prepare(20)
    both_have_read = threading.Barrier(2, timeout=PATIENCE)

    def read_only(task_id: int) -> LockedTask:
        task = Task.objects.select_related("root", "run").get(pk=task_id)
        task.run = task.root
        both_have_read.wait()
        return LockedTask(task=task, root=task.root, calendar=None)

    monkeypatch.setattr(tasks, "lock_task", read_only)
    raised = _race(pairs, people)
    assert [run for run in runs if _joins(run)] == [], "every join is lost"
    # What saves us from losing them silently: one place in a history is taken once.
    assert {type(error) for error in raised} <= {IntegrityError}
