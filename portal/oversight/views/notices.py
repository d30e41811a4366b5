"""Messages that could not be sent: found, sent again, given up, sent to a corrected address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.oversight.access import overseers_only
from portal.oversight.forms import REASON_LENGTH
from portal.oversight.rail import rail
from services.notifications.dead_letters import DeadFilter, correct_address, dead_letters, mend, shown
from services.notifications.enums import Channel
from services.notifications.models import Notice
from services.notifications.operations import NoticeStateError
from services.notifications.permissions import can_mend_notices
from services.notifications.queries import dead_notices

ROWS = 50
AGES = {"1": gettext_lazy("older than a day"), "7": gettext_lazy("older than a week")}


class AddressForm(forms.Form):
    """Where one message goes instead, and why."""

    use_required_attribute = False

    address = forms.CharField(label=gettext_lazy("Where it is sent instead"), max_length=254)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("For example how the right address became known. Managers and auditors can read it."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=REASON_LENGTH,
    )


@require_safe
@overseers_only
def dead(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """List what could not be sent, by channel, kind, error and age; the oldest first."""
    wanted = {name: request.GET.get(name, "") for name in ("channel", "kind", "error", "age")}
    days = int(wanted["age"]) if wanted["age"] in AGES else 0
    narrow = DeadFilter(
        channel=wanted["channel"], kind=wanted["kind"], error=wanted["error"], older_than=timedelta(days=days)
    )
    page = Paginator(dead_letters(narrow, at).select_related("recipient"), ROWS).get_page(request.GET.get("page"))
    everything = dead_notices().order_by()
    context = {
        "page": page,
        "letters": shown(page.object_list),
        "wanted": wanted,
        "narrowed": any(wanted.values()),
        "channels": [(name, Channel(name).label) for name in Channel.values if name != Channel.INBOX],
        "kinds": sorted(everything.values_list("kind", flat=True).distinct()),
        "errors": sorted(everything.values_list("last_error", flat=True).distinct()),
        "ages": AGES.items(),
        "may_mend": can_mend_notices(request.user, at),
        "rail": rail("notices"),
        "keys": [],
    }
    return render(request, "oversight/notices.html", context)


@require_POST
@overseers_only
def mend_chosen(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Send the chosen messages again, or give them up."""
    if not can_mend_notices(request.user, at):
        raise PermissionDenied
    keys = [int(key) for key in request.POST.getlist("notice") if key.isdecimal()][:ROWS]
    how = request.POST.get("how", "")
    if not keys:
        messages.warning(request, _("Choose at least one message."))
    elif how in ("retry", "cancel"):
        done = mend(keys=keys, how=how, by=request.user, at=at)
        words = {
            "retry": ngettext("%(number)d message is sent again.", "%(number)d messages are sent again.", done),
            "cancel": ngettext("%(number)d message is given up.", "%(number)d messages are given up.", done),
        }
        messages.success(request, words[how] % {"number": done})
    return redirect("oversight:notices")


@require_http_methods(["GET", "POST"])
@overseers_only
def address(request: HttpRequest, notice_id: int, *, at: datetime) -> HttpResponse:
    """Ask where one message goes instead."""
    if not can_mend_notices(request.user, at):
        raise PermissionDenied
    notice = get_object_or_404(dead_notices().select_related("recipient"), pk=notice_id)
    form = AddressForm(request.POST or None)
    if form.is_valid() and _corrected(request, notice, form, at):
        return redirect("oversight:notices")
    letter = shown([notice])[0]
    act: dict[str, Any] = {
        "title": _("Send a message to another address"),
        "about": f"{notice.get_channel_display()} · {letter.reader} · {letter.address}",
        "means": [
            _("Only this message goes there. The person's own contact stays as she gave it."),
            _("The new address is stored encrypted, with your name and your reason."),
        ],
        "button": _("Send it there"),
        "tone": "btn-primary",
        "icon": "send",
        "back": reverse("oversight:notices"),
    }
    context = {"act": act, "form": form, "rail": rail("notices"), "keys": []}
    return render(request, "oversight/act.html", context, status=422 if form.is_bound else 200)


def _corrected(request: HttpRequest, notice: Notice, form: AddressForm, at: datetime) -> bool:
    values = form.cleaned_data
    try:
        correct_address(notice=notice, address=values["address"], reason=values["reason"], by=request.user, at=at)
    except ValidationError as error:
        form.add_error("address", error)
        return False
    except NoticeStateError as error:
        messages.warning(request, str(error))
        return True
    messages.success(request, _("The message is sent to the new address now."))
    return True
