"""The admin changes the calendar only through the operations, and clocks not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import include, path
from django.utils import translation

from tests.factories.clocks import at, running_clock
from workflows.models import CalendarDay, CalendarVersion
from workflows.operations.calendars import load_national_calendar
from workflows.queries.calendars import home_region, newest_version

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


SNOW = {
    "date": "2026-11-24",
    "kind": "closure",
    "name_zh": "暴雪停办",
    "name_en": "Snow",
    "confirmed": "on",
    "source": "Order 7",
}


def test_a_day_entered_and_taken_back_moves_the_clocks(administrator: Client) -> None:
    region = home_region()
    load_national_calendar(region=region, at=at("2026-11-20 08:00"))
    clock = running_clock(started="2026-11-20 09:00")
    answer = administrator.post("/admin/workflows/calendarday/add/", {**SNOW, "region": region})
    assert answer.status_code == 302
    clock.refresh_from_db()
    assert clock.due_on == date(2026, 11, 26)
    version = newest_version(region)
    assert version is not None
    assert (version.number, version.note, version.published_by is None) == (2, "Order 7", False)
    day = CalendarDay.objects.get(region=region, date=date(2026, 11, 24))
    administrator.post(f"/admin/workflows/calendarday/{day.pk}/delete/", {"post": "yes"})
    clock.refresh_from_db()
    assert clock.due_on == date(2026, 11, 25)


def test_without_a_calendar_the_administrator_is_told_so(administrator: Client) -> None:
    answer = administrator.post("/admin/workflows/calendarday/add/", {**SNOW, "region": "CN-000000"}, follow=True)
    assert "error" in answer.content.decode()
    assert not CalendarVersion.objects.exists()
    assert not CalendarDay.objects.exists()


@pytest.mark.parametrize("model", ["calendarversion", "clock", "timer", "calendarday"])
def test_lists_open_and_what_operations_own_cannot_be_added(model: str, administrator: Client) -> None:
    load_national_calendar(region=home_region(), at=at("2026-11-20 08:00"))
    running_clock(started="2026-11-20 09:00")
    assert administrator.get(f"/admin/workflows/{model}/").status_code == 200
    added = administrator.get(f"/admin/workflows/{model}/add/").status_code
    assert added == (200 if model == "calendarday" else 403)
