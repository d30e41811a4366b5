"""How many statements one user action costs: in the engine, and as a whole request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.demo.city import load_city
from services.cases.operations.steps import complete_step
from tests.benchmarks.cases import Engine
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.ground import Ground
from tests.benchmarks.wire import Traffic, traffic
from tests.factories.applications import RESTAURANT, filed_application, open_task, user
from workflows.queries.calendars import database_now

SIGN_IN = "django.contrib.auth.backends.ModelBackend"


def per_action(ground: Ground, size: Size) -> Figure:
    """Count the statements of each of a case's seven actions; the dearest one counts."""
    with ground.fresh_database(), Engine().told() as engine:
        engine.finish(1)  # what is read once per process is read now
        counted = _actions(engine)
    return Figure(
        name="statements",
        title="SQL statements per user action in the engine, all counted",
        unit="statements",
        value=max(one.sent for _, one in counted),
        must=8,
        hope=5,
        detail={
            "mean": round(sum(one.sent for _, one in counted) / len(counted), 2),
            "without_begin_and_commit": {name: one.without_transaction for name, one in counted},
            "actions": {name: {"sent": one.sent, "statements": one.texts} for name, one in counted},
        },
    )


def _actions(engine: Engine) -> list[tuple[str, Traffic]]:
    counted = []
    with traffic() as seen:
        run = engine.start(2)
    counted.append(("start", seen))
    for words in ("complete", "approve"):
        for number, task in enumerate(engine.opened(run), start=1):
            with traffic() as seen:
                engine.complete(task)
            counted.append((f"{words} {number}", seen))
    return counted


def over_http(ground: Ground, size: Size) -> Figure:
    """Count the statements of one request by which a reviewer at the desk completes a task of a real case."""
    with ground.fresh_database():
        client, addresses = _desk()
        _post(client, addresses[0])
        connection.close_if_unusable_or_obsolete()  # as between two requests: the next one checks the connection
        with traffic() as seen:
            answer = _post(client, addresses[1])
    assert answer.status_code == 302, answer.content.decode()
    return Figure(
        name="statements_over_http",
        title="SQL statements per user action over HTTP",
        unit="statements",
        value=seen.sent,
        must=12,
        hope=9,
        detail={"without_begin_and_commit": seen.without_transaction, "statements": seen.texts},
    )


def _post(client: Client, address: str) -> Any:
    return client.post(address, {"outcome": "recommend_grant", "reasons": "材料齐全。"})


def _desk() -> tuple[Client, list[str]]:
    """Return a signed-in reviewer, and the addresses of her task on two cases that the window has accepted."""
    at = database_now() - timedelta(hours=3)
    load_city(at=at - timedelta(days=30))
    addresses = []
    for _ in range(2):
        application = filed_application(bundle="open-restaurant", situation=RESTAURANT, at=at)
        case = application.cases.get(part="business-licence")
        complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
        addresses.append(reverse("desk:task", args=[open_task(case, "handle").pk]))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user("food-handler"), backend=SIGN_IN)
    return client, addresses
