"""Issue the official papers of an application and its cases, each in the name of the body that decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from services.cases.enums import CaseState, Channel, ConsentKind, SignatureMethod
from services.cases.models import Application, Case, Signature
from services.cases.operations.telling import filer_still_acts
from services.cases.queries.forms import documents_held, documents_wanted
from services.cases.queries.signers import signatures_in_force
from services.documents.models import Paper
from services.documents.operations import deliver_paper, issue_paper
from services.documents.queries import papers_of, uploads_of
from services.parties.models import Department, Organisation
from services.parties.queries import party, users_behind
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Who receives an appeal where a department says nothing of its own (Administrative Reconsideration Law art. 20 and 24,
#: Administrative Litigation Law art. 46).
_USUAL_REMEDIES = {
    "reconsideration": {"zh": "郑州市人民政府（演示）", "en": "the People's Government of Zhengzhou (demo)"},
    "court": {"zh": "有管辖权的人民法院", "en": "the People's Court with jurisdiction"},
}
#: The body that receives applications for all departments at one window.
WINDOW_OFFICE = "ZWB"


def remedies_of(department: Department) -> dict[str, dict[str, str]]:
    """Return who receives an appeal against a department: the bodies it names itself, else the usual ones."""
    own = {
        "reconsideration": {"zh": department.reconsideration_zh, "en": department.reconsideration_en},
        "court": {"zh": department.court_zh, "en": department.court_en},
    }
    return {route: body if any(body.values()) else _USUAL_REMEDIES[route] for route, body in own.items()}


def holder_facts(application: Application) -> dict[str, str]:
    """Return the person or organisation a paper is addressed to."""
    holder = party(application.holder)
    if isinstance(holder, Organisation):
        return {"kind": "organisation", "name": holder.name, "number": holder.uscc or ""}
    return {"kind": "person", "name": holder.name}


def names_in_both(thing: Any) -> dict[str, str]:
    """Return a thing's name as papers want it."""
    return {"zh": thing.name_zh, "en": thing.name_en}


def _case_facts(case: Case) -> dict[str, Any]:
    return {
        "holder": holder_facts(case.application),
        "service": names_in_both(case.service),
        "case_number": case.number,
        "application_number": case.application.number,
        "filed_at": case.filed_at,
        "accepted_at": case.accepted_at,
        "basis": [
            {"zh": f"《{basis.law_zh}》{basis.article_zh}", "en": f"{basis.law_en}, {basis.article_en}"}
            for basis in case.service.legal_bases.all()
        ],
    }


def issue_case_paper(case: Case, kind: str, *, by: User | None, at: datetime, **facts: Any) -> Paper:
    """Issue a paper about a case in the name of its own department, once per case, kind and round."""
    return issue_paper(
        kind=kind,
        department=case.department.code,
        subject_kind="case",
        subject_id=str(case.pk),
        facts={**_case_facts(case), **{name: value for name, value in facts.items() if value is not None}},
        language=case.application.language,
        by=by,
        at=at,
    )


def issue_receipt(application: Application, *, by: User, at: datetime) -> Paper:
    """Issue the receipt of a submitted application: what was filed, who signed it, its hash, and the log's hash.

    The log's hash is the head of the case's history at filing: a later row can be checked against it.
    """
    cases = application.cases.select_related("service", "department").order_by("position")
    paper = issue_paper(
        kind="receipt",
        department=WINDOW_OFFICE,
        subject_kind="application",
        subject_id=str(application.pk),
        facts={
            "holder": holder_facts(application),
            "service": names_in_both(application.offer),
            "submitted_at": application.submitted_at,
            "application_number": application.number,
            "services": [
                {"service": names_in_both(case.service), "department": names_in_both(case.department)} for case in cases
            ],
            "materials": _handed_in(application),
            "signers": [_signer(one) for one in signatures_in_force(application)],
            "declarations": _agreed(application),
            "content_hash": application.reviewed_hash,
            **_log(application),
        },
        language=application.language,
        by=by,
        at=at,
    )
    deliver(paper, application, at=at)
    return paper


def _handed_in(application: Application) -> list[dict[str, Any]]:
    files = Counter(uploads_of("application", application.pk).values_list("material_code", flat=True))
    needs = [need for need in [*documents_wanted(application), *documents_held(application)] if files[need.code]]
    return [
        {
            "name": names_in_both(need.material),
            "form": {"zh": f"电子文件 {files[need.code]} 份", "en": f"{files[need.code]} electronic"},
        }
        for need in needs
    ]


def _signer(signature: Signature) -> dict[str, Any]:
    words = {
        SignatureMethod.CLICK: {"zh": "登录后确认", "en": "confirmed when signed in"},
        SignatureMethod.COUNTER: {"zh": "窗口纸质签名", "en": "on paper at the window"},
    }
    name = signature.name
    if signature.on_behalf_of:
        name = f"{name}（{party(PartyRef.parse(signature.on_behalf_of)).name}）"
    return {
        "name": name,
        "role": {"zh": signature.role_zh, "en": signature.role_en},
        "method": words[SignatureMethod(signature.method)],
        "signed_at": signature.signed_at,
    }


def _agreed(application: Application) -> list[dict[str, Any]]:
    """Return the declaration that was signed and what was agreed to, each with its version and the text's hash."""
    declared = {one.declaration for one in signatures_in_force(application) if one.declaration is not None}
    given = application.consents.filter(text__isnull=False, withdrawn_at__isnull=True).select_related("text")
    rows = [(_("Declaration"), text) for text in sorted(declared, key=lambda text: text.version)]
    rows += [(ConsentKind(one.kind).label, one.text) for one in given.order_by("kind") if one.text is not None]
    return [{"name": _in_both(label), "version": text.version, "hash": text.sha256} for label, text in rows]


def _in_both(label: Any) -> dict[str, str]:
    words = {}
    for name, language in (("zh", "zh-hans"), ("en", "en")):
        with override(language):
            words[name] = str(label)
    return words


def _log(application: Application) -> dict[str, Any]:
    root = application.run
    if root is None:
        return {}
    return {"log_hash": bytes(root.history_head).hex(), "log_rows": root.history_length}


def issue_closing_notice(application: Application, *, at: datetime) -> Paper:
    """Issue the notice that every item of an application is closed, naming each result."""
    outcomes = {"all_done": "all", "partly_done": "some", "none_done": "none"}
    paper = issue_paper(
        kind="closing_notice",
        department=WINDOW_OFFICE,
        subject_kind="application",
        subject_id=str(application.pk),
        facts={
            "holder": holder_facts(application),
            "service": names_in_both(application.offer),
            "application_number": application.number,
            "outcome": outcomes[application.result],
            "results": [
                {
                    "service": names_in_both(case.service),
                    "department": names_in_both(case.department),
                    "result": _result_words(case),
                    "number": case.number,
                    "decided_on": timezone.localdate(case.decided_at or case.closed_at or at),
                }
                for case in application.cases.select_related("service", "department").order_by("position")
            ],
        },
        language=application.language,
        by=None,
        at=at,
    )
    deliver(paper, application, at=at)
    return paper


def _result_words(case: Case) -> Mapping[str, str]:
    words = {
        CaseState.GRANTED: {"zh": "准予", "en": "granted"},
        CaseState.REFUSED: {"zh": "不予", "en": "refused"},
        CaseState.NOT_COMPETENT: {"zh": "不予受理", "en": "not accepted"},
        CaseState.NOT_SUPPLIED: {"zh": "未补正，终止办理", "en": "closed without a decision"},
        CaseState.WITHDRAWN: {"zh": "申请人撤回", "en": "withdrawn"},
        CaseState.ENDED: {"zh": "终止", "en": "ended"},
    }
    return words[CaseState(case.state)]


def deliver(paper: Paper, application: Application, *, at: datetime) -> None:
    """Deliver a paper on line if the applicant agreed to it; otherwise it waits at the hand-out window.

    It is served on who filed the application, while she acts for the applicant; else on the applicant, else on an
    agent with the right to receive. Nobody of them has a sign-in: it waits at the window too.
    """
    consent = application.consents.filter(kind=ConsentKind.ELECTRONIC_SERVICE, withdrawn_at__isnull=True).first()
    receiver = _receiver(application, at) if consent is not None else None
    if consent is not None and receiver is not None:
        deliver_paper(
            paper=paper,
            channel="online",
            recipient_user=receiver,
            proof={"consent": consent.pk},
            at=at,
        )


def _receiver(application: Application, at: datetime) -> User | None:
    if application.channel != Channel.COUNTER and filer_still_acts(application, at):
        return application.filed_by
    behind = [user for ref in dict.fromkeys((application.holder, application.party)) for user in users_behind(ref, at)]
    return behind[0] if behind else None


def undelivered_papers(case: Case) -> Sequence[Paper]:
    """Return the papers about a case that no delivery is on record for."""
    return [paper for paper in papers_of("case", str(case.pk)) if not paper.deliveries.exists()]
