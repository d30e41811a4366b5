"""The form by which a principal lets somebody act for her."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from services.parties.enums import IdentityKind, MandateScope

#: How long a mandate lasts unless she says otherwise.
USUAL_DAYS = 365


class OfferForm(forms.Form):
    """Who, about what, what she may do, and for how long (Civil Code art. 165)."""

    use_required_attribute = False

    name = forms.CharField(
        label=_("Name"), help_text=_("As it stands on her identity document."), max_length=200, strip=True
    )
    id_kind = forms.ChoiceField(label=_("Identity document"), choices=IdentityKind, initial=IdentityKind.RESIDENT_ID)
    id_number = forms.CharField(
        label=_("Number of the identity document"),
        help_text=_("If you know it, she sees your offer here. Without it, pass the link or the code on to her."),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    matter = forms.CharField(
        label=pgettext_lazy("a mandate", "What it is about"),
        help_text=_("For example: everything to do with opening the restaurant in Demo Street."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=200,
    )
    scopes = forms.MultipleChoiceField(
        label=_("What she may do"), choices=MandateScope, widget=forms.CheckboxSelectMultiple
    )
    begins = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    ends = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        """Offer the next year unless she says otherwise."""
        today = timezone.localdate(at)
        initial = {"begins": today, "ends": today + timedelta(days=USUAL_DAYS), **(kwargs.pop("initial", None) or {})}
        super().__init__(*args, initial=initial, **kwargs)

    def period(self) -> tuple[datetime, datetime]:
        """Return begin, included, and end, excluded, as instants of this city."""
        zone = timezone.get_default_timezone()
        begins, ends = self.cleaned_data["begins"], self.cleaned_data["ends"]
        first = datetime(begins.year, begins.month, begins.day, tzinfo=zone)
        last = datetime(ends.year, ends.month, ends.day, tzinfo=zone)
        return first, last + timedelta(days=1)

    def take(self, messages: dict[str, list[str]]) -> None:
        """Show what the operation refused beside its field."""
        names = {"until": "ends"}
        for field, texts in messages.items():
            place = names.get(field, field)
            self.add_error(place if place in self.fields else None, texts)
