"""Choose for whom, and answer the questions that decide what applies."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.access import draft_or_404
from portal.applicant.situation_form import PARTY, SituationForm, given_answers
from services.cases.operations.drafts import NotAllowedError, save_draft, start_draft
from services.catalogue.models import BundleVersion, ServiceVersion
from services.catalogue.queries import applicable_parts, current_bundle_version, current_version, stop_reasons
from services.parties.queries import PartyChoice, party_choices
from services.parties.references import PartyRef
from workflows.queries.calendars import database_now

Offer = BundleVersion | ServiceVersion


@require_http_methods(["GET", "POST"])
def start_bundle(request: HttpRequest, code: str) -> HttpResponse:
    """Begin an application for a bundle."""
    try:
        return _start(request, current_bundle_version(code))
    except BundleVersion.DoesNotExist:
        raise Http404 from None


@require_http_methods(["GET", "POST"])
def start_service(request: HttpRequest, code: str) -> HttpResponse:
    """Begin an application for a single service."""
    try:
        return _start(request, current_version(code))
    except ServiceVersion.DoesNotExist:
        raise Http404 from None


def _start(request: HttpRequest, offer: Offer) -> HttpResponse:
    at = database_now()
    parties = party_choices(request.user, at)
    form, going_on = _read(request, offer, stored={}, parties=parties)
    stops = stop_reasons(offer, form.situation.answers)
    if going_on and not parties:
        form.add_error(None, _("Nobody can be applied for with this sign-in: it belongs to no person."))
    elif going_on and form.is_valid() and not stops:
        chosen = request.POST.get(PARTY) or str(parties[0].ref)
        try:
            draft = start_draft(
                offer=offer, party=PartyRef.parse(chosen), by=request.user, at=at, situation=form.situation.answers
            )
            return redirect("applicant:application", draft.public_id)
        except (ValueError, NotAllowedError):
            form.add_error(None, _("Choose for whom you apply."))
    return _page(request, offer, {"offer": offer, "form": form, "stops": stops})


def _read(
    request: HttpRequest, offer: Offer, stored: dict[str, object], parties: Sequence[PartyChoice] = ()
) -> tuple[SituationForm, bool]:
    """Return the form, and whether she pressed the button that goes on (not only changed an answer)."""
    questions = list(offer.questions.all())
    if request.method != "POST":
        return SituationForm(questions, stored, check=False, parties=parties), False
    going_on = "update" not in request.POST
    given = given_answers(request.POST, questions)
    party = request.POST.get(PARTY, "")
    return SituationForm(questions, given, check=going_on, parties=parties, party=party), going_on


def _page(request: HttpRequest, offer: Offer, context: dict[str, object]) -> HttpResponse:
    form = context["form"]
    if isinstance(offer, BundleVersion) and isinstance(form, SituationForm) and form.situation.complete:
        context["parts"] = applicable_parts(offer, form.situation.answers)
    return render(request, "applicant/situation.html", context)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer the questions of a draft anew; what was filled in stays where it still fits."""
    at = database_now()
    draft = draft_or_404(request, public_id, at)
    form, going_on = _read(request, draft.offer, stored=draft.situation)
    stops = stop_reasons(draft.offer, form.situation.answers)
    if going_on and form.is_valid() and not stops:
        save_draft(application_id=draft.pk, situation=form.situation.answers, by=request.user, at=at)
        return redirect("applicant:application", draft.public_id)
    return _page(request, draft.offer, {"offer": draft.offer, "form": form, "stops": stops, "draft": draft})
