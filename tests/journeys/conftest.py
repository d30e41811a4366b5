"""Fixtures of the journeys: a browser, pages in a language and width, and the checks every page passes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, Request

from tests.journeys import browser as chromium
from tests.journeys.language import foreign_texts, texts_of
from tests.journeys.site import SESSION_COOKIE, Site, running_site

LANGUAGES = ("zh-hans", "en")
#: Between two looks at a page that waits for the background, milliseconds.
PAUSE = 250


@dataclass
class Visitor:
    """Somebody with a browser of her own: her language, her page, and what the console complained about."""

    context: BrowserContext
    page: Page
    base: str
    language: str
    complaints: list[str] = field(default_factory=list)
    site: Site | None = None
    known: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    _twin: Page | None = None

    def open(self, path: str) -> Page:
        """Go to a path of the site and wait until it is quiet."""
        self.page.goto(f"{self.base}{path}", wait_until="load" if self.site else "networkidle")
        return self.page

    def check(self, *, expect_complaint: str = "") -> None:
        """Fail on console errors, failed requests, foreign text, sideways scrolling and anything axe-core finds.

        A journey through the whole portal goes on and fails at its end, with everything that was found on the way.
        `expect_complaint`: part of a console message this page is meant to cause (a 404's own line, for instance).
        """
        found = {
            "console": [text for text in self.complaints if not expect_complaint or expect_complaint not in text],
            "not in the page's language": self._foreign_text(),
            "scrolls sideways, pixels": [str(width)] if (width := chromium.sideways_overflow(self.page)) else [],
            "axe-core": self._barriers(),
        }
        self.complaints.clear()
        where = f"{self.page.url} ({self.language}): "
        self.faults += [f"{where}{what}: {texts}" for what, texts in found.items() if texts]
        if self.site is None:
            assert not self.faults, self.faults

    def _barriers(self) -> list[str]:
        """Ask axe-core, unless the page is built of nothing but what it has judged already."""
        built_of = {f"{self.language} {self.page.viewport_size} {shape}" for shape in chromium.shapes(self.page)}
        if self.site is None:
            return chromium.accessibility_violations(self.page)
        found = [] if built_of <= self.site.judged else chromium.accessibility_violations(self.page)
        self.site.judged.update(built_of)
        return found

    def _foreign_text(self) -> list[str]:
        """Ask the twin with marked translations for the same page, unless every text was judged already.

        Without a twin, go by the looks.
        """
        if self.site is None:
            return chromium.foreign_text(self.page)
        says = {f"{self.language} {place} {_without_numbers(text)}" for place, text in texts_of(self.page)}
        if says <= self.site.judged:
            return []
        self.site.judged.update(says)
        known = self.site.names | self.known
        shown = self._marked() or self.page
        return [str(one) for one in foreign_texts(texts_of(shown), language=self.language, known=known)]

    def _marked(self) -> Page | None:
        """Return the same page of the twin; none where the page answers a form, which the twin cannot be asked for."""
        assert self.site is not None
        self._twin = self._twin or self.context.new_page()
        address = self.page.url.partition("#")[0].replace(self.site.url, self.site.marked_url)
        try:
            answer = self._twin.goto(address, wait_until="load")
        except Error:  # Chromium has no page to show for "method not allowed"
            return None
        finally:
            self.page.bring_to_front()  # a page behind another draws once a second: every click on it takes two
        return self._twin if answer is not None and answer.ok else None

    def follow(self, name: str) -> Page:
        """Press the link of this name and wait for its page."""
        self.page.get_by_role("link", name=name).first.click()
        self.page.wait_for_load_state("load")
        return self.page

    def press(self, name: str) -> Page:
        """Press the button of this name and wait for the page it leads to."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.get_by_role("button", name=name).first.click()
        return self.page

    def reload_until(self, wanted: Locator, *, seconds: float = 60) -> None:
        """Look again until something is there that the background brings. Fails after `seconds`."""
        end = time.monotonic() + seconds
        while not wanted.first.is_visible():
            assert time.monotonic() < end, f"{self.page.url} did not show {wanted} within {seconds:.0f} s"
            self.page.wait_for_timeout(PAUSE)  # the background needs the processors too
            self.page.reload(wait_until="load")

    def sign_in(self, name: str, password: str) -> None:
        """Sign in through the page, unless she is, and choose the language there if the profile has another."""
        self.open("/accounts/login/")
        if self.page.locator("input[name=login]").count():
            self.page.fill("input[name=login]", name)
            self.page.fill("input[name=password]", password)
            with self.page.expect_navigation(wait_until="load"):
                self.page.press("input[name=password]", "Enter")
        assert self.page.locator("input[name=login]").count() == 0, f"{name} could not sign in"
        if not (self.page.get_attribute("html", "lang") or "").startswith(self.language[:2]):
            with self.page.expect_navigation(wait_until="load"):
                self.page.click("button[name=language]")


@pytest.fixture(scope="package")
def chromium_browser() -> Iterator[Browser]:
    """One Chromium for all journeys of a worker, closed when it goes on to other tests; skips where there is none."""
    if chromium.chromium_path() is None:
        pytest.skip(chromium.NO_CHROMIUM)
    with chromium.running_browser() as browser:
        yield browser


def _visit(
    browser: Browser,
    base: str,
    *,
    language: str = "zh-hans",
    width: int = 1366,
    height: int = 768,
    javascript: bool = True,
    site: Site | None = None,
) -> Visitor:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN" if language.startswith("zh") else "en-GB",
        java_script_enabled=javascript,
        reduced_motion="reduce",
        service_workers="block",
    )
    context.set_default_timeout(30_000 if site else 15_000)
    context.add_cookies([{"name": "django_language", "value": language, "url": base}])
    one = Visitor(context, context.new_page(), base, language, site=site)
    one.page.on("console", lambda line: one.complaints.extend(_complaint(line)))
    one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
    one.page.on("requestfailed", lambda request: one.complaints.extend(_failure(request)))
    return one


def _come_in(one: Visitor, site: Site, name: str) -> None:
    """Sign in, with the session of the journey before if it still lasts."""
    if session := site.session_of(name):
        one.context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": site.url}])
    one.sign_in(name, site.password)
    cookies = {str(cookie.get("name")): str(cookie.get("value")) for cookie in one.context.cookies()}
    site.keep_session(name, cookies[SESSION_COOKIE])


def _without_numbers(text: str) -> str:
    return re.sub(r"[0-9]+", "0", text)


def _complaint(line: ConsoleMessage) -> list[str]:
    """Return an error of the console; that htmx gave up a request because the page was left is none."""
    given_up = line.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
    return [line.text] if line.type == "error" and not given_up else []


def _failure(request: Request) -> list[str]:
    """Return why a request failed; one that the page itself gave up, as a download does, is no failure."""
    return [] if request.failure in (None, "net::ERR_ABORTED") else [f"{request.url}: {request.failure}"]


@pytest.fixture
def visitor(chromium_browser: Browser, live_server: object) -> Iterator[Callable[..., Visitor]]:
    """Return a function that gives a new visitor: `visitor(language="en", width=375, javascript=True)`."""
    visitors: list[Visitor] = []

    def new(**wishes: Any) -> Visitor:
        visitors.append(_visit(chromium_browser, str(live_server), **wishes))
        return visitors[-1]

    yield new
    for one in visitors:
        one.context.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, chromium_browser: Browser) -> Iterator[Site]:
    """The whole portal with worker, beat and stand-ins, once for all journeys: it starts only where a Chromium is.

    It ends with the last journey, since it would take its share of the processors from whatever is tested after them.
    """
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def person(site: Site, chromium_browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return a function that gives somebody of the demo city at her own browser: `person("owner", language="en")`.

    She signs in the first time and stays signed in, also in later journeys; "" is somebody who does not. All of a
    test's people share `known`, the words that were typed and thus stand on pages of every language.
    """
    people: dict[str, Visitor] = {}
    known: set[str] = set()
    faults: list[str] = []

    def called(name: str, *, language: str = "zh-hans", width: int = 1366, height: int = 768) -> Visitor:
        if name not in people:
            one = _visit(chromium_browser, site.url, language=language, width=width, height=height, site=site)
            people[name], one.known, one.faults = one, known, faults
            if name:
                _come_in(one, site, name)
        return people[name]

    yield called
    for one in people.values():
        one.context.close()
    assert not faults, "\n".join(dict.fromkeys(faults))
