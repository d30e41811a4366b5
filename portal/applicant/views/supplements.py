"""Answer a one-time notice: all that the departments ask on one page, and only the marked things are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import case_or_404
from portal.applicant.document_rows import DocumentRow
from portal.applicant.document_rows import rows_of as document_rows
from portal.applicant.views.documents import take_documents
from services.cases.models import Case, OneTimeNotice
from services.cases.operations.answering import keep_typed
from services.cases.operations.drafts import NotAllowedError
from services.cases.queries.forms import form_answers
from services.cases.queries.notices import (
    AskedByDepartment,
    AskedThing,
    latest_notice_of,
    marked_form,
    still_asked,
    things_asked,
)
from services.cases.queries.places import SUPPLEMENT
from services.cases.queries.wallet import wallet_for
from services.forms.build import SectionForm, form_class
from services.forms.schema import Use
from services.forms.types import displayed
from workflows.operations.tasks import TaskClosedError
from workflows.queries.calendars import database_now


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing asked, as the page shows it: a document with its files, or a field's part of the form."""

    thing: AskedThing
    document: DocumentRow | None
    part: Any
    value: str
    done: bool


@require_http_methods(["GET", "POST"])
def supplement(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what is asked, keep what is typed and uploaded; then on to the page that shows what it changes."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    notice = latest_notice_of(case)
    if notice is None:
        raise Http404
    groups = things_asked(notice)
    things = [thing for group in groups for thing in group.things]
    form = marked_fields_form(notice, things, request.POST if request.method == "POST" else None)
    refused: dict[str, str] = {}
    still = still_asked(notice)
    if request.method == "POST":
        if not still:
            return closed(request, case)
        _keep(request, notice, form, at)
        codes = [thing.code for thing in things if thing.kind == "material"]
        refused = take_documents(request, SUPPLEMENT, case.public_id, codes, at)
        if _only_saves(request) and not refused:
            return redirect(f"{request.path}{_anchor(request)}")
        if not refused and (form is None or form.is_valid()):
            return redirect("applicant:supplement_review", case.public_id)
    rows = rows_of(request, case, notice, groups, form, refused=refused, at=at)
    context = {
        "case": case,
        "notice": notice,
        "open": bool(still),
        "form": form,
        "groups": rows,
        "done": sum(row.done for _group, own in rows for row in own),
        "all": len(things),
        "hold": case.application.holds.filter(released_at__isnull=True).first(),
    }
    wrong = bool(refused) or (form is not None and form.is_bound and bool(form.errors))
    return render(request, "applicant/supplement.html", context, status=422 if wrong else 200)


def _only_saves(request: HttpRequest) -> bool:
    return not {"upload", "take_back", "wallet", "save"}.isdisjoint(request.POST)


def _anchor(request: HttpRequest) -> str:
    """Return the place on the page that a button about a document leads back to."""
    code = request.POST.get("upload") or request.POST.get("wallet", "").partition(" ")[0]
    return f"#document-{quote(code)}" if code else ""


def closed(request: HttpRequest, case: Case) -> HttpResponse:
    """Say that nothing is asked any more, on the application's page."""
    messages.info(request, _("Nothing is asked of you here any more: it was handed in already, or the case is closed."))
    return redirect("applicant:application", case.application.public_id)


def _keep(request: HttpRequest, notice: OneTimeNotice, form: SectionForm | None, at: datetime) -> None:
    """Keep what was typed, right or not, so that nothing is lost whatever happens next."""
    if form is None:
        return
    try:
        keep_typed(notice_id=notice.pk, typed=form.answers_to_save, by=request.user, at=at)
    except (NotAllowedError, TaskClosedError):
        return  # said where it is handed in


def marked_fields_form(notice: OneTimeNotice, things: Sequence[AskedThing], data: Any) -> SectionForm | None:
    """Return a form of the marked fields only, with what was typed before, or None if no field is marked."""
    schema = marked_form(notice, things)
    if schema is None:
        return None
    made = form_class(schema, schema.sections[0].key, get_language() or "zh-hans")
    answers = {**form_answers(notice.application), **notice.typed}
    return made(data, answers=answers, today=timezone.localdate())


def rows_of(
    request: HttpRequest,
    case: Case,
    notice: OneTimeNotice,
    groups: Sequence[AskedByDepartment],
    form: SectionForm | None,
    *,
    refused: dict[str, str] | None = None,
    at: datetime,
) -> list[tuple[AskedByDepartment, list[Row]]]:
    """Return what is asked under each department, with what she has done about it so far."""
    wanted = [thing for group in groups for thing in group.things if thing.kind == "material"]
    documents = document_rows(
        notice.application, SUPPLEMENT, case.public_id, wanted, by=request.user, since=notice.released_at,
        refused=refused, wallet=wallet_for(request.user, notice.application.party, at),
    )  # fmt: skip
    files = {document.code: document for document in documents}
    parts = {use.element.code: part for use, part in zip(form.uses, form.parts, strict=True)} if form else {}
    uses = {use.element.code: use for use in form.uses} if form else {}
    now, language = form.all_answers if form else {}, get_language() or "zh-hans"

    def shown(use: Use, value: object) -> str:
        return displayed(use.element, value, language)

    def row(thing: AskedThing) -> Row:
        document = files.get(thing.code) if thing.kind == "material" else None
        use, stored = uses.get(thing.code), notice.application.answers.get(thing.code)
        changed = use is not None and shown(use, now.get(thing.code)) != shown(use, stored)
        return Row(
            thing=thing,
            document=document,
            part=parts.get(thing.code),
            value=shown(use, stored) if use is not None else "",
            done=bool(document.good) if document is not None else changed,
        )

    return [(group, [row(thing) for thing in group.things]) for group in groups if group.things]
