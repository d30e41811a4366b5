"""Forms by which a manager steps in; each is asked for on a page of its own, which says what it means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from portal.accounts.models import User

REASON_LENGTH = 500


class ReasonForm(forms.Form):
    """Why a manager steps in."""

    use_required_attribute = False

    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=REASON_LENGTH, strip=True
    )

    def __init__(self, *args: Any, missing: Any, help_text: Any, **kwargs: Any) -> None:
        """Build the form. missing: the sentence that asks for a reason; help_text: who reads it."""
        super().__init__(*args, **kwargs)
        self.fields["reason"].error_messages["required"] = missing
        self.fields["reason"].help_text = help_text


class ConfirmForm(forms.Form):
    """Nothing but the button."""


class ColleagueForm(forms.Form):
    """To whom a task is given."""

    use_required_attribute = False

    colleague = forms.ChoiceField(
        label=_("Colleague"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose to whom the task is given."),
            "invalid_choice": _("Choose one of the colleagues shown."),
        },
    )

    def __init__(self, *args: Any, colleagues: Sequence[User], **kwargs: Any) -> None:
        """Build the form. colleagues: those who may be given the task."""
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in colleagues}
        self.fields["colleague"].choices = [  # type: ignore[attr-defined]
            (key, person.get_full_name() or person.get_username()) for key, person in self.people.items()
        ]

    @property
    def chosen(self) -> User:
        """The colleague."""
        return self.people[self.cleaned_data["colleague"]]
