"""Record who acts for a child by law, from the papers shown at the window."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.counter.access import clerk_or_404
from portal.counter.forms import GuardianForm
from portal.counter.rail import frame
from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.operations.people import show_guardianship
from services.parties.models import Person
from services.parties.operations import find_person
from services.parties.operations.guardians import end_guardianship
from services.parties.operations.persons import LookupLimitError
from services.parties.queries import guardianships_of
from workflows.queries.calendars import database_now


@require_http_methods(["GET", "POST"])
def guardians(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the guardians of a child; POST records one, or ends a guardianship."""
    at = database_now()
    clerk_or_404(request, at)
    child = Person.objects.filter(public_id=public_id).first()
    if child is None:
        raise Http404
    form = GuardianForm(request.POST if request.method == "POST" and "end" not in request.POST else None)
    if request.method == "POST":
        if "end" in request.POST:
            return _end(request, child, at)
        if form.is_valid() and _record(request, form, child, at):
            messages.success(request, _("The guardian is recorded."))
            return redirect("counter:guardians", public_id)
    record_access(
        reader=request.user,
        subject_kind="person",
        subject_id=child.pk,
        fields=["name", "guardians"],
        purpose=Purpose.GUARDIAN,
        at=at,
    )
    context = {**frame(request), "child": child, "form": form, "rows": guardianships_of(child)}
    return render(request, "counter/guardians.html", context, status=422 if form.errors else 200)


def _record(request: HttpRequest, form: GuardianForm, child: Person, at: datetime) -> bool:
    given = form.cleaned_data
    try:
        guardian = find_person(id_kind=given["id_kind"], id_number=given["id_number"], by=request.user, at=at)
        if guardian is None:
            form.add_error(
                "id_number",
                _("Nobody is registered with this document. Register the guardian as a walk-in first."),
            )
            return False
        show_guardianship(child=child, guardian=guardian, evidence=given["evidence"], by=request.user, at=at)
    except LookupLimitError:
        form.add_error(None, _("You looked up very many numbers within an hour. Ask your supervisor, or wait a while."))
        return False
    except ValidationError as error:
        form.add_error(None, error.messages)
        return False
    return True


def _end(request: HttpRequest, child: Person, at: datetime) -> HttpResponse:
    row = next((one for one in guardianships_of(child) if one.public_id == request.POST.get("end")), None)
    if row is None:
        raise Http404
    try:
        end_guardianship(guardianship=row, reason=request.POST.get("reason", ""), by=request.user, at=at)
        messages.success(request, _("The guardianship has ended."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("counter:guardians", child.public_id)
