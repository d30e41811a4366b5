"""Issue supervision orders by hand, reply to them, judge the replies. Each locks the root run first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from services.cases.models import Case
from services.cases.operations.drafts import NotAllowedError
from services.supervision.enums import OPEN_ORDER_STATES, OrderOutcome, OrderState, Verdict
from services.supervision.models import OrderReply, SupervisionOrder
from services.supervision.operations.numbers import take_numbers
from services.supervision.operations.opening import REPLY_DAYS
from services.supervision.operations.refusals import (
    CaseIsOverError,
    NotAwaitingReplyError,
    NothingToJudgeError,
    OrderClosedError,
    OrderStillOpenError,
    WordsMissingError,
)
from services.supervision.operations.reply_clocks import start_reply_clocks, stop_reply_clock
from services.supervision.operations.telling import tell_department, tell_managers
from services.supervision.permissions import can_supervise, is_head_of
from workflows.models import Clock, Run
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def issue_order(
    *,
    case_id: int,
    content_zh: str,
    content_en: str,
    by: User,
    at: datetime,
    reply_days: int = REPLY_DAYS,
) -> SupervisionOrder:
    """Order a case's department to see to it and to reply; by a manager, in her own words.

    content_zh, content_en: what is expected; one may be empty, it then reads like the other. reply_days: working days.
    Sending the same twice issues one order.
    Effects: the order, its reply clock, history, notices to the head.
    Raises NotAllowedError, WordsMissingError, CaseIsOverError, OrderStillOpenError.
    """
    root, case = _locked_case(case_id)
    if not can_supervise(by, at):
        raise NotAllowedError("Only a manager issues supervision orders.")
    zh, en = content_zh.strip() or content_en.strip(), content_en.strip() or content_zh.strip()
    if not zh:
        raise WordsMissingError
    known = SupervisionOrder.objects.filter(case=case, clock__isnull=True, state__in=OPEN_ORDER_STATES).first()
    if known is not None:
        if (known.issued_by_id, known.content_zh, known.content_en) == (by.pk, zh, en):
            return known
        raise OrderStillOpenError
    running = Clock.objects.filter(subject_kind="case", subject_id=str(case.pk), stopped_at__isnull=True)
    if case.closed_at is not None and not running.exists():
        raise CaseIsOverError
    order = SupervisionOrder.objects.create(
        number=take_numbers(1, at)[0],
        root=root,
        case=case,
        department=case.department.code,
        content_zh=zh,
        content_en=en,
        reply_days=reply_days,
        issued_at=at,
        issued_by=by,
    )
    reply = start_reply_clocks([order], at=at)[order.pk]
    _remember(order, "order_issued", by=by, at=at)
    tell_department(order, "supervision_order_issued", at=at, reason_zh=zh, reason_en=en, due=_day(reply, at))
    return order


@transaction.atomic
def reply_to_order(*, order_id: int, text: str, by: User, at: datetime) -> SupervisionOrder:
    """Answer an order, as the head of its department; the same answer twice is one.

    Effects: the reply, the reply clock stops, history, notices to the managers.
    Raises NotAllowedError, WordsMissingError, OrderClosedError, NotAwaitingReplyError.
    """
    order = _locked_order(order_id)
    if not is_head_of(by, order.department, at):
        raise NotAllowedError("Only the head of the department replies to its orders.")
    if not text.strip():
        raise WordsMissingError
    last = order.replies.last()
    if order.state == OrderState.REPLIED and last is not None:
        if (last.replied_by_id, last.text) == (by.pk, text.strip()):
            return order
        raise NotAwaitingReplyError
    if order.state == OrderState.CLOSED:
        raise OrderClosedError
    round_ = last.round + 1 if last is not None else 1
    OrderReply.objects.create(order=order, round=round_, text=text.strip(), replied_at=at, replied_by=by)
    _set(order, state=OrderState.REPLIED)
    stop_reply_clock(order, at=at, by=by)
    _remember(order, "order_replied", by=by, at=at, round=round_)
    tell_managers(order, "supervision_order_replied", at=at, round=round_)
    return order


@transaction.atomic
def accept_reply(*, order_id: int, round: int, by: User, at: datetime, remark: str = "") -> SupervisionOrder:
    """Accept the reply of a round and close the order; twice is once.

    Effects: the verdict, the order is closed, history, notices to the head.
    Raises NotAllowedError, OrderClosedError, NothingToJudgeError.
    """
    order = _locked_order(order_id)
    _check_manager(by, at)
    reply = _reply_to_judge(order, round, by=by, verdict=Verdict.ACCEPTED)
    if reply is None:
        return order
    _judge(reply, Verdict.ACCEPTED, remark, by=by, at=at)
    _close(order, OrderOutcome.ACCEPTED, remark, by=by, at=at)
    return order


@transaction.atomic
def send_back_reply(*, order_id: int, round: int, remark: str, by: User, at: datetime) -> SupervisionOrder:
    """Send a reply back, saying why; the reply clock starts anew. Twice is once.

    Effects: the verdict, a new reply clock, history, notices to the head.
    Raises NotAllowedError, WordsMissingError, OrderClosedError, NothingToJudgeError.
    """
    order = _locked_order(order_id)
    _check_manager(by, at)
    if not remark.strip():
        raise WordsMissingError
    reply = _reply_to_judge(order, round, by=by, verdict=Verdict.SENT_BACK)
    if reply is None:
        return order
    _judge(reply, Verdict.SENT_BACK, remark, by=by, at=at)
    _set(order, state=OrderState.AWAITING_REPLY)
    clock = start_reply_clocks([order], at=at)[order.pk]
    _remember(order, "order_sent_back", by=by, at=at, round=round)
    tell_department(
        order, "supervision_order_sent_back", at=at, round=round, reason=remark.strip(), due=_day(clock, at)
    )
    return order


@transaction.atomic
def withdraw_order(*, order_id: int, reason: str, by: User, at: datetime) -> SupervisionOrder:
    """Take back an order that should not have been issued, saying why; twice is once.

    Effects: the order is closed, its reply clock stops, history, notices to the head.
    Raises NotAllowedError, WordsMissingError, OrderClosedError.
    """
    order = _locked_order(order_id)
    _check_manager(by, at)
    if not reason.strip():
        raise WordsMissingError
    if order.state == OrderState.CLOSED:
        if (order.outcome, order.closed_by_id) == (OrderOutcome.WITHDRAWN, by.pk):
            return order
        raise OrderClosedError
    stop_reply_clock(order, at=at, by=by)
    _close(order, OrderOutcome.WITHDRAWN, reason, by=by, at=at)
    return order


def _locked_case(case_id: int) -> tuple[Run, Case]:
    rows = Case.objects.select_related("service", "department", "application")
    root_id = Case.objects.values_list("application__run_id", flat=True).get(pk=case_id)
    if root_id is None:
        raise CaseIsOverError
    root = lock_root(root_id)
    return root, rows.get(pk=case_id)


def _locked_order(order_id: int) -> SupervisionOrder:
    """Lock the root of an order and return it as it is now. Raises SupervisionOrder.DoesNotExist."""
    lock_root(SupervisionOrder.objects.values_list("root_id", flat=True).get(pk=order_id))
    related = ("root", "root__application__bundle", "root__application__service", "case__service", "case__department")
    return SupervisionOrder.objects.select_related(*related).get(pk=order_id)


def _check_manager(by: User, at: datetime) -> None:
    if not can_supervise(by, at):
        raise NotAllowedError("Only a manager judges supervision orders.")


def _reply_to_judge(order: SupervisionOrder, round: int, *, by: User, verdict: Verdict) -> OrderReply | None:
    """Return the reply a manager read and now judges; None when she judged it just so before."""
    reply = order.replies.filter(round=round).first()
    if reply is not None and (reply.verdict, reply.judged_by_id) == (verdict, by.pk):
        return None
    if order.state == OrderState.CLOSED:
        raise OrderClosedError
    if reply is None or reply.verdict or order.state != OrderState.REPLIED:
        raise NothingToJudgeError
    return reply


def _judge(reply: OrderReply, verdict: Verdict, remark: str, *, by: User, at: datetime) -> None:
    reply.verdict, reply.remark, reply.judged_at, reply.judged_by = verdict, remark.strip(), at, by
    reply.save(update_fields=["verdict", "remark", "judged_at", "judged_by"])


def _close(order: SupervisionOrder, outcome: OrderOutcome, note: str, *, by: User, at: datetime) -> None:
    values = {"outcome": outcome, "closing_note": note.strip(), "closed_at": at, "closed_by": by}
    _set(order, state=OrderState.CLOSED, **values)
    _remember(order, "order_closed", by=by, at=at, outcome=str(outcome))
    tell_department(order, f"supervision_order_{outcome}", at=at)


def _set(order: SupervisionOrder, **values: Any) -> None:
    for name, value in values.items():
        setattr(order, name, value)
    order.save(update_fields=list(values))


def _remember(order: SupervisionOrder, kind: str, *, by: User, at: datetime, **detail: Any) -> None:
    """Append to the history of the root, whose row is read anew: clocks that started or stopped moved its head."""
    root = lock_root(order.root_id)
    run_id = order.case.run_id if order.case is not None and order.case.run_id is not None else root.pk
    fact = Fact(run_id=run_id, kind=kind, detail={"order": order.pk, "number": order.number, **detail})
    record_facts(root=root, facts=[fact], by=by, at=at)


def _day(clock: Clock, at: datetime) -> str:
    return (clock.due_on or timezone.localdate(at)).isoformat()
