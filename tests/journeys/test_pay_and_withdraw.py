"""A house changes hands: its fee is paid at the payment service, then she thinks better of it and gets it back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from services.cases.operations.steps import complete_step
from services.payments.operations.settling import give_back_what_is_owed
from services.ratings.models import Rating
from tests.factories.applications import filed_application, open_task, user
from tests.factories.city import load_city
from tests.journeys.conftest import Visitor
from tests.journeys.test_standing_still import PASSWORD, send, sound
from tests.journeys.ways import Way, ways
from tests.services.payments import conftest as paying
from workflows.operations.jobs import run_due_jobs
from workflows.queries.calendars import database_now

service = paying.service  # the fixture
pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@ways(usual="zh-phone")
def test_pay_withdraw_get_it_back_and_rate_another(
    visitor: Callable[..., Visitor],
    service: Any,
    live_server: Any,
    settings: Any,
    way: Way,
) -> None:
    settings.SITE_URL = live_server.url
    settings.CONTENT_SECURITY_POLICY = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
    settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append(service.url)
    at = database_now() - timedelta(hours=1)
    load_city(at=at - timedelta(days=30))
    case = paying.house(at=at)
    paying.accept(case, at)
    dog = filed_application(service="dog-registration", situation={"dog_restricted": False}, at=at).cases.get()
    complete_step(task_id=open_task(dog, "decide").pk, outcome="grant", by=user("clerk"), at=at)
    run_due_jobs(at=at + timedelta(seconds=1))
    run_due_jobs(at=at + timedelta(seconds=2))

    owner = visitor(**way.window)
    owner.sign_in("owner", PASSWORD)
    mine = reverse("applicant:application", args=[case.application.public_id])
    page = owner.open(mine)
    expect(page.locator(".turn h3")).to_contain_text("80")
    sound(owner)
    send(owner, ".turn .btn-primary")
    expect(page.locator(".fee-facts")).to_contain_text("2559")
    sound(owner)
    send(owner, "main form .btn-primary")
    assert page.url.startswith(service.url)
    with page.expect_navigation(url=f"{live_server.url}/**", wait_until="load"):
        page.locator("button[value=pay]").click()
    expect(page.locator(".fee-amount .status")).to_have_text(way.say("已缴费", "paid"))
    sound(owner)

    page = owner.open(reverse("applicant:withdraw", args=[case.application.public_id]))
    expect(page.locator(".outcome-list")).to_contain_text("80")
    sound(owner)
    page.locator("[name=reason]").fill("房东改变了主意。")
    send(owner, "main form .btn-danger")
    expect(page.get_by_text("房东改变了主意。")).to_be_visible()
    sound(owner)
    assert give_back_what_is_owed(at=database_now()) == 1
    page = owner.open(reverse("applicant:payments"))
    expect(page.locator(".task-row .status")).to_have_text(way.say("已退还", "given back"))
    sound(owner)

    page = owner.open(reverse("applicant:application", args=[dog.application.public_id]))
    sound(owner)
    page = owner.open(reverse("applicant:rate", args=[dog.public_id]))
    sound(owner)
    send(owner, ".rate-very_satisfied")  # the first tap
    sound(owner)
    send(owner, "#send .btn-primary")  # the second
    sound(owner)
    assert Rating.objects.get().level == "very_satisfied"
