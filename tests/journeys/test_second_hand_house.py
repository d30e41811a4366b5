"""A seller applies for the transfer of her house: registers fill in and fetch, one of them is down at first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.journeys import applying
from tests.journeys.conftest import Visitor
from tests.journeys.site import Site
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]

SITUATION = {
    "contract_registered": "no",
    "house_use": "residential",
    "has_mortgage": "no",
    "transfer_utilities": ["water"],
}
TITLE, ADDRESS = "豫（2023）郑州市不动产权第0000002号", "郑州市金水区演示路12号院3号楼2单元501号"
#: Another house of hers, so that what the register said about the first does not hide that it is down.
OTHER_TITLE, OTHER_ADDRESS = "豫（2021）郑州市不动产权第0000003号", "郑州市惠济区演示路77号院1号楼1单元1201号"


def begun(owner: Visitor, way: Way, title: str) -> str:
    """Begin the application of the house's owner and type the number of her title; returns the application's path."""
    owner.open("/my/apply/bundle/house-transfer/")
    path = applying.answer_situation(owner, SITUATION)
    owner.open(f"{path}section/property/")
    owner.page.locator("[name='property-certificate_number']").fill(title)
    owner.page.locator("[name='property-certificate_number']").blur()
    expect(owner.page.locator("#autosave")).to_contain_text(way.say("草稿已保存", "Draft saved"))
    return path


def agree(page: Page, *codes: str) -> None:
    """Tick offers and fetch."""
    for code in codes:
        page.locator(f"input[name=agree][value='{code}']").check()
    with page.expect_navigation(wait_until="load"):
        page.locator("main form .actions button[name=fetch]").click()


@ways(usual="zh-phone")
def test_registers_fill_in_and_fetch(person: Callable[..., Visitor], way: Way) -> None:
    owner = person("owner", **way.window)
    owner.known |= {"李雯", "郑州雯姐小馆餐饮有限公司（演示）", TITLE, ADDRESS}
    path = begun(owner, way, TITLE)
    page = owner.open(f"{path}fetch/")
    owner.check()
    agree(
        page, "property-registry:prefill", "property-registry:document", "household-registry:document", "tax:document"
    )
    owner.check()
    expect(page.locator(".fetch-came")).to_have_count(4)
    owner.open(f"{path}section/property/")
    expect(page.locator("[name='property-address']")).to_have_value(ADDRESS)
    owner.open(f"{path}documents/")
    for code in ("title-certificate", "identity-card", "tax-record"):
        expect(page.locator(f"#document-{code} a[href*='/my/uploads/']")).to_be_visible()
    owner.check()

    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    given = {"property.certificate_number": TITLE, "person.name": "李雯"}
    for section in sections(owner, path):
        owner.open(section)
        applying.fill_section(owner, given, today=today)
    owner.open(f"{path}documents/")
    applying.upload_documents(owner)
    owner.open(f"{path}review/")
    owner.check()
    applying.sign_and_submit(owner)
    owner.open("/my/data/")
    expect(page.get_by_text(way.say("不动产登记信息", "Register of real property")).first).to_be_visible()
    owner.check()


def sections(owner: Visitor, path: str) -> list[str]:
    """Return the addresses of the sections of an application."""
    page = owner.open(path)
    links = page.locator(".task-list a[href*='/section/']").all()
    return [str(link.get_attribute("href")) for link in links]


def _let_answers_age(site: Site) -> None:
    """Forget what registers said, which is kept for minutes: the way before this one asked about the same house."""
    with psycopg.connect(site.database_url) as database:
        database.execute("DELETE FROM exchange_cachedanswer")


@ways(usual="en-desktop")
def test_a_register_that_is_down_keeps_nobody(person: Callable[..., Visitor], site: Site, way: Way) -> None:
    owner = person("owner", **way.window)
    owner.known |= {"李雯", "郑州雯姐小馆餐饮有限公司（演示）", OTHER_TITLE, OTHER_ADDRESS}
    path = begun(owner, way, OTHER_TITLE)
    _let_answers_age(site)
    httpx.post(f"{site.registers_url}/faults", json={"kind": "status", "value": 503, "source": "property-registry"})
    page = owner.open(f"{path}fetch/")
    agree(page, "property-registry:prefill")
    expect(page.get_by_text(way.say("未能调取", "Could not be fetched")).first).to_be_visible()
    owner.check()
    owner.open(f"{path}section/property/")
    expect(page.get_by_text(way.say("请填写：", "please enter:")).first).to_be_visible()
    owner.check()
    typed = page.locator("[name='property-address']")
    typed.fill("金水区演示路12号院")
    typed.blur()
    expect(page.locator("#autosave")).to_contain_text(way.say("草稿已保存", "Draft saved"))
    owner.known.add("金水区演示路12号院")

    page = owner.open(f"{path}fetch/")
    with page.expect_navigation(wait_until="load"):
        page.locator("button[name=again]").first.click()
    expect(page.locator("input[name=take][value='property.address']")).to_be_visible()
    owner.check()
    owner.open(f"{path}section/property/")
    expect(typed).to_have_value("金水区演示路12号院")
    page = owner.open(f"{path}fetch/")
    page.locator("input[name=take][value='property.address']").check()
    with page.expect_navigation(wait_until="load"):
        page.locator("button[name=use]").click()
    owner.open(f"{path}section/property/")
    expect(typed).to_have_value(OTHER_ADDRESS)
