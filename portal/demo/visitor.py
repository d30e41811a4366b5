"""Somebody who uses the site over HTTP as a browser without JavaScript does: opens pages, fills in forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import html


class VisitError(Exception):
    """The site answered something that ends this visit: an error page, or a page without what was expected."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """An answer of the site. address: path where it was found after redirects."""

    address: str
    status: int
    text: str

    @property
    def tree(self) -> Any:
        """The parsed page."""
        return html.fromstring(self.text)

    def words(self) -> str:
        """Return the visible words of the main part."""
        main = self.tree.xpath("//main")
        return " ".join((main[0] if main else self.tree).text_content().split())

    def errors(self) -> list[str]:
        """Return what the error summary and the warnings say."""
        found = self.tree.xpath("//*[@id='error-summary']//li | //*[contains(@class, 'field-error')]")
        return [" ".join(item.text_content().split()) for item in found]

    def links(self, part: str) -> list[str]:
        """Return the addresses of links that contain `part`, in the page's order."""
        return [address for address in self.tree.xpath("//a/@href") if part in address]

    def forms(self, part: str = "") -> list[Any]:
        """Return the forms of the main part whose action contains `part`; "" means any."""
        return [form for form in self.tree.xpath("//main//form") if part in (form.get("action") or "")]


class Visitor:
    """One person's session on the site."""

    def __init__(
        self, base_url: str, *, language: str = "zh-hans", transport: httpx.BaseTransport | None = None
    ) -> None:
        """Open a session. transport: for tests, an application in this process instead of a server."""
        self.http = httpx.Client(
            base_url=base_url,
            transport=transport,
            follow_redirects=True,
            timeout=60,
            headers={"Accept-Language": language, "Referer": base_url},
        )

    def close(self) -> None:
        """End the session."""
        self.http.close()

    def open(self, address: str) -> Page:
        """Open a page. Raises VisitError for an error page."""
        return self._page(self.http.get(address))

    def download(self, address: str) -> bytes:
        """Return a file. Raises VisitError if there is none."""
        answer = self.http.get(address)
        if answer.status_code != httpx.codes.OK:
            raise VisitError(f"{address} answered {answer.status_code}.")
        return answer.content

    def sign_in(self, username: str, password: str) -> Page:
        """Sign in through the sign-in page. Raises VisitError if the site refuses."""
        page = self.open("/accounts/login/")
        form = next(form for form in page.forms() if form.xpath(".//input[@name='password']"))
        page = self.submit(page, form, {"login": username, "password": password}, may_fail=True)
        if page.tree.xpath("//input[@name='password']"):
            raise VisitError(f"The site did not let {username} sign in: {' '.join(page.errors())}")
        return page

    def submit(
        self,
        page: Page,
        form: Any,
        values: Mapping[str, Any] | None = None,
        *,
        button: tuple[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        may_fail: bool = False,
    ) -> Page:
        """Fill in a form and press a button.

        values: by input name; a list checks several boxes, None leaves the input out. button: name and value of the
        one pressed. files: by input name, as (file name, content, media type).
        may_fail: return an error page instead of raising VisitError.
        """
        values = values or {}
        data = [(name, value) for name, value in form.form_values() if name not in values]
        for name, value in values.items():
            chosen: Iterable[Any] = value if isinstance(value, list | tuple) else [value]
            data += [(name, str(one)) for one in chosen if one is not None]
        if button is not None:
            data.append(button)
        fields: dict[str, list[str]] = {}
        for name, value in data:
            fields.setdefault(name, []).append(value)
        target = urljoin(page.address, form.get("action") or page.address)
        answer = self.http.post(target, data=fields, files=files)
        return self._page(answer, may_fail=may_fail)

    def _page(self, answer: httpx.Response, *, may_fail: bool = False) -> Page:
        page = Page(address=_path(str(answer.url)), status=answer.status_code, text=answer.text)
        if answer.status_code >= httpx.codes.BAD_REQUEST and not may_fail:
            raise VisitError(f"{page.address} answered {page.status}: {page.words()[:300]}")
        return page


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
