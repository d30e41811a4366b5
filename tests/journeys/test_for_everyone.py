"""Every page of every door in a lively city, in a browser: no barrier, narrow, zoomed, in large text, on paper, still.

Pages are found by a walk along their links (tests/walk); one test opens each kind of citizens' page once and
asks axe-core, the others all of them in every way: as it is, with everything unfolded, with its form sent empty, with
its dialog open, in large text. Long names, full lists, cases at every point and drafts are what the lively city is made
of; somebody new to it sees what is empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Error, Page

from tests.factories import lively_city
from tests.factories.city import load_city
from tests.journeys import browser as chromium
from tests.journeys.adapting import (
    loses_on_paper,
    loses_when_narrow,
    loses_when_zoomed,
    loses_with_forced_colours,
    moves,
)
from tests.journeys.conftest import Visitor
from tests.journeys.ways import Way, ways
from tests.walk.conftest import STARTS, door_of
from tests.walk.crawl import Walker, opened, route_of
from workflows.queries.calendars import database_now

# on the worker that made the lively city for the walk
pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("walk")]
NewVisitor = Callable[..., Visitor]
PASSWORD = "one-stop-demo"
_LOGIN = "/accounts/login/"
CITIZENS = {"": ("public", "accounts"), "owner": ("applicant", "accounts")}
ASKED = ("owner2", "agent")
CITIZENS |= dict.fromkeys((*ASKED, "foreigner"), ("applicant",))
STAFF = {"clerk": ("counter",), "city-handler": ("desk",), "manager": ("oversight",), "admin": ("oversight",)}
#: A page that says what is missing, that nothing is here, or that it is somebody else's, is a page as well.
_EXPECTED = re.compile(r"status of (403|404|422)")
#: Open what is folded, and the list of keys; tells whether there was anything.
_UNFOLD = """() => {
  const folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((one) => { one.open = true; });
  const keys = document.querySelector("dialog:not([open])");
  if (keys) keys.showModal();
  return folded.length > 0 || keys !== null;
}"""
#: What is printed: guides, receipts, timelines, what is about to be filed.
PRINTED = frozenset({"public:guide", "applicant:submitted", "applicant:application", "applicant:review"})
#: Addresses of one kind of page that are looked at: an application is a draft, a timeline, closed, held.
OF_A_KIND = Counter({"applicant:application": 6, "public:guide": 3, "applicant:section": 4})


@dataclass
class Look:
    """Judges pages, and asks axe-core only where a page is built of something it has not judged yet.

    name: her sign-in, "" for a visitor.
    """

    one: Visitor
    name: str
    judged: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def come_to(self, address: str) -> Page:
        """Open a page; whoever was signed out by what was pressed before signs in again."""
        page = self.one.open(address)
        if self.name and _LOGIN in page.url and not address.startswith(_LOGIN):
            self.one.sign_in(self.name, PASSWORD)
            page = self.one.open(address)
            assert _LOGIN not in page.url, f"{self.name} is turned away from {address}"
        return page

    def at(self, what: str) -> None:
        """Judge the page that is open by what stands on it."""
        page = self.one.page
        found = [line for line in self.one.complaints if not _EXPECTED.search(line)]
        self.one.complaints.clear()
        shapes = chromium.shapes(page)
        if not shapes <= self.judged:
            found += chromium.accessibility_violations(page)
            self.judged |= shapes
        if chromium.sideways_overflow(page):
            found.append("scrolls sideways")
        self.note(what, found)

    def closely(self, what: str, *, narrow: bool = True) -> None:
        """Judge the page as it is, and as it adapts. narrow: whether it must fit the narrowest window."""
        page = self.one.page
        self.at(what)
        self.note(what, loses_with_forced_colours(page) + moves(page, reduced=True) + moves(page, reduced=False))
        if narrow:  # tables of staff scroll
            self.note(what, loses_when_narrow(page) + loses_when_zoomed(page))

    def unfolded(self, what: str) -> None:
        """Judge the page with every disclosure and the list of keys open."""
        page = self.one.page
        if page.evaluate(_UNFOLD):
            self.at(f"{what} unfolded")
            if chromium.sideways_overflow(page):
                self.note(what, ["scrolls sideways when it is unfolded"])

    def note(self, what: str, found: list[str]) -> None:
        """Keep faults with where they were found."""
        self.faults += [f"{what} {self.one.page.url}: {one}" for one in found]


def _addresses(
    name: str, doors: tuple[str, ...], language: str, given: dict[str, list[str]], *, each: int = 0
) -> Iterator[tuple[str, str]]:
    """Yield the address of some pages of each kind, with the kind: what a walk finds along links.

    given: addresses that reach people by message. each: so many of a kind, else what `OF_A_KIND` says.
    """
    seen = Counter[str]()
    for address in _found(name, doors, language, given):
        match = route_of(address)
        assert match is not None
        kind = match.view_name + ("?" if "?" in address else "")
        seen[kind] += 1
        if seen[kind] <= (each or OF_A_KIND[kind] or 1):
            yield kind, address


def _found(name: str, doors: tuple[str, ...], language: str, given: dict[str, list[str]]) -> list[str]:
    """Return the pages somebody comes to: those of the walk, if this process made it, else of a walk of her own."""
    walked = opened(given, name, language)
    if not walked:
        walker = Walker(name=name, language=language)
        found = walker.walk([*STARTS, *given.get(name, [])], door_of=door_of, doors=doors)
        walked = [(door, page.address) for door, page in found]
    return [address for door, address in walked if door in doors]


def _send_empty(page: Page) -> bool:
    """Empty the page's main form and press its button; whether that led to a page that says what is missing."""
    form = page.locator("main form[method=post]:has(.btn-primary)").first
    if not form.count():
        return False
    for box in form.locator("input:is([type=text], [type=tel], [type=email], [type=password]), textarea").all():
        if box.is_visible() and box.is_editable():
            box.fill("")
    try:
        with page.expect_navigation(wait_until="load", timeout=10_000):
            form.locator(".btn-primary").first.click()
    except Error:  # the browser itself asks for what is required, or the button only changes the page
        return False
    return page.locator("#error-summary").count() > 0


def _look_at_all(
    visitor: NewVisitor, people: dict[str, tuple[str, ...]], window: dict[str, object], *, staff: bool, large: bool
) -> None:
    given = lively_city.build(at=database_now())
    faults: list[str] = []
    judged: set[str] = set()
    for name, doors in people.items():
        pages = list(_addresses(name, doors, str(window["language"]), given))
        look = Look(_reader(visitor, name, window, large=large), name, judged, faults)
        for kind, address in pages:
            page, who = look.come_to(address), f"{name or 'anybody'}{', large text' * large}:"
            look.closely(who, narrow=not staff)
            if kind in PRINTED:
                look.note(who, loses_on_paper(page))
            look.unfolded(who)
            if not staff and look.come_to(address) and _send_empty(page):
                look.closely(f"{who} sent empty")
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(dict.fromkeys(faults))


def _reader(visitor: NewVisitor, name: str, window: dict[str, object], *, large: bool) -> Visitor:
    """Return somebody at her browser, signed in unless `name` is ""."""
    one = visitor(**window)
    if large:
        one.context.add_cookies([{"name": "large_text", "value": "on", "url": one.base}])
    if name:
        one.sign_in(name, PASSWORD)
    return one


def test_every_page_of_citizens_is_without_barriers(visitor: NewVisitor) -> None:
    """Each kind of page once, on a phone in Chinese; the other tests look closer, in all ways."""
    given = lively_city.build(at=database_now())
    window: dict[str, object] = {"language": "zh-hans", "width": 375, "height": 812}
    faults: list[str] = []
    judged: set[str] = set()
    seen = 0
    for name, doors in CITIZENS.items():
        # who acts for others has the pages of the owner, and those she is asked on
        walked = () if name in ASKED else _addresses(name, doors, "zh-hans", given, each=1)
        pages = [address for _kind, address in walked] or given[name]
        look = Look(_reader(visitor, name, window, large=False), name, judged, faults)
        for address in pages:
            look.come_to(address)
            look.at(f"{name or 'anybody'}:")
            seen += 1
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(dict.fromkeys(faults))
    assert seen > 60


@pytest.mark.slow
@pytest.mark.parametrize("large", [False, True], ids=["standard", "large"])
@ways(usual="zh-phone")
def test_pages_of_citizens(visitor: NewVisitor, way: Way, large: bool) -> None:
    _look_at_all(visitor, CITIZENS, dict(way.window), staff=False, large=large)


@pytest.mark.slow
@ways(usual="en-desktop")
def test_pages_of_staff(visitor: NewVisitor, way: Way) -> None:
    _look_at_all(visitor, STAFF, dict(way.at_work), staff=True, large=False)


@ways(usual="en-phone")
def test_large_text_is_kept_across_pages_visits_and_sign_in(visitor: NewVisitor, way: Way) -> None:
    load_city(at=database_now())
    one = visitor(**way.window)
    page = one.open("/")
    page.get_by_role("button", name=way.say("大字版", "Large text")).click()
    page.wait_for_load_state("load")
    for path in ("/", "/services/", "/guide/open-restaurant/", "/accounts/login/"):
        _is_large(one, path)
    later = one.context.new_page()  # another visit with the same browser
    later.goto(f"{one.base}/about/")
    assert _size(later) == 18
    one.sign_in("owner", PASSWORD)
    for path in ("/my/", "/my/inbox/", "/accounts/profile/", "/services/"):
        _is_large(one, path)
    elsewhere = visitor(**way.window)  # her own choice follows her to another machine
    elsewhere.sign_in("owner", PASSWORD)
    _is_large(elsewhere, "/my/")


def _is_large(one: Visitor, path: str) -> None:
    page = one.open(path)
    assert _size(page) == 18, f"{path} is not in large text"
    assert not chromium.sideways_overflow(page), f"{path} scrolls sideways in large text"
    assert not loses_when_narrow(page), f"{path} in large text: {loses_when_narrow(page)}"


def _size(page: Page) -> float:
    return float(page.evaluate("() => parseFloat(getComputedStyle(document.body).fontSize)"))
