"""Template tags and filters of every page: `{% load ui %}`. docs/look.md lists them with examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.http import QueryDict
from django.utils.translation import gettext as _

from portal.ui import frame, wording
from portal.ui.browsers import browser_words
from portal.ui.icons import icon
from portal.ui.lights import look_of

register = template.Library()
register.simple_tag(icon)
register.filter("browser_words", browser_words)
register.filter("date_words", wording.date_words)
register.filter("instant_words", wording.instant_words)
register.filter("money", wording.money_words)
register.filter("number", wording.number_words)
register.filter("percent", wording.percent_words)
register.simple_tag(wording.limit_words, name="limit")


@register.simple_tag
def way(name: str) -> str:
    """Return the address of a page that has one only; "" where this installation does not have the page.

    As `{% url %}` without arguments, but looked up once per process: the frame of every page has a dozen of them.
    """
    return frame.address(name)


@register.simple_tag(takes_context=True)
def frame_header(context: template.Context) -> str:
    """Draw the header of every page."""
    return frame.header(context)


@register.simple_tag(takes_context=True)
def frame_footer(context: template.Context) -> str:
    """Draw the footer of every page."""
    return frame.footer(context)


@register.filter
def bilingual(thing: Any, field: str = "") -> str:
    """Return `thing.<field>_zh` or `_en` in the page's language; without a field, of a mapping {"zh": …, "en": …}.

    The other language stands in where one is missing; nothing at all is "".
    """
    first, second = ("zh", "en") if wording.is_chinese() else ("en", "zh")
    if field:
        return _value(thing, f"{field}_{first}") or _value(thing, f"{field}_{second}")
    return _value(thing, first) or _value(thing, second)


def _value(thing: Any, name: str) -> str:
    value = thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, "")
    return "" if value is None else str(value)


@register.inclusion_tag("ui/light.html")
def light(value: object, word: str = "") -> dict[str, object]:
    """Show a light as icon and word; `word` replaces the usual one."""
    look = look_of(value)
    return {"tone": look.tone, "icon_name": look.icon, "word": word or look.word}


@register.inclusion_tag("ui/errors.html")
def error_summary(*forms: BaseForm) -> dict[str, object]:
    """Show the errors of one or more forms at the top, each linking to its field."""
    return {"problems": [problem for form in forms if form for problem in _problems(form)]}


def _problems(form: BaseForm) -> Iterator[dict[str, str]]:
    for message in form.non_field_errors():
        yield {"message": str(message), "target": ""}
    for field in form:
        for message in field.errors:
            yield {"message": str(message), "target": _target(field), "before": _introduction(str(field.label))}


def _introduction(label: str) -> str:
    """Return the label as it stands before a message: with a colon, unless it is a question, which has its mark."""
    if label.endswith(("？", "?")):
        return label if label.endswith("？") else f"{label} "
    return f"{label}{_(': ')}" if label else ""


def _target(field: BoundField) -> str:
    return field.id_for_label or f"{field.auto_id}_0"


@register.filter
def page_window(page: Page[Any]) -> list[int | None]:
    """Return the page numbers to link: first, last and two around the current one; None is a gap."""
    last = page.paginator.num_pages
    shown = sorted({1, last, *range(max(1, page.number - 2), min(last, page.number + 2) + 1)})
    window: list[int | None] = []
    for number in shown:
        if window and window[-1] is not None and number - window[-1] > 1:
            window.append(None)
        window.append(number)
    return window


@register.filter
def is_group(field: BoundField) -> bool:
    """Tell whether a field is several inputs under one legend (radios, check boxes)."""
    return field.use_fieldset


@register.filter
def split(text: str) -> list[str]:
    """Split a text at its commas, to loop over a few fixed words in a template."""
    return text.split(",")


@register.filter
def listed(given: QueryDict, name: str) -> list[str]:
    """Return every value the address gives a name, for hidden fields that keep the other filters."""
    return given.getlist(name)


@register.filter
def entry(mapping: Mapping[str, Any], key: str) -> Any:
    """Return what a mapping holds under a key, "" when there is nothing."""
    return mapping.get(key, "")
