"""Check a paper by its code: what anybody who holds it may know."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from services.documents import queries as documents
from workflows.queries.calendars import database_now

_LONGEST_CODE = 40


@never_cache
@require_safe
@login_not_required
def verify(request: HttpRequest, code: str = "") -> HttpResponse:
    """Ask for a code, or answer for the one in the address."""
    typed = "".join(request.GET.get("code", "").split()).replace("/", "")[:_LONGEST_CODE]
    if typed:
        return HttpResponseRedirect(reverse("public:verify_code", args=[typed]))
    answer = documents.verify(code, at=database_now()) if code else None
    return render(request, "public/verify.html", {"code": code, "answer": answer})
