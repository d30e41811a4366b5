"""Submit once: what was reviewed is what is filed, and a second click files nothing twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from services.cases.enums import ApplicationState, Channel
from services.cases.models import Application, Case, ReviewedText
from services.cases.operations.acting import done_in_name
from services.cases.operations.consents import record_consents
from services.cases.operations.drafts import NotAllowedError, locked_draft
from services.cases.operations.handovers import from_counter
from services.cases.operations.numbers import next_application_number
from services.cases.operations.papers import issue_receipt
from services.cases.operations.signing import (
    ChangedSinceReviewError,
    NotSignedError,
    SignaturesMissingError,
    missing_signatures,
    note_reviewed,
    sign_on_paper,
    sign_own_slots,
)
from services.cases.operations.telling import tell_applicants, tell_of_signing
from services.cases.operations.wallet import keep_documents_of
from services.cases.permissions import may_open_review, may_sign_for
from services.cases.queries.forms import documents_held, documents_wanted, form_answers, form_of
from services.cases.queries.reviews import review_hash as review_hash
from services.cases.queries.signers import APPLICANT, signatures_in_force
from services.catalogue.models import BundleVersion, ServiceVersion
from services.catalogue.queries import answered_elements, applicable_parts, situation_of, stop_reasons
from services.documents.queries import codes_being_checked, uploads_of
from services.forms.rules import check_answers
from services.parties.enums import ActKind
from services.parties.queries import Acting
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root
from workflows.operations.runs import start_run

if TYPE_CHECKING:
    from portal.accounts.models import User

#: E18 "necessary": the application cannot be filed without it.
NECESSARY = "1"


class IncompleteApplicationError(Exception):
    """Something is still missing. `problems` says what, by place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("The application is not complete yet.")
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to put right. kind: element, material or stop; code: which; zh, en: how."""

    kind: str
    code: str
    zh: str
    en: str


def find_problems(application: Application, *, at: datetime) -> list[Problem]:
    """Return everything that keeps the application from being filed, in the order of the form."""
    offer, situation = application.offer, application.situation
    problems = []
    if not situation_of(offer, situation).complete:
        problems.append(
            Problem(
                kind="situation",
                code="",
                zh="请先回答关于您情形的问题。",
                en="Please answer the questions about your situation first.",
            )
        )
    problems += [
        Problem(kind="stop", code=str(rule.pk), zh=rule.message_zh, en=rule.message_en)
        for rule in stop_reasons(offer, situation)
    ]
    checked = check_answers(form_of(application), form_answers(application), today=timezone.localdate(at))
    problems += [
        Problem(kind="element", code=error.element, zh=error.message.zh, en=error.message.en)
        for error in checked.errors
    ]
    return [*problems, *_not_confirmed(application), *_of_documents(application)]


def _of_documents(application: Application) -> list[Problem]:
    """Return which documents are still being checked for viruses, and which necessary ones are not there."""
    checking = codes_being_checked("application", application.pk)
    problems = [
        Problem(
            kind="material",
            code=need.code,
            zh=f"“{need.material.name_zh}”正在检查病毒，请稍候再提交。",
            en=f"“{need.material.name_en}” is being checked for viruses. Please submit in a moment.",
        )
        for need in [*documents_wanted(application), *documents_held(application)]
        if need.code in checking
    ]
    present = checking | {upload.material_code for upload in uploads_of("application", str(application.pk))}
    for material in documents_wanted(application):
        if material.necessity == NECESSARY and material.code not in present:
            names = material.material
            problems.append(
                Problem(
                    kind="material",
                    code=material.code,
                    zh=f"请上传“{names.name_zh}”。",
                    en=f"Please upload “{names.name_en}”.",
                )
            )
    return problems


def _not_confirmed(application: Application) -> list[Problem]:
    """What a clerk entered for somebody who files on line is hers only once she has looked at it."""
    if application.channel == Channel.COUNTER:
        return []
    waiting = set(from_counter(application))
    labels = [use.element for use in form_of(application).uses if use.element.code in waiting]
    return [
        Problem(
            kind="element",
            code=one.code,
            zh=f"请核对窗口填写的“{one.label.zh}”，然后按“保存并继续”确认。",
            en=f"Check “{one.label.en}”, which was entered at the counter, and confirm it by “Save and go on”.",
        )
        for one in labels
    ]


@transaction.atomic
def submit_application(
    *,
    application_id: int,
    reviewed_hash: str,
    signed: bool,
    consents: Collection[str],
    by: User,
    at: datetime,
    on_paper: Collection[str] = (),
) -> Application:
    """File a reviewed application: number, signatures, consents, one case per applying service, and the run.

    reviewed_hash: what `review_hash` gave for the page she reviewed. signed: she signs with this click, unless the
    applicant's signature is there. consents: kinds she ticked. on_paper: at the window, the signatures that the clerk
    holds on paper. Filing the same reviewed application again returns it as it is, whoever of those entitled asks.
    Effects: application submitted, cases planned, the root run started with the filing in its history, receipt
    numbered, notices owed to the party, to a principal who did not file herself, and to everybody who signed.
    Raises NotAllowedError, NotSignedError, ChangedSinceReviewError, IncompleteApplicationError,
    SignaturesMissingError, AlreadySubmittedError.
    """
    known = Application.objects.select_for_update(of=("self",)).get(pk=application_id)
    if known.state != ApplicationState.DRAFT and known.reviewed_hash == reviewed_hash:
        if may_open_review(by, known, at):
            return known
        raise NotAllowedError("She may not file this application.")
    application = locked_draft(application_id, by=by, at=at, signing=True)
    _demand_applicant(application, reviewed_hash, signed=signed, by=by, at=at)
    if note_reviewed(application, at=at) != reviewed_hash:
        raise ChangedSinceReviewError("The application was changed after it was reviewed.")
    if problems := find_problems(application, at=at):
        raise IncompleteApplicationError(problems)
    _see_to_signatures(application, reviewed_hash, signed=signed, on_paper=on_paper, by=by, at=at)
    application.answers |= answered_elements(application.offer, application.situation)
    application.number = next_application_number(at)
    application.state = ApplicationState.SUBMITTED
    application.submitted_at = application.changed_at = at
    application.reviewed_hash = reviewed_hash
    application.save()
    record_consents(application, consents, language=by.language, by=by, at=at)
    keep_documents_of(application, by=by, at=at)
    ReviewedText.objects.filter(application=application).exclude(hash=reviewed_hash).delete()
    cases = _plan_cases(application)
    _start(application, cases, by=by, at=at)
    acting = done_in_name(application, ActKind.FILED, by=by, at=at)
    _remember_filing(application, acting, by=by, at=at)
    issue_receipt(application, by=by, at=at)
    tell_applicants(application, "application_received", at=at)
    _tell_signers(application, by=by, at=at)
    return application


def _demand_applicant(application: Application, text_hash: str, *, signed: bool, by: User, at: datetime) -> None:
    """Raise unless the applicant has signed this text or does so with this click."""
    signatures = application.signatures.filter(slot=APPLICANT, text_hash=text_hash, voided_at__isnull=True)
    if signatures.exists():
        return
    if not may_sign_for(by, application.party, channel=Channel(application.channel), at=at):
        raise NotAllowedError("She may fill in this application but not sign it.")
    if not signed:
        raise NotSignedError("The declaration must be signed.")


def _see_to_signatures(
    application: Application, text_hash: str, *, signed: bool, on_paper: Collection[str], by: User, at: datetime
) -> None:
    """Record what is signed with this click and demand the rest; a refusal rolls everything back."""
    if signed and may_sign_for(by, application.party, channel=Channel(application.channel), at=at):
        sign_own_slots(application, text_hash, by=by, at=at)
        sign_on_paper(application, text_hash, on_paper, by=by, at=at)
    if missing := missing_signatures(application, text_hash, at=at):
        raise SignaturesMissingError(missing)


def _remember_filing(application: Application, acting: Acting, *, by: User, at: datetime) -> None:
    """Chain into the history who signed what, each in her own name, then the filing and for whom it was done."""
    if application.run is None:
        return
    root = lock_root(application.run.pk)
    for one in signatures_in_force(application):
        detail = {
            "slot": one.slot,
            "method": one.method,
            "text": one.text_hash,
            "signed_at": one.signed_at.isoformat(),
            "on_behalf_of": one.on_behalf_of,
            "mandate": one.mandate_id,
        }
        record_facts(root=root, facts=[Fact(run_id=root.pk, kind="signed", detail=detail)], by=one.signer, at=at)
    filed = {"text": application.reviewed_hash, "on_behalf_of": acting.party_text, "mandate": acting.mandate_id}
    record_facts(root=root, facts=[Fact(run_id=root.pk, kind="application_filed", detail=filed)], by=by, at=at)
    application.run = root


def _tell_signers(application: Application, *, by: User, at: datetime) -> None:
    """Tell those who signed by an invitation that what they signed was filed."""
    for one in signatures_in_force(application):
        if one.invitation is not None and one.signer_id != by.pk:
            tell_of_signing(application, "signed_was_filed", one.signer, one.invitation, round=0, at=at)


def _plan_cases(application: Application) -> list[Case]:
    offer = application.offer
    if isinstance(offer, BundleVersion):
        planned = [(part.key, part.version) for part in applicable_parts(offer, application.situation)]
    else:
        planned = [(offer.item.code, offer)]
    return [
        Case.objects.create(
            application=application,
            part=key,
            position=position,
            number=f"{application.number}-{position:02d}",
            service=version,
            department=version.item.department,
        )
        for position, (key, version) in enumerate(planned, start=1)
    ]


def _start(application: Application, cases: list[Case], *, by: User, at: datetime) -> None:
    answers = application.situation
    if isinstance(application.offer, BundleVersion):
        run = start_run(
            process_key=application.offer.process_key,
            subject_kind="application",
            subject_id=str(application.pk),
            data={"answers": answers, "parts": {node_name(case.part): _part(case) for case in cases}},
            by=by,
            at=at,
        )
    else:
        part = _part(cases[0])
        run = start_run(
            process_key=part["process"],
            subject_kind="case",
            subject_id=part["subject_id"],
            data={"answers": answers, **part["data"]},
            by=by,
            at=at,
        )
    application.run = run
    application.save(update_fields=["run"])


def node_name(part: str) -> str:
    """Return the name by which a process drawing knows a part: conditions cannot hold hyphens."""
    return part.replace("-", "_")


def _part(case: Case) -> Mapping[str, Any]:
    """Return what a call activity needs to carry out a case."""
    version: ServiceVersion = case.service
    posts = version.posts or {}
    return {
        "process": version.process_key,
        "subject_kind": "case",
        "subject_id": str(case.pk),
        "data": {
            "department": case.department.code,
            "first_department": posts.get("first_review", {}).get("department", case.department.code),
        },
    }
