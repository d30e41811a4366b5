"""This is what you change: shown before a supplement is sent, and what was shown is what is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import case_or_404
from portal.applicant.views.supplements import closed, marked_fields_form, rows_of
from services.cases.models import Case, OneTimeNotice
from services.cases.operations.answering import (
    AnsweredOtherwiseError,
    StillCheckedError,
    answer_supplement,
    marked_fields,
    supplement_hash,
)
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.refusals import sentence_for
from services.cases.queries.notices import latest_notice_of, still_asked, things_asked
from services.forms.build import SectionForm
from services.forms.types import displayed
from workflows.operations.tasks import RunSuspendedError, TaskClosedError
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show every change with the hash of all of them; POST sends exactly what was shown, once."""
    at = database_now()
    case = case_or_404(request, public_id, at)
    notice = latest_notice_of(case)
    if notice is None:
        raise Http404
    if not still_asked(notice):
        return closed(request, case)
    groups = things_asked(notice)
    form = marked_fields_form(notice, [thing for group in groups for thing in group.things], None)
    if form is not None and form.checked.errors_of([use.element.code for use in form.uses]):
        messages.warning(request, _("Some answers are not complete or not right yet. Please look at them."))
        return redirect("applicant:supplement", case.public_id)
    answers = answers_of(notice, form)
    if request.method == "POST" and _send(request, case, answers, at):
        return redirect("applicant:application", case.application.public_id)
    rows = [row for _group, own in rows_of(request, case, notice, groups, form, at=at) for row in own]
    context = {
        "case": case,
        "notice": notice,
        "rows": [(row, _now(row.thing.code, form)) for row in rows],
        "left": sum(not row.done for row in rows),
        "hash": supplement_hash(notice, answers),
        "hold": case.application.holds.filter(released_at__isnull=True).first(),
    }
    return render(request, "applicant/supplement_review.html", context)


def answers_of(notice: OneTimeNotice, form: SectionForm | None) -> dict[str, object]:
    """Return what was typed into the marked fields that are asked, in the form it is stored in."""
    if form is None:
        return {}
    marked = marked_fields(notice.supplements.all()) & {use.element.code for use in form.uses}
    return {code: form.checked.cleaned.get(code, typed) for code, typed in notice.typed.items() if code in marked}


def _now(code: str, form: SectionForm | None) -> str:
    """Return what a field will say, as people read it."""
    uses = {use.element.code: use for use in form.uses} if form is not None else {}
    if form is None or code not in uses:
        return ""
    return displayed(uses[code].element, form.all_answers.get(code), get_language() or "zh-hans")


def _send(request: HttpRequest, case: Case, answers: Mapping[str, Any], at: datetime) -> bool:
    """Hand in what was shown; False if the page must be looked at again."""
    shown = request.POST.get("reviewed", "")
    try:
        answer_supplement(case_id=case.pk, answers=answers, by=request.user, at=at, reviewed_hash=shown)
        messages.success(request, _("Your supplement was handed in."))
    except AnsweredOtherwiseError:
        messages.warning(
            request,
            _("Something changed since you looked, in another tab or by somebody else. Please look once more."),
        )
        return False
    except (StillCheckedError, RunSuspendedError) as error:
        messages.warning(request, sentence_for(error))
        return False
    except TaskClosedError:
        messages.info(
            request, _("Nothing is asked of you here any more: it was handed in already, or the case is closed.")
        )
    except NotAllowedError:
        messages.error(request, _("You may not answer for this applicant."))
    return True
