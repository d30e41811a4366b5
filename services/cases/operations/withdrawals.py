"""The applicant takes an application back, or one of its cases, before it is decided."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.enums import CLOSED_CASE_STATES, ApplicationState, CaseState
from services.cases.models import Application, Case, Withdrawal
from services.cases.operations.acting import done_in_name
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.holds import end_hold
from services.cases.operations.papers import deliver, holder_facts, issue_case_paper, names_in_both
from services.cases.operations.projection import project
from services.cases.operations.releasing import after_check
from services.cases.operations.telling import tell_applicants, tell_applicants_of_case
from services.cases.permissions import can_withdraw
from services.documents.operations import issue_paper
from services.parties.enums import ActKind
from workflows.models import Run
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root
from workflows.operations.runs import cancel_run

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Longest reason she may give, in characters.
LONGEST_REASON = 1_000


class NothingToWithdrawError(Exception):
    """Every item of the application is decided already, or this one is not filed yet."""


@transaction.atomic
def withdraw_application(*, application_id: int, by: User, at: datetime, reason: str = "") -> Application:
    """Take an application back; what is decided already stays decided. Twice is once.

    reason: why, if she wants to say so, at most LONGEST_REASON characters. Effects: the run and everything open below
    it ends, undecided cases are withdrawn, clocks stop, the reason and a paper are kept, history, notices owed.
    Raises NotAllowedError, NothingToWithdrawError.
    """
    root_id = Application.objects.values_list("run_id", flat=True).get(pk=application_id)
    if root_id is None:
        raise NothingToWithdrawError("A draft is not filed yet: just delete it.")
    root = lock_root(root_id)
    application = Application.objects.select_related("bundle", "service").get(pk=application_id)
    if application.state == ApplicationState.WITHDRAWN:
        return application
    if application.state != ApplicationState.SUBMITTED:
        raise NothingToWithdrawError("Every item is decided already.")
    if not can_withdraw(by, application, at):
        raise NotAllowedError("She may not withdraw this application.")
    undecided = application.cases.exclude(state__in=CLOSED_CASE_STATES).select_related("department", "service__item")
    cases = list(undecided.order_by("position"))
    if not cases:
        raise NothingToWithdrawError("Every item is decided already.")
    # Before the run ends: its end would close the application with a result, a closing notice and a wish to be rated.
    application.state, application.closed_at, application.changed_at = ApplicationState.WITHDRAWN, at, at
    application.save(update_fields=["state", "closed_at", "changed_at"])
    cancel_run(run_id=root.pk, outcome="withdrawn", by=by, at=at)
    for case in cases:
        case.refresh_from_db()
        project(case, CaseState.WITHDRAWN, root=lock_root(root_id), by=by, at=at)
    end_hold(application, by=by, at=at)
    _keep(application, None, root=lock_root(root_id), reason=reason, by=by, at=at)
    _issue_receipt(application, cases, by=by, at=at)
    tell_applicants(application, "case_withdrawn", at=at)
    return application


@transaction.atomic
def withdraw_case(*, case_id: int, by: User, at: datetime, reason: str = "") -> Case:
    """Take one case of a bundle back before it is decided; the other branches go on. Twice is once.

    reason: as in `withdraw_application`. Effects: the case's run ends and its caller goes on as after a refusal, so
    that what needed its result ends too; clocks stop, the reason and a paper are kept, history, notices owed.
    Raises NotAllowedError, NothingToWithdrawError (decided already, or not filed yet).
    """
    application_id, root_id = Case.objects.values_list("application_id", "application__run_id").get(pk=case_id)
    root = lock_root(root_id)
    case = Case.objects.select_related("application", "service__item", "department", "run").get(pk=case_id)
    if case.state == CaseState.WITHDRAWN:
        return case
    if case.state in CLOSED_CASE_STATES or case.run is None:
        raise NothingToWithdrawError("This item is decided already or not filed yet.")
    if not can_withdraw(by, case.application, at):
        raise NotAllowedError("She may not withdraw this case.")
    if case.run_id == root.pk:  # applied for alone: the case is the application
        withdraw_application(application_id=application_id, by=by, at=at, reason=reason)
        case.refresh_from_db()
        return case
    project(case, CaseState.WITHDRAWN, root=root, by=by, at=at)
    _keep(case.application, case, root=lock_root(root_id), reason=reason, by=by, at=at)
    paper = issue_case_paper(case, "withdrawal_receipt", by=by, at=at, **_paper_facts([case], at))
    deliver(paper, case.application, at=at)
    tell_applicants_of_case(case, "one_case_withdrawn", at=at)
    after_check(case, root_id=root_id, by=by, at=at)
    cancel_run(run_id=case.run.pk, outcome="withdrawn", by=by, at=at)
    return case


def _keep(application: Application, case: Case | None, *, root: Run, reason: str, by: User, at: datetime) -> None:
    Withdrawal.objects.create(
        application=application,
        case=case,
        reason={"text": reason.strip()[:LONGEST_REASON]} if reason.strip() else {},
        withdrawn_by=by,
        withdrawn_at=at,
    )
    run_id = case.run_id if case is not None and case.run_id is not None else root.pk
    acting = done_in_name(application, ActKind.WITHDREW, by=by, at=at)
    detail = {
        "case": case.pk if case else None,
        "on_behalf_of": acting.party_text,
        "mandate": acting.mandate_id,
    }
    fact = Fact(run_id=run_id, kind="withdrawn", detail=detail)
    record_facts(root=root, facts=[fact], by=by, at=at)


def _paper_facts(cases: list[Case], at: datetime) -> dict[str, object]:
    """Return what the paper says. Her own words stay on record and off it: no font has every sign a person may type."""
    items = [{"name": names_in_both(case.service), "department": names_in_both(case.department)} for case in cases]
    return {"items": items, "withdrawn_at": at}


def _issue_receipt(application: Application, cases: list[Case], *, by: User, at: datetime) -> None:
    facts = {
        "holder": holder_facts(application),
        "service": names_in_both(application.offer),
        "application_number": application.number,
        "submitted_at": application.submitted_at,
        **_paper_facts(cases, at),
    }
    paper = issue_paper(
        kind="withdrawal_receipt",
        department="ZWB",
        subject_kind="application",
        subject_id=str(application.pk),
        facts=facts,
        language=application.language,
        by=by,
        at=at,
    )
    deliver(paper, application, at=at)
