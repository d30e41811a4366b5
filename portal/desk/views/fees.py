"""Fees of the department's cases: set the amounts the guide gives only a rate for, apply the reductions it names."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.desk.rail import frame
from services.cases.operations.drafts import NotAllowedError
from services.payments.models import FeeDue
from services.payments.operations.demanding import FeeClosedError, WrongAmountError, assess_fee, reduce_fee
from services.payments.permissions import departments_that_assess
from services.payments.queries.fees import Standing, fees_to_assess, standings, with_facts
from workflows.queries.calendars import database_now

ROWS = 20


def _departments(request: HttpRequest, at: datetime) -> frozenset[str]:
    """Return the departments whose fees she sets; for anybody else these pages do not exist."""
    found = departments_that_assess(request.user, at)
    if not found:
        raise Http404
    return found


@require_GET
def fees(request: HttpRequest) -> HttpResponse:
    """List the unpaid fees of her department's cases, the oldest first."""
    at = database_now()
    rows = with_facts(fees_to_assess(_departments(request, at)))
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {**frame(request), "page": page, "rows": [_row(standing) for standing in standings(page)]}
    return render(request, "desk/fees.html", context)


def _row(standing: Standing) -> dict[str, Any]:
    due = standing.due
    fixed = any(fee.order == due.line and fee.amount for fee in due.case.service.fees.all())
    return {
        "due": due,
        "standing": standing,
        "amount": None if due.amount_fen is None else Decimal(due.amount_fen) / 100,
        "full": None if due.full_fen is None else Decimal(due.full_fen) / 100,
        "may_assess": not fixed and standing.state in ("to_assess", "due"),
        "may_reduce": [one for one in due.reductions if one["code"] != due.reduction],
    }


@require_POST
def assess(request: HttpRequest, public_id: str) -> HttpResponse:
    """Set the amount of a fee."""
    at = database_now()
    due = get_object_or_404(_hers(request, at), public_id=public_id)
    try:
        assess_fee(due_id=due.pk, full_fen=fen(request.POST.get("yuan", "")), by=request.user, at=at)
        messages.success(request, _("The amount is set and the applicant is told."))
    except WrongAmountError as error:
        messages.error(request, str(error))
    except FeeClosedError:
        messages.info(request, _("This fee cannot be changed any more."))
    except NotAllowedError as error:
        raise Http404 from error
    return redirect("desk:fees")


def fen(yuan: str) -> int:
    """Return an amount a person typed in yuan as fen. Raises WrongAmountError for anything but whole fen."""
    try:
        amount = Decimal(yuan.strip().replace(",", "").replace("，", "")) * 100
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise WrongAmountError(_("Enter an amount in yuan with at most two decimals, such as 1234.50."))
    return int(amount)


@require_POST
def reduce(request: HttpRequest, public_id: str) -> HttpResponse:
    """Apply a reduction to a fee."""
    at = database_now()
    due = get_object_or_404(_hers(request, at), public_id=public_id)
    try:
        reduce_fee(due_id=due.pk, code=request.POST.get("reduction", ""), by=request.user, at=at)
        messages.success(request, _("The reduction is applied and the applicant is told."))
    except WrongAmountError as error:
        messages.error(request, str(error))
    except FeeClosedError:
        messages.info(request, _("This fee cannot be changed any more."))
    except NotAllowedError as error:
        raise Http404 from error
    return redirect("desk:fees")


def _hers(request: HttpRequest, at: datetime) -> Any:
    return FeeDue.objects.filter(case__department__code__in=_departments(request, at))
