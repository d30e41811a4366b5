"""Pages about the portal itself: what it is, how accessible, what it does with data."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
@login_not_required
def about(request: HttpRequest) -> HttpResponse:
    """Say what One-Stop is and who answers for it."""
    return render(request, "public/about.html")


@require_safe
@login_not_required
def accessibility(request: HttpRequest) -> HttpResponse:
    """Say which standard the pages meet and what to do when they do not."""
    return render(request, "public/accessibility.html")


@require_safe
@login_not_required
def privacy(request: HttpRequest) -> HttpResponse:
    """Say which data is kept, how, and who may read it."""
    return render(request, "public/privacy.html")
