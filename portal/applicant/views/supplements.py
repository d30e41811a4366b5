"""Answer a one-time notice: all that the departments ask on one page, and only the marked things are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import case_or_404
from services.cases.models import Case, OneTimeNotice
from services.cases.operations.answering import keep_typed
from services.cases.operations.drafts import NotAllowedError
from services.cases.queries.forms import form_answers
from services.cases.queries.notices import AskedByDepartment, AskedThing, latest_notice_of, marked_form, things_asked
from services.documents.models import Upload
from services.documents.operations import UploadRefusedError, store_upload
from services.documents.queries import uploads_of
from services.forms.build import SectionForm, form_class
from services.forms.schema import Use
from services.forms.types import displayed
from workflows.operations.tasks import TaskClosedError
from workflows.queries.calendars import database_now


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing asked, as the page shows it: a document with its files, or a field's part of the form."""

    thing: AskedThing
    before: Sequence[Upload]
    uploads: Sequence[Upload]
    refused: str
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
    if request.method == "POST":
        if notice.answered_at is not None:
            return closed(request, case)
        _keep(request, notice, form, at)
        refused = _upload(request, case, things, at)
        if _only_saves(request) and not refused:
            return redirect(request.path)
        if not refused and (form is None or form.is_valid()):
            return redirect("applicant:supplement_review", case.public_id)
    rows = rows_of(notice, groups, form, refused)
    context = {
        "case": case,
        "notice": notice,
        "form": form,
        "groups": rows,
        "done": sum(row.done for _group, own in rows for row in own),
        "all": len(things),
        "hold": case.application.holds.filter(released_at__isnull=True).first(),
    }
    wrong = bool(refused) or (form is not None and form.is_bound and bool(form.errors))
    return render(request, "applicant/supplement.html", context, status=422 if wrong else 200)


def _only_saves(request: HttpRequest) -> bool:
    return "upload" in request.POST or "save" in request.POST


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
    notice: OneTimeNotice, groups: Sequence[AskedByDepartment], form: SectionForm | None, refused: dict[str, str]
) -> list[tuple[AskedByDepartment, list[Row]]]:
    """Return what is asked under each department, with what she has done about it so far."""
    uploads: dict[str, list[Upload]] = {}
    for upload in uploads_of("application", notice.application_id):
        uploads.setdefault(upload.material_code, []).append(upload)
    parts = {use.element.code: part for use, part in zip(form.uses, form.parts, strict=True)} if form else {}
    uses = {use.element.code: use for use in form.uses} if form else {}
    now, language = form.all_answers if form else {}, get_language() or "zh-hans"

    def shown(use: Use, value: object) -> str:
        return displayed(use.element, value, language)

    def row(thing: AskedThing) -> Row:
        files = uploads.get(thing.code, []) if thing.kind == "material" else []
        new = [one for one in files if one.uploaded_at >= notice.released_at]
        use, stored = uses.get(thing.code), notice.application.answers.get(thing.code)
        changed = use is not None and shown(use, now.get(thing.code)) != shown(use, stored)
        return Row(
            thing=thing,
            before=[one for one in files if one not in new],
            uploads=new,
            refused=refused.get(thing.code, ""),
            part=parts.get(thing.code),
            value=shown(use, stored) if use is not None else "",
            done=bool(new) or changed,
        )

    return [(group, [row(thing) for thing in group.things]) for group in groups if group.things]


def _upload(request: HttpRequest, case: Case, things: Sequence[AskedThing], at: datetime) -> dict[str, str]:
    """Store every marked document that came along; returns why one was refused, by its code."""
    refused = {}
    for thing in things:
        file = request.FILES.get(f"file-{thing.code}") if thing.kind == "material" else None
        if file is None:
            if thing.kind == "material" and request.POST.get("upload") == thing.code:
                refused[thing.code] = _("Choose a file first, then press Upload.")
            continue
        try:
            store_upload(
                file=file,
                original_name=file.name or "",
                declared_type=file.content_type or "",
                subject_kind="application",
                subject_id=case.application_id,
                material_code=thing.code,
                by=request.user,
                at=at,
            )
            messages.success(request, _("The document was uploaded."))
        except UploadRefusedError as error:
            refused[thing.code] = str(error)
    return refused
