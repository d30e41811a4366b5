"""What a shared code shows: a certificate's facts, never its look."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.ui.network import address_of
from portal.ui.wording import is_chinese
from services.documents.facts import in_language
from services.documents.operations.sharing import TooManyTriesError, open_share
from services.documents.queries import verify
from workflows.queries.calendars import database_now

_LONGEST_CODE = 40


@never_cache
@require_safe
@login_not_required
def shared(request: HttpRequest, code: str = "") -> HttpResponse:
    """Ask for a code, or show what the one in the address shows; every opening is written down for the holder."""
    typed = request.GET.get("code", "").strip()[:_LONGEST_CODE]
    if typed:
        plain = "".join(one for one in typed if one.isalnum())
        return redirect("public:shared_code", plain) if plain else redirect("public:shared")
    context, status = {"asked": bool(code)}, 200
    if code and request.method == "GET":
        at = database_now()
        try:
            share = open_share(code=code[:_LONGEST_CODE], address=address_of(request), at=at)
        except TooManyTriesError:
            context["limited"], status = True, 429
        else:
            status = 200 if share else 404
            if share is not None:
                language = "zh-hans" if is_chinese() else "en"
                lines = [in_language(one, language) for one in share.paper.facts.get("fields", [])]
                context |= {"share": share, "answer": verify(share.paper.verify_code, at=at), "lines": lines}
    response = render(request, "public/shared.html", context, status=status)
    # The address holds the code: it goes to no other site and into no index.
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
