"""A connection that is lost in the middle of an upload: it goes on by itself, after a reload too, and arrives whole."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.factories.documents import office_bytes
from tests.journeys import applying
from tests.journeys.browser import accessibility_violations
from tests.journeys.conftest import Visitor
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]
CODE = "rabies-vaccination"
#: What one part of the file takes on this line, so that there is a middle in which it can break.
SECONDS_A_PART = 1.2


def slow_line(route: Route) -> None:
    if route.request.method == "PATCH":
        time.sleep(SECONDS_A_PART)
    route.continue_()


@ways(usual="en-phone")
def test_upload_over_a_bad_line(person: Callable[..., Visitor], way: Way) -> None:
    citizen = person("citizen", **way.window)
    page = citizen.page
    citizen.open("/guide/dog-registration/")
    citizen.follow(way.say("开始办理", "Start now"))
    path = applying.answer_situation(citizen, {"dog_restricted": "no"})
    citizen.open(f"{path}documents/")
    citizen.check()
    content = office_bytes({"word/media/scan.bin": random.Random(60).randbytes(4 * 2**20)})
    file = {"name": "免疫证明.docx", "mimeType": "", "buffer": content}
    citizen.known.add("免疫证明.docx")
    offsets: list[int] = []
    page.on("request", lambda one: offsets.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None)
    page.on("dialog", lambda dialog: dialog.accept())

    page.route("**/my/documents/parts/**", slow_line)
    page.locator(f"#file-{CODE}").set_input_files(file)
    note = page.locator(".upload-item [data-note]")
    expect(note).to_have_text(re.compile("[1-9]"), timeout=60_000)
    page.context.set_offline(True)
    expect(note).to_contain_text(way.say("网络已断开", "No connection"))
    assert accessibility_violations(page) == []
    citizen.complaints.clear()  # what the browser says of the broken line
    before = len(offsets)
    page.context.set_offline(False)
    expect(note).to_have_text(re.compile("[2-9][0-9]"), timeout=60_000)
    assert min(offsets[before:]) > 0

    page.reload()
    page.unroute("**/my/documents/parts/**")
    expect(page.get_by_text(re.compile(way.say("已收到 [0-9]+ %", "[0-9]+ % arrived")))).to_be_visible()
    citizen.complaints.clear()
    citizen.check()
    before = len(offsets)
    page.locator(f"#file-{CODE}").set_input_files(file)
    expect(page.locator(f"#files-{CODE}")).to_have_attribute("data-state", "ready", timeout=60_000)
    assert offsets[before] > 0
    citizen.check()
    link = page.get_by_role("link", name="免疫证明.docx")
    kept = page.context.request.get(f"{citizen.base}{link.get_attribute('href')}").body()
    assert hashlib.sha256(kept).hexdigest() == hashlib.sha256(content).hexdigest()
    page.get_by_role("button", name=re.compile(way.say("移除", "Remove"))).click()
    expect(link).to_have_count(0)
    citizen.check()
