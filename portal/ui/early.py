"""Pages that are sent in two parts: the head while the content is still being made.

The first byte decides when a browser starts to load style sheets and scripts. What stands in a page's head is the same
for everybody but for its title, so each process keeps the head of each template as it was drawn last. Who may see the
page is decided before the first byte; the facts it shows are read after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import structlog
from django.conf import settings
from django.contrib.messages import get_messages
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.translation import get_language, override

from portal.ui.context_processors import large_text

_END, _TITLE = "</head>", "<title>"
#: What stands before and after the title, by template, language, size of text and the city's name.
_heads: dict[tuple[object, ...], tuple[str, str]] = {}
_log = structlog.get_logger("django.request")


class EarlyPage(StreamingHttpResponse):
    """A page of two parts. `content` is the whole of it, for whoever does not read it piece by piece."""

    def __init__(self, head: str, rest: Callable[[], str], failed: Callable[[Exception], str]) -> None:
        """Send `head` at once and then what `rest` gives, or what `failed` says instead if it fails."""
        self._rest, self._failed = rest, failed
        self._finish: Callable[[], None] | None = None
        self._begin: Callable[[], None] | None = None
        self._asked_whole = False
        super().__init__(self._parts(head))
        self.headers["X-Accel-Buffering"] = "no"  # nginx would wait for more before it sends anything

    def logged(self, *, begin: Callable[[], None], finish: Callable[[], None]) -> None:
        """Call `begin` before the content is made and `finish` after it: the request's log line is written then."""
        self._begin, self._finish = begin, finish

    def _parts(self, head: str) -> Iterator[str]:
        try:
            yield head
            if self._begin is not None:
                self._begin()
            yield self._made()
        finally:
            if self._finish is not None:
                self._finish()

    def _made(self) -> str:
        try:
            return self._rest()
        except Exception as error:
            if self._asked_whole:
                raise
            return self._failed(error)

    @property
    def content(self) -> bytes:  # type: ignore[override]
        """The whole page; here an error is raised, as nothing was sent yet."""
        self._asked_whole = True
        whole = b"".join(self.streaming_content)  # type: ignore[arg-type]
        self.streaming_content = [whole]  # type: ignore[assignment]
        return whole


def early_page(
    request: HttpRequest, template: str, context: Callable[[], dict[str, Any]], *, title: str
) -> HttpResponseBase:
    """Answer with a page whose head is sent before `context` is asked for.

    title: what the template's block of this name shows. Access must have been decided: the answer is 200. A page with
    messages to be shown once, and the first of its kind in a process, is sent in one piece.
    """
    if "CSRF_COOKIE" not in request.META:
        get_token(request)  # the cookie goes with the headers, before the first form is drawn
    key = (template, get_language(), large_text(request), *settings.CITY.values())
    known = _heads.get(key)
    if known is None or len(get_messages(request)):
        text = render_to_string(template, context(), request)
        before, found, after = text.partition(_END)[0].partition(f"{_TITLE}{conditional_escape(title)}")
        if found:
            _heads[key] = (before + _TITLE, after + _END)
        return HttpResponse(text)
    language = get_language()

    def rest() -> str:
        with override(language):
            return render_to_string(template, {**context(), "head_was_sent": True}, request).partition(_END)[2]

    def failed(error: Exception) -> str:
        got_request_exception.send(sender=EarlyPage, request=request)
        _log.error("Internal Server Error: %s", request.path, exc_info=error)
        with override(language):
            words = render_to_string("errors/rest.html", {"reference": getattr(request, "request_id", "")})
        return f"{words}</html>"

    return EarlyPage(f"{known[0]}{conditional_escape(title)}{known[1]}", rest, failed)
