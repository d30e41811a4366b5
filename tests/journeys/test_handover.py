"""A draft goes to the counter with a code, is filled in there and comes back to its applicant, who files it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.journeys import applying
from tests.journeys.conftest import Visitor
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]


@ways(usual="zh-phone")
def test_to_the_counter_and_back(person: Callable[..., Visitor], way: Way) -> None:
    citizen = person("citizen", **way.window)
    citizen.open("/guide/dog-registration/")
    citizen.page.locator("a[href*='/my/apply/']").first.click()
    path = applying.answer_situation(citizen, {"dog_restricted": "no"})
    citizen.follow(way.say("生成转交码", "Go on at the counter"))
    citizen.check()
    citizen.press(way.say("生成转交码", "Make a hand-over code"))
    code = citizen.page.locator(".code-big").inner_text()
    expect(citizen.page.locator(".handover-qr svg")).to_be_visible()
    citizen.check()

    clerk = person("clerk", **way.at_work)
    clerk.open("/counter/hand-over/")
    clerk.check()
    clerk.page.fill("#code", code)
    clerk.press(way.say("打开申请", "Open the application"))
    assert clerk.page.url.endswith(path)
    clerk.check()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    clerk.page.locator(".task-list a[href*='/section/']").first.click()
    while "/section/" in clerk.page.url:
        applying.fill_section(clerk, {}, today=today)
    citizen.open(f"{path}hand-over/")
    expect(citizen.page.get_by_role("button", name=way.say("现在收回", "Take it back now"))).to_be_visible()
    citizen.check()
    clerk.open(f"{path}hand-over/")
    clerk.check()
    clerk.press(way.say("交还申请人", "Give it back to the applicant"))
    clerk.check()

    citizen.open(path)
    citizen.check()
    citizen.follow(way.say("查看改动并确认", "See what changed and confirm"))
    assert citizen.page.locator(".handover-changes ins").count() > 3
    citizen.check()
    citizen.press(way.say("全部无误，确认", "Everything is right: confirm"))
    citizen.page.locator(".task-list a[href*='/section/']").first.click()
    expect(citizen.page.locator(".field-origin").first).to_contain_text(way.say("代填", "Entered at the counter"))
    citizen.check()
    citizen.open(f"{path}documents/")
    applying.upload_documents(citizen)
    citizen.open(f"{path}review/")
    applying.sign_and_submit(citizen)
    citizen.check()
