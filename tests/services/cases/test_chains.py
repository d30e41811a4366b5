"""The history's chain holds whatever a step does to the clocks of its case, and what is due follows the clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Min
from django.utils import timezone

from services.cases.models import Case
from services.cases.operations.answering import answer_supplement
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.passing import send_back
from services.cases.operations.steps import OutsideResult, complete_step
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.clocks import DayKind, SpecialDay
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Clock, Run, Task
from workflows.operations.calendars import enter_calendar_day, load_national_calendar
from workflows.operations.history import first_broken_row
from workflows.operations.jobs import run_due_jobs
from workflows.operations.recomputation import recompute
from workflows.queries.calendars import home_region

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)
REASONS = "疏散通道宽度不足。"


def holds(case: Case) -> bool:
    """Return whether the chain holds, and every open task of the case is due when its first clock ends."""
    root = Run.objects.get(pk=Case.objects.get(pk=case.pk).run.root_key)
    running = Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), stopped_at=None)
    first = running.aggregate(first=Min("due_at"))["first"]
    tasks = Task.objects.filter(subject_kind="case", subject_id=str(case.pk), state__in=OPEN_TASK_STATES)
    return first_broken_row(root) is None and all(task.due_at == first for task in tasks)


def done(case: Case, node: str, outcome: str, name: str, **more) -> None:
    complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(name), at=AT, **more)
    assert holds(case), (node, outcome)


def licence() -> Case:
    case = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING).cases.get(
        part="business-licence"
    )
    assert holds(case)
    return case


@pytest.mark.parametrize("outcome", ["grant", "refuse"])
def test_from_acceptance_to_the_decision(outcome: str) -> None:
    case = licence()
    done(case, "intake", "accept", "clerk")
    done(case, "handle", f"recommend_{outcome}", "food-handler", reasons=REASONS)
    done(case, "check", "return", "food-checker", reasons=REASONS)
    done(case, "handle", f"recommend_{outcome}", "food-handler", reasons=REASONS)
    done(case, "check", "agree", "food-checker")
    outside = OutsideResult(number="91410105MA0000101U", decided_on=AT.date()) if outcome == "grant" else None
    done(case, "approve", outcome, "food-approver", reasons=REASONS, outside=outside)
    assert (
        Clock.objects.filter(subject_id=str(case.pk), stopped_at=None).values_list("kind", flat=True)[0] == "delivery"
    )
    for second in range(3):
        run_due_jobs(at=AT + timedelta(seconds=second))
    assert first_broken_row(Run.objects.get(pk=case.application.run_id)) is None


def test_not_our_competence() -> None:
    done(licence(), "intake", "not_competent", "clerk", reasons=REASONS, competent_body="河南省")


def test_decided_on_the_spot() -> None:
    done(filed_application(service="prepackaged-food-filing", at=MORNING).cases.get(), "decide", "grant", "clerk")


def test_a_supplement_and_its_answer() -> None:
    case = licence()
    missing = [Missing(kind="element", code="organisation.name", reason="重名。")]
    ask_supplement(task_id=open_task(case, "intake").pk, missing=missing, by=user("clerk"), at=AT)
    assert holds(case)
    answer_supplement(case_id=case.pk, answers={"organisation.name": "新名称"}, by=user("owner"), at=AT)
    assert holds(case)
    done(case, "intake", "accept", "clerk")


def test_sent_back_to_an_earlier_step() -> None:
    case = filed_application(service="subsistence-allowance", at=MORNING).cases.get()
    done(case, "intake", "accept", "clerk")
    done(case, "first_review", "forward", "street-handler")
    send_back(
        task_id=open_task(case, "handle").pk, to_node="first_review", reasons="x", by=user("civil-handler"), at=AT
    )
    assert holds(case)


def test_a_day_the_offices_close_moves_what_is_due() -> None:
    load_national_calendar(region=home_region(), at=MORNING)
    case = licence()
    before = open_task(case, "intake").due_at
    snow = {"kind": DayKind.CLOSURE, "name_zh": "暴雪", "name_en": "Snow", "confirmed": True}
    closed = SpecialDay(on=timezone.localdate(before), **snow)
    enter_calendar_day(region=home_region(), day=closed, source="snow", by=None, at=AT)
    recompute(now=lambda: AT)
    assert open_task(case, "intake").due_at > before
    assert holds(case)
