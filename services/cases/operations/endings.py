"""Close applications when every branch is done, and the branches whose premise was not granted."""

from __future__ import annotations

from datetime import datetime

from services.cases.enums import ApplicationResult, ApplicationState, CaseState
from services.cases.models import Application, Case
from services.cases.operations.papers import issue_closing_notice
from services.cases.operations.projection import project
from services.cases.operations.telling import tell_applicants, tell_applicants_of_case
from workflows.models import Run

#: What the applicant is told, by how her application closed.
_CLOSED = {
    ApplicationResult.ALL_DONE: "bundle_closed",
    ApplicationResult.PARTLY_DONE: "bundle_partly_closed",
    ApplicationResult.NONE_DONE: "bundle_closed_undone",
}


def end_dependants(application: Application, *, root: Run, at: datetime) -> None:
    """End the cases that were never filed because what they needed was not granted, telling why."""
    not_granted = application.cases.exclude(state__in=(CaseState.PLANNED, CaseState.GRANTED)).order_by("-closed_at")
    why_zh, why_en = _why_ended(not_granted.select_related("service").first())
    for case in application.cases.filter(state=CaseState.PLANNED).select_related("service__item", "department"):
        # The window may have said already why it did not confirm the licence.
        case.end_reason_zh += why_zh
        case.end_reason_en = f"{case.end_reason_en} {why_en}".strip()
        project(case, CaseState.ENDED, root=root, by=None, at=at)
        tell_applicants_of_case(
            case, "case_dependant_ended", at=at, reason_zh=case.end_reason_zh, reason_en=case.end_reason_en
        )


def _why_ended(needed: Case | None) -> tuple[str, str]:
    """Return why what needed the result of a case was not filed, in Chinese and English."""
    zh, en = (needed.service.name_zh, needed.service.name_en) if needed else ("营业执照", "the business licence")
    if needed is not None and needed.state == CaseState.WITHDRAWN:
        return (
            f"您撤回了“{zh}”，本事项所需前提不存在，因此没有提出申请。您可在取得后重新申请。",
            f"You withdrew “{en}”, so what this item needs does not exist and it was not filed. You can apply again "
            "once you have it.",
        )
    return (
        f"“{zh}”未获准予或未能核实，本事项所需前提不存在，因此没有提出申请。您可在取得后重新申请。",
        f"“{en}” was not granted or could not be confirmed, so what this item needs does not exist and it was not "
        "filed. You can apply again once you have it.",
    )


def close_application(application: Application, *, at: datetime) -> None:
    """Close an application whose branches are all done: 全部办结 if all was granted, 部分办结 if something was.

    One of which the applicant took everything back, item by item, is taken back: nothing was decided.
    """
    if application.state != ApplicationState.SUBMITTED:
        return
    states = set(Case.objects.filter(application=application).values_list("state", flat=True))
    # By herself: what a rule of the region counts as withdrawn is closed, with its notice.
    hers = application.withdrawals.exists()
    if hers and CaseState.WITHDRAWN in states and states <= {CaseState.WITHDRAWN, CaseState.ENDED}:
        application.state, application.closed_at, application.changed_at = ApplicationState.WITHDRAWN, at, at
        application.save(update_fields=["state", "closed_at", "changed_at"])
        return
    if states == {CaseState.GRANTED}:
        application.result = ApplicationResult.ALL_DONE
    elif CaseState.GRANTED in states:
        application.result = ApplicationResult.PARTLY_DONE
    else:
        application.result = ApplicationResult.NONE_DONE
    application.state, application.closed_at, application.changed_at = ApplicationState.CLOSED, at, at
    application.save(update_fields=["state", "result", "closed_at", "changed_at"])
    issue_closing_notice(application, at=at)
    tell_applicants(application, _CLOSED[application.result], at=at)
