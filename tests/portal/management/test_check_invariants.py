"""Every invariant is broken on purpose, and found: one that finds nothing here would prove nothing anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, QuerySet
from django.db.utils import InternalError

from portal.management import invariants
from portal.management.invariants import INVARIANTS, check_invariants
from services.cases.models import Application, Case, Opinion, Signature
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.steps import OutsideResult, complete_step
from services.documents import storage
from services.documents.models import Paper, Upload
from services.notifications.models import Notice
from services.payments.enums import FactKind
from services.payments.models import Attempt, FeeDue
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.factories.city import load_city
from tests.factories.documents import make_upload
from tests.factories.payments import make_fee, make_payment
from tests.factories.runs import TWO_BRANCHES, publish, task
from workflows.models import Clock, HistoryEvent, Job, Message, Run, Subscription, Task, Timer
from workflows.operations.jobs import run_due_jobs
from workflows.operations.runs import start_run
from workflows.operations.tasks import complete_task
from workflows.queries.calendars import database_now
from workflows.queries.invariants import Check, offenders

pytestmark = pytest.mark.usefixtures("world", "db")

STEPS = (
    ("intake", "accept", "clerk"),
    ("handle", "recommend_grant", "food-handler"),
    ("check", "agree", "food-checker"),
)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A case that was decided, one that waits for a supplement, and two branches that joined: all of this minute."""
    with django_db_blocker.unblock():
        load_city(at=database_now())
        _live()
    yield
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False)


def _live() -> None:
    now = database_now()
    decided, waiting = (filed_application(bundle="open-restaurant", situation=RESTAURANT, at=now) for _ in "ab")
    licence = decided.cases.get(part="business-licence")
    for node, outcome, name in STEPS:
        complete_step(task_id=open_task(licence, node).pk, outcome=outcome, by=user(name), at=now)
    outside = OutsideResult(number="91410105MA0000101U", decided_on=now.date())
    approve = open_task(licence, "approve").pk
    complete_step(task_id=approve, outcome="grant", by=user("food-approver"), at=now, outside=outside)
    for second in range(4):
        run_due_jobs(at=now + timedelta(seconds=second))
    intake = open_task(waiting.cases.get(part="business-licence"), "intake")
    missing = [Missing(kind="material", code="premises_proof", reason="看不清")]
    ask_supplement(task_id=intake.pk, missing=missing, by=user("clerk"), at=now)
    publish(TWO_BRANCHES, moment=now)
    for number, nodes in enumerate((("left", "right"), ("left",))):
        about = {"subject_kind": "probe", "subject_id": str(number)}
        run = start_run(process_key=TWO_BRANCHES.key, **about, data={}, by=None, at=now)
        for node in nodes:
            complete_task(task_id=task(run, node).pk, outcome="", by=user("clerk"), at=now)


def _sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _decided() -> Case:
    return Case.objects.get(state="granted")


def _payment(*kinds: FactKind, due: FeeDue | None = None, **values: Any) -> Attempt:
    return make_payment(due or make_fee(_decided()), *kinds, by=user("owner"), **values)


def _paid() -> QuerySet[Attempt]:
    return Attempt.objects.filter(pk=_payment(FactKind.PAID).pk)


def _open() -> Application:
    return Application.objects.get(cases__state="supplement")


def _half_joined() -> Run:
    return Run.objects.get(subject_kind="probe", state="active")


def _carried_out_twice() -> None:
    run = Run.objects.get(application=_open())
    run.pk, run._state.adding = None, True
    run.save(force_insert=True)


def _lost_join() -> None:
    """Both last branches were done, and neither saw the other: what happens without the lock (REL R1)."""
    run = _half_joined()
    Task.objects.filter(run=run, node="right").update(state="cancelled", closed_at=database_now())
    Run.objects.filter(pk=run.pk).update(marking={**run.marking, "waiting": {}})


def _full_join() -> None:
    run = _half_joined()
    incoming = [[place, flow.replace("left", "right"), count] for place, flow, count in run.marking["arrived"]]
    run.marking["arrived"] += incoming
    Run.objects.filter(pk=run.pk).update(marking=run.marking)


def _token_gone() -> None:
    run = Task.objects.filter(state="ready").earliest("pk").run
    Run.objects.filter(pk=run.pk).update(marking={**run.marking, "waiting": {}})


def _told_again(kind: str) -> None:
    row = HistoryEvent.objects.filter(kind=kind).first()
    assert row is not None
    HistoryEvent.objects.create(
        root_id=row.root_id, seq=1000, run_id=row.run_id, at=row.at, kind=kind, detail=row.detail, hash=b"x"
    )


def _lit_twice() -> None:
    root, clock = Run.objects.get(application=_open()), Clock.objects.first()
    for seq in (1000, 1001):
        detail = {"clock": clock.pk, "level": "yellow"}
        values = {"at": database_now(), "kind": "clock_warned", "detail": detail, "hash": b"x"}
        HistoryEvent.objects.create(root=root, seq=seq, run=root, **values)


def _changed_history() -> None:
    _sql(
        "set local session_replication_role = 'replica'",
        "update workflows_historyevent set detail = '{}' where seq = 2",
    )


def _message_undelivered() -> None:
    run, long_ago = _half_joined(), database_now() - timedelta(hours=1)
    place = {"run": run, "root": run, "node": "left", "round": 1}
    Subscription.objects.create(**place, kind="message", name="paid", opened_at=long_ago)
    life = {"sent_at": long_ago, "expires_at": database_now() + timedelta(days=1)}
    Message.objects.create(kind="message", name="paid", **life)


def _owed_twice() -> None:
    _sql("drop index notice_once")
    notice = Notice.objects.filter(channel="inbox").first()
    assert notice is not None
    params = notice.params
    notice.pk, notice._state.adding, notice.provider_key = None, True, uuid4()
    notice.params = params
    notice.save(force_insert=True)


def _mails() -> Any:
    return Notice.objects.filter(channel="email", status="queued")


def _waits(**values: Any) -> Any:
    return lambda: _mails().update(**{name: database_now() - value for name, value in values.items()})


def _leased_for_ever() -> None:
    past = database_now() - timedelta(hours=1)
    _mails().update(status="sending", lease_by="w", lease_until=past, next_attempt_at=past)


def _timers(**values: Any) -> Any:
    return Timer.objects.filter(fired_at=None, cancelled_at=None, **values)


def _stopped_clock_waits() -> None:
    clock = Clock.objects.filter(stopped_at__isnull=False).first()
    assert clock is not None
    words = {"subject_kind": "clock", "subject_id": str(clock.pk), "kind": "later"}
    Timer.objects.create(root_id=clock.root_id, **words, due_at=database_now() + timedelta(days=1))


def _fired_early() -> None:
    _sql("alter table workflows_timer drop constraint timer_not_early")
    _timers().update(fired_at=F("due_at") - timedelta(seconds=1))


def _runs_of_open_end() -> None:
    application = _open()
    now = database_now()
    Run.objects.filter(root=application.run).update(state="ended", ended_at=now)
    Run.objects.filter(pk=application.run_id).update(state="ended", ended_at=now)


#: What is done to the database -> the sentence that must name it.
BREAKERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "Every submitted application has its run": ("I1", lambda: Signature.objects.all().delete()),
    "No application is carried out twice": ("I1", _carried_out_twice),
    "Nothing is carried out for a draft": (
        "I1",
        lambda: Application.objects.filter(pk=_open().pk).update(state="draft", submitted_at=None, number=None),
    ),
    "Every case that is not closed": ("I2", _runs_of_open_end),
    "An application is closed exactly": (
        "I2",
        lambda: Application.objects.filter(pk=_open().pk).update(closed_at=database_now()),
    ),
    "Every token of an open run": ("I2", _lost_join),
    "Every event that listens": ("I2", lambda: _timers(subject_kind="node", kind="event").delete()),
    "Nothing stands open": ("I2", _token_gone),
    "No join holds every token": ("I3", _full_join),
    "A join lets one token through": ("I3", lambda: _told_again("joined")),
    "One event is told": ("I4", _owed_twice),
    "Every notice has a key of its own": ("I4", lambda: _mails().update(provider_key=uuid4())),
    "A notice that was sent": (
        "I4",
        lambda: _mails().update(status="sent", sent_at=database_now(), next_attempt_at=None),
    ),
    "No timer fired before": ("I5", _fired_early),
    "No timer is later": ("I5", lambda: _timers().update(due_at=database_now() - timedelta(minutes=3))),
    "Every threshold of a clock": ("I5", _lit_twice),
    "No lease is older": ("I6", _leased_for_ever),
    "Every task that was done": (
        "I7",
        lambda: Task.objects.filter(state="done").update(closed_by=user("auditor")),
    ),
    "Every job that was done": ("I7", lambda: Job.objects.filter(state="done").update(state="cancelled")),
    "Every opinion": ("I7", lambda: Opinion.objects.update(by=user("auditor"))),
    "Every decision": (
        "I7",
        lambda: Case.objects.filter(pk=_decided().pk).update(decided_at=F("filed_at") - timedelta(1)),
    ),
    "The chain of every history": ("I8", _changed_history),
    "A run has made at least one step": ("I9", lambda: Run.objects.update(version=F("version") - 1)),
    "No job that is due": (
        "I11",
        lambda: Job.objects.filter(root__state="active").update(
            state="queued", next_attempt_at=database_now() - timedelta(minutes=3)
        ),
    ),
    "No message waits": ("I11", _message_undelivered),
    "No notice that is due": ("I11", _waits(next_attempt_at=timedelta(minutes=6))),
    "No paper that was issued": (
        "I11",
        lambda: Paper.objects.update(issued_at=database_now() - timedelta(minutes=6)),
    ),
    "Every running clock": (
        "I12",
        lambda: Clock.objects.filter(stopped_at=None).update(due_at=F("due_at") + timedelta(seconds=1)),
    ),
    "A timer of a clock that does not run": ("I12", _stopped_clock_waits),
    "Every fee was demanded once": ("I13", lambda: make_fee(_decided(), demanded=False)),
    "Money that came in": ("I13", lambda: _paid().update(amount_fen=F("amount_fen") + 1)),
    "Nothing was given back": ("I13", lambda: _payment(FactKind.REFUND_OWED)),
    "No fee holds more": ("I13", lambda: [_payment(FactKind.PAID, due=due) for due in [make_fee(_decided())] * 2]),
    "A paid or failed payment": ("I13", lambda: _payment(FactKind.PAID, closed=False)),
    "A result that waits": ("I13", lambda: make_fee(_decided(), waits=True)),
    "Money that is owed back": (
        "I11",
        lambda: _payment(FactKind.PAID, FactKind.REFUND_OWED, at=database_now() - timedelta(hours=25)),
    ),
}
#: Files are asked for beside the database, and every test has its own.
OF_FILES = {"Every row has its file": "I10", "Every file is still": "I1"}


def _broken(*only: str) -> dict[str, Any]:
    _, findings = check_invariants(only=set(only) or INVARIANTS.keys() - {"I10"})
    return {finding.check.says: finding.broken for finding in findings if finding.broken.count}


def test_a_sound_installation_breaks_nothing() -> None:
    assert _broken() == {}


def test_every_sentence_is_broken_by_a_test() -> None:
    _, findings = check_invariants(contents=True)
    known = [*BREAKERS, *OF_FILES]
    assert [one.check.says for one in findings if not any(one.check.says.startswith(start) for start in known)] == []
    assert len(findings) == len(known)
    assert {one.check.invariant for one in findings} == INVARIANTS.keys()


@pytest.mark.parametrize("says", BREAKERS)
def test_what_is_broken_is_found_and_named(says: str) -> None:
    invariant, break_it = BREAKERS[says]
    break_it()
    found = {sentence: broken for sentence, broken in _broken(invariant).items() if sentence.startswith(says)}
    (broken,) = found.values()
    assert broken.count >= len(broken.first) > 0


def test_a_lost_join_is_named_by_its_run() -> None:
    _lost_join()
    assert _broken("I2")[
        "Every token of an open run rests where a task, job, timer, message or child run will move it."
    ].first == (f"run {_half_joined().pk}",)


def test_files_that_are_gone_or_changed_are_found() -> None:
    Upload.objects.update(state="pending")  # the world's own files went with the test before
    lost, changed = make_upload(), make_upload()
    storage.path_of(lost.storage_key).unlink()
    storage.path_of(changed.storage_key).write_bytes(b"other")
    for says, invariant in OF_FILES.items():
        _, findings = check_invariants(only={invariant}, contents=True)
        (broken,) = [one.broken for one in findings if one.check.says.startswith(says)]
        named = " ".join(broken.first)
        assert (lost if invariant == "I10" else changed).storage_key in named


def test_the_command_says_it_in_json_and_in_its_exit_status() -> None:
    said = StringIO()
    call_command("check_invariants", "--json", "--only", "i8", "I12", stdout=said)
    told = json.loads(said.getvalue())
    assert told["ok"] is True
    assert told["invariants"].keys() == {"I8", "I12"}
    assert told["invariants"]["I8"]["broken"] == 0
    _changed_history()
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_invariants", "--json", "--only", "I8", stdout=said)
    told = json.loads(said.getvalue())
    assert ended.value.code == 1
    assert told["ok"] is False
    assert told["invariants"]["I8"]["broken"] == Run.objects.filter(parent=None, history_length__gt=1).count()
    assert told["invariants"]["I8"]["checks"][0]["first"][0].endswith("row 2")


def test_the_command_names_offenders_in_sentences() -> None:
    said = StringIO()
    _lost_join()
    with pytest.raises(SystemExit):
        call_command("check_invariants", "--only", "I2", stdout=said)
    assert "I2   BROKEN" in said.getvalue()
    assert f"- run {_half_joined().pk}" in said.getvalue()


def test_an_unknown_number_is_refused() -> None:
    with pytest.raises(CommandError, match="I14"):
        call_command("check_invariants", "--only", "I14")


@pytest.mark.django_db(transaction=True)
def test_it_can_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: Any) -> Any:
        return offenders("select 'x' who from (select nextval('workflows_run_id_seq')) one", {})

    monkeypatch.setattr(invariants, "RUN_CHECKS", (Check(invariant="I9", says="", find=write),))
    with pytest.raises(InternalError, match="read-only"):
        check_invariants(only={"I9"})
