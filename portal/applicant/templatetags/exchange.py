"""What registers could not give, beside the fields it is missing from."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import get_language

from services.cases.models import Application
from services.cases.queries.forms import form_of
from services.cases.queries.prefilling import unfetched
from services.exchange.sources import sources

register = template.Library()


@register.simple_tag(takes_context=True)
def unfetched_in(context: dict[str, Any], draft: Application, section: str) -> list[dict[str, Any]]:
    """Return what should have been filled in a section and is still empty, by register: source, reading, fields.

    `readings` in the context: of registers, if the page read them already.
    """
    missing = unfetched(draft, context.get("readings"))
    if not missing:
        return []
    groups: dict[int, dict[str, Any]] = {}
    for use in form_of(draft).uses:
        reading = missing.get(use.element.code)
        if reading is None or use.element.section != section or reading.source not in sources():
            continue
        group = groups.setdefault(reading.pk, {"reading": reading, "source": sources()[reading.source], "fields": []})
        group["fields"].append(use.element.label.in_language(get_language() or "zh-hans"))
    return list(groups.values())
