"""Taking a notice in from a file: real ones, and files that are none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from tests.factories.clocks import running_clock
from workflows.clocks import DayKind
from workflows.models import CalendarRecomputation, CalendarVersion
from workflows.queries.calendars import calendar_for

SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))
NOTICES = sorted((SHARED / "calendar" / "holiday-cn").glob("20*.json"))
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Read the messages in English whatever the installation's language."""
    with translation.override("en"):
        yield


@pytest.fixture
def _loaded() -> None:
    call_command("load_calendar", stdout=StringIO())


def imported(path: Path, **options: Any) -> str:
    out = StringIO()
    call_command("import_calendar", str(path), stdout=out, **options)
    return out.getvalue()


def written(path: Path, days: list[dict[str, Any]], **words: Any) -> Path:
    path.write_text(json.dumps({"days": days, **words}), encoding="utf-8")
    return path


@pytest.mark.skipif(not NOTICES, reason=f"no notices below {SHARED}: set SHARED_DATA")
@pytest.mark.usefixtures("_loaded")
def test_the_real_notices_say_what_the_library_says() -> None:
    versions = CalendarVersion.objects.count()
    for path in NOTICES:
        if not json.loads(path.read_text(encoding="utf-8"))["days"]:
            with pytest.raises(CommandError, match="not announced yet"):
                imported(path)
            continue
        assert imported(path) == "Nothing has changed: the calendar says this already.\n"
    assert CalendarVersion.objects.count() == versions


FOUND_2027 = [
    {"date": "2027-01-01", "name": "元旦、春节", "isOffDay": True},
    {"date": "2027-01-04", "name": "元旦", "isOffDay": False},
    {"date": "2027-03-03", "name": "活动", "name_en": "City day", "isOffDay": True},
    {"date": "2027-03-06", "name": "活动", "isOffDay": False},
]


@pytest.mark.usefixtures("_loaded")
def test_a_year_is_announced_once(tmp_path: Path) -> None:
    path = written(tmp_path / "2027.json", FOUND_2027, year=2027, papers=["https://www.gov.cn/2027"])
    assert "The year 2027 is announced: CN v2, 4 days." in imported(path)
    calendar = calendar_for()
    assert calendar.special[calendar.offset(date(2027, 1, 1))].name_en == "New Year's Day; Spring Festival"
    assert calendar.kind(date(2027, 1, 4)) is DayKind.WORKDAY
    assert calendar.kind(date(2027, 3, 6)) is DayKind.MAKEUP
    assert calendar.special[calendar.offset(date(2027, 3, 3))].name_en == "City day"
    assert calendar.is_working(date(2027, 2, 9)), "what the library only expected is gone"
    assert not calendar.is_provisional(date(2027, 7, 1))
    nation = CalendarVersion.objects.filter(region="CN").first()
    assert nation is not None
    assert nation.note == "https://www.gov.cn/2027"
    jobs, versions = CalendarRecomputation.objects.count(), CalendarVersion.objects.count()
    assert "Nothing has changed" in imported(path)
    assert (CalendarRecomputation.objects.count(), CalendarVersion.objects.count()) == (jobs, versions)


@pytest.mark.usefixtures("_loaded")
def test_a_check_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    for number, started in enumerate(["2026-12-30 10:00", "2026-12-30 11:00", "2026-11-02 10:00"]):
        running_clock(started=started, subject_id=str(number))
    path = written(tmp_path / "2027.json", [{"date": "2027-01-04", "name": "元旦", "isOffDay": True}], year=2027)
    versions, jobs = CalendarVersion.objects.count(), CalendarRecomputation.objects.count()
    said = imported(path, check=True)
    assert "2027-01-04: workday → holiday New Year's Day" in said
    assert "2027-01-01: holiday → workday" in said
    assert "2027 would be final." in said
    assert "would move: 0." in said, "one day less before and one more after: the same last day"
    assert (CalendarVersion.objects.count(), CalendarRecomputation.objects.count()) == (versions, jobs)
    longer = [{"date": f"2027-01-0{day}", "name": "元旦", "isOffDay": True} for day in (1, 4)]
    assert "would move: 2." in imported(written(tmp_path / "2027.json", longer, year=2027), check=True)


@pytest.mark.usefixtures("_loaded")
def test_where_the_file_and_the_library_differ_is_said(tmp_path: Path) -> None:
    days = [{"date": "2026-10-01", "name": "国庆节", "isOffDay": False}]
    said = imported(written(tmp_path / "2026.json", days, year=2026), check=True)
    assert "2026-10-01: the file says workday, the holidays library says holiday." in said


@pytest.mark.usefixtures("_loaded")
def test_single_days_of_a_city_from_csv(tmp_path: Path) -> None:
    path = tmp_path / "snow.csv"
    path.write_text("date,kind,name_zh,name_en\n2026-11-24,closure,暴雪停办,Snow\n", encoding="utf-8-sig")
    assert "The days are entered: CN-410100 v2" in imported(path, region="CN-410100", source="Order 7")
    assert calendar_for("CN-410100").kind(date(2026, 11, 24)) is DayKind.CLOSURE
    assert calendar_for("CN").is_working(date(2026, 11, 24))
    assert "Nothing has changed" in imported(path, region="CN-410100", source="Order 7")


DAY = '{"date": "2027-01-01", "name": "", "isOffDay": true}'


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", "[]", "no list of days"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.json", '{"days": NaN}', "no list of days"),
        ("a.json", '{"year": "2027", "days": []}', "year of the file"),
        ("a.json", '{"year": 2027.0, "days": []}', "year of the file"),
        ("a.json", '{"year": 99999, "days": []}', "year of the file"),
        ("a.json", '{"year": 2027, "days": []}', "not announced yet"),
        ("a.json", f'{{"year": 2027, "papers": ["x\\u0000y"], "days": [{DAY}]}}', "address of the notice"),
        ("a.json", f'{{"year": 2027, "days": [{DAY}, 3]}}', "Entry 2: “isOffDay”"),
        ("a.json", '{"year": 2027, "days": [{"date": "2027-13-01", "isOffDay": true}]}', "Entry 1: the date"),
        ("a.json", '{"year": 2027, "days": [{"date": "20270101", "isOffDay": true}]}', "Entry 1: the date"),
        ("a.json", '{"year": 2027, "days": [{"date": 3, "isOffDay": true}]}', "Entry 1: the date"),
        ("a.json", '{"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": "yes"}]}', "Entry 1: “isOffDay”"),
        ("a.json", '{"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": true, "name": 3}]}', "the name"),
        ("a.json", '{"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": true, "name": "a\\nb"}]}', "the name"),
        ("a.json", f'{{"year": 2027, "days": [{DAY}, {DAY}]}}', "Entry 2: 2027-01-01 is listed twice"),
        (
            "a.json",
            f'{{"year": 2026, "days": [{DAY.replace("2027", "2031")}]}}',
            "does not belong to the notice of 2026",
        ),
        ("a.json", f'{{"year": 2029, "days": [{DAY.replace("2027", "2029")}]}}', "Announce the year 2027 first"),
        ("a.csv", "date,kind\n2027-01-01,holiday\n", "name these columns: name_zh, name_en"),
        ("a.csv", "date,kind,name_zh,name_en\n2027-01-01,party,,\n", "Line 2: the kind must be one of workday"),
        ("a.csv", "date,kind,name_zh,name_en\n2027-01-01,holiday\n", "Line 2 has another number"),
        ("a.csv", "date,kind,name_zh,name_en\n2027-01-01,holiday,,,,\n", "Line 2 has another number"),
        ("a.csv", 'date,kind,name_zh,name_en\n2027-01-01,"holiday,,\n', "is not CSV"),
        ("a.csv", "date,kind,name_zh,name_en\n1066-01-01,holiday,,\n", "outside the calendar"),
        ("a.csv", "date,kind,name_zh,name_en\n", "lists no day"),
        ("a.csv", "", "name these columns"),
        ("a.ics", "BEGIN:VCALENDAR", "end in .json or .csv"),
        ("a.json", " " * 1_000_001, "larger than one megabyte"),
        ("a.json", b"\xff\xfe", "not text in UTF-8"),
        ("a.json", None, "cannot be read"),
    ],
)
@pytest.mark.usefixtures("_loaded")
def test_what_is_no_notice_changes_nothing(
    name: str, content: str | bytes | None, sentence: str, tmp_path: Path
) -> None:
    path, versions = tmp_path / name, CalendarVersion.objects.count()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CommandError, match=sentence):
        imported(path)
    assert CalendarVersion.objects.count() == versions


def test_without_a_calendar_the_administrator_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Load the national calendar first"):
        imported(written(tmp_path / "2027.json", FOUND_2027, year=2027))
