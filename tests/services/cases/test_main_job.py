"""The main job by both routes, through the operations, on real PostgreSQL."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from portal.demo.samples import sample_answers, sample_picture
from services.cases.enums import ApplicationResult, CaseState
from services.cases.models import Application, Case
from services.cases.operations.drafts import save_draft, start_draft
from services.cases.operations.steps import OutsideResult, complete_step, declare_premises_ready
from services.cases.operations.submission import review_hash, submit_application
from services.cases.queries.forms import documents_wanted, form_of
from services.catalogue.queries import current_bundle_version
from services.documents.operations import store_upload
from services.parties.queries import person_of
from tests.services.cases.conftest import MORNING
from workflows.models import Clock, Task
from workflows.operations.jobs import run_due_jobs

pytestmark = pytest.mark.django_db

SITUATION = {
    "has_licence": False,
    "organisation_kind": "company",
    "small_shop": False,
    "floor_area": 420,
    "storey": "ground",
    "residential_building": False,
    "food_items": ["hot"],
    "fire_route": "check",
    "has_sign": True,
    "sewer": True,
}


def user(name: str):
    return get_user_model().objects.get(username=name)


def submit(name: str, situation: dict, at: datetime, given: dict | None = None) -> Application:
    by = user(name)
    draft = start_draft(
        offer=current_bundle_version("open-restaurant"), party=person_of(by).ref, by=by, at=at, situation=situation
    )
    answers = sample_answers(form_of(draft), given or {}, situation=situation, today=at.date())
    draft = save_draft(application_id=draft.pk, answers=answers, by=by, at=at)
    for need in documents_wanted(draft):
        store_upload(
            file=io.BytesIO(sample_picture(need.code)),
            original_name=f"{need.code}.png",
            declared_type="image/png",
            subject_kind="application",
            subject_id=draft.pk,
            material_code=need.code,
            by=by,
            at=at,
        )
    return submit_application(
        application_id=draft.pk,
        reviewed_hash=review_hash(draft),
        signed=True,
        consents=["electronic_service"],
        by=by,
        at=at,
    )


def do(case: Case, node: str, outcome: str, name: str, at: datetime, **more) -> None:
    task = Task.objects.filter(subject_kind="case", subject_id=str(case.pk), node=node).latest("round")
    complete_step(task_id=task.pk, outcome=outcome, by=user(name), at=at, **more)


STAFF = {"SCJG": "food", "XF": "fire", "CGJ": "city"}


def decide(case: Case, outcome: str, at: datetime, **more) -> None:
    prefix = STAFF[case.department.code]
    do(case, "handle", f"recommend_{outcome}", f"{prefix}-handler", at, reasons="依据现场核查。")
    do(case, "check", "agree", f"{prefix}-checker", at + timedelta(minutes=1))
    do(case, "approve", outcome, f"{prefix}-approver", at + timedelta(minutes=2), **more)
    for _ in range(3):
        run_due_jobs(at=at + timedelta(minutes=3))


def test_licence_first(city: None) -> None:
    application = submit("owner", SITUATION, MORNING)
    assert {case.state for case in application.cases.all()} == {CaseState.PLANNED, CaseState.FILED}
    licence = application.cases.get(part="business-licence")
    assert licence.state == CaseState.FILED

    at = MORNING + timedelta(hours=1)
    do(licence, "intake", "accept", "clerk", at)
    licence.refresh_from_db()
    assert licence.state == CaseState.ACCEPTED
    decide(
        licence,
        "grant",
        at,
        outside=OutsideResult(number="91410105MA0000101U", decided_on=at.date()),
    )
    licence.refresh_from_db()
    assert licence.state == CaseState.GRANTED
    assert licence.issued_at is not None
    assert licence.delivered_at is not None

    at += timedelta(days=1)
    ready = Task.objects.get(node="premises_ready")
    declare_premises_ready(task_id=ready.pk, by=user("owner"), at=at)
    branches = list(application.cases.exclude(part="business-licence"))
    assert [case.state for case in branches] == [CaseState.FILED] * 4
    for case in branches:
        do(case, "intake", "accept", "clerk", at)
    assert Clock.objects.filter(kind="promised", stopped_at__isnull=True).count() == 4
    for number, case in enumerate(branches):
        application.refresh_from_db()
        assert application.closed_at is None
        decide(case, "grant", at + timedelta(hours=number))
    application.refresh_from_db()
    assert application.result == ApplicationResult.ALL_DONE
