"""The calendar's page: overseers look, administrators act, and nothing is published before its effect was shown."""

from __future__ import annotations

import json
import re
from datetime import date
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from services.parties.enums import Role
from tests.factories.clocks import at, running_clock
from tests.factories.parties import MembershipFactory
from workflows.clocks import DayKind
from workflows.models import CalendarDay, CalendarRecomputation, CalendarVersion
from workflows.operations.calendars import load_national_calendar
from workflows.operations.recomputation import recompute
from workflows.queries.calendars import calendar_for, database_now, home_region

pytestmark = pytest.mark.django_db
REGION = "CN-410100"
NOTICE = {"year": 2027, "papers": ["https://www.gov.cn/2027"]}


@pytest.fixture(autouse=True)
def _loaded(db: None) -> None:
    load_national_calendar(region=home_region(), at=at("2026-11-20 08:00"))
    recompute(now=database_now)


def as_(role: Role, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    person = MembershipFactory(role=role).user
    person.language = language
    person.save()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(name: str = "calendar", *more: str, region: str = REGION) -> str:
    return reverse(f"oversight:{name}", args=[region, *more])


def hidden(content: str) -> dict[str, str]:
    """What the page sends once more when the change is published."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', content)
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def notice(days: list[tuple[str, bool]]) -> SimpleUploadedFile:
    listed = [{"date": on, "name": "元旦", "isOffDay": off} for on, off in days]
    return SimpleUploadedFile("2027.json", json.dumps({**NOTICE, "days": listed}).encode())


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_year_is_told_in_words_and_an_unannounced_one_is_provisional(language: str) -> None:
    client = as_(Role.MANAGER, language)
    shown = client.get(page(), {"year": "2026"}).content.decode()
    assert ("2 Oct 2026" if language == "en" else "10月2日") in shown
    assert ("make-up working day" if language == "en" else "调休上班") in shown
    assert "This year is provisional" not in shown
    assert page("import_calendar") not in shown, "who oversees only looks"
    coming = client.get(page(), {"year": "2027"}).content.decode()
    assert ("This year is provisional" if language == "en" else "本年度为暂定") in coming


def test_a_strange_year_or_region_is_no_error() -> None:
    client = as_(Role.ADMIN)
    for year in ("", "abc", "99999", "-1", "２０２６", "1066"):
        assert client.get(page(), {"year": year}).status_code == 200
    assert client.get(page(region="CN-999999")).status_code == 404
    assert client.get(page("withdraw_day", "never")).status_code == 404


def test_an_administrator_comes_in_at_the_calendar() -> None:
    answer = as_(Role.ADMIN).get(reverse("oversight:calendars"), follow=True)
    assert answer.redirect_chain == [(page(), 302)]
    assert page("import_calendar") in answer.content.decode()
    assert f'href="{reverse("oversight:board")}"' not in answer.content.decode()


def test_a_notice_is_shown_before_it_is_published_and_the_job_is_on_the_page() -> None:
    clock = running_clock(started="2026-12-30 10:00")
    client, versions = as_(Role.ADMIN), CalendarVersion.objects.count()
    days = [("2027-01-01", True), ("2027-01-04", True)]
    looked = client.post(page("import_calendar", region="CN"), {"file": notice(days)}).content.decode()
    assert "1 open time limit would move to another day" in looked
    assert "The year 2027 becomes final." in looked
    assert CalendarVersion.objects.count() == versions, "looking changes nothing"

    done = client.post(page("import_calendar", region="CN"), {**hidden(looked), "publish": "1"}, follow=True)
    assert "Version 2 is published" in done.content.decode()
    nation = CalendarVersion.objects.filter(region="CN").first()
    assert nation is not None
    assert (nation.note, nation.published_by is not None) == ("https://www.gov.cn/2027", True)
    assert "waiting for its turn" in client.get(page()).content.decode()
    recompute(now=database_now)
    clock.refresh_from_db()
    assert (clock.due_on, clock.provisional) == (date(2027, 1, 6), False)
    assert "finished" in client.get(page()).content.decode()
    again = client.post(page("import_calendar", region="CN"), {**hidden(looked), "publish": "1"}, follow=True)
    assert "Nothing has changed" in again.content.decode()
    assert CalendarRecomputation.objects.count() == 2


def test_a_bad_file_is_refused_with_its_entry() -> None:
    client = as_(Role.ADMIN)
    answer = client.post(page("import_calendar"), {"file": notice([("2027-13-01", True)])}).content.decode()
    assert escape("Entry 1: the date must be written like 2027-01-01.") in answer
    assert "Choose the file of the notice." in client.post(page("import_calendar"), {}).content.decode()


def test_a_closure_for_snow_is_entered_and_taken_back() -> None:
    clock, client = running_clock(started="2026-11-20 09:00"), as_(Role.ADMIN)
    words = {"on": "2026-11-24", "kind": "closure", "name_zh": "暴雪停办", "name_en": "Snow", "source": "Order 7"}
    looked = client.post(page("enter_day"), words).content.decode()
    assert "1 open time limit would move" in looked
    client.post(page("enter_day"), {**hidden(looked), "publish": "1"})
    assert calendar_for().kind(date(2026, 11, 24)) is DayKind.CLOSURE
    recompute(now=database_now)
    clock.refresh_from_db()
    assert clock.due_on == date(2026, 11, 26)
    assert "Snow" in client.get(page(), {"year": "2026"}).content.decode()

    looked = client.post(page("withdraw_day", "2026-11-24"), {"source": "Order 8"}).content.decode()
    client.post(page("withdraw_day", "2026-11-24"), {**hidden(looked), "publish": "1"})
    recompute(now=database_now)
    clock.refresh_from_db()
    assert clock.due_on == date(2026, 11, 25)
    assert CalendarDay.objects.get(region=REGION).until == 3, "what stood then can still be read"
    gone = client.post(page("withdraw_day", "2026-11-24"), {"source": "Order 9"}, follow=True)
    assert "Nothing is entered for this day." in gone.content.decode()


def test_office_hours_and_a_district(client: Client) -> None:
    client = as_(Role.ADMIN)
    words = {"code": "CN-410102", "name_zh": "中原区", "name_en": "Zhongyuan"}
    looked = client.post(page("add_region"), words).content.decode()
    client.post(page("add_region"), {**hidden(looked), "publish": "1"})
    hours = {
        "morning_from": "08:30", "morning_to": "12:00", "afternoon_from": "14:00", "afternoon_to": "18:00",
        "source": "Summer hours",
    }  # fmt: skip
    looked = client.post(page("office_hours", region="CN-410102"), hours).content.decode()
    client.post(page("office_hours", region="CN-410102"), {**hidden(looked), "publish": "1"})
    assert calendar_for("CN-410102").hours.closes.hour == 18
    assert calendar_for(REGION).hours.closes.hour == 17
    shown = client.get(page(region="CN-410102")).content.decode()
    assert "08:30–12:00, 14:00–18:00" in shown
    wrong = client.post(page("office_hours"), {**hours, "afternoon_to": "10:00"}).content.decode()
    assert "each ending after it begins" in wrong


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
@pytest.mark.parametrize("name", ["import_calendar", "enter_day", "office_hours", "add_region"])
def test_who_oversees_changes_nothing(role: Role, name: str) -> None:
    client = as_(role)
    assert client.get(page()).status_code == 200
    assert client.get(page(name)).status_code == 403
    assert client.post(page(name), {"publish": "1"}).status_code == 403
