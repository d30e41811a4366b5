"""From the first page to the receipt by keyboard alone: found, applied for, filled in, documents, reviewed, filed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from portal.demo.samples import sample_picture, sample_value
from services.forms.dictionary import dictionary
from tests.journeys.conftest import Visitor
from tests.journeys.keyboard import Keyboard
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]
#: Sections show further questions once others are answered; more rounds than this is a fault.
ROUNDS = 6


@ways(usual="en-desktop")
def test_found_filled_in_and_filed_by_keyboard(person: Callable[..., Visitor], way: Way) -> None:
    citizen = person("citizen", **way.window)
    keys = Keyboard(citizen.page, [])
    # From now on choosers come to this test; asked for only just before the key, the first one would go to the screen.
    citizen.page.on("filechooser", lambda _chooser: None)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    _find(citizen, keys, way)
    _answer_situation(keys)
    application = citizen.page.url
    keys.reach(href="/section/")
    keys.press()
    while "/section/" in citizen.page.url:
        _fill_section(citizen, keys, today)
    citizen.page.goto(f"{application}documents/")  # typed into the address bar
    _upload(citizen, keys)
    citizen.page.goto(f"{application}review/")
    _sign(citizen, keys)
    expect(citizen.page).to_have_url(re.compile("/submitted/$"))
    assert not keys.unseen, keys.unseen


def _find(citizen: Visitor, keys: Keyboard, way: Way) -> None:
    """Skip to the content, search, open the guide, start."""
    citizen.open("/")
    first = keys.step()
    assert first is not None, "nothing on the page takes the focus"
    assert first["href"] == "#main", f"the first stop is not the skip link but {first['what']}"
    citizen.page.keyboard.press("Enter")
    keys.reach(name="q")
    keys.fill(way.say("养犬登记", "dog registration"))
    keys.press()
    keys.reach(href="/guide/dog-registration/")
    keys.press()
    keys.reach(text=way.say("开始办理", "Start now"))
    keys.press()


def _answer_situation(keys: Keyboard) -> None:
    for _ in range(ROUNDS):
        found = keys.step()
        while found is None or found["name"] != "go":
            if found and found["type"] == "radio":
                _choose(keys, found["name"], "no" if found["name"] == "dog_restricted" else found["value"])
            found = keys.step()
        keys.press()
        if re.search(r"/my/applications/[\w-]+/$", keys.page.url):
            return
    raise AssertionError("the questions were not accepted")


def _choose(keys: Keyboard, name: str, value: str) -> None:
    """Go along the choices of a question with the arrow keys until the wanted one is taken."""
    keys.page.keyboard.press("Space")
    for _ in range(keys.page.locator(f"input[name='{name}']").count()):
        if keys.page.locator(f"input[name='{name}'][value='{value}']").is_checked():
            return
        keys.page.keyboard.press("ArrowDown")
    raise AssertionError(f"{name} cannot be answered with {value} by keyboard")


def _fill_section(citizen: Visitor, keys: Keyboard, today: date) -> None:
    page, address = citizen.page, citizen.page.url
    samples = _samples(today)
    for _ in range(ROUNDS):
        chosen: set[str] = set()
        found = keys.step()
        while found is None or found["name"] != "save":
            if found and found["name"] in samples and found["name"] not in chosen:
                chosen.add(found["name"])
                _answer(keys, found, samples[found["name"]])
            found = keys.step()
        keys.press()
        if page.url != address:
            return
    raise AssertionError(f"{address} was not accepted: {page.locator('#error-summary').all_inner_texts()}")


def _samples(today: date) -> dict[str, Any]:
    """Return what is filled in, by the name of the field."""
    found: dict[str, Any] = {}
    for element in dictionary().elements.values():
        name = element.code.replace(".", "-")
        fields = [(f"{name}-0-{one.code}", one) for one in element.fields] if element.type == "group" else []
        for key, one in fields or [(name, element)]:
            value = sample_value(one, today=today)
            found[key] = {"yes": "true", "no": "false"}.get(str(value), value) if one.type == "yes_no" else value
    return found


def _answer(keys: Keyboard, found: dict[str, Any], value: Any) -> None:
    if found["type"] == "radio":
        _choose(keys, found["name"], str(value))
    elif found["type"] == "checkbox":
        if not keys.page.locator(":focus").is_checked():
            keys.page.keyboard.press("Space")
    elif found["tag"] == "select":
        keys.page.locator(":focus").select_option(str(value))  # what its letters choose depends on the machine
    elif found["type"] == "date":
        keys.page.locator(":focus").fill(str(value))  # so do the parts of a date
    else:
        keys.fill(str(value))


def _upload(citizen: Visitor, keys: Keyboard) -> None:
    """Choose a file for each document; it goes as soon as it is chosen."""
    page = citizen.page
    wanted = page.locator("main [data-document]:has(h2) input[name=material]").all()
    for code in [str(field.get_attribute("value")) for field in wanted]:
        keys.reach(id=f"file-{code}")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files({"name": f"{code}.png", "mimeType": "image/png", "buffer": sample_picture(code)})
        expect(page.locator(f"#files-{code}")).to_have_attribute("data-state", "ready")
        expect(page.get_by_role("link", name=f"{code}.png")).to_be_visible()


def _sign(citizen: Visitor, keys: Keyboard) -> None:
    form = "form:has(input[name=reviewed_hash])"
    for _ in range(250):
        found = keys.step()
        if found and found["name"] in ("signed", "consents") and found["type"] == "checkbox":
            keys.page.keyboard.press("Space")
        at_button = citizen.page.locator(f"{form} button[type=submit]:focus").count()
        if at_button:
            keys.press()
            return
    raise AssertionError("the keyboard does not reach the button that files")
