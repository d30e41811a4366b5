"""The admin shows calendars, clocks and timers, and changes none of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import include, path
from django.utils import translation

from tests.factories.clocks import at, running_clock
from workflows.operations.calendars import load_national_calendar
from workflows.queries.calendars import home_region

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = [path("admin/", admin.site.urls), path("i18n/", include("django.conf.urls.i18n"))]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Read the messages in English whatever the installation's language."""
    with translation.override("en"):
        yield


@pytest.fixture
def administrator() -> Client:
    user = get_user_model().objects.create_superuser(username="admin", email="admin@example.org", password="x" * 15)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("model", ["calendarversion", "clock", "timer", "calendarday"])
def test_lists_open_and_nothing_can_be_added(model: str, administrator: Client) -> None:
    load_national_calendar(region=home_region(), at=at("2026-11-20 08:00"))
    running_clock(started="2026-11-20 09:00")
    assert administrator.get(f"/admin/workflows/{model}/").status_code == 200
    assert administrator.get(f"/admin/workflows/{model}/add/").status_code == 403
