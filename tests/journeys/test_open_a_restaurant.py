"""The main job as all the people concerned live it: one application, many departments, on time."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pikepdf
import pytest
from playwright.sync_api import expect

from portal.demo.samples import fictitious_uscc
from tests.journeys import applying, deciding, officers
from tests.journeys.conftest import Visitor
from tests.journeys.site import Site
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]
Person = Callable[..., Visitor]
RESTAURANT = {
    "organisation_kind": "company",
    "small_shop": "no",
    "floor_area": "420",
    "storey": "ground",
    "residential_building": "no",
    "food_items": ["hot"],
    "fire_route": "check",
    "has_sign": "yes",
    "sewer": "yes",
}
COMPANY, COMPANY_CODE = "郑州老街坊餐饮管理有限公司（演示）", "91410100MA0000074E"
TEAMS = {
    "zh-hans": {"食品经营许可": "food", "消防": "fire", "招牌": "city", "排水": "city"},
    "en": {"Food": "food", "Fire": "fire", "sign": "city", "waste water": "city"},
}


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def apply_for_restaurant(
    owner: Visitor, situation: dict[str, object], *, way: Way, given: dict[str, str], party: str = ""
) -> str:
    """Let the owner find the bundle, answer, fill in, hand in, review and submit; returns the application's path."""
    page = owner.open("/guide/open-restaurant/")
    expect(page.get_by_role("heading", level=1)).to_have_text(way.say("开办餐饮店", "Open a restaurant"))
    owner.check()
    owner.follow(way.say("开始办理", "Start now"))
    owner.check()
    path = applying.answer_situation(owner, situation, party=party)
    owner.check()
    page.locator(".task-list a[href*='/section/']").first.click()
    while "/section/" in page.url:
        owner.check()
        applying.fill_section(owner, given, today=today())
    owner.open(f"{path}documents/")
    owner.check()
    assert applying.upload_documents(owner) > 5
    owner.check()
    owner.open(f"{path}review/")
    owner.check()
    applying.sign_and_submit(owner)
    owner.check()
    return path


def lanes(owner: Visitor) -> dict[str, str]:
    """Return the number of every case on the timeline by its service's name."""
    found = owner.page.locator(".lane").all()
    return {
        lane.get_by_role("heading", level=3).inner_text(): lane.locator(".lane-head .number").inner_text()
        for lane in found
        if lane.locator(".lane-head .number").count()
    }


def team_of(service: str, way: Way) -> str:
    """Return what the sign-ins of the department of a service begin with."""
    return next(prefix for word, prefix in TEAMS[way.language].items() if word in service)


def download(one: Visitor, name: str) -> Path:
    """Download the paper with this title from the timeline."""
    row = one.page.locator(".document-row", has_text=name)
    with one.page.expect_download() as waiting:
        row.get_by_role("link").click()
    return Path(waiting.value.path())


def code_of(paper: Path) -> str:
    """Return the verification code that a paper carries."""
    with pikepdf.open(paper) as pdf:
        found = re.search(r"[0-9A-Z]{16}", str(pdf.open_metadata()["dc:description"]))
    assert found is not None
    return found[0]


def check_licence_in_public(person: Person, owner: Visitor, way: Way) -> None:
    """Download the licence and let anybody type its code into the public page."""
    paper = download(owner, way.say("食品经营许可证", "Food business licence"))
    expected = way.say("真实有效", "genuine and in force")
    anybody = person("", **way.window)
    page = anybody.open("/verify/")
    page.locator("#code").fill(code_of(paper))
    with page.expect_navigation(wait_until="load"):
        page.locator("#code").press("Enter")
    expect(page.get_by_role("heading", name=expected).or_(page.get_by_text(expected)).first).to_be_visible()
    anybody.check()


@ways(usual="zh-phone")
def test_licence_first_and_one_refusal(person: Person, site: Site, way: Way) -> None:
    """The licence comes first, four departments follow in parallel, one refuses."""
    owner, clerk = person("owner", **way.window), person("clerk", **way.at_work)
    given = {"organisation.name": "郑州雯姐小馆餐饮有限公司（演示）"}
    path = apply_for_restaurant(owner, {"has_licence": "no", **RESTAURANT}, way=way, given=given)
    owner.open(path)
    owner.check()
    (licence,) = lanes(owner).values()

    deciding.accept(clerk, licence)
    code = fictitious_uscc(random.randrange(10**7))
    register = {"outside_number": code, "outside_day": today().isoformat()}
    deciding.decide(lambda role: person(f"licence-{role}", **way.at_work), licence, "grant", result=register)

    owner.open(path)
    ready = way.say("场所已就绪", "The premises are ready")
    owner.reload_until(owner.page.get_by_role("button", name=ready))
    owner.check()
    owner.press(ready)
    branches = {name: number for name, number in lanes(owner).items() if number != licence}
    assert len(branches) == 4
    owner.check()

    with officers.signed_in(site, "clerk") as at_the_window:
        for number in branches.values():
            officers.accept(at_the_window, number)
    refused = next(service for service in branches if way.say("排水", "waste water") in service)
    team = team_of(refused, way)
    deciding.decide(
        lambda role: person(f"{team}-{role}", **way.at_work),
        branches.pop(refused),
        "refuse",
        reasons=deciding.REFUSAL,
    )
    officers.at_once(*(partial(officers.grant, site, team_of(name, way), number) for name, number in branches.items()))

    owner.open(path)
    owner.reload_until(owner.page.get_by_text(way.say("部分办结", "some items done")).first)
    owner.check()
    check_licence_in_public(person, owner, way)
    owner.open("/my/")
    owner.check()
    owner.open("/my/inbox/")
    owner.check()


@pytest.mark.slow
@ways(usual="en-desktop")
def test_licence_held_and_all_granted(person: Person, site: Site, way: Way) -> None:
    """The licence is confirmed by the register, so four departments start at once; all grant."""
    owner = person("owner2", **way.window)
    situation = {"has_licence": "yes", **RESTAURANT, "premises_ready": "yes"}
    given = {"organisation.uscc": COMPANY_CODE}
    path = apply_for_restaurant(owner, situation, way=way, given=given, party=COMPANY)
    owner.open(path)
    owner.reload_until(owner.page.locator(".lane-head .number").nth(3))
    owner.check()
    branches = lanes(owner)
    assert len(branches) == 4

    manager = person("manager", **way.at_work)
    with officers.signed_in(site, "clerk2") as clerk:
        for number in branches.values():
            officers.accept(clerk, number)
    manager.open("/oversight/")
    for number in branches.values():
        expect(manager.page.get_by_role("link", name=number)).to_be_visible()
    manager.check()
    manager.page.get_by_role("link", name=next(iter(branches.values()))).click()
    manager.check()
    officers.at_once(*(partial(officers.grant, site, team_of(name, way), number) for name, number in branches.items()))
    owner.open(path)
    owner.reload_until(owner.page.get_by_text(way.say("全部办结", "all items done")).first)
    owner.check()
    check_licence_in_public(person, owner, way)
