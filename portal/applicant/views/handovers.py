"""Hand a draft over to the counter and back, and take one that was begun there."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import shown_draft_or_404
from services.access.encryption import DecryptionError, decrypt, encrypt
from services.cases.enums import Channel, HandOverState, HandOverTo
from services.cases.models import Application, HandOver
from services.cases.operations.drafts import HandedOverError, NotAllowedError
from services.cases.operations.handovers import (
    MOST_WRONG_AN_HOUR,
    NotHersError,
    NothingHandedOverError,
    TooManyCodesError,
    TooManyTriesError,
    WrongCodeError,
    confirm_changes,
    file_at_counter,
    from_counter,
    hand_back,
    make_code,
    snapshot,
    take,
    take_back,
)
from services.cases.queries.handovers import changes_of, latest_handover
from services.parties.queries import party
from workflows.queries.calendars import database_now

_COLUMN = "session|handover_code"
_CODES = "handover_codes"


@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show where a draft is between home and counter, with what can be done now; POST does it."""
    at = database_now()
    draft = shown_draft_or_404(request, public_id, at)
    if request.method == "POST":
        try:
            return redirect(_done(request, draft, request.POST.get("do", ""), at))
        except TooManyCodesError:
            messages.error(request, _("You made very many codes. Wait an hour, then make a new one."))
        except NothingHandedOverError:
            messages.info(request, _("It is not handed over any more."))
        except (HandedOverError, NotAllowedError):
            messages.error(request, _("You may not do this now. The page shows where the application is."))
        return redirect(request.path)
    return render(request, "applicant/handover.html", _context(request, draft, at))


def _done(request: HttpRequest, draft: Application, what: str, at: datetime) -> str:
    """Do what was asked for; return the address to go on at."""
    here = reverse("applicant:hand_over", args=[draft.public_id])
    given: dict[str, Any] = {"application_id": draft.pk, "by": request.user, "at": at}
    if what == "make":
        made, code = make_code(**given)
        _remember(request, made, code)
    elif what == "take_back":
        take_back(**given)
        messages.success(request, _("The code no longer works, and only you can change the application now."))
    elif what == "hand_back":
        hand_back(**given)
        messages.success(request, _("The application is back with the applicant, who confirms your entries on line."))
        return reverse("counter:hand_over")
    elif what == "file_here":
        file_at_counter(**given)
        messages.success(request, _("It is filed at this window now: the applicant signs the printed form."))
        return reverse("applicant:application", args=[draft.public_id])
    elif what == "confirm":
        confirm_changes(**given)
        messages.success(request, _("Thank you. What was entered at the counter is confirmed."))
        return reverse("applicant:application", args=[draft.public_id])
    return here


def _context(request: HttpRequest, draft: Application, at: datetime) -> dict[str, Any]:
    handover, language = latest_handover(draft), get_language() or "zh-hans"
    state = handover.state(at) if handover else HandOverState.OVER
    holds = bool(handover and state == HandOverState.HELD and handover.taken_by_id == request.user.pk)
    changes = []
    if handover and (holds or state == HandOverState.BACK):
        handover.application = draft
        changes = changes_of(handover, language=language, now=snapshot(draft) if holds else None)
    code = _remembered(request, handover) if handover and state == HandOverState.WAITING else ""
    address = f"{settings.SITE_URL}{reverse(_entrance(draft))}?code={code}" if code else ""
    return {
        "draft": draft,
        "party": party(draft.party),
        "handover": handover,
        "state": str(state),
        "holds": holds,
        "at_counter": holds or draft.channel == Channel.COUNTER,
        "changes": changes,
        "unconfirmed": 0 if draft.channel == Channel.COUNTER else len(from_counter(draft)),
        "code": f"{code[:4]} {code[4:]}" if code else "",
        "qr": _qr(address) if code else "",
    }


def _entrance(draft: Application) -> str:
    """Where this draft's code is entered."""
    return "applicant:take_over" if draft.channel == Channel.COUNTER else "counter:hand_over"


def _qr(address: str) -> str:
    drawn = segno.make(address, error="m", micro=False).svg_inline(scale=5, border=2, omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn here from our own address


def _remember(request: HttpRequest, made: HandOver, code: str) -> None:
    """Keep a code, sealed, in the session of who made it, so that a reload still shows it."""
    sealed = encrypt(code.encode(), column=_COLUMN, row=str(made.pk))
    request.session[_CODES] = {str(made.pk): base64.b64encode(sealed).decode()}


def _remembered(request: HttpRequest, handover: HandOver) -> str:
    sealed = request.session.get(_CODES, {}).get(str(handover.pk))
    if not sealed:
        return ""
    try:
        return decrypt(base64.b64decode(sealed), column=_COLUMN, row=str(handover.pk)).decode()
    except DecryptionError:
        return ""


@require_http_methods(["GET", "POST"])
def take_over(request: HttpRequest) -> HttpResponse:
    """Take an application that was begun at the counter, with the code given there."""
    at, problem = database_now(), ""
    if request.method == "POST":
        try:
            draft = take(code=request.POST.get("code", ""), by=request.user, at=at, to=HandOverTo.APPLICANT)
            messages.success(request, _("This application is yours to go on with now."))
            return redirect("applicant:hand_over", draft.public_id)
        except WrongCodeError:
            problem = _("No application waits under this code. Codes have 8 digits, work once and for 24 hours.")
        except NotHersError:
            problem = _(
                "This application is for somebody you do not act for here. Sign in as that person, or connect your "
                "sign-in with your identity at the counter first."
            )
        except TooManyTriesError:
            problem = _("More than %(number)s wrong codes within an hour. Wait an hour, or ask at the counter.") % {
                "number": MOST_WRONG_AN_HOUR
            }
    given = request.POST.get("code", "") or request.GET.get("code", "")
    context = {"problem": problem, "given": given[:20]}
    return render(request, "applicant/take_over.html", context, status=422 if problem else 200)
