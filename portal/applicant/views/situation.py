"""Choose for whom, and answer the questions that decide what applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import draft_or_404
from portal.situations.address import given_answers
from portal.situations.form import PARTY, SituationForm
from portal.situations.needs import Needs, needs_of
from portal.situations.sums import shown, sums_of
from services.cases.models import Application
from services.cases.operations.drafts import NotAllowedError, save_draft, start_draft
from services.cases.operations.prefilling import fill_from_profile
from services.catalogue.models import BundleVersion, ServiceVersion
from services.catalogue.queries import current_bundle_version, current_version
from services.parties.queries import PartyChoice, departments, party_choices
from services.parties.references import PartyRef
from workflows.queries.calendars import calendar_for, database_now

Offer = BundleVersion | ServiceVersion


@require_http_methods(["GET", "POST"])
def start_bundle(request: HttpRequest, code: str) -> HttpResponse:
    """Begin an application for a bundle; answers in the address are taken over."""
    try:
        return _start(request, current_bundle_version(code))
    except BundleVersion.DoesNotExist:
        raise Http404 from None


@require_http_methods(["GET", "POST"])
def start_service(request: HttpRequest, code: str) -> HttpResponse:
    """Begin an application for a single service; answers in the address are taken over."""
    try:
        return _start(request, current_version(code))
    except ServiceVersion.DoesNotExist:
        raise Http404 from None


def _start(request: HttpRequest, offer: Offer) -> HttpResponse:
    at = database_now()
    parties = party_choices(request.user, at)
    shared = given_answers(request.GET, offer.questions.all())
    form, going_on = _read(request, offer, stored=shared, parties=parties)
    needs = _needs(offer, form, at)
    if going_on and not parties:
        form.add_error(None, _("Nobody can be applied for with this sign-in: it belongs to no person."))
    elif going_on and form.is_valid() and not needs.stops:
        chosen = request.POST.get(PARTY) or str(parties[0].ref)
        try:
            draft = start_draft(
                offer=offer, party=PartyRef.parse(chosen), by=request.user, at=at, situation=form.situation.answers
            )
            fill_from_profile(application_id=draft.pk, by=request.user, at=at)
            return redirect("applicant:application", draft.public_id)
        except (ValueError, NotAllowedError):
            form.add_error(None, _("Choose for whom you apply."))
    return _page(request, form, needs)


def _read(
    request: HttpRequest, offer: Offer, stored: Mapping[str, Any], parties: Sequence[PartyChoice] = ()
) -> tuple[SituationForm, bool]:
    """Return the form, and whether she pressed the button that goes on (not only changed an answer)."""
    questions = list(offer.questions.all())
    if request.method != "POST":
        form = SituationForm(questions, stored, check=False, parties=parties)
        form.show_unreadable()
        return form, False
    # A changed answer comes from the page itself (htmx) or by the button "Show what I need".
    going_on = "update" not in request.POST and not request.htmx
    given = given_answers(request.POST, questions)
    party = request.POST.get(PARTY, "")
    return SituationForm(questions, given, check=going_on, parties=parties, party=party), going_on


def _needs(offer: Offer, form: SituationForm, at: datetime) -> Needs:
    return needs_of(offer, form.situation.answers, calendar_for(), at=at, language=get_language() or "zh-hans")


def _page(request: HttpRequest, form: SituationForm, needs: Needs, draft: Application | None = None) -> HttpResponse:
    context = {
        "offer": needs.offer,
        "form": form,
        "needs": needs,
        "draft": draft,
        "sums": shown(sums_of(needs.savings, needs.names)) if needs.savings else [],
        "issuers": {department.code: department for department in departments()},
        "asks": bool(form.fields),
    }
    template = "applicant/situation_changed.html" if request.htmx else "applicant/situation.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer the questions of a draft anew; what was filled in stays where it still fits."""
    at = database_now()
    draft = draft_or_404(request, public_id, at)
    form, going_on = _read(request, draft.offer, stored=draft.situation)
    needs = _needs(draft.offer, form, at)
    if going_on and form.is_valid() and not needs.stops:
        save_draft(application_id=draft.pk, situation=form.situation.answers, by=request.user, at=at)
        return redirect("applicant:application", draft.public_id)
    return _page(request, form, needs, draft)
