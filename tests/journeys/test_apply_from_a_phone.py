"""A citizen applies for one service, with interruptions, and thinks better of it."""

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


@ways(usual="en-phone")
def test_apply_save_resume_submit_withdraw(person: Callable[..., Visitor], way: Way) -> None:
    citizen = person("citizen", **way.window)
    page = citizen.open("/my/")
    citizen.check()
    citizen.open("/guide/dog-registration/")
    citizen.check()
    citizen.follow(way.say("开始办理", "Start now"))
    citizen.check()
    path = applying.answer_situation(citizen, {"dog_restricted": "no"})
    citizen.check()

    page.locator(".task-list a[href*='/section/']").first.click()
    field = page.locator("main form input[type=text]").first
    name = field.get_attribute("name")
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        field.fill("Kept as typed")
        field.blur()
    expect(page.locator("#autosave")).to_contain_text(way.say("草稿已保存", "Draft saved"))
    citizen.known.add("Kept as typed")
    citizen.check()
    page.reload()
    expect(page.locator(f"[name='{name}']")).to_have_value("Kept as typed")

    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    while "/section/" in page.url:
        applying.fill_section(citizen, {}, today=today)
        citizen.check()
    citizen.open(f"{path}documents/")
    applying.upload_documents(citizen)
    citizen.check()
    citizen.open(f"{path}review/")
    citizen.check()
    applying.sign_and_submit(citizen)
    citizen.check()
    citizen.open(path)
    citizen.check()
    withdraw = way.say("撤回申请", "Withdraw the application")
    citizen.follow(withdraw)
    citizen.check()
    citizen.press(withdraw)
    expect(page.get_by_text(way.say("已撤回", "withdrawn")).first).to_be_visible()
    citizen.check()
    citizen.open("/my/inbox/")
    citizen.check()
