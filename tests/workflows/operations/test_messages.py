"""Messages and signals on a real database: kept, delivered once, to whom they are meant for, whatever comes between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from tests.factories.accounts import UserFactory
from tests.factories.clocks import at
from tests.factories.processes import (
    begin,
    beside,
    catch,
    event_based,
    exclusive,
    finish,
    graph,
    on_border,
    receive,
    throw,
    user_task,
)
from tests.factories.runs import NOW, at_once, publish, start, task
from workflows.engine.graph import Graph, Node, NodeKind, Span, Timer, Trigger
from workflows.enums import RunState, TaskState
from workflows.models import HistoryEvent, Message, Run, StartEvent, Subscription, Task
from workflows.operations.definitions import retire_process
from workflows.operations.history import first_broken_row
from workflows.operations.locking import lock_root
from workflows.operations.messages import deliver_messages, send_message, send_signal, start_due_runs
from workflows.operations.runs import cancel_run, resume_run, suspend_run
from workflows.operations.tasks import complete_task
from workflows.signals import effects_committed

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)

RECEIVING = graph((receive("paid", correlation="bill"), user_task("after")), "start > paid > after > end", key="paying")
CATCHING = graph((catch("paid", Trigger.MESSAGE, "paid"), user_task("after")), "start > paid > after > end")
HEARING = graph(
    (catch("all", Trigger.SIGNAL, "closed"), user_task("after")), "start > all > after > end", key="hearing"
)
LISTENING = graph(
    (user_task("work"), on_border("asked", "work", Trigger.SIGNAL, "asked", interrupting=False), user_task("answer")),
    "start > work > end",
    "asked > answer > end",
    key="listening",
)


def fresh(run: Run) -> Run:
    again = Run.objects.get(pk=run.pk)
    assert first_broken_row(Run.objects.get(pk=run.root_key)) is None
    return again


def done(run: Run, node: str, number: int = 1) -> None:
    complete_task(task_id=task(run, node, number).pk, outcome="", by=UserFactory.create(), at=LATER)


def kinds(run: Run) -> list[str]:
    return list(HistoryEvent.objects.filter(root=run).order_by("seq").values_list("kind", flat=True))


def is_open(run: Run, node: str, number: int = 1) -> bool:
    return Task.objects.filter(run=run, node=node, round=number, state=TaskState.READY).exists()


@pytest.fixture
def failing() -> Iterator[set[int]]:
    """Let whoever is told of these roots' steps fail."""
    roots: set[int] = set()

    def refuse(root: Run, **_: Any) -> None:
        if root.pk in roots:
            raise RuntimeError("the notice 410105199001011234 cannot be stored")

    effects_committed.connect(refuse)
    yield roots
    effects_committed.disconnect(refuse)


# --- to whom


def test_a_receive_task_gets_the_message_with_its_key_and_no_other() -> None:
    first, second = (start(RECEIVING, number=number, data={"bill": f"B{number}"}) for number in (1, 2))
    send_message(name="paid", key="B2", data={"sum": 5}, at=LATER)
    send_message(name="paid", key="B3", at=LATER)
    send_message(name="other", key="B1", at=LATER)
    assert deliver_messages(at=LATER) == 1
    assert deliver_messages(at=LATER) == 0
    assert (is_open(first, "after"), is_open(second, "after")) == (False, True)
    assert fresh(second).known == {"bill": "B2", "sum": 5}
    assert fresh(second).data == {"bill": "B2"}
    assert kinds(second) == ["run_started", "listening", "message_received", "task_opened"]
    assert list(Subscription.objects.values_list("run", "key")) == [(first.pk, "B1")]
    assert Message.objects.filter(closed_at=None).count() == 2


def test_without_a_correlation_any_message_of_the_name_will_do() -> None:
    run = start(CATCHING)
    send_message(name="paid", key="whatever", at=LATER)
    assert deliver_messages(at=LATER) == 1
    assert is_open(run, "after")


@pytest.mark.parametrize("interrupting", [True, False])
def test_a_message_at_a_border_ends_the_task_or_acts_beside_it(interrupting: bool) -> None:
    nodes = (user_task("work"), on_border("asked", "work", Trigger.MESSAGE, "asked", interrupting=interrupting))
    run = start(graph((*nodes, user_task("answer")), "start > work > end", "asked > answer > end"))
    for _ in range(2):
        send_message(name="asked", at=LATER)
    assert deliver_messages(at=LATER) == (1 if interrupting else 2)
    assert task(run, "work").state == (TaskState.CANCELLED if interrupting else TaskState.READY)
    assert (is_open(run, "answer"), is_open(run, "answer", 2)) == (True, not interrupting)
    assert Subscription.objects.exists() is not interrupting
    if not interrupting:
        done(run, "work")
    assert not Subscription.objects.exists(), "with its host a listener goes"
    assert first_broken_row(fresh(run)) is None


def test_the_first_event_behind_a_gateway_takes_the_others_away() -> None:
    events = (
        catch("yes", Trigger.MESSAGE, "yes", host="wait"),
        catch("no", Trigger.SIGNAL, "no", host="wait"),
        catch("late", Trigger.TIMER, host="wait"),
    )
    drawn = graph(
        (event_based("wait"), *events, exclusive("merge")),
        *(f"start > wait > {one.id} > merge > end" for one in events),
    )
    run = start(drawn)
    assert Subscription.objects.count() == 2
    send_signal(name="no", at=LATER)
    send_message(name="yes", at=LATER)
    assert deliver_messages(at=LATER) == 1
    assert fresh(run).state == RunState.ENDED
    assert not Subscription.objects.exists()
    assert kinds(run)[-2:] == ["signal_received", "run_ended"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_event_sub_process_instead_of_and_beside_the_process(interrupting: bool) -> None:
    inside = beside("aside", begin("asked", Trigger.MESSAGE, "asked", interrupting=interrupting), user_task("answer"),
                    finish("answered"))  # fmt: skip
    drawn = graph((user_task("work"), *inside), "start > work > end", "asked > answer > answered")
    run = start(drawn)
    send_message(name="asked", at=LATER)
    assert deliver_messages(at=LATER) == 1
    assert task(run, "work").state == (TaskState.CANCELLED if interrupting else TaskState.READY)
    done(run, "answer")
    assert (fresh(run).state == RunState.ENDED) is interrupting
    assert Subscription.objects.exists() is not interrupting


# --- when


def test_a_message_sent_before_anyone_waits_is_kept_until_it_expires() -> None:
    nodes = (user_task("before"), receive("paid"), user_task("after"))
    first, second = (start(graph(nodes, "start > before > paid > after > end"), number=n) for n in (1, 2))
    send_message(name="paid", at=NOW, life=timedelta(days=2))
    assert deliver_messages(at=NOW + timedelta(days=1)) == 0
    done(first, "before")
    assert deliver_messages(at=NOW + timedelta(days=2)) == 1
    assert is_open(first, "after")
    send_message(name="paid", at=NOW, life=timedelta(days=2))
    assert deliver_messages(at=NOW + timedelta(days=2, seconds=1)) == 0
    done(second, "before")
    assert deliver_messages(at=NOW + timedelta(days=3)) == 0
    assert not is_open(second, "after")
    assert not Message.objects.filter(closed_at=None).exists()


def test_the_same_message_twice_is_once() -> None:
    first = send_message(name="paid", unique_key="bank-7", data={"sum": 1}, at=NOW)
    again = send_message(name="paid", unique_key="bank-7", data={"sum": 2}, at=LATER)
    assert (again.pk, again.data) == (first.pk, {"sum": 1})
    runs = [start(CATCHING, number=number) for number in (1, 2)]
    assert deliver_messages(at=LATER) == 1
    send_message(name="paid", unique_key="bank-7", at=LATER)
    assert deliver_messages(at=LATER) == 0
    assert [is_open(run, "after") for run in runs] == [True, False]


def test_a_suspended_case_gets_its_message_when_it_goes_on_and_it_starts_nothing_else_meanwhile() -> None:
    publish(graph([begin("start", Trigger.MESSAGE, "paid")], "start > end", key="by-payment"))
    run = start(CATCHING)
    suspend_run(run_id=run.pk, by=None, at=NOW)
    send_message(name="paid", at=LATER)
    assert deliver_messages(at=LATER) == 0
    assert Run.objects.count() == 1
    resume_run(run_id=run.pk, by=None, at=LATER)
    assert deliver_messages(at=LATER) == 1
    assert is_open(run, "after")


def test_messages_for_suspended_cases_keep_no_other_waiting() -> None:
    held = [start(RECEIVING, number=number, data={"bill": f"B{number}"}) for number in range(4)]
    for run in held[:3]:
        suspend_run(run_id=run.pk, by=None, at=NOW)
    for number in range(4):
        send_message(name="paid", key=f"B{number}", at=LATER)
    assert deliver_messages(at=LATER, limit=1) == 1
    assert is_open(held[3], "after")


def test_a_message_whose_receiver_was_cancelled_waits_for_the_next_one() -> None:
    run = start(CATCHING)
    cancel_run(run_id=run.pk, outcome="withdrawn", by=None, at=NOW)
    assert not Subscription.objects.exists()
    send_message(name="paid", at=LATER)
    assert deliver_messages(at=LATER) == 0
    other = start(CATCHING, number=2)
    assert deliver_messages(at=LATER) == 1
    assert is_open(other, "after")


def test_a_message_that_fails_stops_no_other_and_is_tried_again(failing: set[int]) -> None:
    poisoned, sound = (start(RECEIVING, number=number, data={"bill": f"B{number}"}) for number in (1, 2))
    for number in (1, 2):
        send_message(name="paid", key=f"B{number}", at=LATER)
    failing.add(poisoned.pk)
    assert deliver_messages(at=LATER) == 1
    assert (is_open(poisoned, "after"), is_open(sound, "after")) == (False, True)
    assert kinds(poisoned) == ["run_started", "listening"], "what failed left nothing behind"
    failing.clear()
    assert deliver_messages(at=LATER) == 1
    assert is_open(poisoned, "after")


# --- signals


def test_a_signal_reaches_all_who_waited_when_it_was_sent_and_nobody_who_waits_later() -> None:
    waiting = [start(HEARING, number=number) for number in range(3)]
    send_signal(name="closed", data={"why": "storm"}, at=LATER)
    late = start(HEARING, number=9, moment=LATER + timedelta(seconds=1))
    assert deliver_messages(at=LATER + timedelta(minutes=1)) == 3
    assert deliver_messages(at=LATER + timedelta(minutes=1)) == 0
    assert [is_open(run, "after") for run in waiting] == [True] * 3
    assert fresh(waiting[0]).known == {"why": "storm"}
    assert not is_open(late, "after")
    assert Message.objects.get().closed_at is not None


def test_a_signal_that_failed_in_the_middle_goes_on_and_everybody_gets_it_once(failing: set[int]) -> None:
    runs = [start(LISTENING, number=number) for number in range(5)]
    send_signal(name="asked", at=LATER)
    failing.add(runs[2].pk)
    assert deliver_messages(at=LATER) == 4, "whoever stands behind a failing case does not wait for it"
    assert deliver_messages(at=LATER) == 0
    failing.clear()
    assert deliver_messages(at=LATER) == 1
    assert deliver_messages(at=LATER) == 0
    assert [kinds(run).count("signal_received") for run in runs] == [1] * 5
    assert all(is_open(run, "answer") and not is_open(run, "answer", 2) for run in runs)


def test_a_signal_whose_deliverer_dies_in_the_middle_is_taken_up_where_it_stopped() -> None:
    runs = [start(LISTENING, number=number) for number in range(5)]
    send_signal(name="asked", at=LATER)

    def die(root: Run, **_: Any) -> None:
        if root.pk == runs[3].pk:
            raise KeyboardInterrupt

    effects_committed.connect(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            deliver_messages(at=LATER)
    finally:
        effects_committed.disconnect(die)
    assert [is_open(run, "answer") for run in runs] == [True, True, True, False, False]
    assert deliver_messages(at=LATER) == 2
    assert [kinds(run).count("signal_received") for run in runs] == [1] * 5


def test_a_suspended_case_hears_a_signal_when_it_goes_on_and_keeps_nobody_waiting() -> None:
    runs = [start(LISTENING, number=number) for number in range(3)]
    suspend_run(run_id=runs[0].pk, by=None, at=NOW)
    send_signal(name="asked", at=LATER)
    assert deliver_messages(at=LATER) == 2
    assert deliver_messages(at=LATER, limit=1) == 0
    resume_run(run_id=runs[0].pk, by=None, at=LATER)
    assert deliver_messages(at=LATER) == 1
    assert deliver_messages(at=LATER) == 0
    assert [kinds(run).count("signal_received") for run in runs] == [1] * 3


def test_a_signal_kept_for_a_case_that_no_longer_waits_is_never_given_to_another() -> None:
    run = start(LISTENING)
    suspend_run(run_id=run.pk, by=None, at=NOW)
    send_signal(name="asked", at=LATER)
    deliver_messages(at=LATER)
    cancel_run(run_id=run.pk, outcome="withdrawn", by=None, at=LATER)
    other = start(LISTENING, number=2)
    assert deliver_messages(at=LATER) == 0
    assert not is_open(other, "answer")


# --- from process to process


def test_one_process_throws_what_another_catches() -> None:
    sending = (
        throw("tell", Trigger.MESSAGE, "paid", correlation="bill"),
        Node(id="send", kind=NodeKind.SEND_TASK, reference="sent"),
        throw("shout", Trigger.SIGNAL, "closed"),
    )
    waiting, hearing = start(RECEIVING, data={"bill": "B7"}), start(HEARING, number=2)
    told = start(graph([receive("sent", "sent")], "start > sent > end", key="told"), number=4)
    sender = start(graph(sending, "start > tell > send > shout > end", key="sender"), number=3, data={"bill": "B7"})
    assert fresh(sender).state == RunState.ENDED
    assert kinds(sender) == ["run_started", "message_sent", "message_sent", "signal_sent", "run_ended"]
    assert deliver_messages(at=NOW) == 3
    assert is_open(waiting, "after")
    assert is_open(hearing, "after")
    assert fresh(told).state == RunState.ENDED


def test_a_process_hears_the_signal_that_another_branch_of_it_throws() -> None:
    nodes = (user_task("first"), catch("hear", Trigger.SIGNAL, "go"), throw("say", Trigger.SIGNAL, "go"))
    split, join = Node(id="s", kind=NodeKind.PARALLEL), Node(id="j", kind=NodeKind.PARALLEL)
    run = start(graph((*nodes, split, join), "start > s > hear > j > end", "s > first > say > j", key="itself"))
    done(run, "first")
    assert deliver_messages(at=LATER) == 1
    assert fresh(run).state == RunState.ENDED


# --- starting processes


def _starting(key: str, trigger: Trigger, reference: str = "", **more: Any) -> Graph:
    return graph([begin("start", trigger, reference, **more), user_task("work")], "start > work > end", key=key)


def test_a_message_starts_one_run_of_the_published_version() -> None:
    publish(_starting("by-mail", Trigger.MESSAGE, "mail"))
    send_message(name="mail", key="M1", data={"from": "bank"}, at=LATER)
    assert deliver_messages(at=LATER) == 1
    assert deliver_messages(at=LATER) == 0
    run = Run.objects.get()
    assert (run.subject_kind, run.subject_id, run.known) == ("message", "M1", {"from": "bank"})
    assert is_open(run, "work")


def test_a_waiting_run_comes_before_a_new_one() -> None:
    publish(_starting("by-payment", Trigger.MESSAGE, "paid"))
    run = start(CATCHING)
    for _ in range(2):
        send_message(name="paid", at=LATER)
    assert deliver_messages(at=LATER) == 2
    assert is_open(run, "after")
    assert Run.objects.filter(definition__key="by-payment").count() == 1


def test_a_signal_starts_every_process_that_listens_for_it() -> None:
    for key in ("one", "two"):
        publish(_starting(key, Trigger.SIGNAL, "storm"))
    run = start(graph([catch("hear", Trigger.SIGNAL, "storm")], "start > hear > end", key="three"))
    send_signal(name="storm", at=LATER)
    assert deliver_messages(at=LATER) == 3
    assert deliver_messages(at=LATER) == 0
    assert set(Run.objects.exclude(pk=run.pk).values_list("definition__key", flat=True)) == {"one", "two"}
    assert fresh(run).state == RunState.ENDED


def test_a_new_version_replaces_what_the_old_one_listened_for_and_retiring_ends_it() -> None:
    publish(_starting("listener", Trigger.MESSAGE, "old"))
    publish(_starting("listener", Trigger.MESSAGE, "new"))
    assert list(StartEvent.objects.values_list("name", "definition__version")) == [("new", 2)]
    for name in ("old", "new"):
        send_message(name=name, at=LATER)
    assert deliver_messages(at=LATER) == 1
    assert Run.objects.get().definition.version == 2
    retire_process(key="listener")
    retire_process(key="listener")
    send_message(name="new", at=LATER)
    assert deliver_messages(at=LATER) == 0
    assert not StartEvent.objects.exists()


def test_a_timer_starts_a_run_at_its_instant_again_and_again_and_each_instant_once() -> None:
    hourly = Timer(span=Span(amount=3600, unit="seconds"), repeats=3)
    publish(_starting("hourly", Trigger.TIMER, timer=hourly))
    assert start_due_runs(at=NOW + timedelta(minutes=59)) == 0
    assert start_due_runs(at=NOW + timedelta(hours=1)) == 1
    assert start_due_runs(at=NOW + timedelta(hours=1)) == 0
    event, long_after = StartEvent.objects.get(), NOW + timedelta(days=2)
    assert (event.fired, event.due_at) == (1, NOW + timedelta(hours=2)), "counted from its instant, not from the sweep"
    assert [start_due_runs(at=long_after) for _ in range(4)] == [1, 1, 0, 0]
    assert sorted(Run.objects.values_list("subject_id", flat=True)) == [f"{event.pk}:{number}" for number in (1, 2, 3)]
    event.refresh_from_db()
    assert event.due_at is None


def test_a_timer_with_a_date_starts_one_run_and_retiring_stops_it() -> None:
    publish(_starting("dated", Trigger.TIMER, timer=Timer(date="2026-10-01T09:00:00+08:00")))
    publish(_starting("retired", Trigger.TIMER, timer=Timer(date="2026-10-01T09:00:00+08:00")))
    retire_process(key="retired")
    assert start_due_runs(at=at("2026-10-01 08:59")) == 0
    assert start_due_runs(at=at("2026-10-01 09:00")) == 1
    assert start_due_runs(at=at("2026-12-01 09:00")) == 0
    assert Run.objects.get().definition.key == "dated"


def test_a_process_that_cannot_start_keeps_no_other_from_its_instant() -> None:
    hourly = Timer(span=Span(amount=3600, unit="seconds"))
    nodes = [begin("start", Trigger.TIMER, timer=hourly), user_task("work", department="$where")]
    publish(graph(nodes, "start > work > end", key="broken"))
    publish(_starting("sound", Trigger.TIMER, timer=hourly))
    assert start_due_runs(at=LATER) == 1
    assert Run.objects.get().definition.key == "sound"
    assert StartEvent.objects.get(definition__key="broken").fired == 0


# --- at the same instant


@pytest.mark.django_db(transaction=True)
def test_deliverers_at_once_deliver_each_message_once_and_each_signal_once_to_each() -> None:
    runs = [start(LISTENING, number=number) for number in range(6)]
    bills = [start(RECEIVING, number=number, data={"bill": f"B{number}"}) for number in range(6)]
    publish(_starting("by-mail", Trigger.MESSAGE, "mail"))
    for number in range(6):
        send_message(name="paid", key=f"B{number}", at=LATER)
        send_message(name="mail", key=f"M{number}", at=LATER)
    send_signal(name="asked", at=LATER)
    given = at_once(*[partial(deliver_messages, at=LATER)] * 4)
    for _ in range(3):  # whoever met a held case left it to the next sweep
        given.append(deliver_messages(at=LATER))
    assert sum(given) == 18, given
    assert [kinds(run).count("signal_received") for run in runs] == [1] * 6
    assert [kinds(run).count("message_received") for run in bills] == [1] * 6
    assert Run.objects.filter(definition__key="by-mail").count() == 6
    assert all(first_broken_row(run) is None for run in Run.objects.filter(root=None))


@pytest.mark.django_db(transaction=True)
def test_the_same_message_sent_at_once_by_many_is_one_message() -> None:
    send = partial(send_message, name="paid", unique_key="bank-7", at=NOW)
    found = at_once(*[send] * 8)
    assert {getattr(one, "pk", one) for one in found} == {Message.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_schedules_swept_at_once_start_each_instant_once() -> None:
    publish(_starting("hourly", Trigger.TIMER, timer=Timer(span=Span(amount=3600, unit="seconds"), repeats=0)))
    day = NOW + timedelta(hours=24)
    at_once(*[partial(start_due_runs, at=day)] * 4)
    while start_due_runs(at=day):
        pass
    event = StartEvent.objects.get()
    assert (event.fired, event.due_at) == (24, NOW + timedelta(hours=25))
    assert Run.objects.values("subject_id").distinct().count() == Run.objects.count() == 24


@pytest.mark.django_db(transaction=True)
def test_a_case_that_somebody_works_on_gets_its_message_in_the_next_sweep() -> None:
    busy, free = (start(RECEIVING, number=number, data={"bill": f"B{number}"}) for number in (1, 2))
    for number in (1, 2):
        send_message(name="paid", key=f"B{number}", at=LATER)
    with transaction.atomic():
        lock_root(busy.pk)
        assert at_once(partial(deliver_messages, at=LATER)) == [1]
    assert (is_open(busy, "after"), is_open(free, "after")) == (False, True)
    assert deliver_messages(at=LATER) == 1
    assert is_open(busy, "after")
