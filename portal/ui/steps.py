"""The form that ends a task: the button pressed carries the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class StepForm(forms.Form):
    """Ends a task with one of its outcomes. Subclasses ask for what an outcome cannot do without."""

    use_required_attribute = False

    outcome = forms.CharField(label=_("Outcome"), widget=forms.HiddenInput, required=False)
    reasons = forms.CharField(
        label=_("Reasons"), widget=forms.Textarea(attrs={"rows": 4}), required=False, max_length=4000
    )

    def __init__(self, *args: Any, outcomes: Sequence[str], **kwargs: Any) -> None:
        """Build the form. outcomes: those the task offers."""
        super().__init__(*args, **kwargs)
        self.outcomes = outcomes

    def clean_outcome(self) -> str:
        """Take only what the task offers."""
        outcome: str = self.cleaned_data["outcome"]
        if outcome not in self.outcomes:
            raise forms.ValidationError(_("Choose how this step ends."))
        return outcome

    def need(self, field: str, message: Any) -> None:
        """Ask for a field that this outcome cannot do without."""
        if not self.cleaned_data.get(field) and field not in self.errors:
            self.add_error(field, message)
