"""What the sweep opens for many clocks at once: cards, escalations and supervision orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from services.notifications.drafts import NoticeDraft
from services.notifications.operations import owe_notices
from services.parties.enums import Role
from services.parties.references import Post
from services.supervision.enums import OPEN_ORDER_STATES, CardLevel
from services.supervision.models import Card, Escalation, SupervisionOrder
from services.supervision.operations.numbers import take_numbers
from services.supervision.operations.reply_clocks import start_reply_clocks
from services.supervision.operations.telling import clock_drafts
from services.supervision.queries.recipients import People
from services.supervision.queries.subjects import ORDER, Step
from workflows.clocks.effects import ThresholdReached
from workflows.clocks.rules import KINDS
from workflows.models import Clock, Run
from workflows.operations.history import record_of_roots

#: Working days a department has to reply to an order, unless the rule says otherwise.
REPLY_DAYS = 3


def give_cards(reached: Sequence[ThresholdReached], *, step: Step, people: People, at: datetime) -> None:
    """Give each light its card, once per clock and threshold, in one statement."""
    Card.objects.bulk_create(
        [
            Card(
                root_id=one.root_id,
                clock_id=one.clock_id,
                case_id=_case_id(step, one),
                threshold=one.threshold,
                rules=one.rules,
                level=one.light,
                clock_kind=one.clock_kind,
                department=_department(step, one),
                due_at=one.due_at,
                given_at=at,
                late=one.late,
                responsible=[
                    {"task": task.task, "role": task.post.role, "user": task.user} for task in people.open_tasks(one)
                ],
            )
            for one in reached
            if one.light in CardLevel.values
        ],
        ignore_conflicts=True,
    )


def escalate(reached: Sequence[ThresholdReached], *, step: Step, people: People, at: datetime) -> None:
    """Lay each clock's matter before the head of its department and tell her, once per clock and threshold."""
    Escalation.objects.bulk_create(
        [
            Escalation(
                root_id=one.root_id,
                clock_id=one.clock_id,
                case_id=_case_id(step, one),
                threshold=one.threshold,
                department=_department(step, one),
                escalated_at=at,
            )
            for one in reached
        ],
        ignore_conflicts=True,
    )
    drafts: list[NoticeDraft] = []
    for one in reached:
        if not one.superseded:
            drafts += clock_drafts(one, people.told(one, ["head"]), "deadline_escalated", step=step, at=at)
    owe_notices(drafts, at=at)


def _case_id(step: Step, reached: ThresholdReached) -> int | None:
    subject = step.subject(reached)
    return subject.case_id if subject is not None else None


def _department(step: Step, reached: ThresholdReached) -> str:
    subject = step.subject(reached)
    return reached.department or (subject.department if subject is not None else "")


def open_orders(
    wanted: Sequence[tuple[ThresholdReached, int]], *, step: Step, people: People, at: datetime
) -> list[SupervisionOrder]:
    """Issue a supervision order for each clock, with a reply clock of its own, and tell the heads.

    wanted: clocks with the working days their departments have to reply. A rule whose order on a clock is still open
    issues no second one; a matter of no department is nobody's to answer.
    Effects: orders, their reply clocks and timers, history, notices owed.
    """
    unique = {(one.clock_id, one.threshold): (one, days) for one, days in wanted if _department(step, one)}
    rules = {threshold for _clock, threshold in unique}
    clocks = {clock for clock, _threshold in unique}
    still_open = SupervisionOrder.objects.filter(clock_id__in=clocks, rule__in=rules, state__in=OPEN_ORDER_STATES)
    for key in still_open.values_list("clock_id", "rule"):
        unique.pop(key, None)
    if not unique:
        return []
    numbers = take_numbers(len(unique), at)
    orders = SupervisionOrder.objects.bulk_create(
        [_order(one, days, number, step, at) for (one, days), number in zip(unique.values(), numbers, strict=True)]
    )
    clocks_of_reply = start_reply_clocks(orders, at=at)
    _remember(orders, at)
    drafts = []
    for order, (one, _days) in zip(orders, unique.values(), strict=True):
        drafts += _order_drafts(order, one, clocks_of_reply[order.pk], step, people)
    owe_notices(drafts, at=at)
    return orders


def _remember(orders: Sequence[SupervisionOrder], at: datetime) -> None:
    """Append to the histories of the roots, whose heads the reply clocks have moved."""
    roots = Run.objects.only("history_length", "history_head").in_bulk({order.root_id for order in orders})
    facts = []
    for order in orders:
        subject = {"subject": ["case", str(order.case_id)]} if order.case_id is not None else {}
        detail = {"order": order.pk, "number": order.number, **subject}
        facts.append((roots[order.root_id], "order_issued", detail))
    record_of_roots(facts, at=at)


def _order(reached: ThresholdReached, days: int, number: str, step: Step, at: datetime) -> SupervisionOrder:
    subject, limit = step.subject(reached), KINDS[reached.clock_kind]
    due = timezone.localdate(reached.due_at)
    return SupervisionOrder(
        number=number,
        root_id=reached.root_id,
        case_id=subject.case_id if subject is not None else None,
        clock_id=reached.clock_id,
        rule=reached.threshold,
        rules=reached.rules,
        level=CardLevel.BLACK if limit.statutory else CardLevel.RED,
        clock_kind=reached.clock_kind,
        department=_department(step, reached),
        content_zh=f"{limit.name_zh}已于{due.year}年{due.month}月{due.day}日到期，逾期未办结。"
        f"请查明原因，尽快办结，并在{days}个工作日内书面反馈。",
        content_en=f"{limit.name_en}: due on {due.day} {due:%B %Y} and still not done. Find out why, finish it, and "
        f"reply in writing within {days} working days.",
        reply_days=days,
        issued_at=at,
    )


def _order_drafts(
    order: SupervisionOrder, reached: ThresholdReached, reply: Clock, step: Step, people: People
) -> list[NoticeDraft]:
    subject, (zh, en) = step.subject(reached), step.departments.get(order.department, (order.department,) * 2)
    params = {
        "number": order.number,
        "case": subject.number if subject is not None else order.number,
        "service_zh": subject.service[0] if subject is not None else KINDS[order.clock_kind].name_zh,
        "service_en": subject.service[1] if subject is not None else KINDS[order.clock_kind].name_en,
        "department_zh": zh,
        "department_en": en,
        "reason_zh": order.content_zh,
        "reason_en": order.content_en,
        "due": reply.due_on.isoformat() if reply.due_on else timezone.localdate(order.issued_at).isoformat(),
    }
    return [
        NoticeDraft(
            subject_kind=ORDER,
            subject_id=str(order.pk),
            kind="supervision_order_issued",
            recipient_user_id=user,
            params=params,
            link=f"/desk/orders/{order.number}/",
        )
        for user in people.holders.get(Post(order.department, Role.HEAD), ())
    ]
