"""Every public page in a real Chromium: both languages, four widths, no console error, no foreign word, no barrier."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from services.catalogue.models import ServiceItem
from tests.factories.catalogue import load_shipped_catalogue, published_service
from tests.factories.city import load_city
from tests.factories.documents import make_paper
from tests.journeys.conftest import LANGUAGES, Visitor
from workflows.queries.calendars import database_now

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
NewVisitor = Callable[..., Visitor]
PAGES = [
    "/",
    "/services/",
    "/services/?audience=business&spot=1",
    "/search/?q=zzzzzz",
    "/guide/open-restaurant/",
    "/guide/food-licence/",
    "/verify/",
    "/verify/ABCDEFGHJKLMNPQR",
    "/about/",
    "/about/accessibility/",
    "/about/privacy/",
    "/accounts/login/",
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_sound(visitor: NewVisitor, language: str) -> None:
    load_shipped_catalogue()
    paper = make_paper(department=ServiceItem.objects.get(code="food-licence").department.code)
    one = visitor(language=language)
    for path in [*PAGES, f"/verify/{paper.verify_code}"]:
        one.open(path)
        one.check()
    one.open("/no-such-page/")
    one.check(expect_complaint="404")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_process_is_drawn_in_the_page_language(visitor: NewVisitor, language: str) -> None:
    load_city(at=database_now())  # with its people: a process whose tasks nobody would see is not published
    one = visitor(language=language)
    for code in ("open-restaurant", "food-licence"):
        page = one.open(f"/guide/{code}/process/")
        page.get_by_role("button", name="画出流程图" if language == "zh-hans" else "Draw the diagram").click()
        start = "提出申请" if language == "zh-hans" else "Application filed"
        expect(page.locator("#diagram svg text").filter(has_text=start.split()[0]).first).to_be_visible()
        page.get_by_role("button", name="放大" if language == "zh-hans" else "Larger").click()
        one.check()


def test_pages_fit_every_width(visitor: NewVisitor) -> None:
    load_shipped_catalogue()
    published_service(
        item__code="longest-name", name_zh="很长的事项名称" * 15 + "终于结束", name_en="Longest name " * 8 + "ends"
    )
    for width, height in ((320, 640), (375, 812), (768, 1024), (1920, 1080)):
        for language in LANGUAGES:
            one = visitor(language=language, width=width, height=height)
            for path in ("/", "/services/", "/guide/open-restaurant/", "/guide/longest-name/"):
                one.open(path)
                one.check()


def test_large_text_makes_everything_larger_and_still_fits(visitor: NewVisitor) -> None:
    load_shipped_catalogue()
    one = visitor(width=375, height=812)
    page = one.open("/guide/food-licence/")
    before = page.evaluate("() => parseFloat(getComputedStyle(document.body).fontSize)")
    page.get_by_role("button", name="大字版").click()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("() => parseFloat(getComputedStyle(document.body).fontSize)") == before * 1.125
    one.check()


def test_everything_works_without_javascript(visitor: NewVisitor) -> None:
    load_shipped_catalogue()
    one = visitor(javascript=False)
    page = one.open("/")
    page.get_by_role("searchbox").fill("开饭店")
    page.get_by_role("button", name="搜索").click()
    page.get_by_role("link", name="开办餐饮店", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("开办餐饮店")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open a restaurant")
    page.get_by_role("button", name="Large text").click()
    expect(page.get_by_role("button", name="Standard text")).to_be_visible()


def test_keyboard_alone_reaches_the_content_and_the_search(visitor: NewVisitor) -> None:
    one = visitor(language="en")
    page = one.open("/about/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.id") == "site-search"
    one.check()


def test_the_reader_learns_why_the_date(visitor: NewVisitor) -> None:
    load_shipped_catalogue()
    one = visitor(language="en")
    page = one.open("/guide/food-licence/")
    page.locator("#when").get_by_text("Why this date?").click()
    expect(page.locator("#when .why li").first).to_be_visible()
    one.check()
