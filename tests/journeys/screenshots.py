"""Photograph pages of a running portal at four widths in both languages: `make screenshots`, or by hand

python -m tests.journeys.screenshots --base http://127.0.0.1:8000 --as owner=password / /services/

The pictures go to var/screenshots/<width>-<language>-<page>.png.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.journeys.browser import ROOT, running_browser

WIDTHS = {375: 812, 768: 1024, 1366: 768, 1920: 1080}  # width: height, pixels
LANGUAGES = {"zh-hans": "zh", "en": "en"}
PUBLIC_PAGES = [
    "/",
    "/services/",
    "/search/?q=kaifandian",
    "/search/?q=xyzzy",
    "/guide/open-restaurant/",
    "/guide/food-licence/",
    "/guide/food-licence/process/",
    "/verify/",
    "/about/",
    "/about/accessibility/",
    "/accounts/login/",
    "/no-such-page/",
]


def sign_in(page: Page, base: str, name: str, password: str) -> None:
    """Sign in through the form.

    Raises:
        RuntimeError: the portal refused.
    """
    page.goto(f"{base}/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")
    if page.locator("input[name=login]").count():
        raise RuntimeError(f"{name} could not sign in")


def read_in(page: Page, short: str) -> None:
    """Switch to a language; who signed in has one in her profile."""
    if not (page.get_attribute("html", "lang") or "").startswith(short):
        page.click("button[name=language]")
        page.wait_for_load_state("networkidle")


def photograph(
    browser: Browser,
    base: str,
    paths: list[str],
    folder: Path,
    *,
    person: str,
    whole: bool,
    widths: list[int],
    large: bool = False,
    paper: bool = False,
) -> int:
    """Take every path at the given widths in both languages; return how many pictures were made.

    large: in large text, which signing in takes along. paper: as it would be printed.
    """
    count = 0
    name, _, password = person.partition("=")
    for language, short in LANGUAGES.items():
        for width in widths:
            context = browser.new_context(viewport={"width": width, "height": WIDTHS.get(width, 900)})
            context.add_cookies([{"name": "django_language", "value": language, "url": base}])
            if large:
                context.add_cookies([{"name": "large_text", "value": "on", "url": base}])
            page = context.new_page()
            if paper:
                page.emulate_media(media="print")
            if name:
                sign_in(page, base, name, password)
                read_in(page, short)
            for path in paths:
                page.goto(f"{base}{path}", wait_until="networkidle")
                title = re.sub(r"[^a-z0-9]+", "-", f"{name}{path}".lower()).strip("-") or "home"
                page.screenshot(
                    path=folder / f"{width}-{short}{'-large' * large}{'-paper' * paper}-{title}.png", full_page=whole
                )
                count += 1
            context.close()
    return count


def main() -> None:
    """Read the command line and photograph."""
    parser = argparse.ArgumentParser(description="Photograph pages of a running portal")
    parser.add_argument("paths", nargs="*", default=PUBLIC_PAGES, help="paths; without any, the public pages")
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--as", dest="person", default="", metavar="NAME=PASSWORD", help="sign in first")
    parser.add_argument("--window", action="store_true", help="only what the window shows, not the whole page")
    parser.add_argument("--large", action="store_true", help="in large text")
    parser.add_argument("--paper", action="store_true", help="as it would be printed")
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS)))
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "screenshots")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with running_browser() as browser:
        count = photograph(
            browser,
            options.base,
            options.paths,
            options.folder,
            person=options.person,
            whole=not options.window,
            large=options.large,
            paper=options.paper,
            widths=[int(width) for width in options.widths.split(",")],
        )
    print(f"{count} pictures in {options.folder}")


if __name__ == "__main__":
    main()
