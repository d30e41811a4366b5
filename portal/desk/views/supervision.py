"""What a head of department answers for: orders to reply to, matters laid before her, cards she may appeal against."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.desk.forms import AppealForm, ReplyForm
from portal.desk.rail import frame
from portal.ui.chips import chips
from portal.ui.wording import is_chinese
from services.parties.queries import departments
from services.supervision.enums import OrderState
from services.supervision.operations.cards import appeal_card
from services.supervision.operations.orders import reply_to_order
from services.supervision.operations.refusals import REFUSALS, sentence_for
from services.supervision.permissions import (
    cards_visible_to,
    departments_headed_by,
    escalations_before,
    orders_visible_to,
)
from services.supervision.queries import cards as card_queries
from services.supervision.queries.orders import OPEN, order_rows, orders_in_state, story_of, with_case
from workflows.queries.calendars import database_now

ROWS = 15
SHOWN_ESCALATIONS = 15


def _headed(request: HttpRequest, at: datetime) -> frozenset[str]:
    """Return the departments she heads; for anybody else these pages do not exist."""
    headed = departments_headed_by(request.user, at)
    if not headed:
        raise Http404
    return headed


@require_GET
def supervision(request: HttpRequest) -> HttpResponse:
    """List her department's orders, what lies before her, and its cards."""
    at = database_now()
    headed = _headed(request, at)
    show = request.GET.get("show", OPEN)
    orders = orders_visible_to(request.user, at).filter(department__in=headed)
    cards = card_queries.with_case(cards_visible_to(request.user, at).filter(department__in=headed))
    words = [(OPEN, _("Open"), orders_in_state(orders, OPEN).count()), ("all", _("All"), orders.count())]
    context = {
        **frame(request),
        "rows": order_rows(with_case(orders_in_state(orders, show))[:ROWS], at=at),
        "chips": chips(request, "show", words, show),
        "before_her": escalations_before(request.user, at).select_related("case__service__item", "clock")[
            :SHOWN_ESCALATIONS
        ],
        "page": Paginator(cards, ROWS).get_page(request.GET.get("page")),
        "counts": [
            {"level": level, "count": count} for level, count in card_queries.card_counts(cards).items() if count
        ],
    }
    return render(request, "desk/supervision.html", context)


@require_http_methods(["GET", "POST"])
def order(request: HttpRequest, number: str) -> HttpResponse:
    """Show an order of her department; POST replies to it."""
    at = database_now()
    mine = orders_visible_to(request.user, at).filter(department__in=_headed(request, at))
    found = get_object_or_404(with_case(mine), number=number)
    form = ReplyForm(request.POST if request.method == "POST" else None)

    def do() -> str:
        reply_to_order(order_id=found.pk, text=form.cleaned_data["text"], by=request.user, at=at)
        return _("Your reply was sent to the managers.")

    if done := _done(request, form, do):
        messages.success(request, done)
        return redirect("desk:order", number)
    context = {
        **frame(request),
        "order": found,
        "row": order_rows([found], at=at)[0],
        "department": _department(found.department),
        "story": story_of(found, chinese=is_chinese()),
        "form": form if found.state == OrderState.AWAITING_REPLY or form.is_bound else None,
        "case_url": "desk:case",
    }
    return render(request, "desk/order.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def card(request: HttpRequest, card_id: int) -> HttpResponse:
    """Show a card of her department; POST appeals against it."""
    at = database_now()
    mine = cards_visible_to(request.user, at).filter(department__in=_headed(request, at))
    found = get_object_or_404(card_queries.with_case(mine), pk=card_id)
    form = AppealForm(request.POST if request.method == "POST" else None)

    def do() -> str:
        appeal_card(card_id=found.pk, reason=form.cleaned_data["reason"], by=request.user, at=at)
        return _("Your appeal was sent to the managers.")

    if done := _done(request, form, do):
        messages.success(request, done)
        return redirect("desk:card", card_id)
    appeal = getattr(found, "appeal", None)
    context = {
        **frame(request),
        "card": found,
        "appeal": appeal,
        "department": _department(found.department),
        "responsible": card_queries.responsible_of(found),
        "form": form if (appeal is None and found.revoked_at is None) or form.is_bound else None,
        "case_url": "desk:case",
    }
    return render(request, "desk/card.html", context, status=422 if form.errors else 200)


def _done(request: HttpRequest, form: Any, do: Callable[[], str]) -> str:
    """Do what a posted form asks; returns what to say, "" for a page to look at or a form that says what is wrong."""
    if request.method != "POST" or not form.is_valid():
        return ""
    try:
        return do()
    except REFUSALS as error:
        form.add_error(None, sentence_for(error))
        return ""


def _department(code: str) -> Any:
    return next((one for one in departments() if one.code == code), None)
