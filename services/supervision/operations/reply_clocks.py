"""The limit within which a department replies to a supervision order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.supervision.models import SupervisionOrder
from services.supervision.queries.subjects import ORDER
from workflows.enums import ClockKind, LimitUnit
from workflows.models import Clock
from workflows.operations.clocks import start_clock, stop_clock

if TYPE_CHECKING:
    from portal.accounts.models import User


def start_reply_clocks(orders: Sequence[SupervisionOrder], *, at: datetime, by: User | None = None) -> dict[int, Clock]:
    """Start each order's reply clock at `at`; returns them by order. The caller holds the roots' locks."""
    return {
        order.pk: start_clock(
            root=order.root,
            subject_kind=ORDER,
            subject_id=str(order.pk),
            kind=ClockKind.SUPERVISION_REPLY,
            department=order.department,
            limit_amount=order.reply_days,
            limit_unit=LimitUnit.WORKING_DAYS,
            started_at=at,
            starts_on_event="order",
            by=by,
            at=at,
        )
        for order in orders
    }


def stop_reply_clock(order: SupervisionOrder, *, at: datetime, by: User | None) -> None:
    """Stop an order's reply clock, if it runs."""
    running = Clock.objects.filter(subject_kind=ORDER, subject_id=str(order.pk), stopped_at__isnull=True)
    for clock in running:
        stop_clock(clock=clock, at=at, by=by)
