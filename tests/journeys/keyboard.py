"""Somebody who uses the keyboard alone: goes from one thing to the next, and sees where she is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

#: So many steps along one page are more than anybody would take: the thing cannot be reached.
MOST_STEPS = 250
#: What has the focus: how it is found again, what kind of thing it is, and whether one sees that it has it.
_FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const drawn = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  const top = box.width && document.elementFromPoint(
    Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1),
    Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1));
  const hidden = inside && top && !(element.contains(top) || top.contains(element) || top.closest("label"));
  return {
    tag: element.tagName.toLowerCase(), type: element.type || "", name: element.name || "", value: element.value || "",
    href: element.getAttribute("href") || "", id: element.id, text: (element.innerText || "").trim().slice(0, 80),
    seen: drawn && inside && !hidden, what: element.outerHTML.slice(0, 160),
  };
}"""


@dataclass
class Keyboard:
    """Her keyboard on a page. unseen: what had the focus without showing it."""

    page: Page
    unseen: list[str]

    def here(self) -> dict[str, Any] | None:
        """Return what has the focus, None if nothing has."""
        found: dict[str, Any] | None = self.page.evaluate(_FOCUSED)
        return found

    def step(self) -> dict[str, Any] | None:
        """Go one on, and note if one cannot see where that is."""
        self.page.keyboard.press("Tab")
        found = self.here()
        if found is not None and not found["seen"]:
            self.unseen.append(f"{self.page.url}: {found['what']}")
        return found

    def reach(self, **wanted: str) -> dict[str, Any]:
        """Go on until something with these properties has the focus. Fails if nothing on the page does."""
        passed: list[str] = []
        for _ in range(MOST_STEPS):
            found = self.step()
            if found and all(value in found[name] if name in ("text", "href") else found[name] == value
                             for name, value in wanted.items()):  # fmt: skip
                return found
            passed.append(found["what"][:60] if found else "(nothing)")
        raise AssertionError(f"{self.page.url}: the keyboard does not reach {wanted}; it went {passed[:60]}")

    def press(self, key: str = "Enter") -> None:
        """Press what has the focus and wait for the page it leads to."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press(key)

    def fill(self, value: str) -> None:
        """Type into what has the focus instead of what it holds."""
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(value)
