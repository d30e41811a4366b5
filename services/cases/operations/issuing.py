"""Issue and deliver what a department decided, in its own name, as soon as it is ready."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from services.access.masking import mask_name
from services.cases.enums import CaseState, DeemedKind
from services.cases.models import Application, Case, Opinion
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import start_delivery_clock, stop_clocks
from services.cases.operations.papers import deliver, issue_case_paper, remedies_of, undelivered_papers
from services.cases.operations.renewals import open_renewal
from services.cases.operations.telling import tell_applicants, tell_applicants_of_case
from services.cases.permissions import is_clerk
from services.catalogue.limit_rules import months_after
from services.documents.models import Paper
from services.documents.operations import deliver_paper
from services.documents.queries import papers_of_subjects
from workflows.enums import RunState
from workflows.models import Run
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Item type 20 (public service) and similar filings end with a filing receipt, not with a licence.
FILING_KINDS = frozenset({"filing_receipt"})


#: Asked before a result is issued: whether the law lets it wait for something outside the case, such as a fee.
WaitsFor = Callable[[Case], bool]
_waits: list[WaitsFor] = []


def let_wait(waits: WaitsFor) -> None:
    """Register a question that is asked before a granted result is issued; True lets it wait. Twice is once."""
    if waits not in _waits:
        _waits.append(waits)


class NothingToHandOutError(ValueError):
    """None of the papers waits at the window: nothing was chosen, or all were handed out before."""


class CollectorMissingError(ValueError):
    """Who took the papers must be recorded: it is the proof of delivery."""


def _decider(case: Case) -> Opinion | None:
    """Return the opinion that decided the case."""
    return case.opinions.filter(outcome__in=("grant", "refuse")).order_by("-given_at", "-id").first()


def issue_result(case: Case, *, at: datetime) -> None:
    """Issue what a granted case results in: decision and certificate, or a filing receipt. The caller holds the lock.

    A number another system gave is printed as its number; none is invented. Where the law lets the result wait, as for
    a fee, nothing is issued yet: `issue_after_waiting` does it. Effects: papers, issued_at, notices.
    """
    if any(waits(case) for waits in _waits):
        tell_applicants_of_case(case, "result_waits", at=at)
        return
    decision = _decider(case)
    by = decision.by if decision else None
    by_law = case.deemed_acts.filter(kind=DeemedKind.GRANT).first()
    for result in case.service.results.order_by("order"):
        facts: dict[str, Any] = {
            "title": {"zh": result.name_zh, "en": result.name_en},
            "fields": _fields(case),
            "decided_at": case.decided_at,
            "outside_number": case.outside_number or None,
            "by_law": {"zh": by_law.citation_zh, "en": by_law.citation_en} if by_law else None,
        }
        if result.validity_months:
            # Its last day is that of the same number (Civil Code art. 202), counted from the day it is here.
            facts["valid_until"] = months_after(timezone.localdate(at), result.validity_months)
            open_renewal(case, facts["valid_until"], root=_root_of(case), at=at)
        if result.paper_kind:
            issue_case_paper(case, result.paper_kind, by=by, at=at, **facts)
        else:  # the result is a thing, such as an identity card: the paper is the decision that announces it
            announced = {name: value for name, value in facts.items() if name not in ("title", "fields")}
            issue_case_paper(case, "decision_grant", by=by, at=at, **announced)
    case.issued_at = at
    case.save(update_fields=["issued_at"])
    is_filing = all(result.paper_kind in FILING_KINDS for result in case.service.results.all())
    tell_applicants_of_case(case, "filing_done" if is_filing else "case_granted", at=at)


def issue_after_waiting(*, case_id: int, at: datetime) -> bool:
    """Issue and deliver a granted result that had to wait; returns whether it did. Twice is once.

    Effects: as `issue_result` and `deliver_result`; the limit for its delivery starts anew (Licensing Law, art. 44).
    """
    case = Case.objects.select_related("application", "run").get(pk=case_id)
    if case.application.run_id is None:
        return False
    root = lock_root(case.application.run_id)
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    case = rows.select_related("run").get(pk=case_id)
    if case.state != CaseState.GRANTED or case.issued_at is not None or any(waits(case) for waits in _waits):
        return False
    if not _may_be_issued(case):
        return False
    stop_clocks(case, kinds=("delivery",), by=None, at=at)
    start_delivery_clock(case, root=lock_root(root.pk), by=None, at=at)
    issue_result(case, at=at)
    deliver_result(case, at=at)
    return True


def _may_be_issued(case: Case) -> bool:
    """Return whether the process has come past its issuing step: what has not will issue by itself."""
    return case.run is None or case.run.state == RunState.ENDED


def _root_of(case: Case) -> Run:
    """Return the locked root of a case's run, as it is now."""
    assert case.run is not None
    return lock_root(case.run.root_key)


def _fields(case: Case) -> list[dict[str, Any]]:
    """Return the lines a certificate shows, from the answers of the application."""
    answers = case.application.answers
    lines: list[dict[str, Any]] = []
    for code, zh, en in (
        ("organisation.name", "名称", "Name"),
        ("premises.address", "经营场所", "Premises"),
        ("organisation.business_scope", "经营范围", "Business scope"),
    ):
        if answers.get(code):
            lines.append({"label": {"zh": zh, "en": en}, "value": str(answers[code])})
    lines.append({"label": {"zh": "办件编号", "en": "Case number"}, "value": case.number})
    return lines


def issue_refusal(case: Case, *, at: datetime) -> None:
    """Issue a refusal with its reasons and the routes of appeal (Administrative Licensing Law, art. 38)."""
    decision = _decider(case)
    reasons = decision.reasons if decision else ""
    issue_case_paper(
        case,
        "decision_refuse",
        by=decision.by if decision else None,
        at=at,
        reasons=[reasons],
        remedies=remedies_of(case.department),
        decided_at=case.decided_at,
    )
    case.issued_at = at
    case.save(update_fields=["issued_at"])
    tell_applicants_of_case(case, "case_refused", at=at, reason=reasons)


def deliver_result(case: Case, *, at: datetime) -> None:
    """Deliver everything issued about a case on line if agreed to; else it waits at the hand-out window.

    Effects: deliveries with proof, delivered_at, the delivery clock stops, notices owed.
    """
    for paper in undelivered_papers(case):
        deliver(paper, case.application, at=at)
        if paper.deliveries.exists():
            tell_applicants_of_case(
                case, "paper_delivered", at=at, round=paper.pk, title_zh=paper.title_zh, title_en=paper.title_en
            )
    _close_delivery(case, by=None, at=at)


@transaction.atomic
def hand_out_papers(
    *, application_id: int, paper_ids: Collection[int], collected_by: str, by: User, at: datetime
) -> list[Paper]:
    """Hand papers of an application and its cases to somebody who stands at the window, against her signature.

    collected_by: her name as on the identity document the clerk looked at; only its masked form is kept.
    Effects: a counter delivery per paper with its proof; cases whose last paper this was are delivered and their
    delivery clock stops; notices owed. Papers delivered before are left as they are.
    Raises NotAllowedError, CollectorMissingError, NothingToHandOutError.
    """
    application = Application.objects.select_related("bundle", "service").get(pk=application_id)
    if application.run_id is None:
        raise NothingToHandOutError("Nothing was issued about a draft.")
    lock_root(application.run_id)
    if not is_clerk(by, at):
        raise NotAllowedError("Only a window clerk hands out papers.")
    if not collected_by.strip():
        raise CollectorMissingError("Enter the name of the person who takes the papers.")
    rows = application.cases.select_related(
        "application__bundle", "application__service", "service__item", "department"
    )
    cases = {str(case.pk): case for case in rows}
    known = papers_of_subjects([("application", str(application.pk)), *(("case", key) for key in cases)])
    papers = [paper for paper in known if paper.pk in set(paper_ids) and not paper.deliveries.all()]
    if not papers:
        raise NothingToHandOutError("Choose at least one paper that was not handed out before.")
    proof: dict[str, str | int] = {"collected_by": mask_name(collected_by.strip()), "handed_out_by": by.pk}
    for paper in papers:
        deliver_paper(paper=paper, channel="counter", recipient_user=None, proof=proof, at=at)
        titles = {"title_zh": paper.title_zh, "title_en": paper.title_en}
        if paper.subject_kind == "case":
            tell_applicants_of_case(cases[paper.subject_id], "paper_delivered", at=at, round=paper.pk, **titles)
        else:
            tell_applicants(application, "paper_delivered", at=at, round=paper.pk, **titles)
    for key in {paper.subject_id for paper in papers if paper.subject_kind == "case"}:
        _close_delivery(cases[key], by=by, at=at)
    return papers


def _close_delivery(case: Case, *, by: User | None, at: datetime) -> None:
    """Note that a decided case has nothing left to deliver, and stop its delivery clock."""
    if case.issued_at is None or case.delivered_at is not None or undelivered_papers(case):
        return
    case.delivered_at = at
    case.save(update_fields=["delivered_at"])
    stop_clocks(case, kinds=("delivery",), by=by, at=at)
