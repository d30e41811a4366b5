"""What a page must stand: a narrow window, zoom, wide spacing of text, high contrast, no motion, paper."""

from __future__ import annotations

from playwright.sync_api import Page

#: WCAG 1.4.10: a window of 1280 pixels zoomed to 400 % shows as many.
NARROWEST = {"width": 320, "height": 640}
#: WCAG 1.4.4: a window of 1280 x 1024 pixels zoomed to 200 % shows as many.
ZOOMED = {"width": 640, "height": 512}
#: A4 within its margins, at 96 pixels to the inch.
PAPER = {"width": 718, "height": 1047}
#: So long may anything move at most (look.md), milliseconds.
LONGEST_MOTION = 150
#: WCAG 1.4.12, put where the content security policy allows it.
_SPACING = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important }
    * { word-spacing: 0.16em !important }
    p { margin-block-end: 2em !important }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
#: Texts that their own box cuts off; what scrolls, and what is for the ear only, does not count.
_CUT = """() => [...document.querySelectorAll("main *, header *")].filter((element) => {
  if (element.closest(".visually-hidden, [hidden], svg, select") || !(element.innerText || "").trim()) return false;
  const style = getComputedStyle(element);
  const cut = (way, seen, whole) => ["hidden", "clip"].includes(style[way]) && whole > seen + 1;
  return element.clientWidth > 1 && (cut("overflowY", element.clientHeight, element.scrollHeight)
    || cut("overflowX", element.clientWidth, element.scrollWidth));
}).map((element) => element.outerHTML.slice(0, 120))"""
_WIDE = """() => {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return [];
  const wide = (element) => element.getBoundingClientRect().width && element.getBoundingClientRect().right > most + 1;
  const all = [...document.querySelectorAll("body *")];
  return all.filter((element) => wide(element) && ![...element.children].some(wide))
    .slice(0, 3).map((element) => element.outerHTML.slice(0, 120));
}"""
#: What moves, and for how long, milliseconds.
_MOVES = """(most) => {
  const long = (words) => Math.max(...words.split(",").map((one) => parseFloat(one) * (/ms/.test(one) ? 1 : 1000)));
  const found = [];
  for (const element of document.querySelectorAll("*")) for (const part of [null, "::before", "::after"]) {
    const style = getComputedStyle(element, part);
    const lasts = Math.max(style.animationName === "none" ? 0 : long(style.animationDuration),
      style.transitionProperty === "none" ? 0 : long(style.transitionDuration));
    const glides = style.scrollBehavior === "smooth" && most === 0;
    if (lasts > most || glides) found.push(element.outerHTML.slice(0, 120));
  }
  return found.slice(0, 3);
}"""
#: On paper: nothing to press is left, and all that is folded is open, unless the whole of it is left out.
_ON_PAPER = """() => {
  // a closed disclosure has boxes, but they are not drawn
  const shown = (element) => element.getClientRects().length && element.checkVisibility({ visibilityProperty: true });
  const pressed = "nav, button, .btn, .skip-link, .site-search";
  const left = [...document.querySelectorAll(pressed)].filter(shown);
  const folded = [...document.querySelectorAll("main details > *:not(summary, details)")].filter(
    (element) => shown(element.parentElement) && element.textContent.trim() && !shown(element));
  return [...left, ...folded].slice(0, 3).map((element) => element.outerHTML.slice(0, 120));
}"""
#: With colours the reader forces, fields and buttons are told by their borders alone.
_BORDERLESS = """() => [...document.querySelectorAll("main :is(.btn, .form-control, .form-select)")]
.filter((element) => {
  const style = getComputedStyle(element);
  return element.getClientRects().length && !element.closest(".search-box") &&
    (style.borderTopStyle === "none" || parseFloat(style.borderTopWidth) === 0);
}).slice(0, 3).map((element) => element.outerHTML.slice(0, 120))"""


def loses_when_narrow(page: Page) -> list[str]:
    """Return what is too wide or cut off in the narrowest window, and with wide spacing of text there."""
    size = page.viewport_size
    page.set_viewport_size(NARROWEST)
    found = [f"too wide at 320 pixels: {one}" for one in page.evaluate(_WIDE)]
    page.evaluate(_SPACING)
    found += [f"too wide with spaced text: {one}" for one in page.evaluate(_WIDE)]
    found += [f"cut off with spaced text: {one}" for one in page.evaluate(_CUT)]
    page.evaluate("() => { document.adoptedStyleSheets = []; }")
    if size is not None:
        page.set_viewport_size(size)
    return found


def loses_when_zoomed(page: Page) -> list[str]:
    """Return what is too wide or cut off on a large screen zoomed to 200 %."""
    size = page.viewport_size
    page.set_viewport_size(ZOOMED)
    found = [f"too wide at 200 %: {one}" for one in page.evaluate(_WIDE)]
    found += [f"cut off at 200 %: {one}" for one in page.evaluate(_CUT)]
    if size is not None:
        page.set_viewport_size(size)
    return found


def moves(page: Page, *, reduced: bool) -> list[str]:
    """Return what moves too long, or at all where the reader asked for reduced motion."""
    page.emulate_media(reduced_motion="reduce" if reduced else "no-preference")
    found = page.evaluate(_MOVES, 0 if reduced else LONGEST_MOTION)
    page.emulate_media(reduced_motion="reduce")
    return [f"moves{' though motion is reduced' * reduced}: {one}" for one in found]


def loses_on_paper(page: Page) -> list[str]:
    """Return what is printed though it cannot be pressed there, what is not though it is content, what is too wide."""
    size = page.viewport_size
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    found = [f"on paper: {one}" for one in page.evaluate(_ON_PAPER)]
    found += [f"too wide on paper: {one}" for one in page.evaluate(_WIDE)]
    page.emulate_media(media="screen")
    if size is not None:
        page.set_viewport_size(size)
    return found


def loses_with_forced_colours(page: Page) -> list[str]:
    """Return buttons and fields that have no border where the reader forces the colours."""
    page.emulate_media(forced_colors="active")
    found = [f"no border with forced colours: {one}" for one in page.evaluate(_BORDERLESS)]
    page.emulate_media(forced_colors="none")
    return found
