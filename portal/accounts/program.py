"""The address at which a sign-in's program is told of its messages."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.views import SignedInRequest
from services.notifications.models import WebhookEndpoint
from services.notifications.webhooks import register_endpoint, remove_endpoint, rotate_secret
from workflows.queries.calendars import database_now


class EndpointForm(forms.Form):
    """Where a program listens."""

    use_required_attribute = False
    url = forms.URLField(
        label=gettext_lazy("Address of your program"),
        help_text=gettext_lazy("It begins with https:// and can be reached from the internet."),
        max_length=300,
        assume_scheme="https",
    )


@never_cache
@require_GET
def program(request: SignedInRequest) -> HttpResponse:
    """Show where her program is told."""
    return _page(request, EndpointForm(), database_now())


@never_cache
@require_POST
def register(request: SignedInRequest) -> HttpResponse:
    """Register an address. Its secret is shown in this answer and never again."""
    at, form = database_now(), EndpointForm(request.POST)
    if form.is_valid():
        try:
            secret = register_endpoint(owner=request.user, url=form.cleaned_data["url"], at=at)
            return _page(request, EndpointForm(), at, secret=secret)
        except ValidationError as error:
            form.add_error("url", error)
    return _page(request, form, at, status=422)


@never_cache
@require_POST
def rotate(request: SignedInRequest) -> HttpResponse:
    """Change the secret. The new one is shown in this answer and never again."""
    at = database_now()
    try:
        return _page(request, EndpointForm(), at, secret=rotate_secret(owner=request.user, at=at))
    except WebhookEndpoint.DoesNotExist:
        return redirect("accounts:program")


@never_cache
@require_POST
def remove(request: SignedInRequest) -> HttpResponse:
    """Tell the program no more."""
    remove_endpoint(owner=request.user)
    messages.success(request, _("Your program is told no more. The inbox on the site has every message."))
    return redirect("accounts:program")


def _page(
    request: SignedInRequest, form: EndpointForm, at: datetime, *, secret: str = "", status: int = 200
) -> HttpResponse:
    endpoint = WebhookEndpoint.objects.filter(owner=request.user).first()
    both = bool(endpoint and endpoint.old_until and endpoint.old_until > at)
    context = {"form": form, "endpoint": endpoint, "both": both, "secret": secret}
    return render(request, "accounts/program.html", context, status=status)
