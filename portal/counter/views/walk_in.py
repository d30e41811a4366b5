"""Take a walk-in: find or register the person, choose what it is about, go on in the applicant's pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.counter.access import clerk_or_404
from portal.counter.forms import FindPersonForm, RegisterPersonForm
from portal.counter.rail import frame
from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.enums import Channel
from services.cases.operations.drafts import start_draft
from services.catalogue.models import BundleVersion, ServiceVersion
from services.catalogue.queries import (
    current_bundle_version,
    current_version,
    published_bundles,
    published_items,
)
from services.parties.models import Person
from services.parties.operations import find_person, register_person
from services.parties.operations.persons import LookupLimitError
from services.parties.references import PartyRef
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Find the person by her document; who is not known is registered on the same page."""
    at = database_now()
    clerk_or_404(request, at)
    registering = "register" in request.POST
    made = RegisterPersonForm if registering else FindPersonForm
    form = made(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        person = _register(request, form, at) if registering else _find(request, form, at)
        if person is not None:
            return redirect("counter:walk_in_person", person.public_id)
        if not registering and not form.errors:
            form, registering = RegisterPersonForm(initial=form.cleaned_data), True
    context = {**frame(request), "form": form, "registering": registering}
    return render(request, "counter/walk_in.html", context, status=422 if form.errors else 200)


def _find(request: HttpRequest, form: FindPersonForm, at: datetime) -> Person | None:
    given = form.cleaned_data
    try:
        return find_person(id_kind=given["id_kind"], id_number=given["id_number"], by=request.user, at=at)
    except LookupLimitError:
        form.add_error(None, _("You looked up very many numbers within an hour. Ask your supervisor, or wait a while."))
        return None


def _register(request: HttpRequest, form: FindPersonForm, at: datetime) -> Person | None:
    try:
        return register_person(**form.cleaned_data, by=request.user, at=at)
    except ValidationError as error:
        for field, problems in error.message_dict.items():
            form.add_error(field if field in form.fields else None, problems)
        return None


@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Choose for whom and what to apply; POST begins the application and goes to the applicant's pages."""
    at = database_now()
    clerk_or_404(request, at)
    person = Person.objects.filter(public_id=public_id).first()
    if person is None:
        raise Http404
    bodies = list(person.represents.order_by("name", "pk"))
    refs = {str(one.ref): one.ref for one in (person, *bodies)}
    problem = ""
    if request.method == "POST":
        ref, offer = refs.get(request.POST.get("party", "")), _offer(request.POST.get("offer", ""))
        if ref and offer:
            return _begin(request, offer, ref, at)
        problem = _("Choose for whom and what to apply.")
    record_access(
        reader=request.user,
        subject_kind="person",
        subject_id=person.pk,
        fields=["name", "mobile"],
        purpose=Purpose.WALK_IN,
        at=at,
    )
    context: dict[str, Any] = {
        **frame(request),
        "person": person,
        "bodies": bodies,
        "bundles": list(published_bundles()),
        "items": list(published_items()),
        "problem": problem,
        "given": request.POST,
    }
    return render(request, "counter/walk_in_person.html", context, status=422 if problem else 200)


def _offer(text: str) -> BundleVersion | ServiceVersion | None:
    kind, _separator, code = text.partition(":")
    try:
        return current_bundle_version(code) if kind == "bundle" else current_version(code)
    except (BundleVersion.DoesNotExist, ServiceVersion.DoesNotExist):
        return None


def _begin(request: HttpRequest, offer: BundleVersion | ServiceVersion, ref: PartyRef, at: datetime) -> HttpResponse:
    """Begin the draft; questions about the situation come first where the offer asks any."""
    draft = start_draft(offer=offer, party=ref, by=request.user, at=at, channel=Channel.COUNTER)
    asks = offer.questions.exists()
    return redirect("applicant:situation" if asks else "applicant:application", draft.public_id)
