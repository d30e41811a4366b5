"""A new baby: one application, and a chain of services of which each needs what the one before results in.

Certificate of birth → vaccination ‖ household registration → insurance ‖ card.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import applying, deciding
from tests.journeys.conftest import Visitor
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]
FAMILY = {
    "under_one_year": "yes",
    "has_birth_certificate": "no",
    "parents_married": "yes",
    "wants_insurance": "yes",
    "wants_card": "yes",
}


@ways(usual="zh-phone")
def test_a_new_baby(person: Callable[..., Visitor], way: Way) -> None:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    mother, clerk = person("owner", **way.window), person("clerk", **way.at_work)
    # In English the family also has the costs of the birth paid back: one item more once the child is certified.
    costs = 0 if way.language == "zh-hans" else 1
    family = FAMILY | {"birth_costs": ("no", "yes")[costs]}
    shared = _read_the_guide(mother, family, way)
    mother.follow(way.say("开始办理", "Start now"))
    expect(mother.page).to_have_url(re.compile(re.escape(shared)))
    mother.check()
    path = applying.answer_situation(mother, family)
    given = {"child.birth_date": (today - timedelta(days=20)).isoformat()}
    mother.page.locator(".task-list a[href*='/section/']").first.click()
    while "/section/" in mother.page.url:
        applying.fill_section(mother, given, today=today)
    mother.open(f"{path}documents/")
    applying.upload_documents(mother)
    mother.open(f"{path}review/")
    mother.check()
    _let_the_father_sign(mother, person("owner2", **way.window), way)
    mother.open(f"{path}review/")
    applying.submit_signed(mother)

    birth = way.say("出生医学证明", "certificate of birth")
    assert list(_filed(mother, path)) == [_only(mother.page, birth)]
    _record(clerk, person("health-handler", **way.at_work), _number(mother.page, birth), "20260001234567", today)
    household, vaccination = way.say("出生户口登记", "Household"), way.say("预防接种证", "Vaccination")
    mother.reload_until(mother.page.locator(".lane", has_text=household).locator(".number"))
    assert (
        len(_filed(mother, path)) == 3 + costs
    )  # side by side; insurance and card wait for the household registration
    mother.check()
    _decide_at_the_window(clerk, _number(mother.page, vaccination))
    _record(
        clerk, person("police-handler", **way.at_work), _number(mother.page, household), "410105202600012345", today
    )
    mother.open(path)
    mother.reload_until(
        mother.page.locator(".lane", has_text=way.say("社会保障卡", "Social security card")).locator(".number")
    )
    assert len(_filed(mother, path)) == 5 + costs
    mother.check()


def _let_the_father_sign(mother: Visitor, father: Visitor, way: Way) -> None:
    """Sign, invite the father by text message; he finds it among his applications, reads and signs on his telephone."""
    page = mother.page
    page.locator("input[name=signed]").check()
    with page.expect_navigation(wait_until="load"):
        page.locator("form:has(input[name=reviewed_hash]) button[type=submit]").click()
    expect(page).to_have_url(re.compile("/signers/$"))
    mother.check()
    page.locator("input[name=mobile]").first.fill("19900000002")
    with page.expect_navigation(wait_until="load"):
        page.locator("form.signer-invite button[type=submit]").first.click()
    mother.known.add("19900000002")
    mother.check()
    expect(page.locator(".letters")).to_contain_text("19900000002")
    link = str(page.locator("input.code").first.input_value())
    father.open(link.removeprefix(father.base))
    expect(father.page).to_have_url(re.compile("/my/signing/"))
    father.known |= {"李雯", "王建国"}
    father.page.locator("input[name=signed]").check()
    with father.page.expect_navigation(wait_until="load"):
        father.page.locator("button[name=action][value=sign]").click()
    expect(father.page.get_by_text(way.say("已签署", "You have signed")).first).to_be_visible()
    father.check()


def _read_the_guide(mother: Visitor, family: dict[str, str], way: Way) -> str:
    """Answer on the guide's page, which changes at once; returns the address that carries the answers."""
    page = mother.open("/guide/new-baby/")
    mother.check()
    for key, value in family.items():
        with page.expect_response(lambda response: "/guide/new-baby/?" in response.url):
            page.locator(f"#situation input[name={key}][value={value}]").check()
    expect(page.locator("#guide-top")).to_contain_text(way.say("现在提交", "File now"))
    expect(page).to_have_url(re.compile(f"birth_costs={family['birth_costs']}"))
    page.locator("details.calculation summary").click()
    expect(page.locator(".sum-table").first).to_be_visible()
    mother.check()
    return page.url.partition("?")[2]


def _filed(mother: Visitor, path: str) -> dict[str, str]:
    """Return the number of every case that is filed by its service's name."""
    mother.open(path)
    lanes = mother.page.locator(".lane:has(.lane-head .number)").all()
    return {
        lane.get_by_role("heading", level=3).inner_text(): lane.locator(".lane-head .number").inner_text()
        for lane in lanes
    }


def _only(page: Page, words: str) -> str:
    return page.locator(".lane", has_text=words).first.get_by_role("heading", level=3).inner_text()


def _number(page: Page, words: str) -> str:
    heading = page.get_by_role("heading", level=3, name=words)
    return page.locator(".lane", has=heading).locator(".lane-head .number").first.inner_text()


def _record(clerk: Visitor, handler: Visitor, number: str, outside: str, day: object) -> None:
    """Accept a case and record how another system decided it."""
    deciding.accept(clerk, number)
    deciding.find_task(handler, deciding.DESK, number)
    deciding.end_task(
        handler, "grant", {"outside_number": outside, "outside_day": str(day), "reasons": deciding.REASONS}
    )


def _decide_at_the_window(clerk: Visitor, number: str) -> None:
    deciding.find_task(clerk, deciding.COUNTER, number)
    clerk.page.locator("#id_all_fine").check()
    deciding.end_task(clerk, "grant")
