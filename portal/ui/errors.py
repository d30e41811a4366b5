"""Pages for what went wrong: what happened, what to do now, and the number to tell us."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import get_language


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400."""
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403."""
    return _page(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form whose token is missing or old: usually a page left open for long.

    What was entered can be sent again from this page, but only where the browser says that it came from a page of ours:
    a form that another site sent stays refused.
    """
    fields = fields_sent(request) if _is_own_page(request) else []
    return _page(request, 403, template="errors/form_expired.html", fields=fields)


def fields_sent(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what a form sent, without its token; nothing of one that holds a password."""
    sent = [(name, value) for name, values in request.POST.lists() for value in values]
    if any("password" in name for name, _value in sent):
        return []
    return [(name, value) for name, value in sent if name != "csrfmiddlewaretoken"]


def _is_own_page(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin", "")
    own = origin == f"{request.scheme}://{request.get_host()}"
    return own and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 by a page that needs no database, no session and no user."""
    context = {"reference": _reference(request), "language": get_language() or "zh-hans", "stylesheet": _stylesheet()}
    return HttpResponse(render_to_string("errors/500.html", context), status=500)


def _page(request: HttpRequest, status: int, template: str = "", **more: object) -> HttpResponse:
    context = {"reference": _reference(request), **more}
    return render(request, template or f"errors/{status}.html", context, status=status)


def _reference(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))


def _stylesheet() -> str:
    """Return the address of the error page's style sheet, or "" while the static files are not collected."""
    try:
        return static("css/errors.css")
    except ValueError:  # the manifest lacks it
        return ""
