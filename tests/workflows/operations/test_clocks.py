"""Clocks in the database: facts are written, everything else follows, and the law's limits on them hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from tests.factories.clocks import RunFactory, at, running_clock
from workflows.clocks import ClockExtended, ClockPaused, Light, light
from workflows.models import Clock, ClockPause, HistoryEvent, Timer
from workflows.operations.clocks import (
    ClockError,
    ClockRanOutError,
    ClockRunningError,
    ClockStoppedError,
    ExtensionError,
    PauseError,
    extend_clock,
    pause_clock,
    resume_clock,
    start_clock,
    stop_clock,
)
from workflows.queries.calendars import calendar_for
from workflows.queries.clocks import clocks_of, facts_of
from workflows.signals import effects_committed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Read the messages in English whatever the installation's language."""
    with translation.override("en"):
        yield


@pytest.fixture
def told() -> Any:
    """Collect the effects that are sent."""
    effects: list[Any] = []

    def listen(effects: tuple[Any, ...] = (), **_: Any) -> None:
        heard.extend(effects)

    heard = effects
    effects_committed.connect(listen)
    yield effects
    effects_committed.disconnect(listen)


def waiting(clock: Clock) -> dict[str, str]:
    timers = Timer.objects.filter(
        subject_kind="clock", subject_id=str(clock.pk), fired_at__isnull=True, cancelled_at__isnull=True
    )
    return {timer.kind: timer.due_at.astimezone(at("2026-01-01 00:00").tzinfo).isoformat()[:16] for timer in timers}


def test_starting_stores_the_facts_and_what_follows_from_them() -> None:
    clock = running_clock()
    assert clock.due_on == date(2026, 10, 9)
    assert clock.due_at == at("2026-10-09 17:00")
    assert waiting(clock) == {"yellow": "2026-10-08T17:00", "red": "2026-10-09T17:00"}
    assert list(clocks_of("probe", "34")) == [clock]


def test_a_statutory_clock_turns_yellow_then_black() -> None:
    clock = running_clock(kind="statutory", limit_amount=20)
    assert set(waiting(clock)) == {"yellow", "black"}
    assert (clock.extension_amount, clock.extension_authority) == (10, "head_of_department")


def test_a_joint_clock_is_extended_by_the_government_of_that_level() -> None:
    clock = running_clock(kind="joint", limit_amount=45)
    assert (clock.extension_amount, clock.extension_authority) == (15, "peoples_government")


def test_a_subject_has_one_running_clock_of_a_kind() -> None:
    root = RunFactory.create()
    first = running_clock(root)
    with pytest.raises(ClockRunningError):
        running_clock(root)
    stop_clock(clock=first, at=at("2026-09-30 10:00"))
    assert running_clock(root).pk != first.pk


def test_the_database_keeps_the_rule_too() -> None:
    clock = running_clock()
    twin = Clock.objects.get(pk=clock.pk)
    twin.pk = None
    with pytest.raises(IntegrityError, match="clock_one_running"), transaction.atomic():
        twin.save()


def test_every_step_is_in_the_history_and_the_callers_copy_of_the_root_goes_on_with_the_chain() -> None:
    root = RunFactory.create()
    clock = running_clock(root)
    stop_clock(clock=clock, at=at("2026-09-30 10:00"))
    events = HistoryEvent.objects.filter(root=root).order_by("seq")
    assert [event.kind for event in events] == ["clock_started", "clock_stopped"]
    assert events[0].detail["due_on"] == "2026-10-09"
    assert root.history_length == 1, "the copy given to start_clock knows the row written then"


def test_a_pause_undecides_the_day_and_resuming_decides_it_again(told: list[Any]) -> None:
    clock = running_clock(started="2026-11-02 10:00", limit_amount=5)
    clock = pause_clock(
        clock=clock,
        reason="expert_review",
        from_on=date(2026, 11, 4),
        planned_days=3,
        by=None,
        at=at("2026-11-04 11:00"),
    )
    assert (clock.due_on, clock.due_at) == (None, None)
    assert waiting(clock) == {}
    assert told == [
        ClockPaused(
            clock_id=clock.pk, subject_kind="probe", subject_id="34", clock_kind="promised", reason="expert_review",
            planned_days=3,
        )
    ]  # fmt: skip
    clock = resume_clock(clock=clock, by=None, at=at("2026-11-06 15:00"))
    assert clock.pauses.get().to_on == date(2026, 11, 6)
    assert clock.due_on == date(2026, 11, 12)
    assert waiting(clock) == {"yellow": "2026-11-11T17:00", "red": "2026-11-12T17:00"}


def test_a_pause_cites_article_45_or_the_services_own_rule() -> None:
    clock = running_clock(started="2026-11-02 10:00")
    when: dict[str, Any] = {"from_on": date(2026, 11, 3), "planned_days": 2, "by": None, "at": at("2026-11-03 10:00")}
    with pytest.raises(PauseError, match="Name the rule"):
        pause_clock(clock=clock, reason="service_rule", **when)
    pause_clock(clock=clock, reason="service_rule", citation="Ordinance on Signs art. 9", **when)
    assert ClockPause.objects.get().citation == "Ordinance on Signs art. 9"
    with pytest.raises(PauseError, match="paused already"):
        pause_clock(clock=clock, reason="hearing", **when)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": "site_visit"}, "does not count"),
        ({"planned_days": 0}, "how many working days"),
        ({"planned_days": 251}, "up to a year"),
        ({"from_on": date(2026, 11, 1)}, "before the time limit started"),
        ({"from_on": date(2026, 11, 4)}, "in the future"),
    ],
)
def test_pauses_the_law_does_not_know_are_refused(changes: dict[str, Any], message: str) -> None:
    words: dict[str, Any] = {"reason": "testing", "from_on": date(2026, 11, 3), "planned_days": 2, **changes}
    clock = running_clock(started="2026-11-02 10:00")
    with pytest.raises(PauseError, match=message):
        pause_clock(clock=clock, by=None, at=at("2026-11-03 10:00"), **words)
    assert not ClockPause.objects.exists()


def test_a_pause_after_the_end_is_recorded_and_excuses_nothing() -> None:
    clock = running_clock(started="2026-11-02 10:00")
    later = at("2026-11-09 10:00")
    paused = pause_clock(clock=clock, reason="expert_review", from_on=later.date(), planned_days=5, by=None, at=later)
    assert paused.due_on == date(2026, 11, 5)
    assert light(facts_of(paused), at=later, calendar=calendar_for()) is Light.RED


def test_what_is_over_can_neither_be_paused_backwards_nor_extended() -> None:
    clock = running_clock(started="2026-11-02 10:00")
    late = at("2026-11-05 17:00")
    with pytest.raises(ClockRanOutError):
        pause_clock(clock=clock, reason="testing", from_on=date(2026, 11, 5), planned_days=1, by=None, at=late)
    with pytest.raises(ClockRanOutError):
        extend_clock(clock=clock, amount=1, authority="head_of_department", reason="x", by=None, at=late)


@pytest.mark.parametrize("to_on", [date(2026, 11, 2), date(2026, 11, 7)])
def test_a_pause_ends_between_its_first_day_and_today(to_on: date) -> None:
    clock = running_clock(started="2026-11-02 10:00")
    pause_clock(
        clock=clock, reason="testing", from_on=date(2026, 11, 3), planned_days=1, by=None, at=at("2026-11-03 10:00")
    )
    with pytest.raises(PauseError, match="between its first day and today"):
        resume_clock(clock=clock, to_on=to_on, by=None, at=at("2026-11-06 10:00"))


def test_resuming_what_is_not_paused_is_refused() -> None:
    with pytest.raises(PauseError, match="not paused"):
        resume_clock(clock=running_clock(), by=None, at=at("2026-09-30 10:00"))


def test_one_extension_by_the_right_authority_with_a_reason(told: list[Any]) -> None:
    clock = running_clock(kind="statutory", limit_amount=20, started="2026-11-02 10:00")
    words: dict[str, Any] = {"clock": clock, "by": None, "at": at("2026-11-20 10:00")}
    good: dict[str, Any] = {"amount": 10, "authority": "head_of_department", "reason": "Complex site"}
    for wrong, message in [
        ({"authority": "peoples_government"}, "another authority"),
        ({"amount": 11}, "at most 10"),
        ({"amount": 0}, "at most 10"),
        ({"reason": "  "}, "reason"),
    ]:
        with pytest.raises(ExtensionError, match=message):
            extend_clock(**words, **{**good, **wrong})
    clock = extend_clock(**words, **good)
    assert clock.due_on == date(2026, 12, 14)
    assert waiting(clock) == {"yellow": "2026-12-04T17:00", "black": "2026-12-14T17:00"}
    assert [type(effect) for effect in told] == [ClockExtended]
    with pytest.raises(ExtensionError, match="once"):
        extend_clock(**words, **good)


def test_kinds_without_a_rule_cannot_be_extended() -> None:
    clock = running_clock(kind="delivery", limit_amount=10)
    with pytest.raises(ExtensionError, match="No rule"):
        extend_clock(
            clock=clock, amount=1, authority="head_of_department", reason="x", by=None, at=at("2026-09-30 10:00")
        )


def test_stopping_cancels_what_waits_and_happens_once() -> None:
    clock = running_clock()
    stopped = stop_clock(clock=clock, at=at("2026-10-08 11:00"))
    assert waiting(stopped) == {}
    again = stop_clock(clock=clock, at=at("2026-10-09 11:00"))
    assert again.stopped_at == at("2026-10-08 11:00")
    with pytest.raises(ClockStoppedError):
        pause_clock(
            clock=clock, reason="testing", from_on=date(2026, 10, 8), planned_days=1, by=None, at=at("2026-10-08 12:00")
        )
    with pytest.raises(ClockError, match="before it started"):
        stop_clock(clock=running_clock(started="2026-09-29 10:00"), at=at("2026-09-29 09:59"))


def test_stopping_a_paused_clock_ends_its_pause() -> None:
    clock = running_clock(started="2026-11-02 10:00")
    pause_clock(
        clock=clock, reason="testing", from_on=date(2026, 11, 3), planned_days=9, by=None, at=at("2026-11-03 10:00")
    )
    stopped = stop_clock(clock=clock, at=at("2026-11-04 10:00"))
    assert stopped.pauses.get().to_on == date(2026, 11, 4)
    assert stopped.due_on == date(2026, 11, 9)


def test_a_start_in_the_past_is_counted_from_then() -> None:
    """Deemed acceptance: nobody said anything, so the case counts as accepted on the day it was filed."""
    root = RunFactory.create()
    clock = start_clock(
        root=root, subject_kind="probe", subject_id="1", kind="statutory", limit_amount=20, limit_unit="working_days",
        started_at=at("2026-09-01 10:00"), starts_on_event="deemed_acceptance", by=None, at=at("2026-09-09 09:00"),
    )  # fmt: skip
    assert clock.due_on == date(2026, 9, 29)  # 20 September is made up, 25 September is off


def test_the_same_facts_give_the_same_instant_whoever_recomputes() -> None:
    clock = running_clock(started="2026-11-02 10:00", limit_amount=5)
    clock = pause_clock(
        clock=clock, reason="hearing", from_on=date(2026, 11, 3), planned_days=2, by=None, at=at("2026-11-03 10:00")
    )
    clock = resume_clock(clock=clock, by=None, at=at("2026-11-04 10:00"))
    assert facts_of(clocks_of("probe", "34").get()) == facts_of(clock)
    assert clock.due_at == at("2026-11-11 17:00")


def test_start_on_the_spot_warns_one_hour_before_close() -> None:
    clock = running_clock(started="2026-11-02 10:00", limit_amount=0)
    assert waiting(clock) == {"yellow": "2026-11-02T16:00", "red": "2026-11-02T17:00"}
    assert clock.due_at is not None
    assert clock.due_at - clock.started_at == timedelta(hours=7)
