"""What a monitor is told: how long ago something got through, not whether a process is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from portal.oversight.views import health
from tests.factories.clocks import RunFactory
from workflows.models import Standstill, Timer
from workflows.operations.watch import record_progress
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db
ADDRESS = "/healthz/full"


@pytest.fixture
def _all_well() -> None:
    for name in ("canary", "sweepd"):
        record_progress(name=name, at=database_now())


@pytest.mark.usefixtures("_all_well")
def test_all_is_well_while_things_get_through(client: Client) -> None:
    answer = client.get(ADDRESS)
    assert answer.status_code == 200, answer.json()
    told = answer.json()["checks"]
    assert all(reading["well"] for reading in told.values())
    assert told["canary"]["value"] < 60


def test_a_canary_that_never_came_is_no_good_sign(client: Client) -> None:
    answer = client.get(ADDRESS)
    assert answer.status_code == 503
    assert answer.json()["checks"]["canary"] == {"well": False, "value": None}


@pytest.mark.usefixtures("_all_well")
@pytest.mark.parametrize(("minutes", "status"), [(2.9, 200), (3.1, 503)])
def test_it_turns_red_after_three_minutes(
    client: Client, monkeypatch: pytest.MonkeyPatch, minutes: float, status: int
) -> None:
    now = database_now()
    monkeypatch.setattr(health, "database_now", lambda: now + timedelta(minutes=minutes))
    monkeypatch.setattr(health, "CLOCKS_MAY_DIFFER", timedelta(hours=1))
    assert client.get(ADDRESS).status_code == status


@pytest.mark.usefixtures("_all_well")
@pytest.mark.parametrize(("seconds", "well"), [(4, True), (6, False), (-6, False)])
def test_a_clock_that_differs_from_the_databases_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch, seconds: int, well: bool
) -> None:
    now = database_now()
    monkeypatch.setattr(health, "database_now", lambda: now + timedelta(seconds=seconds))
    assert client.get(ADDRESS).json()["checks"]["clock_skew"]["well"] is well


@pytest.mark.usefixtures("_all_well")
def test_what_stands_still_and_what_is_late_is_told(client: Client) -> None:
    root, now = RunFactory.create(), database_now()
    Standstill.objects.create(root=root, run=root, found_at=now)
    Timer.objects.create(root=root, subject_kind="probe", subject_id="1", kind="red", due_at=now - timedelta(minutes=3))
    told = client.get(ADDRESS).json()["checks"]
    assert told["standstills"] == {"well": False, "value": 1}
    assert told["late_timer"]["well"] is False


@pytest.mark.usefixtures("_all_well")
def test_strangers_need_the_token(client: Client, settings: Any) -> None:
    assert client.get(ADDRESS, REMOTE_ADDR="192.0.2.7").status_code == 403
    assert client.get(ADDRESS, headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403
    token = {"Authorization": "Bearer secret"}
    assert client.get(ADDRESS, REMOTE_ADDR="192.0.2.7", headers=token).status_code == 403
    settings.HEALTH_TOKEN = "secret"
    assert client.get(ADDRESS, REMOTE_ADDR="192.0.2.7", headers=token).status_code == 200
    assert client.get(ADDRESS, REMOTE_ADDR="192.0.2.7", headers={"Authorization": "Bearer other"}).status_code == 403
