"""Submit once: what was reviewed is what is filed, and a second click files nothing twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from services.cases.enums import ApplicationState, Channel, ConsentKind, SignatureMethod
from services.cases.models import Application, Case, Consent, Signature
from services.cases.operations.drafts import NotAllowedError, locked_draft
from services.cases.operations.numbers import next_application_number
from services.cases.operations.papers import issue_receipt
from services.cases.operations.telling import tell_applicants
from services.cases.permissions import may_sign_for
from services.cases.queries.forms import documents_wanted, form_answers, form_of
from services.catalogue.models import BundleVersion, ServiceVersion
from services.catalogue.queries import answered_elements, applicable_parts, situation_of, stop_reasons
from services.documents.queries import uploads_of
from services.forms.rules import check_answers
from workflows.operations.runs import start_run

if TYPE_CHECKING:
    from portal.accounts.models import User

#: The version of the declarations and consents shown when signing; see templates/applicant/review.html.
DECLARATION_VERSION = "2026-1"


#: E18 "necessary": the application cannot be filed without it.
NECESSARY = "1"


class ChangedSinceReviewError(Exception):
    """The draft is not what was reviewed: it must be looked through again before it is filed."""


class NotSignedError(Exception):
    """The declaration was not signed by somebody who may sign for the applicant."""


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


def review_hash(application: Application) -> str:
    """Return the SHA-256 of everything the applicant reviews: offer version, situation, answers, documents."""
    uploads = uploads_of("application", str(application.pk))
    reviewed = {
        "offer": [type(application.offer).__name__, application.offer.pk],
        "party": [application.party_kind, application.party_id],
        "situation": application.situation,
        "answers": application.answers,
        "documents": sorted([upload.material_code, upload.sha256] for upload in uploads),
        "declaration": DECLARATION_VERSION,
    }
    text = json.dumps(reviewed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


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
    present = {upload.material_code for upload in uploads_of("application", str(application.pk))}
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


@transaction.atomic
def submit_application(
    *,
    application_id: int,
    reviewed_hash: str,
    signed: bool,
    consents: Collection[str],
    by: User,
    at: datetime,
) -> Application:
    """File a reviewed application: number, signature, consents, one case per applying service, and the run.

    reviewed_hash: what `review_hash` gave for the page she reviewed. consents: kinds she ticked.
    Filing the same reviewed application again returns it as it is.
    Effects: application submitted, cases planned, the root run started, receipt numbered, notices owed.
    Raises NotAllowedError, NotSignedError, ChangedSinceReviewError, IncompleteApplicationError.
    """
    known = Application.objects.select_for_update(of=("self",)).get(pk=application_id)
    if known.state != ApplicationState.DRAFT and known.reviewed_hash == reviewed_hash and known.filed_by_id == by.pk:
        return known
    application = locked_draft(application_id, by=by, at=at)
    channel = Channel(application.channel)
    if not may_sign_for(by, application.party, channel=channel, at=at):
        raise NotAllowedError("She may fill in this application but not sign it.")
    if not signed:
        raise NotSignedError("The declaration must be signed.")
    if review_hash(application) != reviewed_hash:
        raise ChangedSinceReviewError("The application was changed after it was reviewed.")
    if problems := find_problems(application, at=at):
        raise IncompleteApplicationError(problems)
    application.answers |= answered_elements(application.offer, application.situation)
    application.number = next_application_number(at)
    application.state = ApplicationState.SUBMITTED
    application.submitted_at = application.changed_at = at
    application.reviewed_hash = reviewed_hash
    application.save()
    _sign(application, consents, by=by, at=at)
    cases = _plan_cases(application)
    _start(application, cases, by=by, at=at)
    issue_receipt(application, by=by, at=at)
    tell_applicants(application, "application_received", at=at)
    return application


def _sign(application: Application, consents: Collection[str], *, by: User, at: datetime) -> None:
    method = SignatureMethod.COUNTER if application.channel == Channel.COUNTER else SignatureMethod.CLICK
    Signature.objects.create(
        application=application, signer=by, method=method, text_hash=application.reviewed_hash, signed_at=at
    )
    Consent.objects.bulk_create(
        Consent(application=application, kind=kind, version=DECLARATION_VERSION, given_by=by, given_at=at)
        for kind in sorted(set(consents) & set(ConsentKind.values))
    )


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
