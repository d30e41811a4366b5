"""Fees at the window: take the money and record it with its receipt, or give it back."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.counter.access import application_or_404
from services.cases.models import Application
from services.cases.operations.drafts import NotAllowedError
from services.payments.enums import Means
from services.payments.models import FeeDue
from services.payments.operations.paying import NothingToPayError
from services.payments.operations.window import (
    AmountChangedError,
    ReceiptError,
    give_back_at_window,
    take_at_window,
)
from workflows.queries.calendars import database_now


@require_POST
def take(request: HttpRequest, public_id: str, fee_id: str) -> HttpResponse:
    """Record that a fee of this application was paid here."""
    at = database_now()
    due = _due_or_404(application_or_404(request, public_id, at), fee_id)
    try:
        means, fen = Means(request.POST.get("means", "")), int(request.POST.get("fen", ""))
    except ValueError:
        messages.error(request, _("Choose how it was paid."))
        return _back(public_id)
    _do(request, due, means, fen, at)
    return _back(public_id)


def _do(request: HttpRequest, due: FeeDue, means: Means, fen: int, at: datetime) -> None:
    number = request.POST.get("receipt", "")
    try:
        take_at_window(due_id=due.pk, means=means, amount_fen=fen, receipt_number=number, by=request.user, at=at)
        messages.success(request, _("The payment is recorded. The applicant has the electronic receipt."))
    except ReceiptError as error:
        messages.error(request, str(error))
    except AmountChangedError:
        messages.warning(request, _("The amount has changed meanwhile. Please look at it again before you take money."))
    except NothingToPayError:
        messages.info(request, _("There is nothing to pay here any more. Give the money back if you took any."))
    except NotAllowedError:
        raise Http404 from None


@require_POST
def give_back(request: HttpRequest, public_id: str, fee_id: str) -> HttpResponse:
    """Record that money paid at a window was given back here."""
    at = database_now()
    due = _due_or_404(application_or_404(request, public_id, at), fee_id)
    try:
        give_back_at_window(due_id=due.pk, receipt_number=request.POST.get("receipt", ""), by=request.user, at=at)
        messages.success(request, _("Recorded: the money was given back."))
    except ReceiptError as error:
        messages.error(request, str(error))
    except NothingToPayError:
        messages.info(request, _("Nothing is owed back at the window."))
    return _back(public_id)


def _due_or_404(found: Application, fee_id: str) -> FeeDue:
    due = FeeDue.objects.filter(case__application=found, public_id=fee_id).first()
    if due is None:
        raise Http404
    return due


def _back(public_id: str) -> HttpResponse:
    response = redirect("counter:application", public_id)
    response.headers["Location"] += "#fees"
    return response
