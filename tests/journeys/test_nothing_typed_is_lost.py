"""Nothing that is typed is lost: two windows, a sign-in that runs out, a connection that breaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys import applying
from tests.journeys.conftest import Visitor
from tests.journeys.site import Site
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]


def begin(citizen: Visitor) -> str:
    """Begin the registration of a dog, open its first section and return its address."""
    citizen.open("/guide/dog-registration/")
    citizen.page.locator("a[href*='/my/apply/']").first.click()
    applying.answer_situation(citizen, {"dog_restricted": "no"})
    citizen.page.locator(".task-list a[href*='/section/']").first.click()
    return citizen.page.url.removeprefix(citizen.base)


def texts(page: Page) -> Locator:
    return page.locator("#section-form input[type=text]")


def type_into(field: Locator, text: str) -> None:
    field.fill(text)
    field.blur()


@ways(usual="zh-phone")
def test_two_windows(person: Callable[..., Visitor], way: Way) -> None:
    citizen = person("citizen", **way.window)
    first, address = citizen.page, begin(citizen)
    second = citizen.context.new_page()
    second.goto(citizen.base + address)
    saved = way.say("草稿已保存", "Draft saved")
    citizen.known.update(["东风路一号院", "东风路二号院", "只在第二个窗口"])
    contested, other = texts(first).nth(0), texts(second).nth(1)
    type_into(contested, "东风路一号院")
    expect(first.locator("#autosave")).to_contain_text(saved)
    type_into(texts(second).nth(0), "东风路二号院")
    box = second.locator(".contested:has(input)")
    expect(box).to_contain_text("东风路一号院")
    expect(box).to_contain_text("东风路二号院")
    expect(texts(second).nth(0)).to_have_value("东风路二号院")
    citizen.page = second
    citizen.check()
    type_into(other, "只在第二个窗口")
    expect(second.locator("#autosave")).to_contain_text(way.say("以哪个为准", "which is right"))
    box.get_by_label("东风路一号院").check()
    expect(box).to_have_count(0)
    expect(texts(second).nth(0)).to_have_value("东风路一号院")
    # The older window is told of what it had not changed itself, and shows it.
    citizen.page = first
    type_into(contested, "东风路三号院")
    citizen.known.add("东风路三号院")
    expect(texts(first).nth(1)).to_have_value("只在第二个窗口")
    expect(first.locator("#autosave")).to_contain_text(way.say("另一个窗口改过", "another window"))
    first.reload()
    expect(texts(first).nth(0)).to_have_value("东风路三号院")
    citizen.check()


@ways(usual="zh-desktop")
def test_the_sign_in_runs_out_while_typing(person: Callable[..., Visitor], site: Site, way: Way) -> None:
    citizen = person("citizen", **way.window)
    page, address = citizen.page, begin(citizen)
    citizen.known.update(["花园路一号楼", "花园路二号楼"])
    citizen.context.clear_cookies(name="sessionid")
    type_into(texts(page).nth(0), "花园路一号楼")
    expect(page.locator("#autosave")).to_contain_text(way.say("登录已过期", "you are signed out"))
    citizen.check(expect_complaint="401")
    with citizen.context.expect_page() as opened:
        page.locator("#autosave a").click()
    sign_in(opened.value, "citizen", site.password)
    expect(opened.value.locator("h1")).to_contain_text(way.say("您已重新登录", "You are signed in again"))
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#autosave")).to_contain_text(way.say("草稿已保存", "Draft saved"))
    # Once more, and this time she goes through the sign-in in the same window.
    citizen.context.clear_cookies(name="sessionid")
    type_into(texts(page).nth(1), "花园路二号楼")
    expect(page.locator("#autosave")).to_contain_text(way.say("登录已过期", "you are signed out"))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(citizen.base + address)
    sign_in(page, "citizen", site.password)
    expect(texts(page).nth(1)).to_have_value("花园路二号楼")
    expect(page.locator("#autosave")).to_contain_text(way.say("草稿已保存", "Draft saved"))
    page.reload()
    expect(texts(page).nth(0)).to_have_value("花园路一号楼")
    expect(texts(page).nth(1)).to_have_value("花园路二号楼")


def sign_in(page: Page, name: str, password: str) -> None:
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    with page.expect_navigation(wait_until="load"):
        page.press("input[name=password]", "Enter")


@ways(usual="en-phone")
def test_the_connection_breaks(person: Callable[..., Visitor], way: Way) -> None:
    citizen = person("citizen", **way.window)
    page, _address = citizen.page, begin(citizen)
    citizen.known.update(["Garden Road 1", "Garden Road 2"])
    citizen.context.set_offline(True)
    type_into(texts(page).nth(0), "Garden Road 1")
    expect(page.locator("#autosave")).to_contain_text(way.say("网络断开", "no connection"))
    type_into(texts(page).nth(1), "Garden Road 2")
    assert page.evaluate("Object.values(sessionStorage).join()").count("Garden Road") == 2
    citizen.context.set_offline(False)
    citizen.complaints.clear()
    expect(page.locator("#autosave")).to_contain_text(way.say("草稿已保存", "Draft saved"))
    page.wait_for_function("() => !Object.keys(sessionStorage).some((key) => key.startsWith('draft:'))")
    page.reload()
    expect(texts(page).nth(0)).to_have_value("Garden Road 1")
    expect(texts(page).nth(1)).to_have_value("Garden Road 2")
    citizen.check()
