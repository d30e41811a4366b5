"""Supervision orders for lists and pages: what was asked, answered and judged, and by when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.conf import settings
from django.db.models import QuerySet

from services.supervision.enums import OPEN_ORDER_STATES, OrderState
from services.supervision.models import SupervisionOrder
from services.supervision.queries.subjects import ORDER
from workflows.clocks import Light
from workflows.queries.clocks import views_of

OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    """An order in a list. light, due_on: of the running reply clock; "" and None while nobody has to reply."""

    order: SupervisionOrder
    light: Light | Literal[""]
    due_on: date | None


@dataclass(frozen=True, kw_only=True)
class OrderEvent:
    """One line of an order's story. what: issued, replied, accepted, sent_back or withdrawn; who: "" for a rule."""

    at: datetime
    what: str
    who: str
    text: str


def orders_in_state(orders: QuerySet[SupervisionOrder], state: str) -> QuerySet[SupervisionOrder]:
    """Return those of the orders in a state; "open" are those not closed, any other word means all."""
    if state == OPEN:
        return orders.filter(state__in=OPEN_ORDER_STATES)
    return orders.filter(state=state) if state in OrderState.values else orders


def orders_awaiting(departments: Iterable[str]) -> QuerySet[SupervisionOrder]:
    """Return the orders to which departments, by their codes, have to reply now."""
    return SupervisionOrder.objects.filter(department__in=list(departments), state=OrderState.AWAITING_REPLY)


def with_case(orders: QuerySet[SupervisionOrder]) -> QuerySet[SupervisionOrder]:
    """Return orders with what their pages show."""
    related = ("case__service__item", "case__department", "root__application", "issued_by", "closed_by", "clock")
    return orders.select_related(*related).prefetch_related("replies__replied_by", "replies__judged_by")


def order_rows(orders: Iterable[SupervisionOrder], *, at: datetime) -> list[OrderRow]:
    """Return orders with the light of their reply clocks, in a constant number of queries."""
    rows = list(orders)
    views = views_of(ORDER, [str(order.pk) for order in rows], at=at, region=settings.REGION)
    found = []
    for order in rows:
        view = next(iter(views.get(str(order.pk), [])), None)
        light: Light | Literal[""] = view.light if view is not None else ""
        found.append(OrderRow(order=order, light=light, due_on=view.due.due_on if view is not None else None))
    return found


def orders_of_case(case_id: int) -> QuerySet[SupervisionOrder]:
    """Return a case's orders, the newest first."""
    return with_case(SupervisionOrder.objects.filter(case_id=case_id).order_by("-issued_at", "-id"))


def story_of(order: SupervisionOrder, *, chinese: bool) -> list[OrderEvent]:
    """Return everything that happened to an order, the oldest first. chinese: the language of its content."""
    events = [
        OrderEvent(
            at=order.issued_at,
            what="issued",
            who=order.issued_by.get_full_name() if order.issued_by is not None else "",
            text=order.content_zh if chinese else order.content_en,
        )
    ]
    for reply in order.replies.all():
        events.append(
            OrderEvent(at=reply.replied_at, what="replied", who=reply.replied_by.get_full_name(), text=reply.text)
        )
        if reply.judged_at is not None and reply.judged_by is not None:
            who = reply.judged_by.get_full_name()
            events.append(OrderEvent(at=reply.judged_at, what=reply.verdict, who=who, text=reply.remark))
    if order.outcome == "withdrawn" and order.closed_at is not None and order.closed_by is not None:
        who = order.closed_by.get_full_name()
        events.append(OrderEvent(at=order.closed_at, what="withdrawn", who=who, text=order.closing_note))
    return events
