"""The main job as all the people concerned live it: one application, many departments, on time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.journeys import applying
from tests.journeys.conftest import Visitor

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
WITHOUT_LICENCE = {"has_licence": "no", **RESTAURANT}


def apply_for_restaurant(
    owner: Visitor, situation: dict[str, object], *, title: str, start: str, given: dict[str, str], party: str = ""
) -> str:
    """Let the owner find the bundle, answer, fill in, hand in, review and submit; returns the application's path."""
    page = owner.open("/guide/open-restaurant/")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    owner.check()
    owner.follow(start)
    owner.check()
    path = applying.answer_situation(owner, situation, party=party)
    owner.check()
    page.locator(".task-list a[href*='/section/']").first.click()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    while "/section/" in page.url:
        owner.check()
        applying.fill_section(owner, given, today=today)
    owner.open(f"{path}documents/")
    owner.check()
    assert applying.upload_documents(owner) > 5
    owner.check()
    owner.open(f"{path}review/")
    owner.check()
    applying.sign_and_submit(owner)
    owner.check()
    return path


def test_the_owner_files_once_in_chinese(person: Person) -> None:
    owner = person("owner")
    path = apply_for_restaurant(owner, WITHOUT_LICENCE, title="开办餐饮店", start="开始办理", given={})
    owner.open(path)
    owner.check()


def test_the_owner_files_once_in_english(person: Person) -> None:
    owner = person("owner2", language="en")
    situation = {"has_licence": "yes", **RESTAURANT, "premises_ready": "yes"}
    path = apply_for_restaurant(
        owner,
        situation,
        title="Open a restaurant",
        start="Start now",
        given={"organisation.uscc": "91410100MA0000074E"},
        party="郑州老街坊餐饮管理有限公司（演示）",
    )
    owner.open(path)
    owner.check()
