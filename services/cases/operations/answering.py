"""The applicant answers a one-time notice: everything it asks, of all its cases, in one go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from services.cases.enums import CaseState, OriginKind
from services.cases.models import Case, OneTimeNotice, Supplement
from services.cases.operations import unanswered
from services.cases.operations.acting import done_in_name
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.projection import project
from services.cases.operations.telling import tell_applicants
from services.cases.operations.wallet import keep_documents_of
from services.cases.origins import noted
from services.cases.permissions import may_answer_for, may_supply_for
from services.documents.queries import codes_being_checked, uploads_of
from services.parties.enums import ActKind
from workflows.models import Task
from workflows.operations.locking import lock_root
from workflows.operations.tasks import TaskClosedError, complete_task

if TYPE_CHECKING:
    from portal.accounts.models import User


class StillCheckedError(Exception):
    """A file that would be handed in is still being checked for viruses."""


class AnsweredOtherwiseError(Exception):
    """What would be handed in is not what was looked at: it changed meanwhile, in another tab or by somebody else."""


def supplement_hash(notice: OneTimeNotice, answers: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what an answer changes: marked fields before and after, files of marked documents since."""
    marked = marked_fields(notice.supplements.all())
    stored = notice.application.answers
    files = uploads_of("application", notice.application_id).filter(
        uploaded_at__gte=notice.released_at, material_code__in=marked_documents(notice)
    )
    changes = {
        "notice": notice.pk,
        "fields": {code: [stored.get(code), value] for code, value in answers.items() if code in marked},
        "documents": sorted([upload.material_code, upload.sha256] for upload in files),
    }
    text = json.dumps(changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def answer_supplement(
    *, case_id: int, answers: Mapping[str, Any], by: User, at: datetime, reviewed_hash: str | None = None
) -> Supplement:
    """Hand in what the latest notice about a case asked for, for all cases of that notice at once.

    reviewed_hash: `supplement_hash` of what she looked at before sending; None from a program that shows nothing.
    answers: element code -> new value, of the marked fields only; an answer counts for every department that asked.
    Documents were uploaded before. Effects: the application's answers; the differences kept with each case; each check
    opens again with a new legal clock; notices owed. An answer that comes while the window still decides what to do
    without one counts; a case of the notice that was closed meanwhile stays closed.
    Raises NotAllowedError, TaskClosedError, RunSuspendedError, AnsweredOtherwiseError, StillCheckedError.
    """
    root_id, notice = _locked_notice(case_id)
    application = notice.application
    asked = [(one, step) for one in _unanswered(notice) if (step := unanswered.open_applicants_step(one.case))]
    if all(one.case_id != case_id for one, _step in asked):
        raise TaskClosedError("This supplement was handed in already.")
    _check(notice, [one for one, _step in asked], answers, by=by, at=at)
    if codes_being_checked("application", application.pk) & marked_documents(notice):
        raise StillCheckedError("A file is still being checked.")
    handed_in = supplement_hash(notice, answers)
    if reviewed_hash is not None and reviewed_hash != handed_in:
        raise AnsweredOtherwiseError("What is handed in is not what was looked at.")
    before = dict(application.answers)
    application.origins = noted(
        application.origins, before=before, given=answers, told={}, who=by.pk, at=at,
        by=OriginKind.TYPED if may_answer_for(by, application, at) else OriginKind.CLERK,
    )  # fmt: skip
    application.answers = {**before, **answers}
    application.changed_at = at
    application.save(update_fields=["answers", "origins", "changed_at"])
    for one, step in asked:
        _note_changes(one, before, answers, at=at)
        _check_again(one, step, root_id=root_id, by=by, at=at)
    notice.answered_at, notice.answered_hash, notice.typed = at, handed_in, {}
    notice.save(update_fields=["answered_at", "answered_hash", "typed"])
    keep_documents_of(application, by=by, at=at)
    tell_applicants(application, "supplement_received", at=at, round=notice.number)
    done_in_name(application, ActKind.ANSWERED, by=by, at=at)
    return next(one for one, _step in asked if one.case_id == case_id)


@transaction.atomic
def keep_typed(*, notice_id: int, typed: Mapping[str, Any], by: User, at: datetime) -> None:
    """Keep what she typed into the marked fields and did not hand in yet, right or not. Only marked fields are kept.

    Raises NotAllowedError, TaskClosedError.
    """
    notice = OneTimeNotice.objects.select_for_update(of=("self",)).select_related("application").get(pk=notice_id)
    if not may_supply_for(by, notice.application, at):
        raise NotAllowedError("She may not answer for this applicant.")
    if notice.answered_at is not None:
        raise TaskClosedError("This supplement was handed in already.")
    marked = marked_fields(notice.supplements.all())
    notice.typed = {**notice.typed, **{code: value for code, value in typed.items() if code in marked}}
    notice.save(update_fields=["typed"])


def marked_fields(supplements: Sequence[Supplement] | Any) -> set[str]:
    """Return the codes of the fields that these open for the applicant."""
    return {item["code"] for one in supplements for item in one.items if item["kind"] == "element"}


def marked_documents(notice: OneTimeNotice) -> set[str]:
    """Return the codes of the documents a notice asks for."""
    return {item["code"] for one in notice.supplements.all() for item in one.items if item["kind"] == "material"}


def _locked_notice(case_id: int) -> tuple[int, OneTimeNotice]:
    run_id = Case.objects.values_list("run__root_id", "run_id").get(pk=case_id)
    root = lock_root(run_id[0] or run_id[1])
    related = ("application__bundle", "application__service", "application__filed_by")
    told = OneTimeNotice.objects.select_related(*related).filter(supplements__case_id=case_id)
    notice = told.order_by("-number").first()
    if notice is None or notice.answered_at is not None:
        raise TaskClosedError("This supplement was handed in already.")
    return root.pk, notice


def _unanswered(notice: OneTimeNotice) -> list[Supplement]:
    rows = notice.supplements.filter(answered_at__isnull=True).order_by("case__position")
    return list(rows.select_related("case__application", "case__service__item", "case__department", "case__run"))


def _check(
    notice: OneTimeNotice, asked: Sequence[Supplement], answers: Mapping[str, Any], *, by: User, at: datetime
) -> None:
    if not may_supply_for(by, notice.application, at):
        raise NotAllowedError("She may not answer for this applicant.")
    if extra := sorted(set(answers) - marked_fields(asked)):
        raise NotAllowedError(f"Only the marked fields are open: {', '.join(extra)} is not.")


def _note_changes(one: Supplement, before: Mapping[str, Any], answers: Mapping[str, Any], *, at: datetime) -> None:
    """Keep with a case what changed of what it asked."""
    own = marked_fields([one])
    one.changes = {code: {"before": before.get(code), "after": value} for code, value in answers.items() if code in own}
    one.answered_at = at
    one.save(update_fields=["changes", "answered_at"])


def _check_again(one: Supplement, step: Task, *, root_id: int, by: User, at: datetime) -> None:
    """Open a case's completeness check again, with a new legal clock."""
    step = unanswered.reopened(step, by=by, at=at)
    # Read anew: reopening wrote the case.
    case = Case.objects.select_related("application", "service__item", "department", "run").get(pk=one.case_id)
    project(case, CaseState.FILED, root=lock_root(root_id), by=by, at=at)
    complete_task(task_id=step.pk, outcome="supplied", by=by, at=at)
