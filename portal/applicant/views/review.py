"""Check everything once more, sign, and file once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.applicant.access import application_or_404
from services.cases.enums import ApplicationState, ConsentKind
from services.cases.models import Application
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.submission import (
    ChangedSinceReviewError,
    IncompleteApplicationError,
    NotSignedError,
    find_problems,
    review_hash,
    submit_application,
)
from services.cases.queries.forms import documents_wanted, form_answers, form_of
from services.documents.queries import papers_of, uploads_of
from services.forms.rules import visible_elements
from services.forms.schema import Element
from services.forms.types import type_of
from services.parties.queries import party
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what will be filed with its hash; POST files exactly that, once."""
    at = database_now()
    application = application_or_404(request, public_id, at)
    if application.state != ApplicationState.DRAFT:
        return redirect("applicant:submitted", public_id)
    if request.method == "POST":
        try:
            submit_application(
                application_id=application.pk,
                reviewed_hash=request.POST.get("reviewed_hash", ""),
                signed="signed" in request.POST,
                consents=request.POST.getlist("consents"),
                by=request.user,
                at=at,
            )
            return redirect("applicant:submitted", public_id)
        except NotSignedError:
            messages.error(request, _("Please confirm the declaration: your application is not filed without it."))
        except ChangedSinceReviewError:
            messages.warning(
                request, _("The application was changed after you opened this page. Please check it once more.")
            )
        except NotAllowedError:
            messages.error(request, _("You may fill in this application, but somebody who may sign has to file it."))
        except IncompleteApplicationError:
            messages.error(request, _("Something is still missing; see the list."))
    problems = find_problems(application, at=at)
    context = {
        "draft": application,
        "sections": reviewed_sections(application, at),
        "documents": reviewed_documents(application),
        "problems": [_shown(problem, application) for problem in problems],
        "reviewed_hash": review_hash(application),
        "consents": ConsentKind.choices,
        "signer": request.user.get_full_name() or request.user.get_username(),
        "party": party(application.party),
    }
    return render(request, "applicant/review.html", context)


def _shown(problem: Any, application: Application) -> dict[str, str]:
    chinese = (get_language() or "").startswith("zh")
    if problem.kind == "material":
        target = f"{reverse('applicant:documents', args=[application.public_id])}#document-{problem.code}"
    elif problem.kind == "element":
        section = form_of(application).use(problem.code).element.section
        target = reverse("applicant:section", args=[application.public_id, section])
    else:
        target = reverse("applicant:situation", args=[application.public_id])
    return {"message": problem.zh if chinese else problem.en, "url": target}


def reviewed_sections(application: Application, at: Any) -> list[dict[str, Any]]:
    """Return the answers by section, as a person reads them, with links to change each section."""
    language = get_language() or "zh-hans"
    schema, answers = form_of(application), form_answers(application)
    shown = visible_elements(schema, answers, today=at.date())
    sections = []
    for section in schema.sections:
        rows = [
            {
                "label": use.element.label.in_language(language),
                "value": _displayed(use.element, answers.get(use.element.code), language),
            }
            for use in section.uses
            if use.element.code in shown
        ]
        if rows:
            sections.append({"key": section.key, "title": section.title.in_language(language), "rows": rows})
    return sections


def _displayed(element: Element, value: object, language: str) -> str:
    if value in (None, "", []):
        return ""
    try:
        return type_of(element).display(element, value, language)
    except (TypeError, ValueError, AttributeError, KeyError):
        return str(value)  # not valid yet: shown as typed, and listed among the problems


def reviewed_documents(application: Application) -> list[dict[str, Any]]:
    """Return the documents wanted with what was handed in."""
    uploads: dict[str, list[Any]] = {}
    for upload in uploads_of("application", application.pk):
        uploads.setdefault(upload.material_code, []).append(upload)
    return [{"need": need, "uploads": uploads.get(need.code, [])} for need in documents_wanted(application)]


@require_GET
def submitted(request: HttpRequest, public_id: str) -> HttpResponse:
    """Confirm the filing: number, receipt, what happens next."""
    application = application_or_404(request, public_id, database_now())
    if application.state == ApplicationState.DRAFT:
        return redirect("applicant:review", public_id)
    receipt = papers_of("application", application.pk).filter(kind="receipt").first()
    cases = application.cases.select_related("service", "department").order_by("position")
    return render(request, "applicant/submitted.html", {"application": application, "receipt": receipt, "cases": cases})
