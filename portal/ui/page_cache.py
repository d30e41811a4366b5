"""Answer visitors from memory: a public page is the same for everybody who did not sign in, for a minute."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.translation import get_language

from portal.ui.context_processors import LARGE_TEXT_COOKIE

_CACHE = "pages"
#: Where each visitor's own form token stands in a page; everything else is the same for all of them.
_TOKEN = re.compile(r"""(?<=name="csrfmiddlewaretoken" value=")\w+|(?<="X-CSRFToken": ")\w+""")
View = Callable[..., HttpResponse]


def cached_for_visitors(*names: str, state: Callable[[], str] | None = None) -> Callable[[View], View]:
    """Return a decorator that keeps a view's pages for settings.PAGE_CACHE_SECONDS, in each process for itself.

    names: what the address may ask for after its question mark; with anything else the page is made anew. state: asked
    with each request; when it changes, kept pages count no more, in no process. Whoever brings a session, or a message
    to be shown once, never gets a kept page.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
            if not _may_keep(request, names):
                return view(request, *args, **values)
            key = f"{_key(request)}|{state() if state else ''}"
            parts = caches[_CACHE].get(key)
            if parts is not None:
                return HttpResponse(get_token(request).join(parts))
            response = view(request, *args, **values)
            if response.status_code == 200:
                caches[_CACHE].set(key, _TOKEN.split(response.content.decode()), settings.PAGE_CACHE_SECONDS)
            return response

        return answer

    return decorate


def _may_keep(request: HttpRequest, names: Collection[str]) -> bool:
    cookies, asked = request.COOKIES, request.GET
    return (
        settings.PAGE_CACHE_SECONDS > 0
        and request.method == "GET"
        and settings.SESSION_COOKIE_NAME not in cookies
        and "messages" not in cookies
        and "HX-Request" not in request.headers
        and set(asked) <= set(names)
        and all(len(values) == 1 and len(values[0]) < 40 for _name, values in asked.lists())
    )


def _key(request: HttpRequest) -> str:
    large = request.COOKIES.get(LARGE_TEXT_COOKIE, "")[:3]
    query = "&".join(f"{name}={value!r}" for name, value in sorted(request.GET.items()))
    return f"{request.get_host()} {get_language()} {large} {request.path}?{query}".replace(" ", "|")
