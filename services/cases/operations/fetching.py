"""Fetch the documents of a filed case that the government holds: its department, or the window with the applicant."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.enums import CaseState
from services.cases.models import Case, SourceReading
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.registers import (
    ApplicantNotPresentError,
    Taken,
    agree_to,
    drop_records,
    note_reading,
    question_of,
    settle_records,
    take_records,
)
from services.cases.permissions import is_clerk, works_for_department_of
from services.cases.queries.prefilling import DOCUMENT, Offer, handling_offers, holders_of
from services.documents.operations.uploads import drop_upload
from services.documents.queries import uploads_of
from services.exchange.operations import SourceAnswer, ask_sources
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


def fetch_for_case(*, case_id: int, by: User, at: datetime) -> list[SourceReading]:
    """Fetch the documents of a case that the government holds and nobody handed in, while the case is handled.

    The registers are asked outside any transaction. Effects: files of the application, one SourceReading per register;
    every question is on the applicant's page. Raises NotAllowedError. Never for a failing register.
    """
    case = _case(case_id)
    if not works_for_department_of(by, case, at):
        raise NotAllowedError("Only the department that handles the case fetches for it.")
    return _fetch(case, handling_offers(case), by=by, at=at)


def fetch_at_window(*, case_id: int, present: bool, by: User, at: datetime) -> list[SourceReading]:
    """Fetch the documents of a filed case that the government holds, while the applicant stands at the window.

    present: the clerk says that the applicant is there and agrees. Effects: her consent per register, recorded as given
    at the window, then as `fetch_for_case`. Raises NotAllowedError, ApplicantNotPresentError.
    """
    case = _case(case_id)
    if not is_clerk(by, at) or case.state != CaseState.FILED:
        raise NotAllowedError("A window clerk fetches for a case that is being checked.")
    if not present:
        raise ApplicantNotPresentError("The applicant must be there and agree.")
    offers = handling_offers(case, purpose=DOCUMENT)
    with transaction.atomic():
        for offer in offers:
            agree_to(offer, case.application_id, at_window=True, by=by, at=at)
    return _fetch(case, offers, by=by, at=at)


def _case(case_id: int) -> Case:
    related = ("application__bundle__bundle", "application__service__item", "service__item", "department", "run")
    return Case.objects.select_related(*related).get(pk=case_id)


def _fetch(case: Case, offers: list[Offer], *, by: User, at: datetime) -> list[SourceReading]:
    application = case.application
    questions = [question_of(offer, holders_of(application)) for offer in offers]
    answers = ask_sources(questions, subject_kind="application", subject_id=application.pk, by=by, at=at)
    fetched = [
        take_records(offer, answer, application, by=by, at=at) for offer, answer in zip(offers, answers, strict=True)
    ]
    try:
        return _keep_for_case(case, offers, answers, fetched, by=by, at=at)
    except BaseException:
        drop_records(fetched)
        raise


@transaction.atomic
def _keep_for_case(
    case: Case, offers: list[Offer], answers: list[SourceAnswer], fetched: list[Taken], *, by: User, at: datetime
) -> list[SourceReading]:
    """Add what came to the application; what somebody handed in or fetched meanwhile is left as it is."""
    if case.run is not None:
        lock_root(case.run.root_key)
    there = set(uploads_of("application", case.application_id).values_list("material_code", flat=True))
    for taken in fetched:
        for file in [one for one in taken.files if one.material_code in there]:
            taken.files.remove(file)
            drop_upload(file)
    settle_records(fetched, by=by, at=at)
    return [
        note_reading(case.application, offer, answer, [taken], by=by, at=at)
        for offer, answer, taken in zip(offers, answers, fetched, strict=True)
    ]
