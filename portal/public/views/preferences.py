"""How a visitor wants to read. The language has its own address (portal.ui.language)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal.ui.context_processors import LARGE_TEXT_COOKIE

_YEAR = 365 * 24 * 60 * 60  # seconds


@require_POST
@login_not_required
def set_large_text(request: HttpRequest) -> HttpResponseRedirect:
    """Switch large text on or off (form fields `large_text` and `next`), in the cookie and in the profile; go back."""
    chosen = request.POST.get("large_text") == "on"
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    if request.user.is_authenticated:
        request.user.large_text = chosen
        request.user.save(update_fields=["large_text"])
    response = HttpResponseRedirect(target)
    response.set_cookie(
        LARGE_TEXT_COOKIE,
        "on" if chosen else "off",
        max_age=_YEAR,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response
