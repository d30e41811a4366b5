"""Do a request again when PostgreSQL undid it: a deadlock (40P01) or two that could not be put in order (40001).

Locks are taken in one order, the root run first, so this should never happen; where it does, the person must not be the
one to press the button again. It is done here once for every operation, and only if nothing of the first try is left:
nothing was committed, and what was sent can be read once more.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string

_log = structlog.get_logger("portal.request")
#: serialization_failure, deadlock_detected
_UNDONE = frozenset({"40001", "40P01"})
TRIES = 3
#: Seconds before the next try, at random between these: two that met once should not meet again.
PAUSE = (0.02, 0.2)
#: A body of JSON up to so many bytes is kept, so that it can be read again. Forms are kept by Django.
LONGEST_KEPT = 1024 * 1024
_READS = ("select", "savepoint", "release savepoint", "rollback to savepoint", "set ", "show")


class DeadlockMiddleware:
    """Let a view that PostgreSQL undid run again, at most TRIES times in all. The last in the list: nearest to it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, and watch what it writes unless it only reads."""
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)
        length = request.headers.get("Content-Length", "")
        if request.content_type == "application/json" and length.isdecimal() and int(length) <= LONGEST_KEPT:
            _ = request.body  # keeps it
        watch = _Watch()
        request.watch = watch  # type: ignore[attr-defined]
        with connection.execute_wrapper(watch):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Run the view again after it was undone; None, which lets the exception go on, for everything else.

        What the last try raises gets the answer it would have got from the first.
        """
        match, error = request.resolver_match, exception
        for number in range(2, TRIES + 1):
            if match is None or not _was_undone(error) or not _can_be_repeated(request):
                break
            _log.warning("request_undone", route=match.route, sqlstate=_sqlstate(error), next_try=number)
            time.sleep(random.uniform(*PAUSE))  # noqa: S311 - no secret
            try:
                answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
                return answer
            except Exception as again:
                error = again
        if error is exception:
            return None
        answered = next(filter(None, (each.process_exception(request, error) for each in _others())), None)
        if answered is None:
            raise error
        return answered


@cache
def _others() -> tuple[Any, ...]:
    """Return the other middlewares that turn exceptions into pages, the nearest to the view first.

    Django asks them about the first exception only. They keep nothing, so ones of our own do.
    """
    known = [import_string(name) for name in reversed(settings.MIDDLEWARE)]
    wanted = [one for one in known if hasattr(one, "process_exception") and one is not DeadlockMiddleware]
    return tuple(one(_no_view) for one in wanted)


def _no_view(_request: HttpRequest) -> HttpResponseBase:
    raise AssertionError("Only asked about exceptions.")


class _Watch:
    """Notices whether anything was written for good."""

    def __init__(self) -> None:
        self.kept = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if not self.kept and not str(sql).lstrip().lower().startswith(_READS):
            transaction.on_commit(self._keep)  # at once where there is no transaction, never where it is undone
        return answer

    def _keep(self) -> None:
        self.kept = True


def _sqlstate(error: Exception) -> str:
    return str(getattr(error.__cause__, "sqlstate", "") or "")


def _was_undone(error: Exception) -> bool:
    return isinstance(error, OperationalError) and _sqlstate(error) in _UNDONE


def _can_be_repeated(request: HttpRequest) -> bool:
    watch = getattr(request, "watch", None)
    if watch is None or watch.kept or connection.in_atomic_block:
        return False
    started, known = getattr(request, "_read_started", False), hasattr(request, "_body") or hasattr(request, "_post")
    if started and not known:  # read as a stream, and gone
        return False
    for _name, files in request.FILES.lists() if hasattr(request, "_files") else ():
        for file in files:
            file.seek(0)
    return True
