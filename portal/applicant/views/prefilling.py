"""Fetch what the government already knows: choose registers and purposes, see what came, decide about the rest."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import draft_or_404
from services.access.masking import mask_id_number
from services.cases.models import Application, SourceReading
from services.cases.operations.drafts import is_at_counter
from services.cases.operations.prefilling import keep_typed_values, prefill, take_back_consent, use_register_values
from services.cases.operations.registers import ApplicantNotPresentError
from services.cases.queries.forms import form_of
from services.cases.queries.prefilling import Offer, prefill_offers
from services.exchange.enums import Outcome
from services.forms.schema import Element
from services.forms.types import displayed
from services.parties.queries import departments
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def fetch(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what each register could give; POST agrees and fetches, takes a register's value, or takes consent back."""
    at = database_now()
    draft = draft_or_404(request, public_id, at)
    if request.method == "POST":
        given: dict[str, Any] = {"application_id": draft.pk, "by": request.user, "at": at}
        if "withdraw" in request.POST:
            if take_back_consent(code=request.POST["withdraw"], **given):
                messages.success(request, _("Your consent is taken back. Nothing more is read there."))
        elif "use" in request.POST:
            _say_used(request, use_register_values(codes=request.POST.getlist("take"), **given))
        elif "keep" in request.POST:
            keep_typed_values(**given)
            messages.success(request, _("Your own entries stay as they are."))
        else:
            _fetch(request, given)
        return redirect("applicant:prefill", public_id)
    context = {"draft": draft, "sources": _sources(draft), "at_window": is_at_counter(draft)}
    return render(request, "applicant/prefill.html", context)


def _fetch(request: HttpRequest, given: dict[str, Any]) -> None:
    chosen = [request.POST["again"]] if "again" in request.POST else request.POST.getlist("agree")
    try:
        _say_fetched(request, prefill(chosen=chosen, present="present" in request.POST, **given))
    except ApplicantNotPresentError:
        messages.error(request, _("Confirm that the applicant stands at the window and agrees, then fetch."))


def _say_used(request: HttpRequest, taken: list[str]) -> None:
    if taken:
        said = ngettext("%(count)s entry was replaced.", "%(count)s entries were replaced.", len(taken))
        messages.success(request, said % {"count": len(taken)})
    else:
        messages.info(request, _("Tick the entries to replace first."))


def _say_fetched(request: HttpRequest, readings: list[SourceReading]) -> None:
    if not readings:
        messages.info(request, _("Tick what may be fetched first. You can also enter everything yourself."))
        return
    filled = sum(len(one.filled) for one in readings)
    failed = sum(one.outcome == Outcome.UNAVAILABLE for one in readings)
    if filled:
        said = ngettext("%(count)s item was fetched.", "%(count)s items were fetched.", filled)
        messages.success(request, said % {"count": filled})
    if failed:
        said = ngettext(
            "%(count)s register does not answer now. Go on by hand; you can ask again later.",
            "%(count)s registers do not answer now. Go on by hand; you can ask again later.",
            failed,
        )
        messages.warning(request, said % {"count": failed})
    if not filled and not failed:
        messages.info(request, _("The registers have nothing to add. Please enter it yourself."))


def _sources(draft: Application) -> list[dict[str, Any]]:
    """Return the registers in order, each with its offers ready to be shown."""
    names = {one.code: one for one in departments()}
    labels = {use.element.code: use.element for use in form_of(draft).uses}
    grouped: dict[str, dict[str, Any]] = {}
    for offer in prefill_offers(draft):
        row = grouped.setdefault(
            offer.source.code,
            {"source": offer.source, "department": names.get(offer.source.department), "offers": []},
        )
        row["offers"].append(_shown(offer, draft, labels))
    return list(grouped.values())


def _shown(offer: Offer, draft: Application, labels: dict[str, Element]) -> dict[str, Any]:
    language = get_language() or "zh-hans"
    materials = {need.code: need.material for need in offer.documents}
    reading = offer.reading

    def named(codes: list[str]) -> list[str]:
        return [
            labels[code].label.in_language(language)
            if code in labels
            else (materials[code].name_zh if language.startswith("zh") else materials[code].name_en)
            for code in codes
            if code in labels or code in materials
        ]

    return {
        "offer": offer,
        "key": mask_id_number(offer.key_value) if offer.key_element.type == "id_number" else offer.key_value,
        "key_url": _section_url(draft, offer.key_element.section),
        "filled": named(reading.filled) if reading else [],
        "missing": named(reading.missing) if reading else [],
        "missing_url": _missing_url(draft, offer, labels),
        "differing": [
            {
                "code": code,
                "label": labels[code].label.in_language(language),
                "yours": displayed(labels[code], draft.answers.get(code), language),
                "theirs": displayed(labels[code], value, language),
            }
            for code, value in (reading.differing.items() if reading else ())
            if code in labels
        ],
    }


def _section_url(draft: Application, section: str) -> str:
    return reverse("applicant:section", args=[draft.public_id, section]) if section else ""


def _missing_url(draft: Application, offer: Offer, labels: dict[str, Element]) -> str:
    """Return where what could not be fetched is entered or uploaded."""
    missing = offer.reading.missing if offer.reading else []
    if offer.documents:
        return reverse("applicant:documents", args=[draft.public_id]) if missing else ""
    first = next((code for code in missing if code in labels), "")
    return _section_url(draft, labels[first].section) if first else ""
