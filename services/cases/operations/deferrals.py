"""Acceptance although documents that may follow are missing (容缺受理), on the applicant's written promise.

Henan Regulation on the Business Environment, art. 35; the guide of a service says which documents may follow.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from services.access.masking import mask_name
from services.cases.models import Case, Deferral
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.limits import start_own_clock, stop_clocks
from services.cases.operations.locked import locked_task
from services.cases.operations.papers import deliver, issue_case_paper
from services.cases.operations.steps import complete_step
from services.cases.operations.telling import tell_applicants_of_case
from services.cases.permissions import is_clerk, may_answer_for
from services.cases.queries.casefiles import names_of_missing
from services.cases.queries.deferrals import deferrable_and_missing
from services.catalogue.enums import RegionSetting
from services.documents.queries import uploads_of
from workflows.enums import OPEN_TASK_STATES, ClockKind
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


class NotDeferrableError(ValueError):
    """Only documents that the service's guide lets follow later, and that are missing, can be deferred."""


class PromiseMissingError(ValueError):
    """Documents follow later only on the applicant's written promise, with her name."""


class StillMissingError(ValueError):
    """Not everything that was promised is there yet."""


@transaction.atomic
def accept_with_deferral(
    *, task_id: int, materials: Collection[str], promise: str, promised_by: str, by: User, at: datetime
) -> Deferral:
    """Accept a case whose main documents are complete; what may follow is promised in writing.

    materials: codes of what follows. promise: the text the applicant signed. promised_by: her name as on the document
    the clerk looked at; only its masked form is kept. The same clerk doing it again changes nothing.
    Effects: as an acceptance; the promise on record; the clock of the deferred documents; a paper that lists them, the
    day and what follows if they do not come; notices owed.
    Raises NotDeferrableError, PromiseMissingError and what complete_step raises.
    """
    root, task, case = locked_task(task_id)
    if case is None:
        raise NotDeferrableError("Only a case can be accepted so.")
    if (known := Deferral.objects.filter(case=case).first()) is not None and task.state not in OPEN_TASK_STATES:
        complete_step(task_id=task_id, outcome="accept", by=by, at=at)
        return known
    rule = case.service.rules.deferred
    missing = {need.code for need in deferrable_and_missing(case)}
    if rule is None or not materials or not set(materials) <= missing:
        raise NotDeferrableError("Choose only documents that may follow later and are missing.")
    if not promise.strip() or not promised_by.strip():
        raise PromiseMissingError("The applicant promises in writing to hand them in.")
    complete_step(task_id=task_id, outcome="accept", by=by, at=at)
    case = Case.objects.select_related("application__bundle", "service__item", "department").get(pk=case.pk)
    deferral = Deferral.objects.create(
        case=case,
        materials=sorted(materials),
        promise=promise.strip(),
        promised_by=mask_name(promised_by.strip()),
        promised_at=at,
        recorded_by=by,
    )
    clock = start_own_clock(case, ClockKind.DEFERRED_DOCUMENTS, rule, root=root, event="promise", by=by, at=at)
    _tell(deferral, due_on=clock.due_on or timezone.localdate(at), by=by, at=at)
    return deferral


def _tell(deferral: Deferral, *, due_on: object, by: User, at: datetime) -> None:
    """Say at once what is missing, until when, and what follows."""
    case = deferral.case
    names = names_of_missing(case, [("material", code) for code in deferral.materials])
    consequence = consequence_of(case)
    paper = issue_case_paper(
        case,
        "deferred_notice",
        by=by,
        at=at,
        missing=[{"material": names["material", code]} for code in deferral.materials],
        due_on=due_on,
        promise=deferral.promise,
        consequence=consequence,
    )
    deliver(paper, case.application, at=at)
    tell_applicants_of_case(
        case, "deferred_needed", at=at, due=str(due_on), reason_zh=consequence["zh"], reason_en=consequence["en"]
    )


def consequence_of(case: Case) -> dict[str, str]:
    """Return, in both languages, what follows when a deferred document does not come in time."""
    rule = case.service.rules.setting(RegionSetting.OVERDUE_DEFERRED_WITHDRAWN)
    if rule is not None:
        return {
            "zh": f"依据{rule.zh}，逾期未补交的，视为撤回申请。",
            "en": f"Under {rule.en}, the application counts as withdrawn if they do not come in time.",
        }
    return {
        "zh": "逾期未补交的，承办部门将依据已有材料审查并作出决定。",
        "en": "If they do not come in time, the department reviews and decides on what it has.",
    }


@transaction.atomic
def hand_in_deferred(*, case_id: int, by: User, at: datetime) -> Deferral:
    """Hand in what was promised, once every document is there; the applicant, or a clerk for her. Twice is once.

    Effects: the clock of the deferred documents stops, notices owed. Raises NotAllowedError, StillMissingError.
    """
    run_id = Case.objects.values_list("run__root_id", "run_id").get(pk=case_id)
    lock_root(run_id[0] or run_id[1])
    case = Case.objects.select_related("application", "service__item", "department").get(pk=case_id)
    deferral = Deferral.objects.get(case=case)
    if not (may_answer_for(by, case.application, at) or is_clerk(by, at)):
        raise NotAllowedError("She may not hand in for this applicant.")
    if deferral.handed_in_at is not None:
        return deferral
    there = set(uploads_of("application", case.application_id).values_list("material_code", flat=True))
    if set(deferral.materials) - there:
        raise StillMissingError("Not everything that was promised is there yet.")
    deferral.handed_in_at = at
    deferral.save(update_fields=["handed_in_at"])
    stop_clocks(case, kinds=(ClockKind.DEFERRED_DOCUMENTS,), by=by, at=at)
    tell_applicants_of_case(case, "deferred_received", at=at)
    return deferral
