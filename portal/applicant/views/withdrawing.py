"""Withdraw an application or one of its items: what will happen is said before anything does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.applicant.access import application_or_404
from portal.ui.templatetags.ui import bilingual
from portal.ui.wording import money_words
from services.cases.enums import ApplicationState
from services.cases.models import Application
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.withdrawals import (
    LONGEST_REASON,
    NothingToWithdrawError,
    withdraw_application,
    withdraw_case,
)
from services.cases.queries.timeline import Lane, timeline_of
from services.catalogue.models import BundlePart
from services.forms.free_text import validate_free_text
from services.payments.enums import FeeState
from services.payments.queries.fees import fees_of_application
from workflows.queries.calendars import database_now


class WithdrawForm(forms.Form):
    """Why, if she wants to say so."""

    use_required_attribute = False

    reason = forms.CharField(
        label=gettext_lazy("Why do you withdraw it?"),
        help_text=gettext_lazy("The departments read it. You need not give a reason."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=LONGEST_REASON,
        validators=[validate_free_text],
    )


@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say what withdrawing leads to and ask for a reason; then withdraw everything undecided, or one case of it."""
    at = database_now()
    found = application_or_404(request, public_id, at)
    if found.state == ApplicationState.DRAFT:
        raise Http404
    lanes = timeline_of(found, at=at).lanes
    one = _chosen(lanes, request.GET.get("case", ""))
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    ends = [one] if one else [lane for lane in lanes if not lane.closed]
    ends_too = _dependants(found, one, lanes) if one else []
    goes_on = [lane for lane in lanes if not lane.closed and lane not in (*ends, *ends_too)] if one else []
    if request.method == "POST" and form.is_valid():
        _withdraw(request, found, one, form.cleaned_data["reason"], at, last=not goes_on)
        return redirect("applicant:application", public_id)
    context = {
        "application": found,
        "form": form,
        "one": one,
        "ends": ends,
        "ends_too": ends_too,
        "goes_on": goes_on,
        "last": one is not None and not goes_on,
        "stays": [lane for lane in lanes if lane.closed],
        "money": _money({lane.case.pk for lane in ends}, found),
    }
    return render(request, "applicant/withdraw.html", context, status=422 if form.errors else 200)


def _chosen(lanes: Sequence[Lane], public_id: str) -> Lane | None:
    if not public_id:
        return None
    for lane in lanes:
        if lane.case.public_id == public_id:
            return lane
    raise Http404


def _dependants(application: Application, one: Lane, lanes: Sequence[Lane]) -> list[Lane]:
    """Return the branches that are not filed yet and need what this one would give."""
    if application.bundle_id is None:
        return []
    after = dict(BundlePart.objects.filter(bundle_version=application.bundle_id).values_list("key", "after"))
    needs, grown = {one.case.part}, True
    while grown:
        more = {key for key, before in after.items() if needs & set(before)} - needs
        grown = bool(more)
        needs |= more
    return [
        lane
        for lane in lanes
        if lane.case.part in needs and lane is not one and not lane.closed and lane.case.filed_at is None
    ]


def _money(cases: set[int], application: Application) -> list[str]:
    """Return what happens to the fees of the cases that end, one sentence each."""
    lines = []
    for fee in fees_of_application(application):
        if fee.due.case_id not in cases or fee.state not in (FeeState.PAID, FeeState.DUE, FeeState.STARTED):
            continue
        words = {"fee": bilingual(fee.due, "name"), "amount": money_words(Decimal(fee.due.amount_fen or 0) / 100)}
        if fee.state != FeeState.PAID:
            lines.append(_("%(fee)s (%(amount)s) is no longer due.") % words)
        elif "withdrawn" in fee.due.kept_when:
            lines.append(_("%(fee)s (%(amount)s) is not given back, as the rules say.") % words)
        else:
            lines.append(_("%(fee)s (%(amount)s) is given back in full, the way it was paid.") % words)
    return lines


def _withdraw(
    request: HttpRequest, found: Application, one: Lane | None, reason: str, at: datetime, *, last: bool
) -> None:
    try:
        if one is not None:
            withdraw_case(case_id=one.case.pk, by=request.user, at=at, reason=reason)
            done = _("This item was withdrawn.") if last else _("This item was withdrawn. The others go on.")
            messages.success(request, done)
        else:
            withdraw_application(application_id=found.pk, by=request.user, at=at, reason=reason)
            messages.success(request, _("Your application was withdrawn. What was decided before stays decided."))
    except NothingToWithdrawError:
        messages.info(
            request, _("This was decided in the meantime, or is not filed yet: there is nothing to withdraw.")
        )
    except NotAllowedError:
        messages.error(request, _("Only somebody who may sign for the applicant can withdraw this application."))
