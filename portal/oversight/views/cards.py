"""Cards: every light that fired, by department and level; appeals are decided here."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.oversight.access import overseers_only
from portal.oversight.acts import rejecting, revoking
from portal.oversight.forms import ReasonForm
from portal.oversight.rail import rail
from portal.oversight.views.interventions import asked
from portal.ui.chips import chips
from services.parties.queries import departments
from services.supervision.enums import CardLevel
from services.supervision.models import Card
from services.supervision.operations.cards import reject_appeal, revoke_card
from services.supervision.permissions import can_supervise, cards_visible_to
from services.supervision.queries.cards import (
    APPEALED,
    REVOKED,
    STANDS,
    card_counts,
    cards_in_state,
    responsible_of,
    with_case,
)

PAGE_SIZE = 40


@require_safe
@overseers_only
def cards(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """List the cards, the newest first; level, department and state stand in the address."""
    level, department, state = (request.GET.get(name, "") for name in ("level", "department", "state"))
    known = cards_visible_to(request.user, at)
    if department:
        known = known.filter(department=department)
    counts = card_counts(known)
    shown = known.filter(level=level) if level in CardLevel.values else known
    states = [("", _("All")), (STANDS, _("Standing")), (APPEALED, _("Appeal waits")), (REVOKED, _("Revoked"))]
    page = Paginator(with_case(cards_in_state(shown, state)), PAGE_SIZE).get_page(request.GET.get("page"))
    levels = [("", _("All levels"), None), *((one.value, one.label, counts[one]) for one in CardLevel)]
    context = {
        "page": page,
        "levels": chips(request, "level", levels, level),
        "states": chips(request, "state", [(one, word, None) for one, word in states], state),
        "departments": departments(),
        "names": {one.code: one for one in departments()},
        "wanted": {"level": level, "department": department, "state": state},
        "rail": rail("cards"),
        "keys": [{"key": "f", "word": _("Go to the filters")}],
    }
    return render(request, "oversight/cards.html", context)


@require_safe
@overseers_only
def card(request: HttpRequest, card_id: int, *, at: datetime) -> HttpResponse:
    """Show a card: whose limit, who had the matter, what became of it."""
    found = get_object_or_404(with_case(cards_visible_to(request.user, at)), pk=card_id)
    mine = can_supervise(request.user, at)
    appeal = getattr(found, "appeal", None)
    context = {
        "card": found,
        "appeal": appeal,
        "department": next((one for one in departments() if one.code == found.department), None),
        "responsible": responsible_of(found),
        "may_revoke": mine and found.revoked_at is None,
        "may_reject": mine and appeal is not None and appeal.decided_at is None,
        "case_url": "oversight:case",
        "rail": rail("cards"),
        "keys": [],
    }
    return render(request, "oversight/card.html", context)


@require_http_methods(["GET", "POST"])
@overseers_only
def revoke(request: HttpRequest, card_id: int, *, at: datetime) -> HttpResponse:
    """Revoke a card, saying why."""
    found = _card(request, card_id, at)
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        missing=_("Say why the card is revoked."),
        help_text=_("It stays beside the card; the head of the department reads it."),
    )

    def do() -> str:
        revoke_card(card_id=found.pk, reason=form.cleaned_data["reason"], by=request.user, at=at)
        return _("The card is revoked and counts no more.")

    return asked(request, revoking(found), form, do)


@require_http_methods(["GET", "POST"])
@overseers_only
def reject(request: HttpRequest, card_id: int, *, at: datetime) -> HttpResponse:
    """Let a card stand against its appeal, saying why."""
    found = _card(request, card_id, at)
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        missing=_("Say why the card stands."),
        help_text=_("It stays beside the card; the head of the department reads it."),
    )

    def do() -> str:
        reject_appeal(card_id=found.pk, reason=form.cleaned_data["reason"], by=request.user, at=at)
        return _("The appeal is rejected. The card stands.")

    return asked(request, rejecting(found), form, do)


def _card(request: HttpRequest, card_id: int, at: datetime) -> Card:
    if not can_supervise(request.user, at):
        raise PermissionDenied
    return get_object_or_404(with_case(cards_visible_to(request.user, at)), pk=card_id)
