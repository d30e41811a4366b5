"""Which documents of a case may follow after acceptance, and which of them are missing."""

from __future__ import annotations

from django.db.models import QuerySet

from services.cases.enums import CaseState
from services.cases.models import Application, Case, Deferral
from services.catalogue.enums import DocumentKind, Necessity
from services.catalogue.queries import MaterialNeed, materials_of, situation_of
from services.documents.queries import uploads_of


def deferrable_and_missing(case: Case) -> list[MaterialNeed]:
    """Return the documents that the guide of a case's own service lets follow later and that are not there."""
    application = case.application
    there = set(uploads_of("application", application.pk).values_list("material_code", flat=True))
    needs = materials_of([case.service], situation_of(application.offer, application.situation))
    return [
        need
        for need in needs
        if need.necessity == Necessity.DEFERRABLE
        and need.submitted
        and need.material.document_kind != DocumentKind.FORM
        and need.code not in there
    ]


def open_deferrals_of(application: Application) -> QuerySet[Deferral]:
    """Return what was promised for an application's cases under review and is not handed in yet."""
    waiting = Deferral.objects.filter(case__application=application, handed_in_at=None, case__state=CaseState.ACCEPTED)
    return waiting.select_related("case__service").order_by("case__position")
