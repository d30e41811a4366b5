"""A guide as it is kept in memory: its parts as HTML, everything that does not depend on who looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import caches
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from portal.public.guides import Guide, current_offer, guide_of
from portal.public.keeping import SECONDS, key_of
from portal.public.structured_data import structured_data
from portal.situations.address import answers_in_address, given_answers
from portal.situations.form import SituationForm
from portal.ui.templatetags.ui import bilingual
from services.catalogue.models import ServiceVersion
from workflows.queries.calendars import calendar_for


@dataclass(frozen=True)
class GuidePage:
    """What the guide's template puts together. query: the answers as they stand in the address.

    codes: of the documents that are asked for, so that a visitor who signed in is told which of them she has.
    """

    code: str
    query: str
    title: str
    summary: str
    top: SafeString
    questions: SafeString
    rest: SafeString
    aside: SafeString
    status: SafeString
    json_ld: SafeString
    materials: tuple[tuple[str, str], ...]


def guide_page(code: str, given: QueryDict, *, edition: str, at: datetime, language: str) -> GuidePage:
    """Return the guide's page for the answers in an address; kept where the address holds nothing but answers.

    Raises ServiceVersion.DoesNotExist: nothing by this code is offered now.
    """
    written = given.urlencode()
    # Promised dates are counted in whole hours of the day of filing.
    key = key_of(edition, "guide", code, language, f"{at:%Y%m%d%H}", written)
    found: GuidePage | None = caches["pages"].get(key)
    if found is None:
        found = _made(code, given, at=at, language=language)
        if written == found.query:
            caches["pages"].set(key, found, SECONDS)
    return found


def _made(code: str, given: QueryDict, *, at: datetime, language: str) -> GuidePage:
    offer = current_offer(code)
    questions = list(offer.questions.all())
    form = SituationForm(questions, given_answers(given, questions), check=False)
    form.show_unreadable()
    guide = guide_of(offer, form.situation.answers, calendar_for(), at=at, language=language)
    context = context_of(guide, code, form)
    kind = "bundle" if guide.is_bundle else "service"
    return GuidePage(
        code=code,
        query=context["query"],
        title=bilingual(offer, "name"),
        summary=bilingual(offer, "summary"),
        top=render_to_string("public/guide_top.html", context),
        questions=render_to_string("situations/questions.html", context),
        rest=render_to_string(f"public/guide_{kind}_rest.html", context),
        aside=render_to_string("public/guide_aside.html", context),
        status=render_to_string("situations/status.html", context),
        json_ld=mark_safe(structured_data(guide, code)),  # noqa: S308 - its angle brackets are escaped there
        materials=tuple(
            (one.material.code, bilingual(one.material, "name")) for one in (*guide.needs.yours, *guide.needs.fetched)
        ),
    )


def context_of(guide: Guide, code: str, form: SituationForm) -> dict[str, Any]:
    """Return what the templates of a guide are given."""
    return {
        "guide": guide,
        "needs": guide.needs,
        "version": guide.version,
        "code": code,
        "form": form,
        "query": answers_in_address(guide.needs.situation.answers),
        "asks": guide.version.questions.exists() if isinstance(guide.version, ServiceVersion) else True,
    }
