"""Find a Chromium, start it, ask a page what every journey asks. Used by the journeys and by `make screenshots`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
NO_CHROMIUM = "no Chromium found: `apt-get install chromium fonts-noto-cjk`, or set CHROMIUM to its path"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Words of the page's own language only; names, codes and what carries its own lang are left out.
_FOREIGN = """() => {
  const chinese = document.documentElement.lang.startsWith("zh");
  const names = "WCAG|AA|PDF|QR|API|JavaScript|Cookie|BPMN|SPECIMEN|SHA|XML|JSON|CSV|XLSX";
  const allowed = new RegExp(String.raw`https?:\\S+|\\S+@\\S+|\\b(${names})\\b`, "g");
  const foreign = (text) => {
    const rest = text.replace(allowed, "");
    return chinese ? /[A-Za-z]{4,}/.test(rest) && !/^[\\sA-Z0-9_.:/-]+$/.test(rest) : /\\p{Script=Han}/u.test(rest);
  };
  const own = (element) => {
    const holder = element.closest("[lang]");
    return !holder || holder === document.documentElement;
  };
  const skipped = "script, style, noscript, code, kbd, svg, .code, .number, [data-verbatim], input, textarea";
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (text && !element.closest(skipped) && own(element) && foreign(text)) found.push(text);
  }
  for (const element of document.querySelectorAll("[placeholder], [aria-label], [title], [alt]")) {
    for (const name of ["placeholder", "aria-label", "title", "alt"]) {
      const text = element.getAttribute(name);
      if (text && own(element) && !element.closest("[data-verbatim]") && foreign(text)) found.push(`${name}: ${text}`);
    }
  }
  if (foreign(document.title)) found.push(`title: ${document.title}`);
  return found;
}"""

# Every rule is tried on every element; only where nothing is wrong are the elements not listed one by one.
_JUDGED = """async (tags) => {
  const asked = {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]};
  return (await axe.run(document, asked)).violations;
}"""

_SHAPES = """() => {
  const shape = (element) => element.tagName + "." + [...element.classList].sort().join(".") + [...element.attributes]
    .filter(({name}) => /^(role|type|lang|hidden|disabled|checked|open|scope|tabindex|aria-)/.test(name))
    .map(({name, value}) => `[${name}${name === "role" || name === "type" ? "=" + value : ""}]`).sort().join("");
  const texts = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const both = (element) => `${shape(element.parentElement)} > ${shape(element)}${texts(element) ? "+text" : ""}`;
  return [...new Set([...document.querySelectorAll("body *")].map(both))];
}"""


def chromium_path() -> str | None:
    """Return the path of a Chromium on this machine, or None."""
    named = os.environ.get("CHROMIUM")
    found = [named, *(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))]
    return next((path for path in found if path and Path(path).exists()), None)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start Chromium and stop it afterwards.

    Raises:
        RuntimeError: there is none on this machine.
    """
    path = chromium_path()
    if path is None:
        raise RuntimeError(NO_CHROMIUM)
    # Playwright's loop runs in this thread; Django would take it for an async context and refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            try:
                yield browser
            finally:
                browser.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def shapes(page: Page) -> set[str]:
    """Return what the page is built of: every element by tag, class, role and aria names, with its parent's."""
    page.wait_for_load_state()
    return set(page.evaluate(_SHAPES))


def accessibility_violations(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 AA on the page: rule, help and the elements."""
    page.wait_for_load_state()  # a page may come in two parts
    page.evaluate(AXE.read_text())
    violations: list[dict[str, Any]] = page.evaluate(_JUDGED, WCAG)
    return [
        f"{violation['id']}: {violation['help']} — {[node['html'][:160] for node in violation['nodes'][:3]]}"
        for violation in violations
    ]


def foreign_text(page: Page) -> list[str]:
    """Return visible texts and labels that are not in the page's language."""
    page.wait_for_load_state()  # a page may come in two parts
    return list(page.evaluate(_FOREIGN))


def sideways_overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window; 0 is right."""
    page.wait_for_load_state()
    return int(page.evaluate("() => Math.max(0, document.documentElement.scrollWidth - innerWidth)"))
