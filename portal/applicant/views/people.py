"""People who act for others: a company's people, agents, guardians; and what they did in whose name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.applicant.people_form import OfferForm
from services.cases.models import Application
from services.cases.operations.people import (
    accept_offer,
    decline_offer,
    end_mandate,
    offer_mandate,
    pass_mandate_on,
)
from services.parties.codes import spaced
from services.parties.enums import MandateKind, OfferState
from services.parties.models import Act, Mandate, MandateOffer, Organisation, Person
from services.parties.operations.offers import NotOfferedError, is_for, revoke_offer
from services.parties.permissions import can_grant_mandate
from services.parties.queries import (
    PartyChoice,
    acts_in_name_of,
    guardianships_of,
    mandates_given_by,
    mandates_held_by,
    offer_by_code,
    offers_by,
    offers_waiting_for,
    party,
    party_choices,
    person_of,
    wards_of,
)
from services.parties.references import PartyRef
from workflows.queries.calendars import database_now

ACTS = 20


def _principals(request: HttpRequest, at: datetime) -> list[PartyChoice]:
    """Return whom she stands for herself: her own person, organisations she represents, her wards."""
    return [one for one in party_choices(request.user, at) if one.relation != "agent"]


def _chosen(request: HttpRequest, choices: Sequence[PartyChoice]) -> PartyChoice:
    """Return the principal the page is about; 404 for one she does not stand for, or for staff without a person."""
    wanted = request.GET.get("for", "")
    found = next((one for one in choices if str(one.ref) == wanted), None if wanted else next(iter(choices), None))
    if found is None:
        raise Http404
    return found


@never_cache
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Show who acts for her, for whom she acts, and what was done in whose name."""
    at = database_now()
    person = person_of(request.user)
    choices = _principals(request, at)
    if person is None or not choices:
        return render(request, "applicant/people_none.html")
    chosen = _chosen(request, choices)
    mandates = list(mandates_given_by(chosen.ref))
    page = Paginator(acts_in_name_of(chosen.ref), ACTS).get_page(request.GET.get("page"))
    thing = party(chosen.ref)
    context = {
        "choices": choices,
        "chosen": chosen,
        "is_organisation": isinstance(thing, Organisation),
        "in_force": [_mandate_row(one, choices, at) for one in mandates if _holds(one, at)],
        "past": [one for one in mandates if not _holds(one, at)],
        "offers": [_offer_row(request, one, at) for one in offers_by(chosen.ref) if one.state_at(at) != "accepted"],
        "guardians": guardianships_of(thing) if isinstance(thing, Person) else [],
        "held": mandates_held_by(person, at),
        "wards": wards_of(person, at),
        "waiting": offers_waiting_for(person, at),
        "page": page,
        "acts": _acts(page),
        "now": at,
    }
    return render(request, "applicant/people.html", context)


def _mandate_row(mandate: Mandate, choices: Sequence[PartyChoice], at: datetime) -> dict[str, Any]:
    """Return a mandate with the organisations of hers for which this agent does not act yet."""
    if mandate.principal.kind != "person":
        return {"mandate": mandate, "others": []}
    own = [one for one in choices if one.relation == "representative"]
    held = Mandate.objects.in_force(at).filter(agent=mandate.agent, organisation__in=[one.ref.id for one in own])
    served = set(held.values_list("organisation_id", flat=True)) if own else set()
    return {"mandate": mandate, "others": [one for one in own if one.ref.id not in served]}


def _holds(mandate: Mandate, at: datetime) -> bool:
    return (mandate.revoked_at is None or mandate.revoked_at > at) and mandate.valid_until > at


def _offer_row(request: HttpRequest, offer: MandateOffer, at: datetime) -> dict[str, Any]:
    state = offer.state_at(at)
    row: dict[str, Any] = {"offer": offer, "state": state, "word": OfferState(state).label}
    if state == OfferState.OPEN:
        link = reverse("applicant:offer_by_code", args=[offer.code])
        row |= {"link": request.build_absolute_uri(link), "code": spaced(offer.code)}
    return row


def _acts(acts: Any) -> list[dict[str, Any]]:
    """Return what was done with a link to what it is about, in one query more."""
    rows: list[Act] = list(acts)
    wanted = [int(one.subject_id) for one in rows if one.subject_kind == "application"]
    found = Application.objects.select_related("bundle", "service").in_bulk(wanted)
    return [{"act": one, "application": found.get(int(one.subject_id))} for one in rows]


@never_cache
@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest) -> HttpResponse:
    """Let somebody act for her: who, about what, what she may do, for how long."""
    at = database_now()
    choices = _principals(request, at)
    chosen = _chosen(request, choices)
    form = OfferForm(request.POST if request.method == "POST" else None, at=at)
    if request.method == "POST" and form.is_valid() and _made(request, form, chosen.ref, at):
        messages.success(
            request, _("Your offer is ready. It takes effect once it is accepted; until then you can take it back.")
        )
        return redirect(f"{reverse('applicant:people')}?for={chosen.ref}")
    context = {"form": form, "chosen": chosen, "is_organisation": chosen.ref.kind == "organisation"}
    return render(request, "applicant/people_offer.html", context, status=422 if form.errors else 200)


def _made(request: HttpRequest, form: OfferForm, principal: PartyRef, at: datetime) -> bool:
    begins, ends = form.period()
    given = {name: form.cleaned_data[name] for name in ("name", "id_kind", "id_number", "matter", "scopes")}
    kind = MandateKind.STAFF if principal.kind == "organisation" else MandateKind.AGENT
    try:
        offer_mandate(
            principal=principal,
            kind=kind,
            valid_from=max(begins, at),
            valid_until=ends,
            by=request.user,
            at=at,
            **given,
        )
    except ValidationError as error:
        form.take(error.message_dict)
        return False
    except PermissionDenied:
        raise Http404 from None
    return True


@require_POST
def enter_code(request: HttpRequest) -> HttpResponse:
    """Lead from a code that was read out to the offer; a code nobody was given says so."""
    found = offer_by_code(request.POST.get("code", ""))
    if found is None:
        messages.error(request, _("We know no such code. Check it for typing errors, or ask for a new one."))
        return redirect("applicant:people")
    return redirect("applicant:mandate_offer", found.public_id)


@never_cache
@require_GET
def by_code(request: HttpRequest, code: str) -> HttpResponse:
    """Lead from the link to the offer; the link itself shows nothing."""
    found = offer_by_code(code)
    if found is None:
        raise Http404
    return redirect("applicant:mandate_offer", found.public_id)


@never_cache
@require_http_methods(["GET", "POST"])
def mandate_offer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show an offer to whom it is for; POST accepts or declines it."""
    at = database_now()
    found = MandateOffer.objects.select_related("person", "organisation").filter(public_id=public_id).first()
    if found is None:
        raise Http404
    person = person_of(request.user)
    if not is_for(found, person):
        return render(request, "applicant/people_not_yours.html", {"person": person}, status=403)
    if request.method == "POST":
        return _answer(request, found, at)
    context = {"offer": found, "party": party(found.principal), "state": found.state_at(at)}
    return render(request, "applicant/people_answer.html", context)


def _answer(request: HttpRequest, found: MandateOffer, at: datetime) -> HttpResponse:
    try:
        if request.POST.get("answer") == "accept":
            accept_offer(offer_id=found.pk, by=request.user, at=at)
            messages.success(request, _("You can act for this principal from now on. Choose it when you apply."))
        else:
            decline_offer(offer_id=found.pk, reason=request.POST.get("reason", ""), by=request.user, at=at)
            messages.success(request, _("You declined. The principal was told."))
        return redirect("applicant:people")
    except ValidationError as error:  # also a mandate that cannot be, such as with oneself
        messages.error(request, " ".join(error.messages))
    except NotOfferedError:
        messages.info(request, _("This offer is over. Ask for a new one."))
    return redirect("applicant:mandate_offer", found.public_id)


@require_POST
def pass_on(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let her agent act for an organisation of hers too."""
    at = database_now()
    mandate = Mandate.objects.select_related("agent__user").filter(public_id=public_id).first()
    chosen = next((one for one in _principals(request, at) if str(one.ref) == request.POST.get("to", "")), None)
    if mandate is None or chosen is None:
        raise Http404
    try:
        pass_mandate_on(mandate=mandate, to=chosen.ref, by=request.user, at=at)
    except PermissionDenied:
        raise Http404 from None
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        words = {"name": mandate.agent.name, "body": chosen.name}
        messages.success(
            request, _("%(name)s can act for %(body)s too, with the same rights and the same end.") % words
        )
    return redirect(f"{reverse('applicant:people')}?for={chosen.ref}")


@require_POST
def end(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a mandate back, or lay it down; at once."""
    mandate = Mandate.objects.select_related("agent__user").filter(public_id=public_id).first()
    if mandate is None:
        raise Http404
    try:
        end_mandate(mandate=mandate, by=request.user, at=database_now())
    except PermissionDenied:
        raise Http404 from None
    messages.success(request, _("The mandate has ended. Nothing more can be done by it."))
    return redirect(_back_to(request, mandate.principal))


@require_POST
def take_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take an offer back before it is accepted."""
    found = MandateOffer.objects.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    try:
        revoke_offer(offer_id=found.pk, by=request.user, at=database_now())
    except PermissionDenied:
        raise Http404 from None
    messages.success(request, _("The offer was taken back."))
    return redirect(_back_to(request, found.principal))


def _back_to(request: HttpRequest, principal: PartyRef) -> str:
    mine = can_grant_mandate(request.user, principal, database_now())
    return f"{reverse('applicant:people')}?for={principal}" if mine else reverse("applicant:people")
