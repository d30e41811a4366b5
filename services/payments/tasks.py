"""Background work of payments; each is safe to run twice."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from services.payments.gateway import GatewayDownError
from services.payments.operations.settling import ask_about_open_payments, give_back_what_is_owed, reconcile_day
from workflows.queries.calendars import database_now

log = structlog.get_logger(__name__)
#: Days whose list is read again each time, so that a service that was down for less leaves no day unread.
DAYS_BACK = 7


@shared_task
def settle_payments_task() -> None:
    """Ask about open payments and give back what is owed."""
    at = database_now()
    ask_about_open_payments(at=at)
    give_back_what_is_owed(at=at)


@shared_task
def reconcile_days_task() -> None:
    """Compare the books of the last days, and today's so far, with the payment service's lists."""
    at = database_now()
    today = timezone.localdate(at)
    try:
        for back in reversed(range(DAYS_BACK + 1)):
            reconcile_day(today - timedelta(days=back), at=at)
    except GatewayDownError as error:
        log.warning("payment_service_down", error=str(error))
