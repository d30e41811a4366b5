"""The history: append-only by the database, chained by hashes, and every way of tampering found at its row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from tests.factories.accounts import UserFactory
from tests.factories.runs import NOW, ONE_TASK, start, task
from workflows.models import HistoryEvent, Run
from workflows.operations.history import Fact, chain_hash, first_broken_row, record_facts
from workflows.operations.tasks import claim_task, complete_task

pytestmark = pytest.mark.django_db
TABLE = "workflows_historyevent"


@pytest.fixture
def run() -> Run:
    """Return a run with a history of six rows."""
    run, user = start(ONE_TASK), UserFactory.create()
    one = claim_task(task_id=task(run, "work").pk, by=user, at=NOW + timedelta(hours=1))
    complete_task(task_id=one.pk, outcome="ok", by=user, at=NOW + timedelta(hours=2, microseconds=7))
    run.refresh_from_db()
    return run


@contextmanager
def triggers_off() -> Iterator[None]:
    """Do what somebody with the database's password could do."""
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = 'replica'")
        yield
        cursor.execute("set local session_replication_role = 'origin'")


def test_a_history_tells_who_did_what_and_when(run: Run) -> None:
    rows = list(HistoryEvent.objects.filter(root=run))
    assert [row.kind for row in rows] == ["run_started", "task_opened", "task_claimed", "task_done", "run_ended"]
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert rows[2].by == rows[3].by is not None
    assert rows[0].by is None
    assert rows[3].at == NOW + timedelta(hours=2, microseconds=7)
    assert rows[3].detail == {"node": "work", "round": 1, "outcome": "ok"}
    assert str(rows[3]) == f"{run.pk}/4 task_done"
    assert first_broken_row(run) is None


@pytest.mark.parametrize("statement", ["update {} set kind = 'x'", "delete from {}", "truncate {} cascade"])
def test_the_database_refuses_to_change_history(run: Run, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # what the fixture wrote is checked before the trigger speaks
        with pytest.raises(DatabaseError, match="The history is append-only"), transaction.atomic():
            cursor.execute(statement.format(TABLE))
    assert first_broken_row(run) is None


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'task_forged'",
        'detail = detail::jsonb || \'{"outcome": "again"}\'',
        "at = at + interval '1 microsecond'",
        "by_id = null",
        "hash = sha256('x')",
    ],
)
def test_a_changed_row_is_found(run: Run, change: str) -> None:
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute(f"update {TABLE} set {change} where root_id = %s and seq = 4", [run.pk])
    assert first_broken_row(run) == 4


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_missing_row_is_found(run: Run, seq: int) -> None:
    with triggers_off():
        HistoryEvent.objects.filter(root=run, seq=seq).delete()
    assert first_broken_row(run) == seq


def test_rows_that_changed_places_are_found(run: Run) -> None:
    with triggers_off():
        for old, new in ((3, 99), (4, 3), (99, 4)):
            HistoryEvent.objects.filter(root=run, seq=old).update(seq=new)
    assert first_broken_row(run) == 3


def test_a_row_put_in_at_the_end_is_found_though_it_fits(run: Run) -> None:
    digest = chain_hash(bytes(run.history_head), run.pk, 6, run.pk, NOW, None, "task_forged", {})
    HistoryEvent.objects.create(root=run, seq=6, run=run, at=NOW, kind="task_forged", hash=digest)
    assert first_broken_row(run) == 6


def test_a_history_that_was_emptied_is_found(run: Run) -> None:
    with triggers_off():
        HistoryEvent.objects.filter(root=run).delete()
    assert first_broken_row(run) == 1


def test_another_case_is_none_of_its_business(run: Run) -> None:
    other = start(ONE_TASK, number=2)
    with triggers_off():
        HistoryEvent.objects.filter(root=other, seq=1).update(kind="x")
    assert first_broken_row(run) is None
    assert first_broken_row(other) == 1


def test_recording_nothing_changes_nothing(run: Run) -> None:
    record_facts(root=run, facts=[], by=None, at=NOW)
    assert run.history_length == 5


@pytest.mark.parametrize("detail", [{"b": 1, "a": [1, 2.5, None, True]}, {"reason": "补正 \u2028 é", "n": -7}, {}])
def test_any_detail_still_fits_after_a_trip_through_the_database(run: Run, detail: dict[str, object]) -> None:
    record_facts(root=run, facts=[Fact(run_id=run.pk, kind="probe", detail=detail)], by=None, at=NOW)
    run.refresh_from_db()
    assert run.history_length == 6
    assert first_broken_row(run) is None


def _verify(*roots: int) -> str:
    out = StringIO()
    call_command("verify_history", *map(str, roots), stdout=out)
    return out.getvalue()


def test_the_command_says_that_histories_hold(run: Run) -> None:
    start(ONE_TASK, number=2)
    assert _verify() == "Histories that hold: 2, with 7 rows.\n"
    assert _verify(run.pk) == "Histories that hold: 1, with 5 rows.\n"


def test_the_command_names_the_first_bad_row(run: Run) -> None:
    with triggers_off():
        HistoryEvent.objects.filter(root=run, seq=2).update(kind="x")
    other = start(ONE_TASK, number=2)
    with pytest.raises(CommandError, match=rf"The history of run {run.pk} \(probe 1\) breaks at row 2\."):
        _verify()
    assert _verify(other.pk)


def test_the_command_knows_root_runs_only() -> None:
    with pytest.raises(CommandError, match="There is no root run 4711"):
        _verify(4711)
