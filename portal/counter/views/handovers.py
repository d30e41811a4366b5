"""Take a draft with the code its applicant made, and find again those that are held."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.counter.access import clerk_or_404
from portal.counter.rail import frame
from services.cases.enums import HandOverTo
from services.cases.operations.handovers import (
    MOST_WRONG_AN_HOUR,
    NotHersError,
    TooManyTriesError,
    WrongCodeError,
    take,
)
from services.cases.queries.handovers import drafts_held_by
from services.parties.queries import names_of_parties
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """Enter a code and go on in the applicant's pages; below, the drafts she holds already."""
    at, problem = database_now(), ""
    clerk_or_404(request, at)
    if request.method == "POST":
        try:
            draft = take(code=request.POST.get("code", ""), by=request.user, at=at, to=HandOverTo.COUNTER)
            return redirect("applicant:application", draft.public_id)
        except WrongCodeError:
            problem = _("No application waits under this code. Codes have 8 digits, work once and for 24 hours.")
        except NotHersError:
            problem = _("This is your own application, or one of somebody you act for: a colleague has to take it.")
        except TooManyTriesError:
            problem = _("More than %(number)s wrong codes within an hour. Wait an hour, or ask at the counter.") % {
                "number": MOST_WRONG_AN_HOUR
            }
    held = list(drafts_held_by(request.user, at))
    names = names_of_parties(one.application.party for one in held)
    given = request.POST.get("code", "") or request.GET.get("code", "")
    context = {
        **frame(request),
        "problem": problem,
        "given": given[:20],
        "held": [(one, names.get(one.application.party, "")) for one in held],
    }
    return render(request, "counter/handover.html", context, status=422 if problem else 200)
