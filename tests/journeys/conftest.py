"""Fixtures of the journeys: a browser, pages in a language and width, and the checks every page passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys import browser as chromium

LANGUAGES = ("zh-hans", "en")


@dataclass
class Visitor:
    """Somebody with a browser of her own: her language, her page, and what the console complained about."""

    context: BrowserContext
    page: Page
    base: str
    language: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a path of the site and wait until it is quiet."""
        self.page.goto(f"{self.base}{path}", wait_until="networkidle")
        return self.page

    def check(self, *, expect_complaint: str = "") -> None:
        """Fail on console errors, foreign text, sideways scrolling and anything axe-core finds on the current page.

        `expect_complaint`: part of a console message this page is meant to cause (a 404's own line, for instance).
        """
        where = f"{self.page.url} ({self.language})"
        complaints = [text for text in self.complaints if not expect_complaint or expect_complaint not in text]
        assert not complaints, f"{where}: console said {complaints}"
        assert (found := chromium.foreign_text(self.page)) == [], f"{where}: not in the page's language: {found}"
        assert chromium.sideways_overflow(self.page) == 0, f"{where}: scrolls sideways"
        assert (found := chromium.accessibility_violations(self.page)) == [], f"{where}: {found}"


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Browser]:
    """One Chromium for all journeys of a worker; skips where none is installed."""
    if chromium.chromium_path() is None:
        pytest.skip(chromium.NO_CHROMIUM)
    with chromium.running_browser() as browser:
        yield browser


@pytest.fixture
def visitor(chromium_browser: Browser, live_server: object) -> Iterator[Callable[..., Visitor]]:
    """Return a function that gives a new visitor: `visitor(language="en", width=375, javascript=True)`."""
    base = str(live_server)
    visitors: list[Visitor] = []

    def new(*, language: str = "zh-hans", width: int = 1366, height: int = 768, javascript: bool = True) -> Visitor:
        context = chromium_browser.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN" if language.startswith("zh") else "en-GB",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            service_workers="block",
        )
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "django_language", "value": language, "url": base}])
        one = Visitor(context, context.new_page(), base, language)
        one.page.on("console", lambda line: one.complaints.append(line.text) if line.type == "error" else None)
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        visitors.append(one)
        return one

    yield new
    for one in visitors:
        one.context.close()
