"""The limit within which a department replies to a supervision order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.supervision.models import SupervisionOrder
from services.supervision.queries.subjects import ORDER
from workflows.enums import ClockKind, LimitUnit
from workflows.models import Clock
from workflows.operations.clock_batches import NewClock, start_clocks
from workflows.operations.clocks import stop_clock

if TYPE_CHECKING:
    from portal.accounts.models import User


def start_reply_clocks(orders: Sequence[SupervisionOrder], *, at: datetime) -> dict[int, Clock]:
    """Start each order's reply clock at `at`, for all at once; returns them by order. The roots are locked."""
    wanted = [
        NewClock(
            root_id=order.root_id,
            subject_kind=ORDER,
            subject_id=str(order.pk),
            kind=ClockKind.SUPERVISION_REPLY,
            department=order.department,
            limit_amount=order.reply_days,
            limit_unit=LimitUnit.WORKING_DAYS,
            starts_on_event="order",
        )
        for order in orders
    ]
    return {int(clock.subject_id): clock for clock in start_clocks(wanted, at=at)}


def stop_reply_clock(order: SupervisionOrder, *, at: datetime, by: User | None) -> None:
    """Stop an order's reply clock, if it runs."""
    running = Clock.objects.filter(subject_kind=ORDER, subject_id=str(order.pk), stopped_at__isnull=True)
    for clock in running:
        stop_clock(clock=clock, at=at, by=by)
