"""The parts of a section's page: each field with where its answer comes from, why it is asked, what is contested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.ui.fields import draw_field
from portal.ui.wording import instant_words, is_chinese
from services.cases.enums import OriginKind
from services.cases.queries.provenance import ShownOrigin
from services.forms.build import Part, SectionForm
from services.forms.fields import field_name
from services.forms.merging import MINE, THEIRS, choice
from services.forms.schema import Use
from services.forms.types import displayed


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a section's page knows about its fields beside the form.

    services: names of the services that ask, by code; empty when one service asks everything. contested: (here,
    elsewhere) by element code, see `services.forms.merging`.
    """

    services: Mapping[str, str]
    origins: Mapping[str, ShownOrigin]
    contested: Mapping[str, tuple[object, object]]


@dataclass(frozen=True, kw_only=True)
class PagePart:
    """One element's place on the page; it stands there, empty, also while its question is not asked."""

    code: str
    name: str
    html: SafeString
    asked: bool


def page_parts(form: SectionForm, around: Surroundings, *, swap: frozenset[str] | None = None) -> Iterator[PagePart]:
    """Return the places of all elements of a section, in order.

    swap: only these codes, marked to be put into a page that is open.
    """
    parts = dict(zip((use.element.code for use in form.uses), form.parts, strict=True))
    for use in form.section.uses:
        code = use.element.code
        if swap is not None and code not in swap:
            continue
        inside = _inside(form, use, parts[code], around) if code in parts else ""
        html = format_html(
            '<div class="form-part" id="part-{}"{}>{}</div>',
            field_name(code),
            mark_safe(' hx-swap-oob="true"') if swap is not None else "",
            inside,
        )
        yield PagePart(code=code, name=field_name(code), html=html, asked=code in parts)


def _inside(form: SectionForm, use: Use, part: Part, around: Surroundings) -> SafeString:
    code, name = use.element.code, field_name(use.element.code)
    origin = around.origins.get(code)
    line = origin_line(origin) if origin and not origin.is_typed else ""
    said = ""
    if origin and line:
        new = " is-new" if origin.waits else ""
        said = format_html('<p class="field-origin{}" id="origin-{}">{}</p>', new, name, line)
    why = _why(use, around.services, origin)
    below = format_html("{}{}{}", said, contested_box(use, around.contested.get(code)), why)
    if part.field is not None:
        return draw_field(part.field, extra=below, described_by=f"origin-{name}" if line else "")
    return mark_safe(render_to_string("ui/form_part.html", {"part": part}) + below)  # noqa: S308 - both are safe


def origin_line(shown: ShownOrigin) -> str:
    """Return where an answer comes from as a sentence: entered or filled in by whom or from what, when, confirmed."""
    at, origin = instant_words(shown.origin.at), shown.origin
    if origin.by == OriginKind.TYPED:
        return (
            _("Entered by you, %(at)s") % {"at": at}
            if shown.own or not shown.name
            else (_("Entered by %(name)s, %(at)s") % {"name": shown.name, "at": at})
        )
    sentences = {
        OriginKind.SOURCE: _("Filled in from “%(source)s”, %(at)s"),
        OriginKind.PROFILE: _("Filled in from your profile, %(at)s"),
        OriginKind.WALLET: _("Filled in from your certificate %(source)s, %(at)s"),
        OriginKind.CLERK: _("Entered at the counter by %(name)s, %(at)s"),
    }
    name = shown.name or (_("you") if shown.own else "")
    source = shown.source_zh if is_chinese() else shown.source_en
    told = sentences[origin.by] % {"source": source, "name": name, "at": at}
    if origin.confirmed_at is None:
        return told + _(" · please check it")
    return told + _(" · confirmed")


def contested_box(use: Use, contested: tuple[object, object] | None) -> SafeString:
    """Return the place where somebody chooses between two answers; an empty place while they agree."""
    name, language = field_name(use.element.code), get_language() or "zh-hans"
    if contested is None:
        return format_html('<div id="contested-{}"></div>', name)
    here, elsewhere = contested
    rows = [
        (name, which, choice(which, elsewhere), text, displayed(use.element, value, language) or _("(nothing)"))
        for which, text, value in (
            (MINE, _("Keep what was entered here:"), here),
            (THEIRS, _("Take what was entered in the other window:"), elsewhere),
        )
    ]
    return format_html(
        '<div id="contested-{}" class="contested"><fieldset><legend>{}</legend>{}</fieldset></div>',
        name,
        _("Changed in another window too. Which answer is right?"),
        format_html_join(
            "",
            '<div class="form-check">'
            '<input type="radio" name="choose-{0}" id="choose-{0}-{1}" value="{2}" autocomplete="off">'
            '<label class="form-check-label" for="choose-{0}-{1}">{3} <strong data-verbatim>{4}</strong></label></div>',
            rows,
        ),
    )


def contested_slot(use: Use, contested: tuple[object, object] | None) -> SafeString:
    """Return the box for a page that is open, empty once she has chosen; what is typed above it is not touched."""
    box = contested_box(use, contested)
    return mark_safe(box.replace("<div ", '<div hx-swap-oob="true" ', 1))  # noqa: S308 - a safe text with an attribute more


def _why(use: Use, services: Mapping[str, str], origin: ShownOrigin | None) -> SafeString | str:
    names = [services[code] for code in use.services if code in services]
    typed = origin_line(origin) if origin and origin.is_typed else ""
    if not names and not typed:
        return ""
    listed: Any = format_html_join("", "<li>{}</li>", ((name,) for name in names))
    return format_html(
        '<details class="field-why"><summary>{}<span class="visually-hidden"> {}</span></summary>'
        "<div>{}{}</div></details>",
        _("Why do we ask?") if names else _("When was this entered?"),
        use.element.label.in_language(get_language() or "zh-hans"),
        format_html("<p>{}</p><ul>{}</ul>", _("Asked once, used by:"), listed) if names else "",
        format_html("<p>{}</p>", typed) if typed else "",
    )
