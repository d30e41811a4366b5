"""Officers at work over HTTP, several at once: how their pages look is tried elsewhere, here their work is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from portal.demo.visitor import Page, VisitError, Visitor
from tests.journeys.deciding import COUNTER, DESK, REASONS
from tests.journeys.site import SESSION_COOKIE, Site


@contextmanager
def signed_in(site: Site, name: str) -> Iterator[Visitor]:
    """Give somebody of the demo city a session without a browser until the block ends."""
    one = Visitor(site.url)
    try:
        if session := site.session_of(name):
            one.http.cookies.set(SESSION_COOKIE, session)
        else:
            one.sign_in(name, site.password)
            site.keep_session(name, str(one.http.cookies[SESSION_COOKIE]))
        yield one
    finally:
        one.close()


def accept(clerk: Visitor, number: str) -> None:
    """Find a case complete at the counter and accept it."""
    _press(clerk, COUNTER, number, "accept", {"all_fine": "on"})


def grant(site: Site, team: str, number: str) -> None:
    """Let handler, checker and approver of a department grant a case."""
    for role, pressed in (("handler", "recommend_grant"), ("checker", "agree"), ("approver", "grant")):
        with signed_in(site, f"{team}-{role}") as officer:
            _press(officer, DESK, number, pressed, {"reasons": REASONS})


def record(site: Site, team: str, number: str, outside: str) -> None:
    """Record that another system decided a case today, under the number `outside`."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    with signed_in(site, f"{team}-handler") as officer:
        result = {"outside_number": outside, "outside_day": today.isoformat(), "reasons": REASONS}
        _press(officer, DESK, number, "grant", result)


def at_once(*work: Callable[[], None]) -> None:
    """Let several do their work at the same time, and raise what the first of them stumbled over."""
    with ThreadPoolExecutor(len(work)) as hands:
        for done in [hands.submit(one) for one in work]:
            done.result()


def _press(officer: Visitor, door: str, number: str, outcome: str, values: Mapping[str, str]) -> None:
    """Find a case's task in the work list, fill in what it asks and press the button of an outcome."""
    page = _task(officer, door, number)
    form = next(form for form in page.forms() if form.xpath(f".//button[@name='outcome'][@value='{outcome}']"))
    page = officer.submit(page, form, values, button=("outcome", outcome))
    if page.errors():
        raise VisitError(f"{outcome} on {number} was refused: {page.errors()}")


def _task(officer: Visitor, door: str, number: str) -> Page:
    rows = officer.open(f"{door}?q={number}").tree.xpath(
        f"//*[self::tr or self::li][contains(., '{number}')]//a[contains(@href, '/tasks/')]/@href"
    )
    if not rows:
        raise VisitError(f"{door} has no task of {number}.")
    return officer.open(rows[0])
