"""What an application asks: the one form, and the documents to hand in."""

from __future__ import annotations

from typing import Any

from services.cases.models import Application
from services.catalogue.enums import DocumentForm, DocumentKind
from services.catalogue.models import ServiceVersion
from services.catalogue.queries import (
    MaterialNeed,
    answered_elements,
    form_schema,
    materials_for,
    service_versions_for,
)
from services.forms.schema import FormSchema, arranged


def form_of(application: Application) -> FormSchema:
    """Return the form of an application in its situation: every service's questions, each once.

    What a question about the situation has answered already is not asked again.
    """
    schema = form_schema(application.offer, application.situation)
    answered = answered_elements(application.offer, application.situation)
    return arranged(schema.sections, [use for use in schema.uses if use.element.code not in answered], schema.rules)


def form_answers(application: Application) -> dict[str, Any]:
    """Return the answers as the form's rules read them: with the situation under `answers.<question>`."""
    answered = answered_elements(application.offer, application.situation)
    return {
        **application.answers,
        **answered,
        **{f"answers.{key}": value for key, value in application.situation.items()},
    }


def documents_wanted(application: Application) -> list[MaterialNeed]:
    """Return the documents the applicant hands in, each once.

    Not among them: what the government issued and fetches itself, and application forms, which are made from the
    answers (一表申请).
    """
    needs = materials_for(application.offer, application.situation)
    return [need for need in needs if need.submitted and need.material.document_kind != DocumentKind.FORM]


def documents_held(application: Application) -> list[MaterialNeed]:
    """Return the documents the government issued itself: fetched, taken from the wallet, or handed in if neither works.

    None of them keeps anybody from filing (State Council Order 716, arts. 7 and 12).
    """
    needs = materials_for(application.offer, application.situation)
    return [need for need in needs if not need.submitted and need.material.document_form != DocumentForm.PAPER]


def services_of(application: Application) -> list[ServiceVersion]:
    """Return the versions of the services an application needs in its situation, in order."""
    return list(service_versions_for(application.offer, application.situation))
