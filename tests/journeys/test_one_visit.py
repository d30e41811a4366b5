"""One clerk finishes an on-the-spot item in one visit: somebody walks in, and leaves with the receipt of her filing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.journeys import applying, deciding
from tests.journeys.conftest import Visitor
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]
GRANDMOTHER = "410104190001010022"


@ways(usual="zh-desktop")
def test_filing_of_prepackaged_food(person: Callable[..., Visitor], way: Way) -> None:
    clerk = person("clerk", **way.window)
    page = clerk.open("/counter/")
    clerk.check()
    page.locator("nav.rail a[href='/counter/walk-in/']").click()
    page.wait_for_url("**/walk-in/")
    clerk.check()
    page.locator("[name=id_number]").fill(GRANDMOTHER)
    with page.expect_navigation(wait_until="load"):
        page.locator("main form .btn-primary").click()
    clerk.check()
    page.locator("[value='service:prepackaged-food-filing']").check()
    with page.expect_navigation(wait_until="load"):
        page.locator("main form .btn-primary").click()
    clerk.check()
    if page.locator("form#situation").count():
        path = applying.answer_situation(clerk, {})
    else:
        path = page.url.removeprefix(clerk.base)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    page.locator(".task-list a[href*='/section/']").first.click()
    while "/section/" in page.url:
        applying.fill_section(clerk, {}, today=today)
        clerk.check()
    clerk.open(f"{path}documents/")
    applying.upload_documents(clerk)
    clerk.open(f"{path}review/")
    clerk.check()
    applying.sign_and_submit(clerk, consents=False)
    clerk.check()

    page.locator("main a[href^='/counter/applications/']").click()
    page.wait_for_url("**/counter/applications/*/")
    clerk.check()
    page.locator("main a[href^='/counter/tasks/']").first.click()
    page.wait_for_url("**/counter/tasks/*/")
    clerk.check()
    page.locator("#id_all_fine").check()
    deciding.end_task(clerk, "grant")
    clerk.reload_until(page.get_by_role("checkbox", name=way.say("备案回执", "Filing receipt")))
    clerk.check()
    page.locator("[name=collected_by]").fill("刘桂兰")
    with page.expect_navigation(wait_until="load"):
        page.locator("form:has([name=collected_by]) .btn-primary").click()
    clerk.check()
    assert page.locator("#error-summary").all_inner_texts() == []
    expect(page.get_by_role("checkbox", name=way.say("备案回执", "Filing receipt"))).to_have_count(0)
    expect(page.get_by_role("link", name=way.say("备案回执", "Filing receipt"))).to_be_visible()
