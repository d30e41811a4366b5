"""What judges pages for everyone is sharp: each fault is found on a page that has it, and on none that has not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys import browser as chromium
from tests.journeys.adapting import (
    loses_on_paper,
    loses_when_narrow,
    loses_when_zoomed,
    loses_with_forced_colours,
    moves,
)

pytestmark = pytest.mark.journey
SOUND = "<h1>Fees</h1><p>Nothing to pay.</p><form><label>Name <input class='form-control'></label></form>"
STYLE = "<style>body { margin: 0 } .form-control, .btn { border: 1px solid } @media print { .btn { display: none } }"


@pytest.fixture
def page(chromium_browser: Browser) -> Iterator[Page]:
    page = chromium_browser.new_page(viewport={"width": 1280, "height": 800})
    yield page
    page.close()


def shown(page: Page, main: str, style: str = "") -> Page:
    page.set_content(f"<html lang='en'><title>t</title>{STYLE}{style}</style><main>{main}</main></html>")
    return page


def test_a_sound_page_has_no_fault(page: Page) -> None:
    shown(page, SOUND + "<button class='btn'>Pay</button>", ".btn { transition: color 120ms }")
    page.add_style_tag(content="@media (prefers-reduced-motion: reduce) { * { transition: none !important } }")
    found = [loses_when_narrow(page), loses_when_zoomed(page), loses_on_paper(page), loses_with_forced_colours(page)]
    assert [*found, moves(page, reduced=True), moves(page, reduced=False)] == [[]] * 6
    assert chromium.accessibility_violations(page) == []
    assert page.viewport_size == {"width": 1280, "height": 800}


def test_each_fault_is_found(page: Page) -> None:
    wide = "<div style='width: 680px; background: red'>wide</div>"
    assert "too wide at 320" in loses_when_narrow(shown(page, wide))[0]
    assert "too wide at 200 %" in loses_when_zoomed(shown(page, wide))[0]
    cut = "<p style='height: 10px; overflow: hidden'>cut off below</p>"
    assert any("cut off" in one for one in loses_when_zoomed(shown(page, cut)))
    assert "too wide on paper" in loses_on_paper(shown(page, "<div style='width: 900px'>wide</div>"))[0]
    assert loses_on_paper(shown(page, "<nav>ways</nav>"))
    assert loses_on_paper(shown(page, "<details><summary>more</summary><p>folded</p></details>"))
    assert loses_with_forced_colours(shown(page, "<button class='btn'>Pay</button>", ".btn { border: 0 }"))
    slow = shown(page, "<p>slow</p>", "p { transition: color 400ms }")
    assert moves(slow, reduced=False)
    assert moves(slow, reduced=True)
    assert chromium.accessibility_violations(shown(page, "<input class='form-control'>"))
    assert chromium.accessibility_violations(shown(page, "<p style='color: #aaa; background: #fff'>pale</p>"))
