"""Two departments miss something: one notice, one page to answer on, and a difference the reviewers see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.demo.samples import sample_picture
from services.cases.models import Application, InformationRequest
from services.cases.operations.requests import request_information
from services.cases.operations.steps import complete_step
from tests.factories.applications import filed_restaurant, open_task, user
from tests.factories.city import load_city
from tests.journeys.conftest import Visitor
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
    page.locator("#file-layout-plan").set_input_files(
        {"name": "布局图-补正.png", "mimeType": "image/png", "buffer": sample_picture("layout-plan")}
    )
    send(owner, "[name=upload][value=layout-plan]")
    expect(page.get_by_text("布局图-补正.png")).to_be_visible()
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
