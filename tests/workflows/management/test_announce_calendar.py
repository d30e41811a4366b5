"""Taking a notice in from a file: a real one, and files that are none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from workflows.clocks import DayKind, national_calendar
from workflows.queries.calendars import calendar_for

SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))
NOTICE_2026 = SHARED / "calendar" / "holiday-cn" / "2026.json"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Read the messages in English whatever the installation's language."""
    with translation.override("en"):
        yield


@pytest.mark.skipif(not NOTICE_2026.exists(), reason=f"the notice is not at {NOTICE_2026}: set SHARED_DATA")
def test_a_real_notice_gives_the_year_the_library_gives() -> None:
    call_command("load_calendar", stdout=StringIO())
    out = StringIO()
    call_command("announce_calendar", "2026", str(NOTICE_2026), "--source", "国办发明电〔2025〕7号", stdout=out)
    assert "The year 2026 is announced" in out.getvalue()
    calendar, national = calendar_for(), national_calendar()
    first, last = (calendar.offset(day) for day in (date(2026, 1, 1), date(2026, 12, 31)))
    assert calendar.working[first : last + 1] == national.working[first : last + 1]
    assert calendar.kind(date(2026, 10, 10)) is DayKind.MAKEUP
    assert calendar.special[calendar.offset(date(2026, 10, 1))].name_en == "National Day"


def test_two_holidays_on_a_day_and_weekdays_that_become_working(tmp_path: Path) -> None:
    call_command("load_calendar", stdout=StringIO())
    path = tmp_path / "2027.json"
    days = [
        {"date": "2027-01-01", "name": "元旦、春节", "isOffDay": True},
        {"date": "2027-01-04", "name": "元旦", "isOffDay": False},
        {"date": "2027-03-03", "name": "活动", "name_en": "City day", "isOffDay": True},
    ]
    path.write_text(json.dumps({"days": days}), encoding="utf-8")
    call_command("announce_calendar", "2027", str(path), "--source", "x", stdout=StringIO())
    calendar = calendar_for()
    assert calendar.special[calendar.offset(date(2027, 1, 1))].name_en == "New Year's Day; Spring Festival"
    assert calendar.kind(date(2027, 1, 4)) is DayKind.WORKDAY
    assert calendar.special[calendar.offset(date(2027, 3, 3))].name_en == "City day"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "is not a notice"),
        ('{"days": [{"date": "2027-13-01", "isOffDay": true}]}', "is not a notice"),
        ('{"days": [{"date": "2027-01-01", "isOffDay": "yes"}]}', "is not a notice"),
        ('{"days": []}', "Load the national calendar first"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_notice_changes_nothing(content: str | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "2027.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match=sentence):
        call_command("announce_calendar", "2027", str(path), "--source", "x")
