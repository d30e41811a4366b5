"""Every paper the operations issue can be made: the facts they give are those its text asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.cases.models import Case
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.limits import extend_case, pause_case
from services.cases.operations.steps import OutsideResult, complete_step
from services.cases.operations.withdrawals import withdraw_application
from services.documents.models import Paper
from services.documents.operations import render_papers
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from tests.services.cases.conftest import MORNING
from workflows.operations.jobs import run_due_jobs

pytestmark = pytest.mark.usefixtures("city")


def do(case: Case, node: str, outcome: str, name: str, **more: Any) -> None:
    complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(name), at=MORNING, **more)


def close(case: Case, outcome: str) -> None:
    do(case, "handle", f"recommend_{outcome}", "food-handler", reasons="依据现场核查。")
    do(case, "check", "agree", "food-checker")
    outside = OutsideResult(number="91410105MA0000101U", decided_on=MORNING.date()) if outcome == "grant" else None
    do(case, "approve", outcome, "food-approver", reasons="依据现场核查。", outside=outside)
    for second in range(4):
        run_due_jobs(at=MORNING + timedelta(seconds=second))


def licence() -> Case:
    return filed_application(bundle="open-restaurant", situation=RESTAURANT, at=MORNING).cases.get(
        part="business-licence"
    )


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_paper_of_a_case_is_made(language: str) -> None:
    asked, granted, refused, foreign = licence(), licence(), licence(), licence()
    for case in (asked, granted, refused, foreign):
        type(case.application).objects.filter(pk=case.application_id).update(language=language)
    missing = [Missing(kind="material", code="premises_proof", reason="看不清")]
    ask_supplement(task_id=open_task(asked, "intake").pk, missing=missing, by=user("clerk"), at=MORNING)
    withdraw_application(application_id=asked.application_id, by=user("owner"), at=MORNING)
    do(foreign, "intake", "not_competent", "clerk", reasons="由省级部门办理。", competent_body="省局")
    for case, outcome in ((granted, "grant"), (refused, "refuse")):
        do(case, "intake", "accept", "clerk")
        if outcome == "grant":
            extend_case(case_id=case.pk, amount=1, reason="需核实。", by=user("food-head"), at=MORNING)
            pause = {"reason": "expert_review", "from_on": MORNING.date(), "planned_days": 2}
            pause_case(case_id=case.pk, **pause, by=user("food-handler"), at=MORNING)
        close(case, outcome)
    owed = Paper.objects.count()
    assert render_papers(at=MORNING + timedelta(minutes=1), limit=100) == owed
    assert list(Paper.objects.filter(storage_key="").values_list("kind", "render_error")) == []
    kinds = set(Paper.objects.values_list("kind", flat=True))
    assert kinds >= {"receipt", "acceptance_notice", "supplement_notice", "not_competent_notice", "closing_notice"}
    assert kinds >= {"decision_refuse", "extension_notice", "pause_notice"}
