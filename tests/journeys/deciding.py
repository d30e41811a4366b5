"""What clerks and reviewers do in their browsers: find a task in a work list, read it, end it with an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from playwright.sync_api import expect

from tests.journeys.conftest import Visitor

COUNTER, DESK = "/counter/", "/desk/"
REASONS = "现场核查与材料一致。"
REFUSAL = "排水口位于雨水检查井，不得排入污水；请接入污水管网后重新申请。"


def find_task(one: Visitor, door: str, number: str) -> None:
    """Search the work list for a case or an application and open its task."""
    page = one.page if one.page.url.removeprefix(one.base) == door else one.open(door)
    one.check()
    page.locator("[data-search]").fill(number)
    with page.expect_navigation(wait_until="load"):
        page.locator("[data-search]").press("Enter")
    one.check()
    with page.expect_navigation(wait_until="load"):
        page.locator(".work-table").get_by_role("link", name=number, exact=True).first.click()
    one.check()


def end_task(one: Visitor, outcome: str, fields: Mapping[str, str] | None = None) -> None:
    """Fill in what the outcome needs and press its button; the next page says what was done."""
    page = one.page
    for name, value in (fields or {}).items():
        page.locator(f":is(input, textarea)[name='{name}']").fill(value)
        one.known.add(value)
    with page.expect_navigation(wait_until="load"):
        page.locator(f"button[name=outcome][value={outcome}]").click()
    expect(page.locator("main .notice.tone-success, main .tone-success").first).to_be_visible()
    one.check()


def accept(clerk: Visitor, number: str) -> None:
    """Check a case for completeness at the counter and accept it."""
    find_task(clerk, COUNTER, number)
    clerk.page.locator("#id_all_fine").check()
    end_task(clerk, "accept")


def decide(
    reviewer: Callable[[str], Visitor],
    number: str,
    outcome: str,
    *,
    reasons: str = REASONS,
    result: Mapping[str, str] | None = None,
) -> None:
    """Let handler, checker and approver end a case. outcome: grant or refuse. result: of another system, recorded."""
    for role, pressed in (("handler", f"recommend_{outcome}"), ("checker", "agree"), ("approver", outcome)):
        one = reviewer(role)
        find_task(one, DESK, number)
        fields = {} if role == "checker" else {"reasons": reasons}
        end_task(one, pressed, {**fields, **(result or {})} if role == "approver" else fields)
