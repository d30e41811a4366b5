"""A dog is registered from a phone: its vaccination record is photographed on the documents page."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import expect

from portal.demo.samples import sample_picture
from tests.journeys import applying, deciding
from tests.journeys.conftest import Visitor
from tests.journeys.ways import Way, ways

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys")]
CODE = "rabies-vaccination"


def photograph() -> bytes:
    """Return a picture as a phone takes it: lying on its side, with the camera's name in it."""
    notes = Image.Exif()
    notes[0x0112], notes[0x010F] = 6, "Phone of somebody"
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(sample_picture(CODE))) as picture:
        picture.convert("RGB").rotate(90, expand=True).save(buffer, "JPEG", exif=notes.tobytes())
    return buffer.getvalue()


@ways(usual="zh-phone")
def test_register_a_dog(person: Callable[..., Visitor], way: Way) -> None:
    citizen = person("citizen", **way.window)
    page = citizen.page
    citizen.open("/guide/dog-registration/")
    citizen.check()
    citizen.follow(way.say("开始办理", "Start now"))
    path = applying.answer_situation(citizen, {"dog_restricted": "no"})
    page.locator(".task-list a[href*='/section/']").first.click()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    while "/section/" in page.url:
        applying.fill_section(citizen, {}, today=today)

    citizen.open(f"{path}documents/")
    citizen.check()
    document = page.locator(f"#document-{CODE}")
    camera = document.locator("input[capture=environment]")
    if way.phone:
        expect(document.locator(".upload-camera")).to_be_visible()
    taken = photograph()
    assert b"Phone of somebody" in taken
    camera.set_input_files({"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": taken})
    expect(page.locator(f"#files-{CODE}")).to_have_attribute("data-state", "ready")
    picture = document.locator("img.file-thumb")
    expect(picture).to_be_visible()
    page.wait_for_function("picture => picture.complete && picture.naturalWidth > 0", arg=picture.element_handle())
    link = document.get_by_role("link", name="IMG_0001.jpg")
    kept = page.context.request.get(f"{citizen.base}{link.get_attribute('href')}").body()
    assert b"Phone of somebody" not in kept
    citizen.check()

    document.locator("input[capture=environment]").set_input_files(
        {"name": "IMG_0002.heic", "mimeType": "image/heic", "buffer": b"x"}
    )
    expect(document.get_by_role("alert")).to_contain_text("JPG")
    citizen.check()
    document.get_by_role("button", name=way.say("知道了", "Dismiss")).click()

    citizen.open(f"{path}review/")
    citizen.check()
    applying.sign_and_submit(citizen)
    citizen.open(path)
    citizen.reload_until(page.locator(".lane-head .number"))
    number = page.locator(".lane-head .number").first.inner_text()
    clerk = person("clerk", **way.at_work)
    deciding.find_task(clerk, deciding.COUNTER, number)
    desk = clerk.page
    shown = desk.locator("img.file-picture").first
    desk.locator("details.file summary").first.click()
    desk.wait_for_function("picture => picture.complete && picture.naturalWidth > 0", arg=shown.element_handle())
    clerk.check()
    desk.locator("#id_all_fine").check()
    deciding.end_task(clerk, "grant")
    citizen.open(path)
    citizen.reload_until(page.locator(".document-row", has_text=way.say("养犬登记证", "Dog registration certificate")))
    citizen.check()
