"""Switch the language, for visitors by cookie, for those who signed in also in their profile."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST
from django.views.i18n import set_language


@require_POST
@login_not_required
def switch_language(request: HttpRequest) -> HttpResponseBase:
    """Take the form fields `language` and `next`, keep the choice and go back."""
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES) and hasattr(request.user, "language"):
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    return set_language(request)
