"""A company opens a convenience store: found by a search, filed once, done at the window on the spot."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.journeys import applying, deciding
from tests.journeys.conftest import Visitor
from tests.journeys.test_open_a_restaurant import COMPANY, COMPANY_CODE, code_of, download, lanes
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]
STORE = {
    "has_licence": "yes",
    "organisation_kind": "company",
    "food_on_site": "no",
    "sells_tobacco": "no",
    "floor_area": "90",
    "storey": "ground",
    "has_sign": "no",
    "premises_ready": "yes",
}


def find_store(owner: Visitor, way: Way) -> None:
    """Type what people say, watch the results come while typing, and open the guide."""
    page = owner.open("/services/")
    owner.check()
    words = way.say("小卖部", "corner shop")
    owner.known.add(words)
    page.locator("#site-search").press_sequentially(words)
    first = page.locator("#results .service-card").first
    expect(first.get_by_role("link").first).to_have_text(way.say("开便利店", "Open a convenience store"))
    expect(page).to_have_url(re.compile(r"/search/\?q=."))  # a reload, or somebody it is sent to, sees the same
    for chosen in ("#event", "#department"):  # what she did not choose is not chosen for her
        expect(page.locator(chosen)).to_have_value("")
    owner.check()
    first.get_by_role("link").first.click()
    page.wait_for_url("**/guide/open-convenience-store/")
    owner.check()


@ways(usual="zh-phone")
def test_a_filing_done_on_the_spot(person: Callable[..., Visitor], way: Way) -> None:
    owner, clerk = person("owner2", **way.window), person("clerk2", **way.at_work)
    find_store(owner, way)
    owner.follow(way.say("开始办理", "Start now"))
    owner.check()
    path = applying.answer_situation(owner, STORE, party=COMPANY)
    owner.check()
    page, today = owner.page, datetime.now(ZoneInfo("Asia/Shanghai")).date()
    page.locator(".task-list a[href*='/section/']").first.click()
    while "/section/" in page.url:
        owner.check()
        applying.fill_section(owner, {"organisation.uscc": COMPANY_CODE}, today=today)
    owner.open(f"{path}documents/")
    applying.upload_documents(owner)
    owner.open(f"{path}review/")
    owner.check()
    applying.sign_and_submit(owner)
    owner.check()

    owner.open(path)
    owner.reload_until(page.locator(".lane-head .number").first)
    owner.check()
    (number,) = lanes(owner).values()
    deciding.find_task(clerk, deciding.COUNTER, number)
    clerk.page.locator("#id_all_fine").check()
    deciding.end_task(clerk, "grant")

    owner.open(path)
    owner.reload_until(page.get_by_text(way.say("全部办结", "all items done")).first)
    owner.check()
    receipt = download(owner, way.say("备案回执", "Filing receipt"))
    anybody = person("", **way.window)
    anybody.open(f"/verify/{code_of(receipt)}")
    expect(anybody.page.get_by_text(way.say("真实有效", "genuine and in force")).first).to_be_visible()
    anybody.check()
