"""An agent works for two companies: each sees what is done in its name and nothing of the other, and may end it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys import applying
from tests.journeys.conftest import Visitor
from tests.journeys.test_open_a_restaurant import COMPANY, COMPANY_CODE
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]

AGENT, AGENT_NUMBER = "赵晓明", "410102190411023050"
DEVELOPER, DEVELOPER_CODE = "郑州展新置业有限公司（演示）", "91410105MA0000119M"
MATTER = "售楼处门头招牌备案"
#: What each company's application says: nothing of it may stand on a page of the other's.
RESTAURANT_SIGN = {
    "organisation.name": COMPANY,
    "organisation.uscc": COMPANY_CODE,
    "person.mobile": "19900000002",
    "premises.address": "郑州市金水区演示街8号",
    "sign.text": "老街坊家常菜",
}
DEVELOPER_SIGN = {
    "organisation.name": DEVELOPER,
    "organisation.uscc": DEVELOPER_CODE,
    "person.mobile": "19900000008",
    "premises.address": "郑州市郑东新区演示大道2号",
    "sign.text": "展新演示中心售楼处",
}


@ways(usual="en-phone")
def test_an_agent_files_for_two_companies(person: Callable[..., Visitor], way: Way) -> None:
    agent, chief, developer = (person(name, **way.window) for name in ("agent", "owner2", "builder"))
    _let_act(developer, agent, way)

    first = _fill_in(agent, COMPANY, RESTAURANT_SIGN, way)
    agent.press(way.say("请申请人签署", "Ask the applicant to sign"))  # this mandate does not go as far as signing
    agent.check()
    second = _fill_in(agent, DEVELOPER, DEVELOPER_SIGN, way)
    applying.sign_and_submit(agent)
    agent.check()

    chief.open("/my/inbox/")
    expect(chief.page.get_by_text(way.say("请核对并签署", "Please check and sign")).first).to_be_visible()
    chief.open(f"{first}review/")
    expect(chief.page.locator(".acting-for")).to_contain_text(COMPANY)
    chief.check()
    applying.sign_and_submit(chief)

    _principal_is_told(developer, way)
    _nothing_crosses(agent, {first: DEVELOPER_SIGN, second: RESTAURANT_SIGN})
    _one_company_at_a_time(agent, {COMPANY: first, DEVELOPER: second}, way)
    for stranger, path in ((chief, second), (developer, first)):
        assert stranger.page.context.request.get(f"{stranger.base}{path}").status == 404

    _take_back(developer, way)
    assert agent.page.context.request.get(f"{agent.base}{second}").status == 404
    assert agent.page.context.request.get(f"{agent.base}{first}").status == 200


def _let_act(developer: Visitor, agent: Visitor, way: Way) -> None:
    """The legal representative offers a mandate of the company's, and the agent accepts it."""
    page = developer.open("/my/people/")
    developer.follow(DEVELOPER)
    developer.follow(way.say("请人代为办事", "Let somebody act"))
    developer.check()
    for name, value in (("name", AGENT), ("id_number", AGENT_NUMBER), ("matter", MATTER)):
        page.locator(f"[name={name}]").fill(value)
    developer.known |= {AGENT, MATTER}
    for scope in ("fill", "sign", "receive"):
        page.locator(f"[name=scopes][value={scope}]").check()
    developer.press(way.say("发出委托", "Make the offer"))
    developer.check()
    agent.open("/my/people/")
    agent.follow(way.say("查看并答复", "Look and answer"))
    expect(agent.page.get_by_role("heading", level=1)).to_contain_text(DEVELOPER)
    agent.check()
    with agent.page.expect_navigation(wait_until="load"):
        agent.page.locator("button[name=answer][value=accept]").click()
    agent.check()


def _fill_in(agent: Visitor, company: str, given: dict[str, str], way: Way) -> str:
    """Apply for one of the companies up to the review; every page says for which. Returns the application's path."""
    page = agent.open("/guide/sign-filing/")
    agent.follow(way.say("开始办理", "Start now"))
    path = applying.answer_situation(agent, {}, party=company)
    expect(page.locator(".acting-for")).to_contain_text(company)
    agent.check()
    applying.fill_form(agent, given)
    agent.open(f"{path}documents/")
    expect(page.locator(".acting-for")).to_contain_text(company)
    applying.upload_documents(agent)
    agent.open(f"{path}review/")
    expect(page.locator(".acting-for")).to_contain_text(company)
    agent.check()
    return path


def _principal_is_told(developer: Visitor, way: Way) -> None:
    page = developer.open("/my/inbox/")
    told = page.get_by_text(way.say(f"以“{DEVELOPER}”的名义", f"In the name of {DEVELOPER}")).first
    developer.reload_until(told)
    developer.check()
    developer.open("/my/people/")
    developer.follow(DEVELOPER)
    acts = page.locator("section", has=page.locator("#done"))
    expect(acts).to_contain_text(AGENT)
    expect(acts).not_to_contain_text(COMPANY)
    developer.check()


def _nothing_crosses(agent: Visitor, strange: dict[str, dict[str, str]]) -> None:
    """Ask for every page of each application: nothing on it was typed for the other company."""
    for path, other in strange.items():
        for place in ("", "submitted/", "situation/", "documents/", "fetch/"):
            shown = agent.page.context.request.get(f"{agent.base}{path}{place}").text()
            assert not [value for value in other.values() if value in shown], (path, place)


def _one_company_at_a_time(agent: Visitor, filed: dict[str, str], way: Way) -> None:
    """The list of applications shows all of them, each with its company, or those of the one she chooses."""
    page = agent.open("/my/")
    rows = page.locator("main .task-row")
    agent.check()
    for company, path in filed.items():
        agent.open("/my/")
        page.locator(".chips").get_by_role("link", name=company).click()
        expect(page.locator(".chips [aria-current=true]").first).to_have_text(company)
        expect(rows.locator(f"a[href='{path}']")).to_be_visible()
        for other in filed.keys() - {company}:
            expect(rows.filter(has_text=other)).to_have_count(0)
        agent.check()


def _take_back(developer: Visitor, way: Way) -> None:
    """The legal representative takes the mandate back on her page."""
    button = developer.page.get_by_role("button", name=way.say("撤回", "Take back"))
    while button.count():
        with developer.page.expect_navigation(wait_until="load"):
            button.first.click()
    expect(developer.page.locator("main .notice.tone-success, main .tone-success").first).to_be_visible()
    developer.check()
