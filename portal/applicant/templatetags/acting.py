"""For whom somebody acts, at the head of every page of a draft: an agent of two companies must never mix them up."""

from __future__ import annotations

from typing import Any

from django import template

from services.cases.models import Application
from services.parties.enums import MandateScope
from services.parties.queries import acting_for, names_of_parties
from workflows.queries.calendars import database_now

register = template.Library()


@register.inclusion_tag("applicant/acting_strip.html", takes_context=True)
def acting_strip(context: dict[str, Any], draft: Application, applicant: str = "") -> dict[str, Any]:
    """Name the party the reader acts for; where she acts for herself, `applicant` or nothing.

    `around` in the context: what the page read already (`portal.applicant.access.Opened`).
    """
    around, reader = context.get("around"), context["request"].user
    at, own = (around.at, around.own) if around else (database_now(), None)
    rights = (acting_for(reader, draft.party, scope, at, own=own) for scope in (MandateScope.FILL, MandateScope.SIGN))
    acting = next((right for right in rights if right.relation != "none"), None)
    if acting is None or acting.relation == "self":
        return {"applicant": applicant}
    return {"name": names_of_parties([draft.party])[draft.party], "told": acting.for_another}
