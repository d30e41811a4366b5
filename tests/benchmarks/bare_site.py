"""The site with one page more: bare views that answer so many bytes of HTML, through the same middleware.

It is the urlconf of the server that `pages.py` measures. /bare/visitor/ answers anybody, /bare/person/ only who signed
in: it asks for her row, as every page of hers has to. Both send a ready text; nothing is rendered and no table of the
portal is read. `body` names the file they send: the very HTML of the page they are compared with.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path

from portal.urls import handler400 as handler400
from portal.urls import handler403 as handler403
from portal.urls import handler404 as handler404
from portal.urls import handler500 as handler500
from portal.urls import urlpatterns as portal_urls


@cache
def _text(name: str) -> str:
    return Path(os.environ["BARE_BODIES"], f"{name}.html").read_text(encoding="utf-8")


@login_not_required
def visitor(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a ready text."""
    return HttpResponse(_text(name))


def person(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a ready text to somebody who signed in."""
    return HttpResponse(_text(name))


urlpatterns: list[URLPattern | URLResolver] = [
    path("bare/visitor/<slug:name>/", visitor),
    path("bare/person/<slug:name>/", person),
    *portal_urls,
]
