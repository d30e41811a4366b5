"""Owe notices about clocks, orders and cards to the people concerned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

from django.utils import timezone

from services.notifications.drafts import NoticeDraft
from services.notifications.operations import owe_notices
from services.parties.enums import Role
from services.parties.queries import users_in_post
from services.supervision.enums import Recipient
from services.supervision.models import Card, SupervisionOrder
from services.supervision.queries.recipients import OFFICE
from services.supervision.queries.subjects import Step, Subject
from workflows.clocks.effects import ThresholdReached
from workflows.clocks.rules import KINDS

if TYPE_CHECKING:
    from portal.accounts.models import User

#: What a rule may say to the staff and to the applicant; each uses only what every clock knows.
STAFF_MESSAGES = (
    "deadline_warning",
    "deadline_overdue",
    "deadline_long_overdue",
    "deadline_statutory",
    "deadline_escalated",
    "period_over",
)
APPLICANT_MESSAGES = ("deadline_reminder",)


def round_of(threshold: str) -> int:
    """Return the number by which the notices of one threshold are told from those of a clock's other thresholds."""
    return crc32(threshold.encode()) & 0x7FFFFFFF


def clock_params(reached: ThresholdReached, step: Step, at: datetime) -> dict[str, str]:
    """Return the values every message about a clock may use; a late one says that it is."""
    subject = step.subject(reached)
    zh, en = step.departments.get(reached.department or (subject.department if subject else ""), ("", ""))
    limit = KINDS[reached.clock_kind]
    service = subject.service if subject else ("", "")
    return {
        "case": subject.number if subject else f"{reached.subject_kind} {reached.subject_id}",
        "service_zh": service[0] or limit.name_zh,
        "service_en": service[1] or limit.name_en,
        "department_zh": zh or "政务服务机构",
        "department_en": en or "the office",
        "limit_zh": limit.name_zh,
        "limit_en": limit.name_en,
        "due": _day(reached.due_at),
        **as_of(at, late=reached.late),
    }


@lru_cache(maxsize=64)
def as_of(at: datetime, *, late: bool) -> dict[str, str]:
    """Return when a message was written, in both languages; a late one adds that things may have changed."""
    local = timezone.localtime(at)
    zh, en = f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}", f"{local.day} {local:%b %Y, %H:%M}"
    if late:
        zh += "（系统恢复后补发，其间情况可能已有变化）"
        en += " (sent late after an interruption; things may have changed meanwhile)"
    return {"as_of_zh": zh, "as_of_en": en}


@lru_cache(maxsize=64)
def _day(instant: datetime) -> str:
    # The first morning after a holiday the same few instants come by the hundred thousand.
    return timezone.localdate(instant).isoformat()


def link_for(recipient: str, subject: Subject | None) -> str:
    """Return the page of this site where the matter goes on for a recipient."""
    if subject is None:
        return ""
    if recipient == Recipient.APPLICANT:
        return f"/my/applications/{subject.application_public_id}/{subject.anchor}"
    door = "oversight" if recipient == Recipient.MANAGER else "desk"
    if subject.order_id is not None:
        return f"/{door}/orders/{subject.order_number}/"
    return f"/{door}/cases/{subject.case_public_id}/" if subject.case_public_id else f"/{door}/"


def clock_drafts(
    reached: ThresholdReached,
    people: Mapping[int, str],
    message: str,
    *,
    step: Step,
    at: datetime,
    channels: Sequence[str] | None = None,
) -> list[NoticeDraft]:
    """Return what is owed about one threshold of a clock. people: user to recipient. channels: None for all."""
    params, subject, round_ = clock_params(reached, step, at), step.subject(reached), round_of(reached.threshold)
    return [
        NoticeDraft(
            subject_kind="clock",
            subject_id=str(reached.clock_id),
            kind=message,
            round=round_,
            recipient_user_id=user,
            params=params,
            link=link_for(recipient, subject),
            channels=None if channels is None else tuple(channels),
        )
        for user, recipient in people.items()
    ]


def order_params(order: SupervisionOrder) -> dict[str, str]:
    """Return the values every message about an order may use."""
    about = order.case.service if order.case is not None else order.root.application.offer
    department = {"department_zh": order.department, "department_en": order.department}
    if order.case is not None:
        names = order.case.department
        department = {"department_zh": names.name_zh, "department_en": names.name_en}
    return {
        "number": order.number,
        "case": order.case.number if order.case is not None else order.root.application.number or "",
        "service_zh": about.name_zh,
        "service_en": about.name_en,
        **department,
    }


def tell_department(order: SupervisionOrder, kind: str, *, at: datetime, round: int = 0, **params: str) -> None:
    """Owe the head of an order's department a notice about it."""
    heads = users_in_post(order.department, Role.HEAD, at)
    _owe_order(order, kind, heads, f"/desk/orders/{order.number}/", at=at, round=round, params=params)


def tell_managers(order: SupervisionOrder, kind: str, *, at: datetime, round: int = 0, **params: str) -> None:
    """Owe the managers a notice about an order."""
    managers = users_in_post(OFFICE, Role.MANAGER, at)
    _owe_order(order, kind, managers, f"/oversight/orders/{order.number}/", at=at, round=round, params=params)


def _owe_order(
    order: SupervisionOrder,
    kind: str,
    people: Iterable[User],
    link: str,
    *,
    at: datetime,
    round: int,
    params: Mapping[str, str],
) -> None:
    values = {**order_params(order), **params}
    owe_notices(
        [
            NoticeDraft(
                subject_kind="supervision_order",
                subject_id=str(order.pk),
                kind=kind,
                round=round,
                recipient_user_id=user.pk,
                params=values,
                link=link,
            )
            for user in people
        ],
        at=at,
    )


def tell_of_card(card: Card, kind: str, people: Iterable[User], *, at: datetime, door: str, **params: str) -> None:
    """Owe people a notice about a card and its appeal. door: desk or oversight, where they see it."""
    case = card.case
    values = {
        "case": case.number if case is not None else str(card.clock_id),
        "service_zh": case.service.name_zh if case is not None else KINDS[card.clock_kind].name_zh,
        "service_en": case.service.name_en if case is not None else KINDS[card.clock_kind].name_en,
        **params,
    }
    owe_notices(
        [
            NoticeDraft(
                subject_kind="card",
                subject_id=str(card.pk),
                kind=kind,
                recipient_user_id=user.pk,
                params=values,
                link=f"/{door}/cards/{card.pk}/",
            )
            for user in people
        ],
        at=at,
    )
