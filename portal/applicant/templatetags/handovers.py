"""Who fills in a draft just now, at the head of its pages."""

from __future__ import annotations

from typing import Any

from django import template

from services.cases.enums import Channel
from services.cases.models import Application
from services.cases.operations.handovers import from_counter
from services.cases.queries.handovers import latest_handover
from workflows.queries.calendars import database_now

register = template.Library()


@register.inclusion_tag("applicant/handover_strip.html", takes_context=True)
def handover_strip(context: dict[str, Any], draft: Application) -> dict[str, Any]:
    """Say that the draft is at the counter, that the reader holds it with a code, or that entries wait for her.

    `around` and `handover` in the context: what the page read already.
    """
    around, reader = context.get("around"), context["request"].user
    handover = context["handover"] if around else latest_handover(draft)
    state = str(handover.state(around.at if around else database_now())) if handover else ""
    return {
        "draft": draft,
        "handover": handover,
        "state": state,
        "holds": bool(handover and state == "held" and handover.taken_by_id == reader.pk),
        "unconfirmed": 0 if state == "held" or draft.channel == Channel.COUNTER else len(from_counter(draft)),
    }
