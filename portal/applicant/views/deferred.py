"""Hand in the documents that were promised when the application was accepted."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import case_or_404
from portal.applicant.document_rows import DocumentRow, rows_of
from portal.applicant.views.documents import hand_in_files
from portal.ui.wording import is_chinese
from services.cases.models import Case, Deferral
from services.cases.operations.deferrals import StillMissingError, consequence_of, hand_in_deferred
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.refusals import sentence_for
from services.cases.queries.casefiles import names_of_missing
from services.cases.queries.notices import AskedThing
from services.cases.queries.places import DEFERRED, PlaceClosedError, place_of
from workflows.enums import ClockKind
from workflows.queries.calendars import database_now
from workflows.queries.clocks import clocks_of


@require_http_methods(["GET", "POST"])
def deferred(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what was promised, take the documents one by one, then hand everything in together."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    deferral = Deferral.objects.filter(case=case).first()
    if deferral is None:
        raise Http404
    refused: dict[str, str] = {}
    if request.method == "POST" and "material" in request.POST:
        refused = _upload(request, case, at)
        if not refused:
            return redirect(request.path)
    elif request.method == "POST" and _hand_in(request, case, at):
        return redirect("applicant:application", case.application.public_id)
    clock = clocks_of("case", str(case.pk)).filter(kind=ClockKind.DEFERRED_DOCUMENTS).last()
    context = {
        "case": case,
        "deferral": deferral,
        "due_on": clock.due_on if clock else None,
        "consequence": consequence_of(case)["zh" if is_chinese() else "en"],
        "rows": _rows(request, case, deferral, refused),
    }
    return render(request, "applicant/deferred.html", context, status=422 if refused else 200)


def _rows(request: HttpRequest, case: Case, deferral: Deferral, refused: dict[str, str]) -> list[DocumentRow]:
    names = names_of_missing(case, [("material", code) for code in deferral.materials])
    wanted = [
        AskedThing(
            kind="material", code=code, name_zh=names["material", code]["zh"], name_en=names["material", code]["en"]
        )
        for code in deferral.materials
    ]
    return rows_of(
        case.application, DEFERRED, case.public_id, wanted,
        by=request.user, since=deferral.promised_at, refused=refused,
    )  # fmt: skip


def _upload(request: HttpRequest, case: Case, at: datetime) -> dict[str, str]:
    """Store files for one promised document; returns why one was refused, by its code."""
    code = request.POST["material"]
    try:
        return hand_in_files(request, place_of(DEFERRED, case.public_id, code, by=request.user, at=at), at)
    except PlaceClosedError:
        return {code: _("This document is not asked for.")}


def _hand_in(request: HttpRequest, case: Case, at: datetime) -> bool:
    try:
        hand_in_deferred(case_id=case.pk, by=request.user, at=at)
    except (StillMissingError, NotAllowedError) as error:
        messages.error(request, sentence_for(error))
        return False
    messages.success(request, _("The promised documents were handed in."))
    return True
