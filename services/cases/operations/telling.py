"""Owe notices to the people concerned by an application, a case or a task."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.cases.models import Application, Case, SignerInvitation
from services.notifications.drafts import NoticeDraft
from services.notifications.operations import owe_notices
from services.parties.enums import MandateScope, Role
from services.parties.queries import parties_for, users_behind, users_behind_each, users_in_post
from workflows.clocks import ClockDueChanged
from workflows.models import Task

if TYPE_CHECKING:
    from portal.accounts.models import User


def applicants_of(application: Application, at: datetime) -> list[User]:
    """Return who is told about an application, each once: the party, the holder, their agents, and who filed it.

    A clerk who filed at the window is not told: she acted for the person in front of her. Nor is an agent whose
    mandate is over.
    """
    people: dict[int, User] = {}
    for ref in dict.fromkeys((application.party, application.holder)):
        people |= {user.pk: user for user in users_behind(ref, at)}
    if application.channel != "counter" and application.filed_by_id not in people and filer_still_acts(application, at):
        people[application.filed_by_id] = application.filed_by
    return list(people.values())


def filer_still_acts(application: Application, at: datetime) -> bool:
    """Return whether who filed an application may still do anything for its party or holder."""
    acted_for = set(parties_for(application.filed_by, at, MandateScope.values))
    return bool(acted_for & {application.party, application.holder})


def applicants_of_each(applications: Collection[Application], at: datetime) -> dict[int, list[int]]:
    """Return the ids of `applicants_of` for many applications, in a constant number of queries, by the key."""
    refs = {ref for one in applications for ref in (one.party, one.holder)}
    behind, acting = users_behind_each(refs, at), users_behind_each(refs, at, scope=None)
    found = {}
    for application in applications:
        people = dict.fromkeys([*behind[application.party], *behind[application.holder]])
        acts = application.filed_by_id in (*acting[application.party], *acting[application.holder])
        if application.channel != "counter" and acts:
            people.setdefault(application.filed_by_id)
        found[application.pk] = list(people)
    return found


def offer_names(application: Application) -> dict[str, str]:
    """Return the name of what is applied for, as notices want it."""
    return {"service_zh": application.offer.name_zh, "service_en": application.offer.name_en}


def case_params(case: Case) -> dict[str, str]:
    """Return the values every notice about a case may use."""
    return {
        "application": case.application.number or "",
        "case": case.number,
        "service_zh": case.service.name_zh,
        "service_en": case.service.name_en,
        "department_zh": case.department.name_zh,
        "department_en": case.department.name_en,
    }


def tell_applicants(application: Application, kind: str, *, at: datetime, round: int = 0, **params: str) -> None:
    """Owe a notice about an application to everybody behind it."""
    people = applicants_of(application, at)
    owe_notices(
        [
            NoticeDraft(
                subject_kind="application",
                subject_id=str(application.pk),
                kind=kind,
                round=round,
                recipient_user_id=user.pk,
                params={"application": application.number or "", **offer_names(application), **params},
                link=f"/my/applications/{application.public_id}/",
            )
            for user in people
        ],
        at=at,
        recipients=people,
    )


def tell_applicants_of_case(case: Case, kind: str, *, at: datetime, round: int = 0, **params: str) -> None:
    """Owe a notice about one case to everybody behind its application."""
    people = applicants_of(case.application, at)
    owe_notices(
        [
            NoticeDraft(
                subject_kind="case",
                subject_id=str(case.pk),
                kind=kind,
                round=round,
                recipient_user_id=user.pk,
                params={**case_params(case), **params},
                link=f"/my/applications/{case.application.public_id}/#case-{case.position}",
            )
            for user in people
        ],
        at=at,
        recipients=people,
    )


def tell_of_moved_dates(moved: Sequence[tuple[Case, ClockDueChanged]], *, at: datetime) -> None:
    """Owe the applicants of many cases the news that a date they were told has moved with the calendar."""
    people = applicants_of_each({case.application.pk: case.application for case, _ in moved}.values(), at)
    owe_notices(
        [
            NoticeDraft(
                subject_kind="clock",
                subject_id=str(change.clock_id),
                kind="date_moved",
                round=change.version,
                recipient_user_id=user_id,
                params={
                    **case_params(case),
                    "before": change.due_on_before.isoformat(),
                    "due": change.due_on_after.isoformat(),
                },
                link=f"/my/applications/{case.application.public_id}/#case-{case.position}",
            )
            for case, change in moved
            if change.due_on_before is not None and change.due_on_after is not None
            for user_id in people[case.application.pk]
        ],
        at=at,
    )


def tell_post(tasks: Iterable[tuple[Task, Case | None, Application]], *, at: datetime) -> None:
    """Owe everybody of a task's post the news that it waits."""
    drafts: list[NoticeDraft] = []
    people: dict[int, User] = {}
    for task, case, application in tasks:
        holders = {user.pk: user for user in users_in_post(task.department, task.role, at).select_related("person")}
        people |= holders
        params = case_params(case) if case else {"case": application.number or "", **offer_names(application)}
        door = "counter" if task.role == Role.CLERK else "desk"
        drafts += [
            NoticeDraft(
                subject_kind="task",
                subject_id=str(task.pk),
                kind="task_waiting",
                recipient_user_id=key,
                params={**params, "title_zh": task.name_zh, "title_en": task.name_en},
                link=f"/{door}/tasks/{task.pk}/",
            )
            for key in holders
        ]
    owe_notices(drafts, at=at, recipients=people.values())


def tell_of_signing(
    application: Application,
    kind: str,
    to: User,
    invitation: SignerInvitation | None,
    *,
    round: int,
    at: datetime,
    page: str = "signers",
    channels: tuple[str, ...] | None = None,
    **params: str,
) -> None:
    """Owe one person the news about signatures: a signer through her invitation, others at a page of the draft.

    round: a number that tells this event from the next of its kind. channels: as in NoticeDraft.
    """
    place = f"/my/applications/{application.public_id}/{page}/"
    owe_notices(
        [
            NoticeDraft(
                subject_kind="application",
                subject_id=str(application.pk),
                kind=kind,
                round=round,
                recipient_user_id=to.pk,
                params={**offer_names(application), "application": application.number or "–", **params},
                link=invitation.path if invitation else place,
                channels=channels,
            )
        ],
        at=at,
    )


def tell_supervisors(case: Case, *, at: datetime, round: int) -> None:
    """Owe the head of a case's department and the managers the news that a second notice waits for their reason."""
    heads = {user.pk: user for user in users_in_post(case.department.code, Role.HEAD, at)}
    managers = {user.pk: user for user in users_in_post("ZWB", Role.MANAGER, at)}
    owe_notices(
        [
            NoticeDraft(
                subject_kind="case",
                subject_id=str(case.pk),
                kind="second_notice_waits",
                round=round,
                recipient_user_id=key,
                params=case_params(case),
                link=f"/{'desk' if key in heads else 'oversight'}/cases/{case.public_id}/",
            )
            for key in managers | heads
        ],
        at=at,
    )


def tell_asker(case: Case, to: User, *, at: datetime, round: int) -> None:
    """Owe who asked the applicant something the news that she answered."""
    owe_notices(
        [
            NoticeDraft(
                subject_kind="case",
                subject_id=str(case.pk),
                kind="information_given",
                round=round,
                recipient_user_id=to.pk,
                params=case_params(case),
                link=f"/desk/cases/{case.public_id}/",
            )
        ],
        at=at,
    )


def tell_receiver(task: Task, case: Case | None, application: Application, to: User, *, at: datetime) -> None:
    """Owe somebody the news that a manager gave her a task."""
    params = case_params(case) if case else {"case": application.number or "", **offer_names(application)}
    door = "counter" if task.role == Role.CLERK else "desk"
    owe_notices(
        [
            NoticeDraft(
                subject_kind="task",
                subject_id=str(task.pk),
                kind="task_given",
                round=task.root.history_length,  # given twice is told twice
                recipient_user_id=to.pk,
                params={**params, "title_zh": task.name_zh, "title_en": task.name_en},
                link=f"/{door}/tasks/{task.pk}/",
            )
        ],
        at=at,
    )
