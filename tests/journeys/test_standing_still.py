"""What stands still, and who lets it go on: failed steps, held applications, applicants who never answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from services.cases.models import Case
from services.cases.operations.asking import Missing, ask_supplement
from services.cases.operations.steps import complete_step
from tests.factories.applications import filed_application, open_task, user
from tests.factories.city import load_city
from tests.journeys import browser as chromium
from tests.journeys.conftest import Visitor
from tests.journeys.ways import Way, ways
from workflows.enums import JobState
from workflows.models import Clock, Job
from workflows.operations.timers import sweep_timers
from workflows.queries.calendars import database_now

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PASSWORD = "one-stop-demo"
WHY = "等待上级机关答复。"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Cases at the points these journeys begin at."""

    accepted: Case
    failed: Job
    silent: Case
    forwarded: Case


def build_scene() -> Scene:
    """Load the city and bring four cases to where they stand."""
    at = database_now() - timedelta(hours=3)
    load_city(at=at - timedelta(days=30))

    def filed(service: str) -> Case:
        return filed_application(service=service, at=at).cases.get()

    def do(case: Case, node: str, outcome: str, name: str) -> None:
        complete_step(task_id=open_task(case, node).pk, outcome=outcome, by=user(name), at=at)

    accepted, decided, silent = filed("sign-filing"), filed("sign-filing"), filed("sign-filing")
    forwarded = filed("subsistence-allowance")
    for case in (accepted, decided, forwarded):
        do(case, "intake", "accept", "clerk")
    do(forwarded, "first_review", "forward", "street-handler")
    for node, outcome, role in (("handle", "recommend_grant", "handler"), ("check", "agree", "checker")):
        do(decided, node, outcome, f"city-{role}")
    do(decided, "approve", "grant", "city-approver")
    Job.objects.update(state=JobState.INCIDENT, attempts=6, last_error="OSError")
    missing = [Missing(kind="element", code="sign.text", reason="请与营业执照的名称一致。")]
    ask_supplement(task_id=open_task(silent, "intake").pk, missing=missing, by=user("clerk"), at=at)
    sweep_timers(at=Clock.objects.get(subject_id=str(silent.pk), kind="correction").due_at)
    return Scene(accepted=accepted, failed=Job.objects.get(node="issue"), silent=silent, forwarded=forwarded)


def sound(one: Visitor) -> None:
    """Fail on an error in the console, sideways scrolling and barriers; names and typed words stand in any language."""
    complaints = [line for line in one.complaints if "422" not in line]
    one.complaints.clear()
    found = [*complaints, *chromium.accessibility_violations(one.page)]
    assert not found, (one.page.url, found)
    assert chromium.sideways_overflow(one.page) == 0, one.page.url


def send(one: Visitor, selector: str) -> None:
    """Press a button and look at the page it leads to."""
    with one.page.expect_navigation(wait_until="load"):
        one.page.locator(selector).first.click()


@ways(usual="zh-desktop")
def test_what_stands_still_goes_on_with_a_reason(visitor: Callable[..., Visitor], way: Way) -> None:
    scene = build_scene()
    manager = visitor(**way.window)
    manager.sign_in("manager", PASSWORD)
    page = manager.open(reverse("oversight:incidents"))
    sound(manager)
    send(manager, "main a[href$='/skip/']")
    sound(manager)
    send(manager, "main form .btn-danger")
    expect(page.locator("#error-summary")).to_be_visible()
    sound(manager)
    page.locator("[name=reason]").fill("窗口已手工制发。")
    send(manager, "main form .btn-danger")
    sound(manager)

    case = reverse("oversight:case", args=[scene.accepted.public_id])
    manager.open(case)
    sound(manager)
    send(manager, "main a[href$='/give/']")
    sound(manager)
    page.locator("[name=colleague]").first.check()
    send(manager, "main form .btn-primary")
    sound(manager)
    send(manager, "main a[href$='/hold/']")
    sound(manager)
    page.locator("[name=reason]").fill(WHY)
    send(manager, "main form .btn-danger")
    sound(manager)

    for name, path in (
        ("city-handler", reverse("desk:task", args=[open_task(scene.accepted, "handle").pk])),
        ("owner", reverse("applicant:application", args=[scene.accepted.application.public_id])),
    ):
        one = visitor(**way.window)
        one.sign_in(name, PASSWORD)
        expect(one.open(path).get_by_text(WHY)).to_be_visible()
        sound(one)
    send(manager, "main a[href$='/release/']")
    sound(manager)
    send(manager, "main form .btn-primary")
    sound(manager)


@ways(usual="en-phone")
def test_the_window_decides_on_silence_and_a_case_goes_back(visitor: Callable[..., Visitor], way: Way) -> None:
    scene = build_scene()
    clerk = visitor(**way.window)
    clerk.sign_in("clerk", PASSWORD)
    page = clerk.open(reverse("counter:task", args=[open_task(scene.silent, "no_answer").pk]))
    sound(clerk)
    page.locator("[name=reasons]").fill("两次电话联系未果。")
    send(clerk, "[name=outcome][value=close]")
    sound(clerk)
    owner = visitor(**way.window)
    owner.sign_in("owner", PASSWORD)
    owner.open(reverse("applicant:application", args=[scene.silent.application.public_id]))
    sound(owner)

    handler = visitor(**way.window)
    handler.sign_in("civil-handler", PASSWORD)
    page = handler.open(reverse("desk:inbox"))
    sound(handler)
    send(handler, "form[action$='/next/'] .btn-primary")
    sound(handler)
    page.locator("[name=reasons]").fill("入户调查表缺签字。")
    send(handler, "[name=outcome][value='send_back:first_review']")
    sound(handler)
