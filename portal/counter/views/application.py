"""An application at the window: how all its cases stand, what is open here, papers to print and hand out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from portal.counter.access import application_or_404
from portal.counter.forms import HandOutForm
from portal.counter.rail import frame
from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.enums import CaseState
from services.cases.models import Application, Case
from services.cases.operations.issuing import hand_out_papers
from services.cases.operations.refusals import REFUSALS, sentence_for
from services.cases.permissions import is_walk_in_of
from services.cases.queries.timeline import Timeline, timeline_of
from services.documents.models import Paper
from services.parties.enums import Role
from services.parties.queries import party
from services.payments.enums import AT_WINDOW
from services.payments.queries.fees import Standing, fees_of_application, owed_at_window
from services.ratings.operations.visits import open_visit
from workflows.queries.calendars import database_now


@require_GET
def application(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the state of an application, its open window tasks and its papers."""
    at = database_now()
    found = application_or_404(request, public_id, at)
    timeline = timeline_of(found, at=at)
    form = HandOutForm(papers=_waiting(timeline))
    return _page(request, found, timeline, form, at)


@require_POST
def hand_out(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record that papers were taken at the window."""
    at = database_now()
    found = application_or_404(request, public_id, at)
    timeline = timeline_of(found, at=at)
    form = HandOutForm(request.POST, papers=_waiting(timeline))
    if form.is_valid():
        try:
            papers = hand_out_papers(
                application_id=found.pk,
                paper_ids=[int(pk) for pk in form.cleaned_data["papers"]],
                collected_by=form.cleaned_data["collected_by"],
                by=request.user,
                at=at,
            )
            messages.success(
                request,
                ngettext("%(count)s paper was handed out.", "%(count)s papers were handed out.", len(papers))
                % {"count": len(papers)},
            )
            return redirect("counter:application", public_id)
        except REFUSALS as error:
            form.add_error(None, sentence_for(error))
    return _page(request, found, timeline, form, at)


@require_POST
def let_rate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Open this visit for rating, and turn the screen to the visitor."""
    at = database_now()
    found = application_or_404(request, public_id, at)
    case = found.cases.filter(filed_at__isnull=False).order_by("position").first()
    if case is None:
        raise Http404
    return redirect("public:rate_visit", open_visit(case=case, by=request.user, at=at).code)


def _papers(timeline: Timeline) -> list[Paper]:
    papers = [*timeline.papers, *(paper for lane in timeline.lanes for paper in lane.papers)]
    return sorted(papers, key=lambda paper: (paper.issued_at, paper.pk))


def _waiting(timeline: Timeline) -> list[Paper]:
    return [paper for paper in _papers(timeline) if not paper.deliveries.all()]


def _to_supply(request: HttpRequest, found: Application, timeline: Timeline) -> Case | None:
    """Return a case of hers whose applicant, who filed at this window, is asked for something; one answers for all."""
    if not is_walk_in_of(request.user, found):
        return None
    return next((lane.case for lane in timeline.lanes if lane.case.state == CaseState.SUPPLEMENT), None)


def _fees(fees: Sequence[Standing]) -> dict[str, Any]:
    """Return the fees that can be paid here, those whose money is given back here, and the means."""
    rows = [{"due": fee.due, "standing": fee, "yuan": Decimal(fee.due.amount_fen or 0) / 100} for fee in fees]
    return {
        "fees": [row for row, fee in zip(rows, fees, strict=True) if fee.can_be_paid and fee.due.amount_fen],
        "backs": [row for row, fee in zip(rows, fees, strict=True) if owed_at_window(fee.due)],
        "means": [(means.value, means.label) for means in AT_WINDOW],
    }


def _page(
    request: HttpRequest, found: Application, timeline: Timeline, form: HandOutForm, at: datetime
) -> HttpResponse:
    record_access(
        reader=request.user,
        subject_kind="application",
        subject_id=found.pk,
        fields=("applicant", "timeline", "papers"),
        purpose=Purpose.WINDOW,
        case_ref=found.number or "",
        at=at,
    )
    fees = fees_of_application(found)
    held = {fee.due.case_id for fee in fees if fee.holds_back}
    own = [(task, None) for task in timeline.own_tasks]
    theirs = [(lane.open_task, lane) for lane in timeline.lanes if lane.open_task]
    context = {
        **frame(request, keys=(("o", _("Open the next task")),)),
        "application": found,
        "hold": timeline.hold,
        "party": party(found.party),
        "holder": party(found.holder) if found.holder_id else None,
        "lanes": timeline.lanes,
        "here": [(task, lane) for task, lane in (*own, *theirs) if task and task.role == Role.CLERK],
        "to_supply": _to_supply(request, found, timeline),
        "papers": _papers(timeline),
        "waiting": _waiting(timeline),
        **_fees(fees),
        "being_issued": any(
            lane.case.decided_at and not lane.case.issued_at and lane.case.pk not in held for lane in timeline.lanes
        ),
        "form": form,
    }
    return render(request, "counter/application.html", context, status=422 if form.errors else 200)
