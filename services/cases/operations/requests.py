"""Ask an applicant for more after acceptance. It is a question, not a notice: every time limit goes on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from services.cases.enums import CaseState
from services.cases.models import Case, InformationRequest
from services.cases.operations.answering import StillCheckedError
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import (
    own_pause_rule,
    pause_review_clocks,
    resume_review_clocks,
    running_clocks,
)
from services.cases.operations.telling import tell_applicants_of_case, tell_asker
from services.cases.permissions import may_supply_for, works_for_department_of
from services.documents.queries import codes_being_checked, uploads_of
from workflows.enums import PauseReason
from workflows.models import ClockPause, Run
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


class NotUnderReviewError(Exception):
    """Only an accepted case that is not decided yet has questions: before acceptance there is the one-time notice."""


class NothingAskedError(ValueError):
    """A question says what is needed."""


class PlannedDaysMissingError(ValueError):
    """A pause by a service's own rule is told in writing with the days it is planned to take."""


class NothingAnsweredError(ValueError):
    """An answer has words or a file."""


@transaction.atomic
def request_information(
    *, case_id: int, text: str, by: User, at: datetime, rule: str = "", planned_days: int | None = None
) -> InformationRequest:
    """Ask the applicant for something more while her accepted case is reviewed; asking the same again is once.

    No clock stops: after acceptance only what art. 45 of the Administrative Licensing Law names is not counted, or what
    a cited rule of the service itself allows. rule: code of such a rule, which then pauses the limits until she
    answers; planned_days: working days she is told it takes.
    Effects: the question, perhaps the pause with its written notice, history, notices owed.
    Raises NotAllowedError, NotUnderReviewError, NothingAskedError, PlannedDaysMissingError, UnknownPauseRuleError and
    what a pause raises.
    """
    root, case = _locked(case_id)
    if not works_for_department_of(by, case, at):
        raise NotAllowedError("Only the department that decides a case asks about it.")
    if case.state != CaseState.ACCEPTED:
        raise NotUnderReviewError("This case is not under review.")
    text = text.strip()
    if not text:
        raise NothingAskedError("Say what you need.")
    same = case.requests.filter(text=text, answered_at__isnull=True).first()
    if same is not None:
        return same
    if rule and not planned_days:
        raise PlannedDaysMissingError("Say how many working days it is planned to take.")
    request = InformationRequest.objects.create(
        case=case,
        number=case.requests.count() + 1,
        text=text,
        pause_rule=rule,
        planned_days=planned_days if rule else None,
        asked_by=by,
        asked_at=at,
    )
    if rule and planned_days:
        own, today = own_pause_rule(case, rule), timezone.localdate(at)
        reason = PauseReason.SERVICE_RULE
        pause_review_clocks(case, root=root, reason=reason, from_on=today, planned=planned_days, by=by, at=at, own=own)
        root = lock_root(root.pk)
    _note(root, case, "information_requested", request, by=by, at=at)
    tell_applicants_of_case(case, "information_requested", at=at, round=request.number)
    return request


@transaction.atomic
def answer_request(*, request_id: int, text: str, by: User, at: datetime) -> InformationRequest:
    """Answer a department's question; files were handed in before. Twice is once: the first answer stays.

    Effects: the answer, the end of a pause that came with the question, history, a notice to who asked.
    Raises NotAllowedError, NotUnderReviewError, NothingAnsweredError, StillCheckedError.
    """
    asked = InformationRequest.objects.only("case_id").get(pk=request_id)
    root, case = _locked(asked.case_id)
    asked = InformationRequest.objects.select_related("asked_by").get(pk=request_id)
    if not may_supply_for(by, case.application, at):
        raise NotAllowedError("She may not answer for this applicant.")
    if asked.answered_at is not None:
        return asked
    if case.state != CaseState.ACCEPTED:
        raise NotUnderReviewError("This case is decided already.")
    if asked.material_code in codes_being_checked("application", case.application_id):
        raise StillCheckedError("A file is still being checked.")
    if not text.strip() and not uploads_of("application", case.application_id, material_code=asked.material_code):
        raise NothingAnsweredError("Write an answer or add a file.")
    asked.answer, asked.answered_by, asked.answered_at = {"text": text.strip()}, by, at
    asked.save(update_fields=["answer", "answered_by", "answered_at"])
    if asked.pause_rule and _is_paused(case):
        resume_review_clocks(case, root=root, by=by, at=at)
        root = lock_root(root.pk)
    _note(root, case, "information_given", asked, by=by, at=at)
    tell_asker(case, asked.asked_by, at=at, round=asked.number)
    return asked


@transaction.atomic
def keep_answer(*, request_id: int, text: str, by: User, at: datetime) -> None:
    """Keep what she wrote so far and did not send yet. Raises NotAllowedError, NotUnderReviewError."""
    asked = InformationRequest.objects.only("case_id").get(pk=request_id)
    _root, case = _locked(asked.case_id)
    asked = InformationRequest.objects.get(pk=request_id)
    if not may_supply_for(by, case.application, at):
        raise NotAllowedError("She may not answer for this applicant.")
    if asked.answered_at is None and case.state == CaseState.ACCEPTED:
        asked.answer = {"typed": text}
        asked.save(update_fields=["answer"])


def _is_paused(case: Case) -> bool:
    clocks = [clock.pk for clock in running_clocks(case, ("promised", "statutory"))]
    return ClockPause.objects.filter(clock__in=clocks, to_on__isnull=True, reason=PauseReason.SERVICE_RULE).exists()


def _locked(case_id: int) -> tuple[Run, Case]:
    run = Run.objects.only("id", "root_id").filter(case__pk=case_id).first()
    if run is None:
        raise NotUnderReviewError("This case is not filed yet.")
    root = lock_root(run.root_key)
    related = ("application", "service__item", "department")
    return root, Case.objects.select_related(*related).get(pk=case_id)


def _note(root: Run, case: Case, kind: str, request: InformationRequest, *, by: User, at: datetime) -> None:
    fact = Fact(run_id=case.run_id or root.pk, kind=kind, detail={"number": request.number})
    record_facts(root=root, facts=[fact], by=by, at=at)
