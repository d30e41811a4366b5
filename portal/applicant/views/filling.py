"""Fill in a section. Every change is kept, valid or not; leaving a section checks it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import draft_or_404
from services.cases.operations.drafts import StaleDraftError, save_draft
from services.cases.queries.forms import form_answers, form_of
from services.forms.build import SectionForm, form_class
from services.forms.schema import FormSchema
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def section(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """Show and store one section; the autosave answers with its status line."""
    at = database_now()
    draft = draft_or_404(request, public_id, at)
    schema = form_of(draft)
    form = _form(request, schema, key, form_answers(draft))
    if request.method == "POST":
        autosaving = bool(request.headers.get("HX-Request")) and "save" not in request.POST
        try:
            version = request.POST.get("draft_version", "")
            draft = save_draft(
                application_id=draft.pk,
                answers=form.answers_to_save,
                by=request.user,
                at=at,
                expected_version=int(version) if version.isdigit() and not autosaving else None,
            )
        except StaleDraftError as error:
            messages.warning(
                request,
                _(
                    "This application was changed in another window meanwhile. "
                    "Your entries are still here: check them and save again."
                ),
            )
            draft.draft_version = error.version
        else:
            if autosaving:
                return render(request, "ui/autosave.html", {"saved_at": at, "draft_version": draft.draft_version})
            if not form.rows_changed and form.is_valid():
                return redirect(_next(schema, key, draft.public_id))
    return render(
        request,
        "applicant/section.html",
        {"draft": draft, "form": form, "section": schema.section(key), "language": get_language()},
    )


def _form(request: HttpRequest, schema: FormSchema, key: str, answers: dict[str, object]) -> SectionForm:
    try:
        made = form_class(schema, key, get_language() or "zh-hans")
    except KeyError:
        raise Http404 from None
    return made(request.POST if request.method == "POST" else None, answers=answers, today=timezone.localdate())


def _next(schema: FormSchema, key: str, public_id: str) -> str:
    """Return the address of the section after this one, or of the task list after the last."""
    keys = [section.key for section in schema.sections]
    place = keys.index(key)
    if place + 1 < len(keys):
        return f"/my/applications/{public_id}/section/{keys[place + 1]}/"
    return f"/my/applications/{public_id}/"
