"""What the machine that runs us is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, override_settings

from portal.ui import health


def test_live_asks_nobody(client: Client) -> None:
    """No database mark: a query would fail this test."""
    assert client.get("/healthz/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready(client: Client) -> None:
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": "ok", "disk": "ok", "migrations": "ok", "broker": "ok"},
    }
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
@override_settings(CELERY_BROKER_URL="redis://127.0.0.1:1/0")
def test_without_the_broker_the_site_is_degraded_but_serves(client: Client) -> None:
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["broker"] == "failing"


@pytest.mark.django_db
def test_unapplied_migrations_make_it_unready(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="workflows").last().delete()
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "failing"


@pytest.mark.django_db
def test_a_full_disk_makes_it_unready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FREE_BYTES_NEEDED", 2**60)
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"] == "failing"


@pytest.mark.django_db
def test_no_database_makes_it_unready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any) -> None:
        raise OperationalError("the database is away: password=secret")

    monkeypatch.setattr(health.connection, "cursor", away)
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "failing"
    assert "secret" not in answer.text


@pytest.mark.parametrize("address", ["/healthz/live", "/healthz/ready"])
def test_only_reading_is_answered(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
