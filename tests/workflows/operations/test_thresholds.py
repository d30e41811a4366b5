"""Publishing threshold rules while clocks run: what fires, by which version, and what never fires twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from tests.factories.accounts import UserFactory
from tests.factories.clocks import RunFactory, at, running_clock
from workflows import consequences
from workflows.clocks import SHIPPED, ThresholdReached, ThresholdRulesError
from workflows.consequences import Occurrence
from workflows.models import Clock, HistoryEvent, Run, ThresholdRules, Timer
from workflows.operations import thresholds
from workflows.operations.clocks import extend_clock, pause_clock, resume_clock, stop_clock
from workflows.operations.history import first_broken_row
from workflows.operations.thresholds import follow_threshold_rules, publish_threshold_rules
from workflows.operations.timers import sweep_timers

NEXT_YEAR = at("2027-03-01 09:00")
YELLOW = {"remaining": {"percent": 20, "working_days": 1}}


class Book:
    """A consequence that writes down how often it was called, and with what."""

    def __init__(self) -> None:
        self.calls: list[list[ThresholdReached]] = []

    def __call__(self, occurrences: Sequence[Occurrence], at: datetime) -> None:
        self.calls.append([reached for reached, _ in occurrences])

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(one.threshold, one.rules) for call in self.calls for one in call]


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Book:
    monkeypatch.setattr(consequences, "_registered", dict(consequences._registered))
    written = Book()
    check = consequences.register("write_down", check=lambda options: options.get("wrong", ""))
    check(written)
    return written


def rule(code: str, when: dict[str, Any], **changes: Any) -> dict[str, Any]:
    told = [{"do": "write_down", "options": {}}]
    plain = {"code": code, "kinds": ["promised"], "when": when, "light": "", "consequences": told, "law": False}
    return {**plain, **changes}


def publish(*rules: dict[str, Any], moment: str, by: Any = None) -> ThresholdRules:
    return publish_threshold_rules(rules=list(rules), note="", by=by, at=at(moment))


def waiting(clock: Clock) -> dict[str, str]:
    timers = Timer.objects.filter(subject_id=str(clock.pk), fired_at=None, cancelled_at=None)
    return {one.kind: one.due_at.astimezone(at("2026-01-01").tzinfo).strftime("%m-%d %H:%M") for one in timers}


@pytest.mark.django_db
def test_clocks_that_run_follow_new_rules(book: Book) -> None:
    clock, other = running_clock(started="2026-11-02 10:00"), running_clock(kind="stage", started="2026-11-02 10:00")
    assert waiting(clock) == {"yellow": "11-04 17:00", "red": "11-05 17:00"}
    version = publish(
        rule("early", {"before": {"working_days": 2}}, light="yellow"),
        rule("late", {"after": {"working_days": 1}}),
        moment="2026-11-03 09:00",
    )
    assert version.number == 1
    assert waiting(clock) == {"early": "11-03 17:00", "late": "11-06 17:00"}
    assert waiting(other) == {}
    clock.refresh_from_db()
    other.refresh_from_db()
    assert (clock.warn_at, clock.rules_number) == (at("2026-11-03 17:00"), 1)
    assert (other.warn_at, other.rules_number) == (None, 1)
    assert sweep_timers(at=NEXT_YEAR) == 2
    assert book.told == [("early", 1), ("late", 1)]


@pytest.mark.django_db
def test_a_new_rule_does_not_reach_back(book: Book) -> None:
    clock = running_clock(started="2026-11-02 10:00", limit_amount=5)
    publish(rule("early", {"before": {"working_days": 4}}), rule("due", {"due": 0}), moment="2026-11-04 09:00")
    assert waiting(clock) == {"due": "11-09 17:00"}
    after = running_clock(subject_id="35", started="2026-11-02 10:00", limit_amount=5, at=at("2026-11-04 10:00"))
    assert waiting(after) == {"early": "11-03 17:00", "due": "11-09 17:00"}, "it starts under the rule, late"
    assert sweep_timers(at=at("2026-11-04 10:01")) == 1
    assert [one.late for one in book.calls[0]] == [True]
    assert book.told == [("early", 1)], "by the version it started under, though its instant is older"


@pytest.mark.django_db
def test_a_rule_that_is_due_earlier_now_fires_late(book: Book) -> None:
    running_clock(started="2026-11-02 10:00", limit_amount=5)
    publish(rule("early", {"before": {"working_days": 1}}), moment="2026-11-02 11:00")
    publish(rule("early", {"before": {"working_days": 4}}), moment="2026-11-04 09:00")
    assert sweep_timers(at=at("2026-11-04 09:00")) == 1
    assert book.told == [("early", 2)]
    assert book.calls[0][0].late
    assert sweep_timers(at=NEXT_YEAR) == 0


@pytest.mark.django_db
def test_what_was_due_before_fires_by_the_rules_of_its_day(book: Book) -> None:
    running_clock(started="2026-11-02 10:00")
    publish(rule("red", {"due": 0}), moment="2026-11-02 11:00")
    publish(rule("overdue", {"due": 0}, light="red"), moment="2026-11-09 09:00")  # nobody swept since
    assert sweep_timers(at=NEXT_YEAR) == 1
    assert book.told == [("red", 1)]


@pytest.mark.django_db
def test_a_light_is_told_once_under_whatever_name(book: Book) -> None:
    clock = running_clock(started="2026-11-02 10:00", extension_amount=10, extension_authority="head_of_department")
    assert sweep_timers(at=at("2026-11-04 17:00")) == 1
    publish(
        rule("warning", YELLOW, light="yellow"), rule("overdue", {"due": 0}, light="red"), moment="2026-11-05 09:00"
    )
    assert waiting(clock) == {"overdue": "11-05 17:00"}
    extend_clock(clock=clock, amount=10, authority="head_of_department", reason="r", by=None, at=at("2026-11-05 10:00"))
    assert waiting(clock) == {"overdue": "11-19 17:00"}
    clock.refresh_from_db()
    assert clock.warn_at == at("2026-11-17 11:48"), "what the pages show follows the rule all the same"
    assert sweep_timers(at=NEXT_YEAR) == 1
    assert book.told == [("overdue", 1)]


@pytest.mark.django_db
def test_a_rule_that_comes_back_waits_again(book: Book) -> None:
    clock = running_clock(started="2026-11-02 10:00")
    publish(rule("due", {"due": 0}), moment="2026-11-02 11:00")
    publish(rule("other", {"after": {"working_days": 1}}), moment="2026-11-02 12:00")
    assert waiting(clock) == {"other": "11-06 17:00"}
    publish(rule("due", {"due": 0}), moment="2026-11-02 13:00")
    assert waiting(clock) == {"due": "11-05 17:00"}


@pytest.mark.django_db
def test_a_pause_and_a_resumption_follow_the_published_rules(book: Book) -> None:
    clock = running_clock(started="2026-11-02 10:00")
    publish(rule("due", {"due": 0}), moment="2026-11-02 11:00")
    day = at("2026-11-03 10:00")
    pause_clock(clock=clock, reason="testing", from_on=day.date(), planned_days=2, by=None, at=day)
    publish(rule("due", {"due": 0}), rule("more", {"after": {"working_days": 2}}), moment="2026-11-03 11:00")
    assert waiting(clock) == {}
    resume_clock(clock=clock, by=None, at=at("2026-11-04 10:00"))
    assert waiting(clock) == {"due": "11-09 17:00", "more": "11-11 17:00"}
    stop_clock(clock=clock, at=at("2026-11-05 10:00"))
    assert waiting(clock) == {}
    publish(rule("due", {"due": 0}), moment="2026-11-06 11:00")
    assert (waiting(clock), sweep_timers(at=NEXT_YEAR)) == ({}, 0)


@pytest.mark.django_db
def test_publishing_the_same_again_changes_nothing(book: Book) -> None:
    first = publish(rule("due", {"due": 0}), moment="2026-11-02 11:00")
    timers = list(Timer.objects.values())
    again = publish(rule("due", {"due": 0}), moment="2026-11-03 11:00")
    assert (again.pk, ThresholdRules.objects.count(), list(Timer.objects.values())) == (first.pk, 1, timers)


@pytest.mark.django_db
def test_following_goes_on_where_it_broke_off(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = [running_clock(subject_id=str(number), started="2026-11-02 10:00") for number in range(7)]
    monkeypatch.setattr(thresholds, "CLOCKS_PER_STEP", 3)
    monkeypatch.setattr(thresholds, "PATIENCE_SECONDS", 0.0)
    publish(rule("due", {"due": 0}), moment="2026-11-02 11:00")
    assert all(waiting(clock) == {"yellow": "11-04 17:00", "red": "11-05 17:00"} for clock in clocks)
    store, done = thresholds._store, []

    def crash(*given: Any) -> None:
        if len(done) == 1:
            raise RuntimeError
        done.append(store(*given))

    monkeypatch.setattr(thresholds, "_store", crash)
    with pytest.raises(RuntimeError):
        follow_threshold_rules(at=at("2026-11-02 11:00"), seconds=60)
    monkeypatch.setattr(thresholds, "_store", store)
    assert Clock.objects.filter(rules_number=1).count() in (0, 3)  # a step stands or falls as a whole
    follow_threshold_rules(at=at("2026-11-02 11:00"), seconds=60)
    assert all(waiting(clock) == {"due": "11-05 17:00"} for clock in clocks)
    assert follow_threshold_rules(at=at("2026-11-02 11:00"), seconds=60) == 0
    assert sweep_timers(at=NEXT_YEAR) == 7


@pytest.mark.django_db
def test_a_clock_that_has_not_followed_yet_does_so_before_it_fires(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = running_clock(started="2026-11-02 10:00")
    monkeypatch.setattr(thresholds, "PATIENCE_SECONDS", 0.0)
    publish(rule("due", {"due": 0}), moment="2026-11-02 11:00")
    assert set(waiting(clock)) == {"yellow", "red"}
    assert sweep_timers(at=NEXT_YEAR) == 1
    assert book.told == [("due", 1)]


@pytest.mark.django_db
def test_rules_are_checked_with_their_consequences(book: Book) -> None:
    for do, options, sentence in (
        ("nothing", {}, "no consequence called nothing"),
        ("write_down", {"wrong": "No."}, "No."),
    ):
        with pytest.raises(ThresholdRulesError, match=sentence):
            publish(rule("due", {"due": 0}, consequences=[{"do": do, "options": options}]), moment="2026-11-02 11:00")
    assert not ThresholdRules.objects.exists()


@pytest.mark.django_db
def test_a_manager_cannot_touch_what_the_law_made(book: Book) -> None:
    manager, law = UserFactory.create(), rule("silence", {"due": 0}, law=True)
    with pytest.raises(ThresholdRulesError, match="cannot be added here"):
        publish(law, moment="2026-11-02 11:00", by=manager)
    publish(law, moment="2026-11-02 11:00")
    with pytest.raises(ThresholdRulesError, match="neither removed nor changed"):
        publish(rule("other", {"due": 0}), moment="2026-11-02 12:00", by=manager)
    version = publish(law, rule("other", {"due": 0}), moment="2026-11-02 12:00", by=manager)
    assert (version.number, version.published_by) == (2, manager)


@pytest.mark.django_db
def test_the_database_keeps_published_rules_as_they_are(book: Book) -> None:
    version = publish(rule("due", {"due": 0}), moment="2026-11-02 11:00")
    for change in (lambda: ThresholdRules.objects.filter(pk=version.pk).update(rules=[]), version.delete):
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            change()


@pytest.mark.django_db
def test_versions_follow_each_other_when_a_clock_is_put_back(book: Book) -> None:
    publish(rule("due", {"due": 0}), moment="2026-11-02 11:00")
    second = publish(rule("other", {"due": 0}), moment="2026-11-01 11:00")
    assert second.published_at == at("2026-11-02 11:00")


@pytest.mark.django_db
def test_consequences_are_called_once_for_all_clocks_of_a_step(book: Book) -> None:
    publish(rule("first", {"due": 0}), rule("second", {"after": {"working_days": 1}}), moment="2026-11-02 09:00")
    clocks = [running_clock(subject_id=str(number), started="2026-11-02 10:00") for number in range(20)]
    assert sweep_timers(at=NEXT_YEAR) == 40
    assert len(book.calls) == 1
    assert len(book.calls[0]) == 40
    for clock in clocks:
        mine = [one.threshold for one in book.calls[0] if one.clock_id == clock.pk]
        assert mine == ["first", "second"]
        assert first_broken_row(clock.root) is None


@pytest.mark.django_db
def test_an_earlier_light_is_superseded_by_a_later_one(book: Book) -> None:
    publish(
        rule("warning", YELLOW, light="yellow"),
        rule("overdue", {"due": 0}, light="red"),
        rule("reminder", {"after": {"working_days": 1}}),
        moment="2026-11-02 09:00",
    )
    running_clock(started="2026-11-02 10:00")
    assert sweep_timers(at=NEXT_YEAR) == 3
    assert [(one.threshold, one.superseded) for one in book.calls[0]] == [
        ("warning", True),
        ("overdue", False),
        ("reminder", False),
    ]


@pytest.mark.django_db
def test_what_a_case_has_due_after_a_rule_of_the_law_waits_for_what_that_does(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withdraw(occurrences: Sequence[Occurrence], at: datetime) -> None:
        for reached, _ in occurrences:
            for clock in Clock.objects.filter(root_id=reached.root_id, stopped_at=None):
                stop_clock(clock=clock, at=at)

    consequences.register("withdraw")(withdraw)
    law = rule("silence", {"due": 0}, kinds=["correction"], consequences=[{"do": "withdraw", "options": {}}], law=True)
    publish(law, rule("overdue", {"due": 0}, light="red"), moment="2026-11-02 09:00")
    root = RunFactory.create()
    running_clock(root, kind="correction", started="2026-11-02 10:00", limit_amount=2)
    running_clock(root, started="2026-11-02 10:00", limit_amount=4)
    other = running_clock(subject_id="35", started="2026-11-02 10:00", limit_amount=4)
    assert sweep_timers(at=NEXT_YEAR) == 2
    assert [one.clock_id for call in book.calls for one in call] == [other.pk]
    assert first_broken_row(Run.objects.get(pk=root.pk)) is None


@pytest.mark.django_db
def test_the_history_tells_which_rule_of_which_version(book: Book) -> None:
    publish(
        rule("due", {"due": 0}, light="red"), rule("more", {"after": {"working_days": 1}}), moment="2026-11-02 09:00"
    )
    clock = running_clock(started="2026-11-02 10:00")
    sweep_timers(at=at("2026-11-06 17:00"))
    rows = HistoryEvent.objects.filter(root=clock.root, kind__in=("clock_warned", "clock_reached")).order_by("seq")
    assert [(row.kind, row.detail["threshold"], row.detail["level"], row.detail["rules"]) for row in rows] == [
        ("clock_warned", "due", "red", 1),
        ("clock_reached", "more", "", 1),
    ]
    assert [row.detail["late"] for row in rows] == [True, False]


@pytest.mark.django_db
def test_without_published_rules_the_shipped_ones_hold() -> None:
    clock = running_clock()
    assert set(waiting(clock)) == {"yellow", "red"}
    assert clock.rules_number == 0
    publish_threshold_rules(rules=[one.as_rule() for one in SHIPPED], note="as shipped", by=None, at=clock.started_at)
    assert set(waiting(clock)) == {"yellow", "red"}
    assert sweep_timers(at=NEXT_YEAR + timedelta(days=1)) == 2
