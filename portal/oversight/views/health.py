"""How the whole installation does, for whoever watches over it: by progress, not by presence (REL-9)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.ui import health
from services.notifications.queries import outbox_health
from workflows.queries.calendars import database_now
from workflows.queries.jobs import incidents
from workflows.queries.watch import CANARY, SWEEPD, age_of, latest_timer, standing_still

#: The canary leaves each minute: three are missing.
CANARY_MAY_BE = timedelta(minutes=3)
TIMER_MAY_BE_LATE = timedelta(minutes=2)
NOTICE_MAY_BE_LATE = timedelta(minutes=5)
CLOCKS_MAY_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One figure: how it is, and whether that is well. value: seconds, or how many; None when it never was."""

    well: bool
    value: float | None


@never_cache
@require_safe
@login_not_required
def full(request: HttpRequest) -> JsonResponse:
    """Answer every figure, 200 while all is well, else 503. Only to this machine itself, or to who has the token."""
    if not _may_ask(request):
        raise PermissionDenied
    basics = {"database": health.database_answers(), "disk": health.disk_has_room(), "broker": health.broker_answers()}
    readings = {name: Reading(well=well, value=None) for name, well in basics.items()}
    if basics["database"]:
        readings |= _progress(database_now())
    well = all(reading.well for reading in readings.values())
    checks = {name: asdict(reading) for name, reading in readings.items()}
    return JsonResponse({"status": "ok" if well else "failing", "checks": checks}, status=200 if well else 503)


def _may_ask(request: HttpRequest) -> bool:
    token = settings.HEALTH_TOKEN
    given = request.headers.get("Authorization", "")
    if token and constant_time_compare(given, f"Bearer {token}"):
        return True
    # A proxy beside us also comes from here, but says whom it stands for.
    return request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and "X-Forwarded-For" not in request.headers


def _progress(now: datetime) -> dict[str, Reading]:
    outbox = outbox_health(now)
    standing = standing_still().count()
    return {
        "canary": _age(age_of(CANARY, now), CANARY_MAY_BE),
        "sweepd": _age(age_of(SWEEPD, now), CANARY_MAY_BE),
        "clock_skew": _age(abs(now - datetime.now(UTC)), CLOCKS_MAY_DIFFER),
        "late_timer": _age(latest_timer(now), TIMER_MAY_BE_LATE),
        "late_notice": _age(outbox.oldest, NOTICE_MAY_BE_LATE),
        "standstills": Reading(well=standing == 0, value=standing),
        "incidents": Reading(well=True, value=incidents().count()),
        "dead_notices": Reading(well=True, value=outbox.dead),
    }


def _age(age: timedelta | None, limit: timedelta) -> Reading:
    return Reading(well=age is not None and age <= limit, value=None if age is None else round(age.total_seconds(), 1))
