"""My fees: what is due and why, pay it at the payment service, come back, and find the receipt."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.applicant.lane_facts import letters
from services.cases.operations.drafts import NotAllowedError
from services.documents.queries import papers_of_subjects
from services.parties.queries import halls_serving
from services.payments.enums import FactKind, FeeState
from services.payments.gateway import GatewayDownError, gateway
from services.payments.models import Attempt, FeeDue
from services.payments.operations.paying import NothingToPayError, NotOnlineError, start_payment
from services.payments.operations.settling import ask_about
from services.payments.permissions import fees_of, may_pay
from services.payments.queries.fees import Standing, owed_at_window, standing_of, standings, with_facts
from workflows.queries.calendars import database_now

ROWS = 20
_TONES = {
    FeeState.DUE: "warning",
    FeeState.STARTED: "warning",
    FeeState.PAID: "success",
    FeeState.REFUNDED: "success",
    FeeState.REFUND_OWED: "info",
}


def as_row(standing: Standing) -> dict[str, Any]:
    """Return a fee as pages show it: the amount in yuan, its state's word and tone, its address."""
    due = standing.due
    return {
        "due": due,
        "standing": standing,
        "amount": None if due.amount_fen is None else Decimal(due.amount_fen) / 100,
        "full": None if due.full_fen is None else Decimal(due.full_fen) / 100,
        "word": standing.state.label,
        "tone": _TONES.get(standing.state, "neutral"),
        "reduction": next((one for one in due.reductions if one["code"] == due.reduction), None),
        "url": reverse("applicant:payment", args=[due.public_id]),
    }


@require_GET
def payments(request: HttpRequest) -> HttpResponse:
    """List the fees of all her applications, the latest first."""
    page = Paginator(with_facts(fees_of(request.user, database_now())), ROWS).get_page(request.GET.get("page"))
    rows = [as_row(standing) for standing in standings(page)]
    return render(request, "applicant/payments.html", {"page": page, "rows": rows})


@require_GET
def payment(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one fee: amount, legal basis, what happened, and the way to pay it."""
    at = database_now()
    due = _due_or_404(request, public_id, at)
    return render(request, "applicant/payment.html", _context(request, due, at))


def _context(request: HttpRequest, due: FeeDue, at: datetime) -> dict[str, Any]:
    standing = standing_of(due)
    papers = papers_of_subjects([("case", str(due.case_id))]).filter(kind__in=("fee_notice", "fee_receipt"))
    row = as_row(standing)
    del row["url"]  # the page's own; messages on it have addresses of theirs
    return {
        **row,
        "application": due.case.application,
        "may_pay": standing.can_be_paid and may_pay(request.user, due, at),
        "pays_online": due.case.service.pays_online,
        "online": bool(settings.PAYMENT_GATEWAY_URL),
        "halls": halls_serving([due.case.department_id]) if standing.can_be_paid else [],
        "back_at_window": bool(owed_at_window(due)),
        "story": [fact for fact in due.known_facts if fact.kind != FactKind.RECONCILED],  # type: ignore[attr-defined]
        "letters": letters([paper for paper in papers if paper.facts.get("payment_number") == due.number]),
    }


def _due_or_404(request: HttpRequest, public_id: str, at: datetime) -> FeeDue:
    due = with_facts(fees_of(request.user, at).filter(public_id=public_id)).first()
    if due is None:
        raise Http404
    return due


@require_POST
def pay(request: HttpRequest, public_id: str) -> HttpResponse:
    """Start the payment, or go on with the one under way, at the payment service."""
    at = database_now()
    due = _due_or_404(request, public_id, at)
    here = request.build_absolute_uri(reverse("applicant:payment_return", args=[public_id]))
    try:
        attempt = start_payment(due_id=due.pk, by=request.user, at=at)
        address = gateway().create(
            number=attempt.number,
            amount_fen=attempt.amount_fen,
            title=f"{due.case.service.name_zh}: {due.name_zh}",
            return_url=here,
            notify_url=settings.SITE_URL.rstrip("/") + reverse("api:payment_message"),
        )
    except NothingToPayError:
        messages.info(request, _("There is nothing to pay here any more."))
    except NotAllowedError:
        messages.error(request, _("You may not pay for this applicant."))
    except NotOnlineError:
        messages.info(request, _("This fee is paid at a window; see below where."))
    except GatewayDownError:
        messages.warning(
            request,
            _("The payment service does not answer. Nothing was charged. Try again later."),
        )
    else:
        return redirect(address)
    return redirect("applicant:payment", public_id)


@require_GET
def come_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Come back from the payment service. Nothing the browser says counts: the service is asked itself."""
    at = database_now()
    due = _due_or_404(request, public_id, at)
    attempt = Attempt.objects.filter(due=due).order_by("-started_at", "-id").first()
    if attempt is not None and attempt.closed_at is None:
        try:
            ask_about(attempt, at=at)
        except GatewayDownError:
            messages.info(request, _("The payment service has not confirmed it yet. We go on asking and tell you."))
    standing = standing_of(_due_or_404(request, public_id, at))
    if standing.state == FeeState.PAID:
        messages.success(request, _("Your payment has arrived. Thank you."))
    elif attempt is not None and standing.state == FeeState.DUE:
        messages.warning(request, _("The payment was not made. Nothing was charged; you can try again."))
    elif standing.state == FeeState.STARTED:
        messages.info(request, _("The payment is not finished. You can go on with it at any time."))
    return redirect("applicant:payment", public_id)
