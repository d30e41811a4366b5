"""Is this process alive; can it serve people? Asked by the machine that runs us, hence no sign-in and no details."""

from __future__ import annotations

import shutil
from pathlib import Path

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

FREE_BYTES_NEEDED = 200 * 2**20
_BROKER_SECONDS = 0.5


@never_cache
@require_safe
@login_not_required
def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when pages can be served, else 503. Without the broker all works, only later: "degraded", 200."""
    checks = {"database": database_answers(), "disk": disk_has_room()}
    checks["migrations"] = checks["database"] and _migrations_applied()
    broker = broker_answers()
    status = "unready" if not all(checks.values()) else "ok" if broker else "degraded"
    words = {name: "ok" if good else "failing" for name, good in {**checks, "broker": broker}.items()}
    return JsonResponse({"status": status, "checks": words}, status=503 if status == "unready" else 200)


def database_answers() -> bool:
    """Tell whether PostgreSQL answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
            return cursor.fetchone() == (1,)
    except DatabaseError:
        return False


def _migrations_applied() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def disk_has_room() -> bool:
    """Tell whether there is room for more files."""
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free >= FREE_BYTES_NEEDED


def broker_answers() -> bool:
    """Tell whether the broker answers within half a second."""
    client = redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_timeout=_BROKER_SECONDS, socket_connect_timeout=_BROKER_SECONDS
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
