"""What an application asks: the one form, and the documents to hand in."""

from __future__ import annotations

from typing import Any

from services.cases.models import Application
from services.catalogue.enums import DocumentKind
from services.catalogue.queries import MaterialNeed, form_schema, materials_for
from services.forms.schema import FormSchema, arranged

#: Elements that only exist once a service was granted, by code of the service.
RESULTING_ELEMENTS = {"business-licence": frozenset({"organisation.uscc"})}


def form_of(application: Application) -> FormSchema:
    """Return the form of an application in its situation: every service's questions, each once.

    What an earlier part results in, such as the code a business licence brings, does not exist yet and is not asked.
    """
    schema = form_schema(application.offer, application.situation)
    services = {service for use in schema.uses for service in use.services}
    resulting = {code for service in services for code in RESULTING_ELEMENTS.get(service, ())}
    return arranged(schema.sections, [use for use in schema.uses if use.element.code not in resulting], schema.rules)


def form_answers(application: Application) -> dict[str, Any]:
    """Return the answers as the form's rules read them: with the situation under `answers.<question>`."""
    return {**application.answers, **{f"answers.{key}": value for key, value in application.situation.items()}}


def documents_wanted(application: Application) -> list[MaterialNeed]:
    """Return the documents the applicant hands in, each once.

    Not among them: what the government issued and fetches itself, and application forms, which are made from the
    answers (一表申请).
    """
    needs = materials_for(application.offer, application.situation)
    return [need for need in needs if need.submitted and need.material.document_kind != DocumentKind.FORM]
