"""Do our books agree with the payment service? Differences of a day, refused messages, sums."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.oversight.access import overseers_only
from portal.oversight.rail import rail
from services.cases.operations.drafts import NotAllowedError
from services.payments.enums import Means
from services.payments.models import DayDifference, GatewayMessage
from services.payments.operations.settling import settle_difference
from services.payments.operations.window import close_till
from services.payments.permissions import can_settle_differences
from services.payments.queries.books import books_between, till_order, tills_to_close

SHOWN = 50
MOST_YUAN = 10**9
SPAN = timedelta(days=30)


@require_safe
@overseers_only
def payments(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Show sums of the last days, open differences and refused messages."""
    books = books_between(at - SPAN, at)
    context = {
        "sums": [(word, count, Decimal(fen) / 100) for word, count, fen in books],
        "differences": [
            {
                "row": row,
                "ours": None if row.ours_fen is None else Decimal(row.ours_fen) / 100,
                "theirs": None if row.theirs_fen is None else Decimal(row.theirs_fen) / 100,
            }
            for row in DayDifference.objects.order_by("settled_at", "-day", "order")[:SHOWN]
        ],
        "tills": [
            {"till": till, "order": till_order(till.day, till.means), "yuan": Decimal(till.fen) / 100}
            for till in tills_to_close(timezone.localdate(at))
        ],
        "refused": GatewayMessage.objects.exclude(refused="")[:SHOWN],
        "may_settle": can_settle_differences(request.user, at),
        "rail": rail("payments"),
        "keys": [],
    }
    return render(request, "oversight/payments.html", context)


@require_POST
@overseers_only
def close(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Compare the till of a day with what was counted."""
    if not can_settle_differences(request.user, at):
        raise PermissionDenied
    try:
        means, _dash, day = request.POST.get("till", "").partition("-")
        counted = Decimal(request.POST.get("counted", "").strip().replace(",", ""))
        fen = int(counted * 100) if counted.is_finite() and abs(counted) < MOST_YUAN else -1
        if fen < 0 or counted * 100 != fen:
            raise ValueError
        found = close_till(day=date.fromisoformat(day), means=Means(means), counted_fen=fen, by=request.user, at=at)
    except (InvalidOperation, ValueError):
        messages.error(request, _("Enter what was counted, in yuan with at most two decimals, for a day that is over."))
    else:
        if found is None:
            messages.success(request, _("It agrees: every payment of that day is matched."))
        else:
            messages.warning(request, _("It differs. The difference stands below until you say what was found."))
    return redirect("oversight:payments")


@require_POST
@overseers_only
def settle(request: HttpRequest, difference_id: int, *, at: datetime) -> HttpResponse:
    """Mark a difference as seen to."""
    try:
        settle_difference(difference_id=difference_id, note=request.POST.get("note", ""), by=request.user, at=at)
        messages.success(request, _("Noted."))
    except NotAllowedError as error:
        raise PermissionDenied from error
    except DayDifference.DoesNotExist:
        messages.info(request, _("This difference does not exist."))
    except ValueError:
        messages.error(request, _("Say what was found and done."))
    return redirect("oversight:payments")
