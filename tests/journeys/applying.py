"""What an applicant does in her browser: answer the questions, fill in the form, hand in documents, submit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from portal.demo.samples import sample_picture, sample_value
from services.forms.dictionary import dictionary
from services.forms.schema import Element
from tests.journeys.conftest import Visitor

#: Sections may show further questions once others are answered; more rounds than this is a fault.
ROUNDS = 6
APPLICATION = re.compile(r"/my/applications/[\w-]+/$")
#: Names of all fields of the page, in one question: to ask the browser for every element of the dictionary takes longer
#: than to fill in those that are there.
_FIELDS = """() => [...new Set([...document.querySelectorAll("input, select, textarea")].map((field) => field.name))]"""


def answer_situation(one: Visitor, situation: Mapping[str, Any], *, party: str = "") -> str:
    """Answer the questions that decide what applies; returns the path of the new application."""
    page = one.page
    form = page.locator("form#situation")
    parties = form.locator("input[type=radio][name=party]")
    if party:
        form.get_by_label(party).check()
    elif parties.count():
        parties.first.check()  # herself
    for _ in range(ROUNDS):
        for key, value in situation.items():
            _answer(page, key, value)
            _wait_for_answers(page)
        with page.expect_navigation(wait_until="load"):
            form.locator("button[name=go]").click()
        if APPLICATION.search(page.url):
            return page.url.removeprefix(one.base)
        one.check()
    raise AssertionError(f"the questions were not accepted: {page.locator('#error-summary').all_inner_texts()}")


def _wait_for_answers(page: Page) -> None:
    """Wait until the page has changed after an answer, as somebody does who reads what it asks next.

    Whoever does not is asked again, and keeps the portal busy with answers to questions that were left long ago.
    """
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def _answer(page: Page, name: str, value: Any) -> None:
    """Give an answer if it is asked, in whatever kind of field it is asked."""
    for one in value if isinstance(value, list) else [value]:
        choice = page.locator(f"input[name='{name}'][value='{one}']:is([type=radio], [type=checkbox])")
        if choice.count():
            choice.check()
        elif page.locator(f"select[name='{name}']").count():
            page.locator(f"select[name='{name}']").select_option(str(one))
        elif (field := page.locator(f":is(input, textarea)[name='{name}']:not([type=hidden])")).count():
            field.fill(str(one))


def fill_section(one: Visitor, given: Mapping[str, Any], *, today: date) -> None:
    """Fill in the section that is open with `given`, and with samples elsewhere, and go on to the next."""
    page, address = one.page, one.page.url
    for _ in range(ROUNDS):
        asked = (page.locator("input[name=asked]").get_attribute("value") or "").split()
        there = frozenset(page.evaluate(_FIELDS))
        for element in dictionary().elements.values():
            _fill_element(one, element, asked, there, given, today)
        with page.expect_navigation(wait_until="load"):
            page.locator("button[name=save]").click()
        if page.url != address:
            return
        one.check()
    raise AssertionError(f"{address} was not accepted: {page.locator('#error-summary').all_inner_texts()}")


def fill_form(one: Visitor, given: Mapping[str, Any]) -> None:
    """Fill in every section of the application that is open, from its first to its last."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    one.page.locator(".task-list a[href*='/section/']").first.click()
    while "/section/" in one.page.url:
        fill_section(one, given, today=today)


def _fill_element(
    one: Visitor, element: Element, asked: list[str], there: frozenset[str], given: Mapping[str, Any], today: date
) -> None:
    name = element.code.replace(".", "-")
    if element.type == "group":
        if not one.page.locator(f"[name^='{name}-0-']").count():
            return  # asked once for the group: each question to the browser takes as long as filling in a field
        fields = {f"{name}-0-{field.code}": (f"{element.code}.{field.code}", field) for field in element.fields}
    else:
        fields = {name: (element.code, element)} if name in asked else {}
    for field_name, (code, field) in fields.items():
        value = given.get(code, sample_value(field, today=today))
        if field.type == "yes_no":
            value = {"yes": "true", "no": "false"}.get(str(value), value)
        if field.type == "place" and name in asked:
            _choose_place(one.page, field_name, str(value))
            continue
        one.known.update(str(word) for word in (value if isinstance(value, list) else [value]) if len(str(word)) > 1)
        if field_name in there:
            _answer(one.page, field_name, value)


def _choose_place(page: Page, name: str, code: str) -> None:
    """Choose province, city, district and town, as far as asked: each list comes once the one before is chosen."""
    first = page.locator(f"select[name^='{name}-']").first.get_attribute("name") or ""
    for number, length in enumerate((2, 4, 6, 9), 1):
        if int(first.rpartition("-")[2]) <= number and length <= len(code):
            page.locator(f"select[name='{name}-{number}']").select_option(code[:length])


def upload_documents(one: Visitor) -> int:
    """Hand in a sample of every document the page asks for; returns how many. Files go as soon as they are chosen."""
    page = one.page
    wanted = page.locator("main [data-document]:has(h2) input[name=material]")
    codes = [str(field.get_attribute("value")) for field in wanted.all()]
    for code in codes:
        page.locator(f"#file-{code}").set_input_files(
            {"name": f"{code}.png", "mimeType": "image/png", "buffer": sample_picture(code)}
        )
        expect(page.locator(f"#files-{code}")).to_have_attribute("data-state", "ready")
        expect(page.get_by_role("link", name=f"{code}.png")).to_be_visible()
    return len(codes)


def submit_signed(one: Visitor) -> None:
    """Submit on the review page what everybody has signed, with every consent."""
    page = one.page
    for consent in page.locator("input[name=consents]").all():
        consent.check()
    with page.expect_navigation(wait_until="load"):
        page.locator("form:has(input[name=reviewed_hash]) button[type=submit]").click()
    expect(page).to_have_url(re.compile("/submitted/$"))


def sign_and_submit(one: Visitor, *, consents: bool = True) -> None:
    """Declare, agree to what is asked (or to nothing) and submit on the review page."""
    page = one.page
    page.locator("input[name=signed]").check()
    for consent in page.locator("input[name=consents]").all() if consents else []:
        consent.check()
    with page.expect_navigation(wait_until="load"):
        page.locator("form:has(input[name=reviewed_hash]) button[type=submit]").click()
    expect(page).to_have_url(re.compile("/submitted/$"))
