"""A developer applies for the whole construction permit stage: reviews and utilities side by side, then the permit.

The fire design needs an expert review, whose days the law does not count (Administrative Licensing Law, art. 45). The
permit's own limit counts from the day its application is received (Building Law, art. 8), not from acceptance.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.utils.translation import override
from playwright.sync_api import Locator, expect

from portal.ui.wording import date_words
from tests.journeys import applying, deciding, officers
from tests.journeys.conftest import Visitor
from tests.journeys.site import Site
from tests.journeys.test_agent_for_two_companies import DEVELOPER, DEVELOPER_CODE
from tests.journeys.ways import Way, ways
from workflows.clocks import national_calendar

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


STAGE = {
    "special_project": "yes",
    "shelter": "build",
    "site_road": "yes",
    "road_work": "occupy",
    "road_from": (today() + timedelta(days=60)).isoformat(),
    "road_until": (today() + timedelta(days=150)).isoformat(),
    "wants_utilities": ["water", "power", "gas", "heat"],
}
PROJECT = {
    "organisation.name": DEVELOPER,
    "organisation.uscc": DEVELOPER_CODE,
    "organisation.legal_representative": "郑立业",
    "project.name": "展新演示中心",
    "project.developer": DEVELOPER,
    "project.developer_uscc": DEVELOPER_CODE,
    "project.planning_permit_number": "演示规建字第20260002号",
    "project.floor_area": "46800",
    "project.height": "72",
    "project.storeys_above": "18",
    "project.storeys_below": "2",
}
#: Seven departments (construction has two more items): who works on which, by words of its name in Chinese and English.
TEAMS = {
    "construction": ("消防设计审查", "Fire design review"),
    "airdefence": ("防空地下室", "air-defence basement"),
    "city": ("占用、挖掘城市道路", "Road occupation"),
    "water": ("供水", "Water connection"),
    "power": ("供电", "Power connection"),
    "gas": ("供气", "Gas connection"),
    "heat": ("供热", "Heat connection"),
}
DRAWINGS, PERMIT = ("施工图", "construction drawings"), ("施工许可证", "Construction permit (")
#: The fire design's promise in working days, and how many calendar days the experts take.
PROMISED, EXPERTS = 8, 21
PLANNED = "20"


@ways(usual="zh-desktop")
def test_reviews_side_by_side_and_a_pause_by_law(person: Callable[..., Visitor], site: Site, way: Way) -> None:
    builder = person("builder", **way.window)
    path = _apply(builder, way)
    builder.open(path)
    builder.reload_until(builder.page.locator(".lane-head .number").nth(7))
    builder.check()
    numbers = {team: _number(_lane(builder, way.say(*words))) for team, words in TEAMS.items()}
    drawings = _number(_lane(builder, way.say(*DRAWINGS)))
    permit = _lane(builder, way.say(*PERMIT))
    expect(permit).to_contain_text(way.say("在此之前不计时", "no limit runs before"))
    expect(permit.locator(".lane-head .number")).to_have_count(0)

    with officers.signed_in(site, "clerk") as clerk:
        for number in (*numbers.values(), drawings):
            officers.accept(clerk, number)
    fire = numbers.pop("construction")
    _experts_review(person("construction-handler", **way.at_work), fire, way)
    lane = _lane(builder, way.say(*TEAMS["construction"]))
    _paused_is_explained(builder, lane, path, way)
    officers.at_once(
        partial(officers.record, site, "construction", drawings, "演示图审20260002"),
        *(partial(officers.grant, site, team, number) for team, number in numbers.items()),
    )

    _let_days_pass(site, fire)
    _experts_are_done(person("construction-handler", **way.at_work), fire, way)
    _due_date_moved(builder, lane, path, way)
    deciding.decide(lambda role: person(f"construction-{role}", **way.at_work), fire, "grant")
    _permit_counts_from_receipt(builder, permit, path, way)
    number = _number(permit)
    with officers.signed_in(site, "clerk") as clerk:
        officers.accept(clerk, number)
    officers.grant(site, "construction", number)
    builder.open(path)
    builder.reload_until(builder.page.get_by_text(way.say("全部办结", "all items done")).first)
    for name in (way.say("建筑工程施工许可证", "Construction permit"), way.say("消防设计审查", "Fire design review")):
        expect(builder.page.locator(".document-row", has_text=name).first).to_be_visible()
    builder.check()


def _apply(builder: Visitor, way: Way) -> str:
    """Read the guide, answer, fill in one form, hand in one set of documents and file; returns the path."""
    page = builder.open("/guide/construction-permit-stage/")
    builder.follow(way.say("开始办理", "Start now"))
    path = applying.answer_situation(builder, STAGE, party=DEVELOPER)
    expect(page.locator(".acting-for")).to_contain_text(DEVELOPER)
    builder.check()
    applying.fill_form(builder, PROJECT)
    builder.open(f"{path}documents/")
    applying.upload_documents(builder)
    builder.check()
    builder.open(f"{path}review/")
    builder.check()
    applying.sign_and_submit(builder)
    builder.check()
    return path


def _lane(builder: Visitor, words: str) -> Locator:
    return builder.page.locator(".lane", has=builder.page.get_by_role("heading", level=3, name=words))


def _number(lane: Locator) -> str:
    return lane.locator(".lane-head .number").inner_text()


def _experts_review(handler: Visitor, number: str, way: Way) -> None:
    """The handler reads the fire design and pauses its limits for an expert review, from today on."""
    deciding.find_task(handler, deciding.DESK, number)
    handler.follow(way.say("办件页", "Case page"))
    page = handler.page
    page.get_by_text(way.say("因法定不计时事由暂停", "Pause for what the law does not count")).first.click()
    page.locator("[name=pause-reason]").select_option("expert_review")
    page.locator("[name=pause-from_on]").fill(today().isoformat())
    page.locator("[name=pause-planned_days]").fill(PLANNED)
    handler.check()
    handler.press(way.say("暂停计算期限", "Pause the limits"))
    expect(page.get_by_text(way.say("暂停中", "paused, no date yet")).first).to_be_visible()
    handler.check()


def _paused_is_explained(builder: Visitor, lane: Locator, path: str, way: Way) -> None:
    """Her timeline says that, why, by which law and how long the time is not counted, and has the letter."""
    builder.open(path)
    pause = lane.locator(".lane-fact-now")
    for words in (
        way.say("专家评审", "expert review"),
        way.say("行政许可法", "Administrative Licensing Law"),
        "45",
        PLANNED,
        _words(today(), way),
    ):
        expect(pause).to_contain_text(words)
    expect(lane.locator(".step-due")).to_have_count(0)
    expect(lane.locator(".lane-letters")).to_contain_text(way.say("特殊程序", "special procedure"))
    builder.check()
    builder.open("/my/inbox/")
    expect(builder.page.get_by_text(way.say("专家评审", "expert review")).first).to_be_visible()
    builder.check()


def _let_days_pass(site: Site, number: str) -> None:
    """Set the beginning of the case's limits and of their pause back, as if the experts had begun weeks ago."""
    back = {"days": timedelta(days=EXPERTS), "number": number}
    of_case = "SELECT id FROM workflows_clock WHERE subject_kind = 'case' AND stopped_at IS NULL AND subject_id = "
    of_case += "(SELECT id::text FROM cases_case WHERE number = %(number)s)"
    with psycopg.connect(site.database_url) as database:
        database.execute(f"UPDATE workflows_clock SET started_at = started_at - %(days)s WHERE id IN ({of_case})", back)
        paused = database.execute(
            f"UPDATE workflows_clockpause SET from_on = from_on - {EXPERTS} WHERE clock_id IN ({of_case})", back
        )
        assert paused.rowcount == 2  # the promised and the statutory limit


def _experts_are_done(handler: Visitor, number: str, way: Way) -> None:
    deciding.find_task(handler, deciding.DESK, number)
    handler.follow(way.say("办件页", "Case page"))
    handler.press(way.say("恢复计算期限", "Let the limits run again"))
    handler.check()


def _due_date_moved(builder: Visitor, lane: Locator, path: str, way: Way) -> None:
    """The date is later by exactly the working days that were paused."""
    accepted, calendar = today() - timedelta(days=EXPERTS), national_calendar()
    paused = sum(calendar.is_working(accepted + timedelta(days=day)) for day in range(1, EXPERTS + 1))
    due = calendar.add_working_days(calendar.add_working_days(accepted, PROMISED), paused)
    builder.open(path)
    expect(lane.locator(".step-due")).to_contain_text(_words(due, way))
    for day in (accepted, today()):
        expect(lane.locator(".lane-fact").first).to_contain_text(_words(day, way))
    builder.check()


def _permit_counts_from_receipt(builder: Visitor, permit: Locator, path: str, way: Way) -> None:
    """Before anybody accepted it the permit has a date: seven days of receipt by law, three by promise."""
    builder.open(path)
    builder.reload_until(permit.locator(".lane-head .number"))
    expect(permit.locator(".step-due")).to_be_visible()
    permit.locator("details").first.locator("summary").click()
    expect(permit.locator("details").first).to_contain_text(way.say("收到", "receipt"))
    builder.check()


def _words(day: date, way: Way) -> str:
    with override(way.language):
        return str(date_words(day))
