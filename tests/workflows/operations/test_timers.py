"""Sweeping on real PostgreSQL: every timer fires once, in order, whoever sweeps at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories.accounts import UserFactory
from tests.factories.clocks import RunFactory, at, running_clock
from tests.factories.processes import begin, beside, catch, finish, graph, on_border, user_task
from tests.factories.runs import ONE_TASK, at_once, start, task
from workflows import consequences
from workflows.clocks import SHIPPED, ThresholdReached
from workflows.consequences import Occurrence
from workflows.engine.advance import EngineError
from workflows.engine.graph import Graph, Span, Trigger
from workflows.engine.graph import Timer as Drawn
from workflows.enums import RunState, TaskState
from workflows.models import HistoryEvent, Run, Timer
from workflows.operations import timers
from workflows.operations.clocks import pause_clock, resume_clock, stop_clock
from workflows.operations.history import first_broken_row
from workflows.operations.tasks import claim_task, complete_task
from workflows.operations.thresholds import publish_threshold_rules
from workflows.operations.timers import sweep_timers
from workflows.signals import TaskOverdue, effects_committed


@pytest.fixture
def warned(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[ThresholdReached]:
    """Publish the lights that are shipped with a consequence that collects what it is told."""
    request.getfixturevalue(
        "transactional_db" if request.node.get_closest_marker("django_db").kwargs.get("transaction") else "db"
    )
    monkeypatch.setattr(consequences, "_registered", dict(consequences._registered))
    heard: list[ThresholdReached] = []

    @consequences.register("collect")
    def collect(occurrences: Sequence[Occurrence], at: datetime) -> None:
        heard.extend(reached for reached, _ in occurrences)

    rules = [{**one.as_rule(), "consequences": [{"do": "collect", "options": {}}]} for one in SHIPPED]
    publish_threshold_rules(rules=rules, note="", by=None, at=at("2026-01-05 09:00"))
    return heard


@pytest.mark.django_db
def test_nothing_fires_before_its_instant(warned: list[ThresholdReached]) -> None:
    running_clock()
    assert sweep_timers(at=at("2026-10-08 16:59:59")) == 0
    assert warned == []


@pytest.mark.django_db
def test_each_light_is_told_once_at_its_instant(warned: list[ThresholdReached]) -> None:
    clock = running_clock()
    assert sweep_timers(at=at("2026-10-08 17:00")) == 1
    assert sweep_timers(at=at("2026-10-08 17:01")) == 0
    assert sweep_timers(at=at("2026-10-09 17:00:30")) == 1
    assert [(effect.clock_id, effect.light, effect.late) for effect in warned] == [
        (clock.pk, "yellow", False),
        (clock.pk, "red", False),
    ]
    assert warned[1].due_at == at("2026-10-09 17:00")
    assert HistoryEvent.objects.filter(kind="clock_warned").count() == 2


@pytest.mark.django_db
def test_after_a_long_downtime_everything_fires_late_and_in_order(warned: list[ThresholdReached]) -> None:
    root = RunFactory.create()
    running_clock(root)
    running_clock(root, kind="statutory", limit_amount=3)
    other = running_clock(subject_id="35", started="2026-09-28 10:00")
    assert sweep_timers(at=at("2026-12-01 09:00")) == 6
    assert all(effect.late for effect in warned)
    assert [effect.light for effect in warned if effect.clock_id == other.pk] == ["yellow", "red"]
    assert [effect.light for effect in warned if effect.clock_id != other.pk] == [
        "yellow",
        "yellow",
        "red",
        "black",
    ]


@pytest.mark.django_db
def test_a_clock_that_stopped_warns_nobody(warned: list[ThresholdReached]) -> None:
    stop_clock(clock=running_clock(), at=at("2026-10-08 10:00"))
    assert sweep_timers(at=at("2026-12-01 09:00")) == 0
    assert warned == []


@pytest.mark.django_db
def test_a_warning_given_before_a_pause_is_not_given_again(warned: list[ThresholdReached]) -> None:
    clock = running_clock(started="2026-11-02 10:00")
    sweep_timers(at=at("2026-11-04 17:00"))
    pause_clock(
        clock=clock, reason="testing", from_on=at("2026-11-05 10:00").date(), planned_days=2, by=None,
        at=at("2026-11-05 10:00"),
    )  # fmt: skip
    assert sweep_timers(at=at("2026-11-06 18:00")) == 0, "a paused clock runs out of nothing"
    resume_clock(clock=clock, by=None, at=at("2026-11-06 18:00"))
    assert sweep_timers(at=at("2026-12-01 09:00")) == 1
    assert [effect.light for effect in warned] == ["yellow", "red"]


@pytest.mark.django_db
def test_a_timer_that_fails_stops_no_other_and_comes_back(warned: list[ThresholdReached]) -> None:
    broken, sound = running_clock(), running_clock(subject_id="35")
    collect = consequences.consequence("collect").carry

    @consequences.register("collect")
    def refuse(occurrences: Sequence[Occurrence], at: datetime) -> None:
        if any(reached.clock_id == broken.pk for reached, _ in occurrences):
            raise RuntimeError("the notice 410105199001011234 cannot be stored")
        collect(occurrences, at)

    now = at("2026-10-08 17:00:10")
    assert sweep_timers(at=now) == 1
    assert sweep_timers(at=now + timedelta(seconds=30)) == 0, "it rests before the next try"
    failed = Timer.objects.get(subject_id=str(broken.pk), kind="yellow")
    assert (failed.fired_at, failed.failures, failed.last_error) == (None, 1, "RuntimeError")
    assert sweep_timers(at=now + timedelta(minutes=1)) == 0
    failed.refresh_from_db()
    assert failed.failures == 2
    consequences.register("collect")(collect)
    assert sweep_timers(at=now + timedelta(hours=1)) == 1
    assert Counter(effect.clock_id for effect in warned)[sound.pk] == 1
    assert not HistoryEvent.objects.filter(root=broken.root, kind="clock_warned").count() > 1


@pytest.mark.django_db
def test_the_database_refuses_a_timer_that_fires_early_or_twice_over() -> None:
    timer = Timer.objects.get(subject_id=str(running_clock().pk), kind="red")
    with pytest.raises(IntegrityError, match="timer_not_early"), transaction.atomic():
        Timer.objects.filter(pk=timer.pk).update(fired_at=timer.due_at - timedelta(seconds=1))
    with pytest.raises(IntegrityError, match="timer_fired_or_cancelled"), transaction.atomic():
        Timer.objects.filter(pk=timer.pk).update(fired_at=timer.due_at, cancelled_at=timer.due_at)
    timer.pk = None
    with pytest.raises(IntegrityError, match="timer_once_per_round"), transaction.atomic():
        timer.save()


@pytest.mark.django_db
def test_due_timers_are_found_through_the_partial_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        plan = timers.due_timers(at("2026-10-08 17:00")).explain()
    assert "timer_pending" in plan


def _sweeping(barrier: threading.Barrier, rounds: int) -> int:
    try:
        fired = 0
        for _ in range(rounds):
            barrier.wait(timeout=30)
            fired += sweep_timers(at=at("2026-12-01 09:00"))
        return fired
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_sweepers_at_the_same_time_fire_each_timer_exactly_once(warned: list[ThresholdReached]) -> None:
    clocks = [running_clock(subject_id=str(number)) for number in range(40)]
    sweepers = 4
    barrier = threading.Barrier(sweepers)
    with ThreadPoolExecutor(sweepers) as pool:
        fired = sum(pool.map(lambda _: _sweeping(barrier, 3), range(sweepers)))
    assert fired == 2 * len(clocks)
    told = Counter((effect.clock_id, effect.light) for effect in warned)
    assert told == Counter((clock.pk, level) for clock in clocks for level in ("yellow", "red"))
    for clock in clocks:
        levels = [event.detail["level"] for event in HistoryEvent.objects.filter(root=clock.root, kind="clock_warned")]
        assert levels == ["yellow", "red"], "in order, also across sweepers"


@pytest.mark.django_db(transaction=True)
def test_a_case_somebody_works_on_is_left_to_the_next_sweep(warned: list[ThresholdReached]) -> None:
    busy, free = running_clock(), running_clock(subject_id="35")
    held, done = threading.Event(), threading.Event()

    def work_on_it() -> None:
        try:
            with transaction.atomic():
                Run.objects.select_for_update(no_key=True).get(pk=busy.root_id)
                held.set()
                done.wait(timeout=30)
        finally:
            connection.close()

    worker = threading.Thread(target=work_on_it)
    worker.start()
    try:
        assert held.wait(timeout=30)
        assert sweep_timers(at=at("2026-10-08 17:00")) == 1
        assert [effect.clock_id for effect in warned] == [free.pk]
    finally:
        done.set()
        worker.join()
    assert sweep_timers(at=at("2026-10-08 17:00:30")) == 1


@pytest.mark.django_db(transaction=True)
def test_stopping_and_sweeping_at_the_same_instant_never_warns_after_the_stop(warned: list[ThresholdReached]) -> None:
    clocks = [running_clock(subject_id=str(number)) for number in range(30)]
    barrier = threading.Barrier(2)

    def stop_all() -> None:
        try:
            barrier.wait(timeout=30)
            for clock in clocks:
                stop_clock(clock=clock, at=at("2026-10-09 16:59"))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        stopping = pool.submit(stop_all)
        sweeping = pool.submit(_sweeping, barrier, 1)
        stopping.result()
        sweeping.result()
    sweep_timers(at=at("2026-12-01 09:00"))
    for clock in clocks:
        kinds = [event.kind for event in HistoryEvent.objects.filter(root=clock.root).order_by("seq")]
        assert "clock_warned" not in kinds[kinds.index("clock_stopped") :]
        assert kinds.count("clock_warned") == sum(effect.clock_id == clock.pk for effect in warned)


# --- timers drawn in a process

BEGAN = at("2026-11-02 10:00")
MONTHS_LATER = at("2027-03-01 09:00")
LIMITED = graph([user_task("work", limit=Span(amount=2, unit="working_days"))], "start > work > end", key="limited")


@pytest.fixture
def overdue() -> Iterator[list[int]]:
    """Collect the tasks that are told to be overdue."""
    heard: list[int] = []

    def listen(effects: tuple[Any, ...] = (), **_: Any) -> None:
        heard.extend(effect.task.pk for effect in effects if isinstance(effect, TaskOverdue))

    effects_committed.connect(listen)
    yield heard
    effects_committed.disconnect(listen)


def repeating(repeats: int) -> Graph:
    timer = Drawn(span=Span(amount=3600, unit="seconds"), repeats=repeats)
    border = on_border("remind", "work", Trigger.TIMER, timer=timer, interrupting=False)
    return graph(
        [user_task("work"), border, user_task("note")], "start > work > end", "remind > note > end", key="repeating"
    )


@pytest.mark.django_db
def test_a_task_past_its_own_limit_is_told_once_and_stays_open(overdue: list[int]) -> None:
    run = start(LIMITED, moment=BEGAN)
    one = task(run, "work")
    assert one.due_at == at("2026-11-04 17:00")
    assert sweep_timers(at=at("2026-11-04 16:59")) == 0
    assert sweep_timers(at=at("2026-11-04 17:00")) == 1
    assert sweep_timers(at=MONTHS_LATER) == 0
    assert overdue == [one.pk]
    assert task(run, "work").state == TaskState.READY
    row = HistoryEvent.objects.get(kind="task_overdue")
    assert row.detail == {"node": "work", "round": 1, "late": False}


@pytest.mark.django_db
def test_a_task_done_in_time_is_never_overdue_though_it_changed_hands(overdue: list[int]) -> None:
    run, user = start(LIMITED, moment=BEGAN), UserFactory.create()
    claim_task(task_id=task(run, "work").pk, by=user, at=BEGAN)
    complete_task(task_id=task(run, "work").pk, outcome="", by=user, at=BEGAN)
    assert sweep_timers(at=MONTHS_LATER) == 0
    assert overdue == []


@pytest.mark.django_db
def test_a_limit_found_late_says_so(overdue: list[int]) -> None:
    start(LIMITED, moment=BEGAN)
    sweep_timers(at=MONTHS_LATER)
    assert HistoryEvent.objects.get(kind="task_overdue").detail["late"] is True
    assert len(overdue) == 1


@pytest.mark.django_db
def test_after_a_long_downtime_a_cycle_fires_each_time_once_and_in_order() -> None:
    run = start(repeating(5), moment=BEGAN)
    assert sweep_timers(at=BEGAN + timedelta(minutes=61)) == 1
    assert sweep_timers(at=MONTHS_LATER) == 4
    assert sweep_timers(at=MONTHS_LATER) == 0
    due = list(Timer.objects.order_by("round").values_list("round", "due_at"))
    assert due == [(number, BEGAN + timedelta(hours=number)) for number in range(1, 6)], "counted from its own instant"
    opened = HistoryEvent.objects.filter(root=run, kind="task_opened").order_by("seq")
    assert [row.detail["round"] for row in opened if row.detail["node"] == "note"] == [1, 2, 3, 4, 5]


@pytest.mark.django_db
def test_a_cycle_without_end_ends_with_its_task() -> None:
    run = start(repeating(0), moment=BEGAN)
    assert sweep_timers(at=BEGAN + timedelta(hours=30)) == 30
    complete_task(task_id=task(run, "work").pk, outcome="", by=UserFactory.create(), at=BEGAN + timedelta(hours=30))
    assert sweep_timers(at=MONTHS_LATER) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("date", "instant", "past"),
    [
        ("2026-12-01T09:00:00+08:00", "2026-12-01 09:00", False),
        ("$local", "2026-12-01 09:00", False),
        ("$opening", "2026-12-24 08:30", False),
        ("2020-01-01T00:00:00Z", "2026-11-02 10:00", True),
    ],
)
def test_a_timer_with_a_date_fires_at_it_or_at_once_when_it_is_past(date: str, instant: str, past: bool) -> None:
    drawn = graph([catch("wait", Trigger.TIMER, timer=Drawn(date=date))], "start > wait > end", key="dated")
    run = start(drawn, moment=BEGAN, data={"opening": "2026-12-24T08:30:00+08:00", "local": "2026-12-01T09:00"})
    before = at(instant) - timedelta(seconds=1)
    assert sweep_timers(at=before) == (1 if past else 0)
    assert sweep_timers(at=at(instant)) == (0 if past else 1)
    run.refresh_from_db()
    assert run.state == RunState.ENDED


@pytest.mark.django_db
@pytest.mark.parametrize("opening", [None, "soon"])
def test_a_case_whose_date_is_none_does_not_begin(opening: str | None) -> None:
    drawn = graph([catch("wait", Trigger.TIMER, timer=Drawn(date="$opening"))], "start > wait > end", key="dated")
    with pytest.raises(EngineError):
        start(drawn, data={"opening": opening})
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_a_timer_of_an_event_sub_process_ends_what_the_process_does() -> None:
    inside = beside("aside", begin("late", Trigger.TIMER), user_task("close"), finish("closed"))
    run = start(graph([user_task("work"), *inside], "start > work > end", "late > close > closed"), moment=BEGAN)
    assert sweep_timers(at=MONTHS_LATER) == 1
    assert (task(run, "work").state, task(run, "close").state) == (TaskState.CANCELLED, TaskState.READY)


@pytest.mark.django_db
def test_a_timer_that_cannot_fire_in_its_process_keeps_no_other_case_waiting() -> None:
    nodes = [user_task("work"), on_border("late", "work", Trigger.TIMER), user_task("broken", department="$where")]
    broken = start(graph(nodes, "start > work > end", "late > broken > end", key="broken-way"), moment=BEGAN)
    sound = start(LIMITED, number=2, moment=BEGAN)
    assert sweep_timers(at=MONTHS_LATER) == 1
    assert HistoryEvent.objects.filter(root=sound, kind="task_overdue").exists()
    failed = Timer.objects.get(root=broken)
    assert (failed.fired_at, failed.failures, failed.last_error) == (None, 1, "EngineError")
    assert task(broken, "work").state == TaskState.READY
    Run.objects.filter(pk=broken.pk).update(data={"where": "SCJG"})
    assert sweep_timers(at=MONTHS_LATER + timedelta(minutes=1)) == 1
    assert task(broken, "broken").department == "SCJG"


@pytest.mark.django_db
def test_a_sweep_drains_a_backlog_step_by_step_and_calls_for_help(
    warned: list[ThresholdReached], monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(timers, "wake", woken.append)
    monkeypatch.setattr(timers, "FEWEST", 2)
    monkeypatch.setattr(timers, "MOST", 4)
    for number in range(10):
        running_clock(subject_id=str(number))
    now = at("2026-10-08 17:00")
    assert sweep_timers(at=now, seconds=0) == 4, "one step, then the time is spent"
    assert woken == [timers.SWEEP_TASK] * 2, "for help, and to go on"
    woken.clear()
    assert sweep_timers(at=now) == 6
    assert woken == [timers.SWEEP_TASK]
    assert (sweep_timers(at=now), len(warned)) == (0, 10)


@pytest.mark.django_db(transaction=True)
def test_sweeps_and_people_who_complete_tasks_never_deadlock(warned: list[ThresholdReached]) -> None:
    runs = [start(ONE_TASK, number=number) for number in range(12)]
    for number, run in enumerate(runs):
        running_clock(run, subject_id=str(number))
    people, late = UserFactory.create(), at("2026-12-01 09:00")

    def complete_all() -> None:
        for run in reversed(runs):  # against the order in which a sweep locks
            complete_task(task_id=task(run, "work").pk, outcome="ok", by=people, at=late)

    results = at_once(complete_all, partial(sweep_timers, at=late), partial(sweep_timers, at=late))
    assert not [one for one in results if isinstance(one, Exception)], results
    sweep_timers(at=late)
    told = Counter((reached.clock_id, reached.light) for reached in warned)
    assert len(told) == 24
    assert set(told.values()) == {1}
    for run in Run.objects.filter(pk__in=[run.pk for run in runs]):
        assert (run.state, first_broken_row(run)) == (RunState.ENDED, None)
