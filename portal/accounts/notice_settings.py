"""How somebody is told: language, channels, quiet hours, digest; and the address of her program."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts.models import User
from portal.accounts.views import SignedInRequest
from services.notifications.enums import Channel
from services.notifications.operations import change_settings
from services.notifications.preferences import CHOICES, Preferences
from services.notifications.queries import channels_in_use
from services.parties.queries import posts_of
from workflows.queries.calendars import database_now

GROUP_WORDS = {
    "progress": gettext_lazy("Progress of my applications"),
    "limits": gettext_lazy("Time limits and reminders"),
    "tasks": gettext_lazy("Tasks that wait for me"),
}
STAFF_GROUPS = ("tasks", "limits")
APPLICANT_GROUPS = ("progress",)
DIGESTS = (
    ("", gettext_lazy("One message each, at once")),
    ("1", gettext_lazy("One mail a day")),
    ("2", gettext_lazy("Two mails a day")),
)
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class NoticeSettingsForm(forms.Form):
    """What can be chosen. Staff see tasks and limits, applicants their applications."""

    use_required_attribute = False

    language = forms.ChoiceField(label=gettext_lazy("Language of pages and messages"), choices=User.Language)
    quiet_from = forms.TimeField(label=gettext_lazy("No text messages from"), widget=CLOCK)
    quiet_until = forms.TimeField(label=gettext_lazy("until"), widget=CLOCK)
    digest = forms.ChoiceField(
        label=gettext_lazy("E-mails about tasks and time limits"),
        choices=DIGESTS,
        required=False,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The inbox on the site shows each at once. What is urgent is never held back."),
    )
    digest_first = forms.TimeField(label=gettext_lazy("First mail at"), widget=CLOCK, required=False)
    digest_second = forms.TimeField(label=gettext_lazy("Second mail at"), widget=CLOCK, required=False)

    def __init__(self, *args: Any, preferences: Preferences, language: str, staff: bool, **kwargs: Any) -> None:
        """Build the form with what holds now."""
        self.groups = STAFF_GROUPS if staff else APPLICANT_GROUPS
        self.preferences = preferences
        super().__init__(*args, initial={"language": language, **_initial(preferences)}, **kwargs)
        usable = [channel for channel in CHOICES if channel in channels_in_use() and not (staff and channel == "sms")]
        for group in self.groups:
            self.fields[f"channels_{group}"] = forms.MultipleChoiceField(
                label=GROUP_WORDS[group],
                choices=[(channel, Channel(channel).label) for channel in usable],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                initial=[channel for channel in usable if (group, channel) not in preferences.off],
                help_text=gettext_lazy("The inbox on the site always has every message."),
            )
        if not staff:
            for name in ("digest", "digest_first", "digest_second"):
                del self.fields[name]
        if staff or Channel.SMS not in channels_in_use():
            del self.fields["quiet_from"], self.fields["quiet_until"]
        self.usable = usable
        self.order_fields(["language", *(f"channels_{group}" for group in self.groups)])

    def clean(self) -> dict[str, Any]:
        """Ask for the times of as many digests as there shall be."""
        values = super().clean() or {}
        for needed, name in (("12", "digest_first"), ("2", "digest_second")):
            if values.get("digest") and values["digest"] in needed and not values.get(name) and not self.errors:
                self.add_error(name, ValidationError(_("Enter a time of day."), code="required"))
        return values

    def chosen(self) -> Preferences:
        """Return the choices; those that this page does not offer stay as they are."""
        values, before = self.cleaned_data, self.preferences
        offered = {(group, channel) for group in self.groups for channel in self.usable}
        kept = {(group, channel) for group in self.groups for channel in values[f"channels_{group}"]}
        times = [values.get("digest_first"), values.get("digest_second")][: int(values.get("digest") or 0)]
        return Preferences(
            off=frozenset((before.off - offered) | (offered - kept)),
            quiet_from=values.get("quiet_from", before.quiet_from),
            quiet_until=values.get("quiet_until", before.quiet_until),
            digest_at=tuple(dict.fromkeys(times)) if "digest" in self.fields else before.digest_at,
            webhook=before.webhook,
        )


def _initial(preferences: Preferences) -> dict[str, Any]:
    times = [moment.strftime("%H:%M") for moment in preferences.digest_at]
    return {
        "quiet_from": preferences.quiet_from,
        "quiet_until": preferences.quiet_until,
        "digest": str(len(times) or ""),
        "digest_first": (times or ["08:30"])[0],
        "digest_second": [*times, "13:30", "13:30"][1],
    }


@never_cache
@require_http_methods(["GET", "POST"])
def settings_page(request: SignedInRequest) -> HttpResponse:
    """Show and change how she is told."""
    user, at = request.user, database_now()
    staff = bool(posts_of(user, at))
    preferences = Preferences.read(user.notice_settings)
    form = NoticeSettingsForm(request.POST or None, preferences=preferences, language=user.language, staff=staff)
    if request.method == "POST" and form.is_valid():
        change_settings(user=user, language=form.cleaned_data["language"], preferences=form.chosen())
        with translation.override(user.language):
            messages.success(request, _("Your notification settings are saved."))
        return redirect("accounts:notice_settings")
    context = {"form": form, "staff": staff, "quiet": "quiet_from" in form.fields}
    return render(request, "accounts/notice_settings.html", context, status=422 if form.is_bound else 200)
