"""A convenience store: what is only filed is done on the spot while other departments still look."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.cases.enums import ApplicationResult, CaseState
from services.cases.operations.steps import OutsideResult, complete_step
from services.catalogue.queries import current_bundle_version, stop_reasons
from services.documents.models import Paper
from services.exchange.enums import Outcome
from services.parties.queries import users_in_post
from tests.factories.applications import filed_application, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.operations.jobs import run_due_jobs

pytestmark = pytest.mark.usefixtures("city")

STORE = {
    "has_licence": True,
    "organisation_kind": "company",
    "food_on_site": False,
    "sells_tobacco": True,
    "near_school": False,
    "floor_area": 90,
    "storey": "ground",
    "has_sign": False,
    "premises_ready": True,
}


def test_the_filing_is_done_on_the_spot_while_the_tobacco_bureau_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answer:
        outcome, found, matches, name = Outcome.FOUND, True, True, "郑州老街坊便利店有限公司（演示）"

    monkeypatch.setattr("services.cases.operations.entities.verify_business_licence", lambda **_: Answer())
    application = filed_application(
        bundle="open-convenience-store",
        situation=STORE,
        given={"organisation.uscc": "91410100MA0000074E"},
        by="owner2",
        at=MORNING,
    )
    assert set(application.cases.values_list("part", flat=True)) == {"prepackaged-food-filing", "tobacco-licence"}
    for second in range(4):
        run_due_jobs(at=MORNING + timedelta(seconds=60 + second))

    filing = application.cases.get(part="prepackaged-food-filing")
    at = MORNING + timedelta(hours=1)
    complete_step(task_id=open_task(filing, "decide").pk, outcome="grant", by=user("clerk"), at=at)
    for second in range(4):
        run_due_jobs(at=at + timedelta(seconds=second))
    filing.refresh_from_db()
    assert filing.state == CaseState.GRANTED
    assert filing.delivered_at is not None
    assert Paper.objects.filter(subject_kind="case", subject_id=str(filing.pk), kind="filing_receipt").count() == 1
    application.refresh_from_db()
    assert application.closed_at is None

    tobacco = application.cases.get(part="tobacco-licence")
    complete_step(task_id=open_task(tobacco, "intake").pk, outcome="accept", by=user("clerk"), at=at)
    for second in range(4):
        run_due_jobs(at=at + timedelta(seconds=second))
    result = OutsideResult(number="410105123456", decided_on=at.date())
    handler = users_in_post("YCJ", "handler", at).get()
    complete_step(
        task_id=open_task(tobacco, "record_result").pk, outcome="grant", by=handler, at=at, reasons="", outside=result
    )
    for second in range(4):
        run_due_jobs(at=at + timedelta(minutes=1, seconds=second))
    application.refresh_from_db()
    assert application.result == ApplicationResult.ALL_DONE


def test_food_made_in_the_shop_needs_the_licence_and_tobacco_keeps_away_from_schools() -> None:
    store = current_bundle_version("open-convenience-store")
    application = filed_application(
        bundle="open-convenience-store",
        situation={**STORE, "has_licence": False, "food_on_site": True, "food_items": ["hot"], "has_sign": True},
        at=MORNING,
    )
    parts = set(application.cases.values_list("part", flat=True))
    assert parts == {"business-licence", "food-licence", "tobacco-licence", "sign-filing"}
    (school,) = stop_reasons(store, {**STORE, "near_school": True})
    assert "烟草" in school.message_zh
    assert stop_reasons(store, {**STORE, "sells_tobacco": False, "near_school": True}) == []
