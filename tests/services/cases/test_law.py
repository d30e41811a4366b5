"""The law's rules of time, one row per rule: the id of each test names its article (APL: Administrative Licensing Law).

Dates cross National Day 2026 (1–7 October, make-up Sat 10 October and Sun 20 September), Spring Festival 2026
(15–23 February, make-up Sat 14 and 28 February) and the end of the year, after which days are provisional.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from portal.demo.samples import sample_situation
from services.cases.enums import CaseState
from services.cases.models import Case, DeemedAct
from services.cases.operations.silence import deem_accepted
from services.cases.operations.steps import complete_step
from services.catalogue.queries import current_version
from services.documents.queries import papers_of
from services.notifications.models import Notice
from tests.factories.applications import filed_application, open_task, user
from tests.factories.clocks import at
from workflows.clocks.effects import Consequence, ThresholdReached
from workflows.consequences import consequence
from workflows.enums import TaskState
from workflows.models import Clock, HistoryEvent, Run
from workflows.operations.history import first_broken_row
from workflows.operations.tasks import TaskClosedError

pytestmark = pytest.mark.usefixtures("city")


def filed(service: str = "sign-filing", *, on: str = "2026-03-04 09:30", **more: Any) -> Case:
    """File a case of a service at a local instant."""
    situation = sample_situation(current_version(service).questions.all(), {})
    return filed_application(service=service, situation=situation, at=at(on), **more).cases.get()


def clock_of(case: Case, kind: str) -> Clock:
    return Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), kind=kind).latest("id")


def has_clock(case: Case, kind: str) -> bool:
    return Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), kind=kind).exists()


def accepted(case: Case, on: str, *, node: str = "intake") -> Case:
    complete_step(task_id=open_task(case, node).pk, outcome="accept", by=user("clerk"), at=at(on))
    return fresh(case)


def fresh(case: Case) -> Case:
    return Case.objects.select_related("service", "application").get(pk=case.pk)


def reach(name: str, clock: Clock, when: datetime) -> None:
    """Let a clock's end have its consequence, as a sweep does."""
    clock = Clock.objects.get(pk=clock.pk)
    reached = ThresholdReached(
        clock_id=clock.pk,
        root_id=clock.root_id,
        subject_kind=clock.subject_kind,
        subject_id=clock.subject_id,
        clock_kind=clock.kind,
        department=clock.department,
        threshold=name,
        light="",
        rules=0,
        due_at=clock.due_at or when,
        late=False,
        superseded=False,
        consequences=(),
    )
    consequence(name).carry([(reached, Consequence(do=name))], when)


# Start events, and days that do not count -----------------------------------------------------------------------------

START_EVENTS = [
    pytest.param("sign-filing", "2026-09-29 10:00", None, id="APL art. 42: the promise does not run from submission"),
    pytest.param(
        "sign-filing", "2026-09-29 10:00", ("2026-09-30 09:00", "2026-10-10"),
        id="APL art. 42, 82: 3 working days from acceptance on 30 Sep over National Day end on make-up Saturday 10 Oct",
    ),
    pytest.param(
        "sign-filing", "2026-02-12 10:00", ("2026-02-13 09:00", "2026-02-25"),
        id="APL art. 82: over Spring Festival, with make-up Saturday 14 Feb",
    ),
    pytest.param(
        "sign-filing", "2026-09-29 23:00", ("2026-09-30 18:30", "2026-10-10"),
        id="Civil Code art. 201: acceptance after close is day 0 all the same",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("service", "filed_on", "then"), START_EVENTS)
def test_the_promise_starts_at_acceptance(service: str, filed_on: str, then: tuple[str, str] | None) -> None:
    case = filed(service, on=filed_on)
    assert not has_clock(case, "promised")
    if then is not None:
        assert clock_of(accepted(case, then[0]), "promised").due_on == date.fromisoformat(then[1])


def test_building_law_art_8_the_limit_counts_from_receipt() -> None:
    case = filed("construction-permit", on="2026-09-28 10:00")
    statutory = clock_of(case, "statutory")
    # Seven calendar days end on Monday 5 October, a holiday: Civil Code art. 203 moves the end to the next working day.
    assert (statutory.starts_on_event, statutory.due_on) == ("receipt", date(2026, 10, 8))


NOTICE_DUE = [
    pytest.param("2026-09-25 10:00", "2026-10-09", id="APL art. 32(4): 5 working days over National Day"),
    pytest.param("2026-09-25 22:00", "2026-10-09", id="Civil Code art. 203: filed at night is filed that day"),
    pytest.param("2026-10-03 10:00", "2026-10-13", id="APL art. 32(4): filed on a holiday, make-up Saturday counts"),
    pytest.param("2026-02-13 10:00", "2026-02-27", id="APL art. 32(4): over Spring Festival, make-up Saturday 14 Feb"),
    pytest.param("2026-12-28 10:00", "2027-01-05", id="APL art. 82: over the year's end, provisional"),
]


@pytest.mark.parametrize(("filed_on", "due_on"), NOTICE_DUE)
def test_the_one_time_notice_is_due(filed_on: str, due_on: str) -> None:
    clock = clock_of(filed(on=filed_on), "one_time_notice")
    assert clock.due_on == date.fromisoformat(due_on)
    assert clock.provisional == due_on.startswith("2027")


def test_real_estate_regulation_art_17_everything_missing_is_told_on_the_spot() -> None:
    clock = clock_of(filed("house-title-transfer", on="2026-03-04 10:00"), "one_time_notice")
    assert (clock.limit_amount, clock.due_at) == (0, at("2026-03-04 17:00"))


# Silence --------------------------------------------------------------------------------------------------------------


def test_apl_art_32_4_silence_is_acceptance_back_dated_to_the_receipt() -> None:
    case = filed(on="2026-09-25 10:00")
    notice = clock_of(case, "one_time_notice")
    reach("deemed_acceptance", notice, notice.due_at)
    case = fresh(case)
    assert (case.state, case.deemed_accepted, case.accepted_at) == (CaseState.ACCEPTED, True, at("2026-09-25 10:00"))
    promised = clock_of(case, "promised")
    assert (promised.started_at, promised.due_on) == (at("2026-09-25 10:00"), date(2026, 9, 30))
    assert clock_of(case, "one_time_notice").stopped_at == notice.due_at
    check = open_task(case, "intake")
    assert (check.state, check.outcome, check.closed_by_id) == (TaskState.DONE, "accept", None)
    assert open_task(case, "handle").state == TaskState.READY
    assert DeemedAct.objects.get(case=case).citation_en == "Administrative Licensing Law, art. 32(4)"
    paper = papers_of("case", case.pk).get(kind="acceptance_notice")
    assert "32" in paper.facts["deemed_by"]["en"]
    assert Notice.objects.filter(kind="deemed_accepted", channel="inbox").count() == 1
    rows = HistoryEvent.objects.filter(kind="task_done", run=case.run)
    done = next(row for row in rows if row.detail["node"] == "intake")
    assert (done.by_id, done.detail["rule"]) == (None, "Administrative Licensing Law, art. 32(4)")
    assert first_broken_row(Run.objects.get(pk=case.run.root_key)) is None


def test_apl_art_32_4_a_sweep_that_runs_twice_accepts_once() -> None:
    case = filed()
    notice = clock_of(case, "one_time_notice")
    for _again in range(2):
        reach("deemed_acceptance", notice, notice.due_at)
    assert DeemedAct.objects.filter(case=case).count() == 1
    assert papers_of("case", case.pk).filter(kind="acceptance_notice").count() == 1


def test_apl_art_32_4_the_clerk_was_faster() -> None:
    case = filed()
    notice = clock_of(case, "one_time_notice")
    accepted(case, notice.due_at.strftime("%Y-%m-%d 10:00"))
    reach("deemed_acceptance", notice, notice.due_at)
    assert not fresh(case).deemed_accepted
    assert fresh(case).accepted_at != case.filed_at


def test_apl_art_32_4_the_law_was_faster_than_the_clerk() -> None:
    case = filed()
    notice, task = clock_of(case, "one_time_notice"), open_task(case, "intake")
    reach("deemed_acceptance", notice, notice.due_at)
    with pytest.raises(TaskClosedError):
        complete_step(task_id=task.pk, outcome="accept", by=user("clerk"), at=notice.due_at)


def test_apl_art_32_4_not_a_second_too_early() -> None:
    case = filed()
    notice = clock_of(case, "one_time_notice")
    assert not deem_accepted(clock_id=notice.pk, at=at("2026-03-11 16:59"))
    assert fresh(case).state == CaseState.FILED
