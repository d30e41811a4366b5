"""The board's counts: right at every instant, whatever moved the clocks, and nobody waits for them."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from services.cases.enums import CLOCKS_WITHOUT_LIGHT, CaseState
from services.cases.models import Case, Standing, StandingChange, StandingCount
from services.cases.operations.board import fold_board, rebuild_board
from services.cases.queries.board import NO_LIGHT, BoardFilter, board_for, office_clocks
from services.cases.queries.standings import (
    LIGHT_ORDER,
    OPEN_STATES,
    count_differences,
    counts_by_light,
    wrong_standings,
)
from services.catalogue.models import ServiceVersion
from tests.factories.cases import ApplicationFactory, CaseFactory, open_case
from tests.factories.catalogue import published_service
from tests.factories.clocks import at, running_clock
from tests.factories.parties import MembershipFactory
from tests.factories.runs import at_once
from workflows.clocks import due, warn_at
from workflows.models import Clock, ClockPause
from workflows.operations.clocks import (
    ClockError,
    extend_clock,
    pause_clock,
    resume_clock,
    stop_clock,
)
from workflows.queries.calendars import calendar_for, database_now
from workflows.queries.clocks import clocks_with_facts, facts_of, light_of

MONDAY = at("2026-03-02 09:30")
Counted = dict[tuple[str, str], dict[str, int]]


def counted(moment: datetime) -> Counted:
    """What the board says."""
    return {(one.department, one.service): dict(one.by_light) for one in counts_by_light(moment)}


def one_by_one(moment: datetime) -> Counted:
    """What looking at every case and all its clocks says: the way the lights are defined."""
    clocks: dict[str, list[Clock]] = defaultdict(list)
    for clock in office_clocks().filter(subject_kind="case"):
        clocks[clock.subject_id].append(clock)
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case in Case.objects.filter(state__in=OPEN_STATES).select_related("department", "service__item"):
        mine = clocks[str(case.pk)]
        light = (light_of(mine, at=moment, calendar=calendar_for()) if mine else None) or ""
        found[case.department.code, case.service.item.code][str(light)] += 1
    return {key: {light: counts[light] for light in LIGHT_ORDER} for key, counts in found.items()}


class Walk:
    """Random moves of cases and clocks, as operations and as bulk writers make them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.services = [
            published_service(item__code="food", item__department__code="SCJG"),
            published_service(item__code="drink", item__department__code="SCJG"),
            published_service(item__code="fire", item__department__code="XF"),
        ]
        self.now = MONDAY
        self.cases: list[Case] = []

    def step(self) -> None:
        """Let some time pass, then move something."""
        self.now += timedelta(minutes=self.chance.choice([0, 1, 90, 60 * 7, 60 * 24, 60 * 50]))
        self.chance.choice(
            [self.file, self.file, self.pause, self.resume, self.extend, self.stop, self.move, self.in_bulk, self.fold]
        )()

    def file(self) -> None:
        service = self.chance.choice(self.services)
        case = CaseFactory(application=ApplicationFactory(service=service), filed_at=self.now)
        self.cases.append(case)
        kinds = self.chance.choice(
            [["one_time_notice"], ["promised", "statutory"], ["promised", "statutory", "stage"], ["statutory"], []]
        )
        for kind in [*kinds, *self.chance.choice([[], [], *([one] for one in CLOCKS_WITHOUT_LIGHT)])]:
            unit = self.chance.choice(["working_days", "calendar_days", "working_hours"])
            self.start(case, kind, unit)

    def start(self, case: Case, kind: str, unit: str) -> None:
        running_clock(
            case.application.run,
            subject_kind="case",
            subject_id=str(case.pk),
            department=case.department.code,
            kind=kind,
            limit_amount=self.chance.choice([0, 1, 3, 7, 20]),
            limit_unit=unit,
            started_at=self.now,
            at=self.now,
            extension_amount=10,
            extension_authority="head_of_department",
        )

    def clocks(self) -> list[Clock]:
        running = list(Clock.objects.filter(subject_kind="case", stopped_at__isnull=True).order_by("id"))
        return self.chance.sample(running, min(2, len(running)))

    def pause(self) -> None:
        for clock in self.clocks():
            if self.now >= clock.started_at:
                self.tried(pause_clock, clock, reason="testing", from_on=self.now.date(), planned_days=3)

    def resume(self) -> None:
        for pause in ClockPause.objects.filter(to_on__isnull=True, clock__stopped_at__isnull=True).order_by("id")[:2]:
            self.tried(resume_clock, pause.clock)

    def extend(self) -> None:
        for clock in self.clocks():
            self.tried(extend_clock, clock, amount=3, authority="head_of_department", reason="疑难")

    def stop(self) -> None:
        for clock in self.clocks():
            self.tried(stop_clock, clock)

    def tried(self, operation: object, clock: Clock, **words: object) -> None:
        try:
            operation(clock=clock, by=None, at=self.now, **words)  # type: ignore[operator]
        except ClockError:
            return

    def move(self) -> None:
        """Let cases change their state, at once or one by one."""
        if not self.cases:
            return
        chosen = self.chance.sample(self.cases, min(3, len(self.cases)))
        state = self.chance.choice([*OPEN_STATES, CaseState.WITHDRAWN, CaseState.GRANTED])
        if self.chance.random() < 0.5:
            Case.objects.filter(pk__in=[case.pk for case in chosen]).update(state=state, decided_at=self.now)
            return
        for case in chosen:
            case.state, case.decided_at = state, self.now
            case.save()

    def in_bulk(self) -> None:
        """Move many clocks in one statement, as a new calendar does."""
        clocks = [clock for clock in clocks_with_facts().filter(stopped_at__isnull=True) if self.chance.random() < 0.5]
        for clock in clocks:
            clock.limit_amount += 1
            clock.due_on, clock.due_at, clock.provisional = due(facts_of(clock), calendar_for())
            clock.warn_at = warn_at(facts_of(clock), calendar_for())
        Clock.objects.bulk_update(clocks, ["limit_amount", "due_on", "due_at", "warn_at"])

    def fold(self) -> None:
        fold_board(at=self.now)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_looking_at_every_case_at_any_instant_from_now_on(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(35):
        walk.step()
        ahead = walk.chance.choice([0, 0, 20, 60 * 5, 60 * 31, 60 * 24 * 9])
        moment = walk.now + timedelta(minutes=ahead)
        assert counted(moment) == one_by_one(moment)
    for threshold in Clock.objects.filter(due_at__gte=walk.now).values_list("due_at", flat=True)[:5]:
        for moment in (threshold - timedelta(microseconds=1), threshold):
            assert counted(moment) == one_by_one(moment)
    assert wrong_standings() == []
    assert count_differences(walk.now) == []
    assert len(walk.cases) > 4


@pytest.mark.django_db
def test_every_list_holds_the_cases_that_are_counted_in_its_order() -> None:
    walk = Walk(7)
    for _ in range(40):
        walk.step()
    user = MembershipFactory(department__code="ZWB", role="manager").user
    for department in ("", "SCJG"):
        for light in ("", *LIGHT_ORDER):
            wanted = BoardFilter(department=department, light=(light or NO_LIGHT) if light is not None else "")
            board = board_for(user, wanted=wanted, at=walk.now)
            for sort in ("light", "-light", "due", "-due", "age", "-age", "number", "-number"):
                found = board_for(user, wanted=wanted, sort=sort, at=walk.now).standings
                whole = list(found)
                assert len(whole) == len(found) == board.by_light[wanted.lights[0]]
                assert {one.light(walk.now) for one in whole} <= set(wanted.lights)
                assert [*found[:3], *found[3:5], *found[5:]] == whole
    everything = board_for(user, wanted=BoardFilter(), at=walk.now).standings
    ranks = [LIGHT_ORDER.index(one.light(walk.now)) for one in everything]
    assert ranks == sorted(ranks)
    assert len(ranks) == Standing.objects.count() > 5


@pytest.mark.django_db
def test_fold_adds_up_once_and_forgets_nothing() -> None:
    service = published_service()
    for _ in range(5):
        open_case(service)
    before = counted(MONDAY)
    assert StandingCount.objects.count() == 0
    assert fold_board(at=MONDAY) > 0
    assert fold_board(at=MONDAY) == 0
    assert StandingChange.objects.count() == 0
    assert counted(MONDAY) == before
    later = MONDAY + timedelta(days=60)
    expected = counted(later)
    fold_board(at=later)
    assert counted(later) == expected
    assert StandingCount.objects.count() == 1  # everything is in the past
    Case.objects.update(state=CaseState.WITHDRAWN)
    fold_board(at=later)
    assert StandingCount.objects.count() == 0


@pytest.mark.django_db
def test_rebuild_puts_right_what_was_written_past_the_triggers(capsys: pytest.CaptureFixture[str]) -> None:
    service = published_service()
    cases = [open_case(service) for _ in range(4)]
    now = database_now()
    true = counted(now)
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        Clock.objects.filter(subject_id=str(cases[0].pk)).update(due_at=at("2026-03-01 17:00"))
        StandingCount.objects.create(
            department="XF", service="nothing", from_at=MONDAY, open=3, watched=0, green=0, yellow=0, red=0, black=1
        )
        cursor.execute("set local session_replication_role = origin")
    assert wrong_standings() == [cases[0].pk]
    assert [one.lacks["open"] for one in count_differences(now)] == [-3]
    with pytest.raises(SystemExit):
        call_command("rebuild_board", check=True)
    call_command("rebuild_board")
    assert "1" in capsys.readouterr().out
    call_command("rebuild_board", check=True)
    assert wrong_standings() == []
    assert counted(now) == one_by_one(now) == true
    assert rebuild_board(at=now).standings == 0


@pytest.mark.django_db(transaction=True)
def test_cases_of_one_department_move_at_once_without_waiting_for_each_other() -> None:
    service: ServiceVersion = published_service()
    first, second, third = (open_case(service) for _ in range(3))
    fold_board(at=MONDAY)
    moved, done = threading.Event(), threading.Event()

    def holds() -> None:
        """Move a case of the department and keep the transaction open."""
        with transaction.atomic():
            stop_clock(clock=Clock.objects.get(subject_id=str(first.pk), kind="promised"), at=MONDAY)
            moved.set()
            assert done.wait(20)

    def moves() -> None:
        """Move another case of it, fold and read the board meanwhile, with no patience for any lock."""
        assert moved.wait(20)
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '50ms'")
        try:
            stop_clock(clock=Clock.objects.get(subject_id=str(second.pk), kind="promised"), at=MONDAY)
            fold_board(at=MONDAY)
            Case.objects.filter(pk=third.pk).update(state=CaseState.WITHDRAWN)
            assert sum(one.open for one in counts_by_light(MONDAY)) == 2
        finally:
            done.set()

    assert at_once(holds, moves) == [None, None]
    assert counted(MONDAY) == one_by_one(MONDAY)
    fold_board(at=MONDAY)
    assert count_differences(MONDAY) == []
