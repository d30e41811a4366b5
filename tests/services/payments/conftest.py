"""A payment service of our own beside each test, and a house whose transfer costs a fee."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.demo.payment_gateway import PaymentGateway
from services.cases.models import Case
from services.cases.operations.steps import complete_step
from tests.factories.applications import filed_application, open_task, user
from tests.services.cases.conftest import MORNING, _loaded, city  # noqa: F401 - fixtures
from workflows.operations.jobs import run_due_jobs

KEY = "a-key-of-the-tests"


@pytest.fixture
def service(settings: Any) -> Iterator[PaymentGateway]:
    """Run the demo's payment service and let the portal use it."""
    running = PaymentGateway(("127.0.0.1", 0), key=KEY)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    settings.PAYMENT_GATEWAY_URL = settings.PAYMENT_GATEWAY_PAGES = running.url
    settings.PAYMENT_GATEWAY_KEY = KEY
    yield running
    running.closing.set()
    running.shutdown()
    running.server_close()


def house(*, use: str = "residential", at: datetime = MORNING, online: bool = True) -> Case:
    """File a house transfer of the person `owner`, not accepted yet."""
    situation = {"house_use": use, "has_mortgage": False}
    application = filed_application(service="house-title-transfer", situation=situation, at=at, online=online)
    return application.cases.get()


def accept(case: Case, at: datetime) -> None:
    """Accept a case at the window."""
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)


def decide(case: Case, outcome: str, at: datetime, *, staff: str = "planning") -> None:
    """Let three people of the department decide a case, and the workers issue what follows."""
    steps = (
        ("handle", f"recommend_{outcome}", "handler"),
        ("check", "agree", "checker"),
        ("approve", outcome, "approver"),
    )
    for minutes, (node, result, role) in enumerate(steps):
        complete_step(
            task_id=open_task(case, node).pk,
            outcome=result,
            by=user(f"{staff}-{role}"),
            at=at + timedelta(minutes=minutes),
            reasons="依据登记材料。",
        )
    for second in range(4):
        run_due_jobs(at=at + timedelta(minutes=5, seconds=second))
    case.refresh_from_db()
