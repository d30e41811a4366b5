"""Two departments miss something: one notice, one page to answer on, and a difference the reviewers see."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from services.cases.models import Application, InformationRequest
from services.cases.operations.requests import request_information
from services.cases.operations.steps import complete_step
from tests.factories.applications import filed_restaurant, open_task, user
from tests.factories.city import load_city
from tests.factories.documents import office_bytes
from tests.journeys.conftest import Visitor
from tests.journeys.test_lost_connection import slow_line
from tests.journeys.test_standing_still import PASSWORD, send, sound
from tests.journeys.ways import Way, ways
from workflows.queries.calendars import database_now

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def restaurant() -> Application:
    """Four cases filed just now, two of them accepted."""
    at = database_now() - timedelta(hours=1)
    load_city(at=at - timedelta(days=30))
    application = filed_restaurant(at=at)
    for name in ("sign-filing", "drainage-permit"):
        task = open_task(application.cases.get(part=name), "intake")
        complete_step(task_id=task.pk, outcome="accept", by=user("clerk"), at=at)
    return application


def over_a_bad_line(owner: Visitor, way: Way) -> None:
    """Hand in a plan in parts; the connection is lost in the middle and comes back; it arrives whole."""
    page = owner.page
    content = office_bytes({"word/media/scan.bin": random.Random(61).randbytes(2 * 2**20)})
    offsets: list[int] = []
    page.on("request", lambda one: offsets.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None)
    page.route("**/my/documents/parts/**", slow_line)
    page.locator("#file-layout-plan").set_input_files({"name": "布局图-补正.docx", "mimeType": "", "buffer": content})
    note = page.locator(".upload-item [data-note]")
    expect(note).to_have_text(re.compile("[1-9]"), timeout=60_000)
    page.context.set_offline(True)
    expect(note).to_contain_text(way.say("网络已断开", "No connection"))
    before = len(offsets)
    page.context.set_offline(False)
    expect(page.locator("#files-layout-plan")).to_have_attribute("data-state", "ready", timeout=60_000)
    page.unroute("**/my/documents/parts/**")
    owner.complaints.clear()  # what the browser says of the broken line
    assert min(offsets[before:]) > 0, "it went on where it stopped"
    expect(page.locator("#supplement-progress")).to_contain_text("1")
    link = page.get_by_role("link", name="布局图-补正.docx")
    kept = page.context.request.get(f"{owner.base}{link.get_attribute('href')}").body()
    assert hashlib.sha256(kept).hexdigest() == hashlib.sha256(content).hexdigest()


@ways(usual="zh-phone")
def test_one_notice_for_two_departments(visitor: Callable[..., Visitor], way: Way) -> None:
    application = restaurant()
    food, fire = (application.cases.get(part=name) for name in ("food-licence", "fire-safety-check"))
    clerk, owner = (visitor(**way.window) for _ in range(2))
    clerk.sign_in("clerk", PASSWORD)
    task = reverse("counter:task", args=[open_task(food, "intake").pk])
    page = clerk.open(task)
    page.locator("[name='finding-layout-plan'][value=wrong]").check()
    page.locator("[name='reason-layout-plan']").fill("请标注食品处理区和就餐区的面积。")
    page.locator("[name='mark-premises.address']").check()
    page.locator("[name='why-premises.address']").fill("门牌号与租赁合同不一致，请更正。")
    sound(clerk)
    send(clerk, "[name=outcome][value=supplement]")
    clerk.open(task)
    expect(page.locator("#waiting-title")).to_be_visible()
    sound(clerk)
    page = clerk.open(reverse("counter:task", args=[open_task(fire, "intake").pk]))
    page.locator("[name='mark-premises.address']").check()
    page.locator("[name='why-premises.address']").fill("请写明楼层。")
    page.locator("[name='mark-fire.exits']").check()
    page.locator("[name='why-fire.exits']").fill("与布局图上的安全出口数量不一致。")
    send(clerk, "[name=outcome][value=supplement]")

    owner.sign_in("owner2", PASSWORD)
    page = owner.open(reverse("applicant:application", args=[application.public_id]))
    sound(owner)
    page = owner.open(reverse("applicant:supplement", args=[food.public_id]))
    sound(owner)
    address = page.locator("#supplement input[name*=address], #supplement textarea[name*=address]").first
    address.fill("郑州市金水区演示路218号2层（演示）")
    over_a_bad_line(owner, way)
    expect(address).to_have_value("郑州市金水区演示路218号2层（演示）")
    sound(owner)
    page.locator("#supplement input[name*=exits]").first.fill("3")
    send(owner, "[name=hand_in]")
    sound(owner)
    expect(page.locator("del.was")).to_have_count(2)
    send(owner, "main form .btn-primary")
    sound(owner)

    page = clerk.open(reverse("counter:task", args=[open_task(food, "intake").pk]))
    expect(page.locator(".difference").first).to_be_visible()
    sound(clerk)
    sign = application.cases.get(part="sign-filing")
    handler = visitor(**way.window)
    handler.sign_in("city-handler", PASSWORD)
    page = handler.open(reverse("desk:task", args=[open_task(sign, "handle").pk]))
    expect(page.locator(".difference").first).to_be_visible()
    sound(handler)
    request_information(
        case_id=sign.pk, text="招牌何时安装？请附安装计划。", by=user("city-handler"), at=database_now()
    )
    handler.open(reverse("desk:case", args=[sign.public_id]))
    sound(handler)
    owner.open(reverse("applicant:request", args=[InformationRequest.objects.get().public_id]))
    sound(owner)
    page = owner.page
    page.locator("[name=text]").fill("下周六安装。")
    send(owner, "main form .btn-primary")
    sound(owner)
