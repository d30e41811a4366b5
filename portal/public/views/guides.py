"""The guide of a service or a bundle, its QR code and its process."""

from __future__ import annotations

import io
from datetime import datetime

import segno
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from portal.accounts.models import User
from portal.public.guides import current_offer
from portal.public.pages import GuidePage, guide_page
from portal.public.steps import steps_in_words
from portal.public.views.listed import listed_guide
from portal.situations.address import answers_in_address, given_answers
from portal.situations.needs import Offer
from portal.ui.page_cache import cached_for_visitors
from services.cases.queries.wallet import wallets_of
from services.catalogue.models import ServiceVersion
from services.catalogue.queries import catalogue_state, edition_and_now, situation_of
from workflows.queries.definitions import UnknownProcessError, graph_of, published_definition

#: QR codes are drawn in so many units per module; the page scales them.
_QR_SCALE = 4


@require_safe
@login_not_required
@cached_for_visitors(state=catalogue_state)
def guide(request: HttpRequest, code: str) -> HttpResponse:
    """Show the guide of the service or bundle in use under this code, for the answers in the address.

    Of an item that only stands in a list it shows what its list says.
    """
    edition, at = edition_and_now()
    try:
        page = guide_page(code, request.GET, edition=edition, at=at, language=get_language() or "zh-hans")
    except ServiceVersion.DoesNotExist:
        return listed_guide(request, code)
    if request.htmx:
        response = render(request, "public/guide_changed.html", {"page": page})
        response["HX-Replace-Url"] = _address(page.code, page.query)
        return response
    context = {"page": page, "canonical": _absolute(page.code, ""), "held": _held(request, page, at)}
    return render(request, "public/guide.html", context)


def _held(request: HttpRequest, page: GuidePage, at: datetime) -> list[dict[str, str]]:
    """Return which of the documents a visitor who signed in has in her wallet already, by their names."""
    if not isinstance(request.user, User):
        return []
    wallets = wallets_of(request.user, at)
    return [
        {"name": name, "whose": wallet.name}
        for code, name in page.materials
        for wallet in wallets
        if wallet.items_for(code)
    ]


def _address(code: str, query: str) -> str:
    address = reverse("public:guide", args=[code])
    return f"{address}?{query}" if query else address


def _absolute(code: str, query: str) -> str:
    return settings.SITE_URL.rstrip("/") + _address(code, query)


@require_safe
@login_not_required
def qr_code(request: HttpRequest, code: str) -> HttpResponse:
    """Draw the guide's address, with the answers in this address, as a QR code."""
    offer = _offer(code)
    given = given_answers(request.GET, offer.questions.all())
    answers = situation_of(offer, given).answers
    drawn = io.BytesIO()
    segno.make(_absolute(code, answers_in_address(answers)), error="m", micro=False).save(
        drawn, kind="svg", scale=_QR_SCALE, xmldecl=False, omitsize=True, title=code
    )
    response = HttpResponse(drawn.getvalue(), content_type="image/svg+xml")
    response["Cache-Control"] = "public, max-age=3600"
    return response


def _offer(code: str) -> Offer:
    try:
        return current_offer(code)
    except ServiceVersion.DoesNotExist:
        raise Http404 from None


# bpmn-js writes style attributes into the drawing and cannot do otherwise: allowed on this page alone (docs/look.md)
@csp_update({"style-src-attr": ["'unsafe-inline'"]})  # type: ignore[arg-type]  # the package's types know no arguments
@require_safe
@login_not_required
def process(request: HttpRequest, code: str) -> HttpResponse:
    """Show the process as a diagram, with the same steps as a list below it."""
    offer = _offer(code)
    try:
        steps = steps_in_words(graph_of(published_definition(offer.process_key).pk))
    except UnknownProcessError:
        steps = []
    return render(request, "public/process.html", {"version": offer, "code": code, "steps": steps})


@require_safe
@login_not_required
def process_source(request: HttpRequest, code: str) -> HttpResponse:
    """Send the process as BPMN 2.0 XML, as the engine runs it."""
    try:
        definition = published_definition(_offer(code).process_key)
    except UnknownProcessError:
        raise Http404 from None
    return HttpResponse(definition.source, content_type="application/xml; charset=utf-8")
