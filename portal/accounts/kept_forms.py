"""A form sent after the sign-in ran out is kept for minutes, encrypted, and sent on after the sign-in: nothing is lost.

It lies in the visitor's new session, sealed for the person whose sign-in ended; anybody else who signs in on the same
computer does not see it. Files and passwords are not kept.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.accounts.views import SignedInRequest
from portal.ui.errors import fields_sent
from portal.ui.middleware import HtmxLoginRequiredMiddleware
from portal.ui.sessions import LEFT_BY
from services.access.encryption import DecryptionError, decrypt, encrypt

KEPT = "kept_form"
KEPT_FOR = timedelta(minutes=15)
MOST_CHARACTERS = 200_000
_COLUMN = "session|kept_form"


class KeepingLoginMiddleware(HtmxLoginRequiredMiddleware):
    """Ask for a sign-in, and keep what a form sent that came too late for the last one."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """Redirect to the sign-in page; a kept form is waiting behind it."""
        if request.method == "POST" and not request.headers.get("HX-Request") and keep(request, at=timezone.now()):
            return redirect(f"{reverse('account_login')}?next={reverse('accounts:kept_form')}")
        return super().handle_no_permission(request, view_func)


def keep(request: HttpRequest, *, at: datetime) -> bool:
    """Keep a form for the person whose sign-in ended in this browser; return whether it could be kept."""
    owner, fields = request.session.get(LEFT_BY), fields_sent(request)
    if owner is None or not fields:
        return False
    text = json.dumps({"path": request.get_full_path(), "fields": fields, "files": bool(request.FILES)})
    if len(text) > MOST_CHARACTERS:
        return False
    sealed = encrypt(text.encode(), column=_COLUMN, row=str(owner))
    request.session[KEPT] = {"until": (at + KEPT_FOR).timestamp(), "sealed": base64.b64encode(sealed).decode()}
    return True


def kept_for(session: Any, user_id: int, *, at: datetime) -> dict[str, Any] | None:
    """Return what is kept for somebody: path, fields as [name, value] and whether files were left out; or None."""
    entry = session.get(KEPT)
    if entry is None:
        return None
    try:
        if at.timestamp() <= entry["until"]:
            opened = decrypt(base64.b64decode(entry["sealed"]), column=_COLUMN, row=str(user_id))
            return dict(json.loads(opened))
    except (DecryptionError, ValueError, KeyError):
        pass  # somebody else's, or the key changed
    del session[KEPT]
    return None


@require_GET
def kept_form(request: SignedInRequest) -> HttpResponse:
    """Show that the form is still there, with a button that sends it on."""
    kept = kept_for(request.session, request.user.pk, at=timezone.now())
    if kept is None:
        messages.info(request, _("Nothing waits to be sent any more."))
        return redirect("accounts:my_page")
    return render(request, "accounts/kept_form.html", {"kept": kept})
