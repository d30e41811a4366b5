"""Issue and deliver what a department decided, in its own name, as soon as it is ready."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.cases.models import Case, Opinion
from services.cases.operations.limits import stop_clocks
from services.cases.operations.papers import REMEDIES, deliver, issue_case_paper, undelivered_papers
from services.cases.operations.telling import tell_applicants_of_case

#: Item type 20 (public service) and similar filings end with a filing receipt, not with a licence.
FILING_KINDS = frozenset({"filing_receipt"})


def _decider(case: Case) -> Opinion | None:
    """Return the opinion that decided the case."""
    return case.opinions.filter(outcome__in=("grant", "refuse")).order_by("-given_at", "-id").first()


def issue_result(case: Case, *, at: datetime) -> None:
    """Issue what a granted case results in: decision and certificate, or a filing receipt. The caller holds the lock.

    A number another system gave is printed as its number; none is invented. Effects: papers, issued_at, notices.
    """
    decision = _decider(case)
    by = decision.by if decision else None
    for result in case.service.results.order_by("order"):
        facts: dict[str, Any] = {
            "title": {"zh": result.name_zh, "en": result.name_en},
            "fields": _fields(case),
            "decided_at": case.decided_at,
            "outside_number": case.outside_number or None,
        }
        if result.validity_months:
            facts["valid_until"] = (at + timedelta(days=result.validity_months * 365 // 12)).date()
        issue_case_paper(case, result.paper_kind, by=by, at=at, **facts)
    case.issued_at = at
    case.save(update_fields=["issued_at"])
    is_filing = all(result.paper_kind in FILING_KINDS for result in case.service.results.all())
    tell_applicants_of_case(case, "filing_done" if is_filing else "case_granted", at=at)


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
        reasons=reasons,
        remedies=REMEDIES,
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
    if not undelivered_papers(case):
        case.delivered_at = at
        case.save(update_fields=["delivered_at"])
        stop_clocks(case, kinds=("delivery",), at=at)
