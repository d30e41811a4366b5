"""Who spent the time of a case and of a bundle, from its history; and what a case explains about its time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from services.cases.enums import CaseState
from services.cases.models import Case, Hold
from services.cases.operations.steps import OutsideResult, declare_premises_ready
from services.cases.queries.explanation import explain_case, spent_in_words, why
from services.cases.queries.time_spent import TimeSpent, time_of_application, time_of_case
from tests.factories.accounts import UserFactory
from tests.factories.applications import RESTAURANT, filed_application, user
from tests.factories.cases import CaseFactory, open_case, open_task
from tests.factories.catalogue import published_service
from tests.factories.clocks import at
from tests.factories.parties import DepartmentFactory
from tests.services.cases.conftest import MORNING
from tests.services.cases.test_main_job import decide, do
from workflows.models import Clock, ClockPause, Task
from workflows.operations.clocks import pause_clock, resume_clock
from workflows.queries.calendars import calendar_for

pytestmark = pytest.mark.django_db

HOUR, DAY = 3600, 7 * 3600
FILED = at("2026-03-02 09:00")


def hours(spent: TimeSpent | None) -> dict[str, float]:
    """The hours of each holder that has any; departments by their code."""
    assert spent is not None
    assert sum(spent.seconds_by_owner.values()) == spent.seconds
    found = {owner.department or str(owner.holder): s / HOUR for owner, s in spent.seconds_by_owner.items()}
    return {name: number for name, number in found.items() if number}


def worked_on(case: Case, begin: str, end: str | None = None, **values: object) -> Task:
    closed = {"state": "done", "closed_at": at(end)} if end else {}
    number = Task.objects.filter(run=case.run).count()
    return open_task(case, node=f"step-{number}", opened_at=at(begin), **closed, **values)


def pause(clock: Clock, *, planned_days: int) -> None:
    began = at("2026-03-03 10:00")
    pause_clock(clock=clock, reason="testing", from_on=began.date(), planned_days=planned_days, by=None, at=began)


def a_case(**values: object) -> Case:
    service = published_service(item__department__code="SCJG")
    return CaseFactory(application__service=service, filed_at=FILED, application__submitted_at=FILED, **values)


def test_window_applicant_department_pause_hold_and_delivery_are_told_apart() -> None:
    case = a_case(state=CaseState.GRANTED, decided_at=at("2026-03-12 10:00"), delivered_at=at("2026-03-12 16:00"))
    worked_on(case, "2026-03-02 09:00", "2026-03-02 11:00", department="ZWB", role="clerk")
    worked_on(case, "2026-03-02 11:00", "2026-03-04 09:00", department="", role="applicant")
    worked_on(case, "2026-03-04 09:00", "2026-03-12 10:00")
    Hold.objects.create(
        application=case.application,
        reason="核查",
        held_by=UserFactory(),
        held_at=at("2026-03-04 16:00"),
        released_at=at("2026-03-05 10:00"),
        released_by=UserFactory(),
    )
    clock = open_case(published_service()).run.root.clocks.first()  # any clock of another case changes nothing
    assert clock is not None
    own = Clock.objects.create(
        root=case.application.run,
        subject_kind="case",
        subject_id=str(case.pk),
        kind="promised",
        region="henan",
        limit_amount=20,
        limit_unit="working_days",
        starts_on_event="acceptance",
        started_at=at("2026-03-04 09:00"),
    )
    ClockPause.objects.create(
        clock=own,
        reason="testing",
        citation="APL art. 45",
        from_on=at("2026-03-06 00:00").date(),
        to_on=at("2026-03-09 00:00").date(),
        planned_days=1,
        recorded_at=at("2026-03-06 10:00"),
    )
    assert hours(time_of_case(case, at=at("2026-04-01 09:00"))) == {
        "applicant": 5 + 7,
        "ZWB": 2,
        "SCJG": 6 + 6 + 2 * 7 + 1,
        "paused": 14,
        "held": 1 + 1,
        "delivery": 5,
    }


def test_what_comes_later_does_not_count_and_another_start_may_be_chosen() -> None:
    case = a_case()
    worked_on(case, "2026-03-02 09:00", "2026-03-03 09:00")
    worked_on(case, "2026-03-03 09:00", role="applicant", department="")
    assert time_of_case(case, at=at("2026-03-01 09:00")) is None
    assert hours(time_of_case(case, at=at("2026-03-03 11:00"))) == {"SCJG": 7, "applicant": 2}
    assert hours(time_of_case(case, at=at("2026-03-03 11:00"), since=at("2026-03-03 10:00"))) == {"applicant": 1}


def test_two_departments_at_once_count_once_for_the_one_that_began_first() -> None:
    case = a_case()
    worked_on(case, "2026-03-02 10:00", "2026-03-02 15:00", department="XF")
    worked_on(case, "2026-03-02 09:00", "2026-03-02 12:00")
    worked_on(case, "2026-03-02 09:30", "2026-03-02 17:00", role="applicant", department="")
    assert hours(time_of_case(case, at=at("2026-03-02 17:00"))) == {"SCJG": 3, "XF": 2, "applicant": 2}


@pytest.mark.parametrize("seed", range(8))
def test_random_histories_add_up(seed: int) -> None:
    chance = random.Random(seed)
    departments = [DepartmentFactory(code=code).code for code in ("D1", "D2", "D3")]

    def moment(limit: int = 40 * 24 * 60) -> datetime:
        return FILED + timedelta(minutes=chance.randint(0, limit))

    first = a_case()
    application = first.application
    cases = [first, *(CaseFactory(application=application, filed_at=moment()) for _ in range(chance.randint(0, 3)))]
    for case in cases:
        for number in range(chance.randint(0, 7)):
            begin, end = sorted([moment(), moment()])
            closed = {"state": "done", "closed_at": end} if chance.random() < 0.8 else {}
            role, department = ("applicant", "") if chance.random() < 0.3 else ("handler", chance.choice(departments))
            open_task(case, node=f"n{number}", opened_at=begin, role=role, department=department, **closed)
        if chance.random() < 0.5:
            case.decided_at = moment()
            case.delivered_at = case.decided_at + timedelta(minutes=chance.randint(0, 9000))
            case.state = CaseState.GRANTED
            case.save()
    now = moment()
    calendar = calendar_for()
    whole = time_of_application(application, at=now)
    assert whole is not None
    for spent in (whole.whole, *(spent for _case, spent in whole.branches)):
        assert sum(spent.seconds_by_owner.values()) == spent.seconds == calendar.worked(now) - calendar.worked(FILED)
        words = spent_in_words(spent, language="en")
        assert sum(line.percent for line in words.lines) == pytest.approx(100 if spent.seconds else 0)
    for case in cases:
        spent = time_of_case(case, at=now)
        if spent is not None:
            assert sum(spent.seconds_by_owner.values()) == spent.seconds


@pytest.mark.usefixtures("city")
def test_a_bundle_waits_for_the_licence_for_the_applicant_and_at_the_join() -> None:
    application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING)
    licence = application.cases.get(part="business-licence")
    accepted = MORNING + timedelta(hours=1)
    do(licence, "intake", "accept", "clerk", accepted)
    decide(
        licence,
        "grant",
        accepted + timedelta(hours=1),
        outside=OutsideResult(number="91410105MA0000101U", decided_on=MORNING.date()),
    )
    ready = MORNING + timedelta(days=1)
    declare_premises_ready(task_id=Task.objects.get(node="premises_ready").pk, by=user("owner"), at=ready)
    found = time_of_application(application, at=ready + timedelta(hours=1))
    assert found is not None
    branches = {case.part: spent for case, spent in found.branches}
    assert hours(branches["business-licence"])["waiting"] > 5  # it is done and the others are not
    food = hours(branches["food-operation"]) if "food-operation" in branches else hours(list(branches.values())[1])
    assert food["waiting"] > 1
    assert food["applicant"] > 4  # the premises were not ready
    whole = hours(found.whole)
    assert "waiting" not in whole
    assert whole["applicant"] == food["applicant"]


def test_explained_in_both_languages_by_command_and_pages(capsys: pytest.CaptureFixture[str]) -> None:
    case = open_case(published_service(item__department__code="SCJG"), started="2026-03-02 09:30")
    promised = Clock.objects.get(subject_id=str(case.pk), kind="promised")
    pause_clock(
        clock=promised,
        reason="testing",
        from_on=at("2026-03-03 00:00").date(),
        planned_days=1,
        by=None,
        at=at("2026-03-03 10:00"),
    )
    resume_clock(clock=promised, by=None, at=at("2026-03-05 10:00"))
    out = StringIO()
    call_command("explain_case", case.number, lang="en", at="2026-03-09T10:00", stdout=out)
    english = out.getvalue()
    for words in (
        "Promised limit",
        "Statutory limit",
        "Counts from acceptance",
        "planned to take 1 working day and took 3 working days: longer than planned",
        "Computed by ",
        "Next: Threshold",
        "Who spent the time",
        "Now: green",
    ):
        assert words in english, english
    out = StringIO()
    call_command("explain_case", case.number, lang="zh", at="2026-03-30T10:00", stdout=out)
    chinese = out.getvalue()
    assert "承诺时限" in chinese
    assert "超出计划" in chinese
    assert "红灯" in chinese
    assert set(why(Clock.objects.get(pk=promised.pk), language="en", at=at("2026-03-09 10:00"))) <= {
        line.strip() for line in english.splitlines()
    }


def test_a_pause_that_still_lasts_longer_than_planned_says_so() -> None:
    case = open_case(published_service())
    clock = Clock.objects.get(subject_id=str(case.pk), kind="promised")
    pause_clock(
        clock=clock,
        reason="testing",
        from_on=at("2026-03-03 00:00").date(),
        planned_days=2,
        by=None,
        at=at("2026-03-03 10:00"),
    )
    clock = Clock.objects.get(pk=clock.pk)
    assert not any("longer" in line for line in why(clock, language="en", at=at("2026-03-04 10:00")))
    assert any("still lasts" in line for line in why(clock, language="en", at=at("2026-03-05 10:00")))


@pytest.mark.parametrize("words", [["NOTHING-1"], ["NOTHING-1", "--lang", "fr"], ["NOTHING-1", "--at", "soon"]])
def test_what_is_not_understood_is_said_in_one_sentence(words: list[str]) -> None:
    with pytest.raises(CommandError, match=r"NOTHING-1|fr|soon"):
        call_command("explain_case", *words)


def test_a_planned_case_says_that_its_time_has_not_begun() -> None:
    case = CaseFactory(state=CaseState.PLANNED, filed_at=None, accepted_at=None)
    own, application = explain_case(case, language="en", at=at("2026-03-05 09:00"))
    assert own.spent is None
    assert application.spent is not None
