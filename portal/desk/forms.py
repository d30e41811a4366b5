"""Forms of the desk: an opinion or a decision, a pause, an extension."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal.ui.steps import StepForm
from services.cases.models import Case
from services.cases.operations.steps import NEEDS_REASONS, OutsideResult
from workflows.enums import PauseReason

#: Art. 45 of the Administrative Licensing Law: beside these only a service's own cited rule stops a limit.
PAUSE_REASONS = [choice for choice in PauseReason.choices if choice[0] != PauseReason.SERVICE_RULE]
#: What stands before the code of a service's own rule among the reasons.
OWN_RULE = "rule:"
#: What stands before the step in the outcome of a button that sends a case back.
SEND_BACK = "send_back:"


class OpinionForm(StepForm):
    """What a post concludes on a case, with its reasons; the result of another system where it decides."""

    outside_number = forms.CharField(label=_("Number given by the other system"), required=False, max_length=80)
    outside_day = forms.DateField(
        label=_("Day of that decision"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    field_order = ["outside_number", "outside_day", "reasons", "outcome"]

    def __init__(self, *args: Any, outside: bool, code: bool, **kwargs: Any) -> None:
        """Build the form. outside: another system decides; code: its number is a unified social credit code."""
        super().__init__(*args, **kwargs)
        self.outside = outside
        if not outside:
            del self.fields["outside_number"], self.fields["outside_day"]
        elif code:
            self.fields["outside_number"].label = _("Unified social credit code from the register")
            self.fields["outside_number"].help_text = _("18 digits and capital letters, as the register gave it.")

    def clean(self) -> dict[str, Any]:
        """Ask for reasons against the applicant or a colleague, and for the outside result of a grant."""
        outcome = self.cleaned_data.get("outcome")
        if outcome in NEEDS_REASONS or str(outcome).startswith(SEND_BACK):
            self.need("reasons", _("Give the reasons: whoever reads this has a right to know them."))
        if outcome == "grant" and self.outside:
            self.need("outside_number", _("Enter the number the other system gave."))
            self.need("outside_day", _("Enter the day on which the other system decided."))
        return self.cleaned_data

    @property
    def result(self) -> OutsideResult | None:
        """What the other system decided, if this records it."""
        number, day = self.cleaned_data.get("outside_number"), self.cleaned_data.get("outside_day")
        return OutsideResult(number=number.strip(), decided_on=day) if number and day else None


class PauseForm(forms.Form):
    """Stop the limits for what the law does not count."""

    use_required_attribute = False
    prefix = "pause"

    reason = forms.ChoiceField(label=_("What takes the time"), choices=PAUSE_REASONS)
    from_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    planned_days = forms.IntegerField(
        label=_("Working days it is planned to take"),
        min_value=1,
        max_value=250,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        """Offer the closed list of the law and the cited rules of the case's own service."""
        super().__init__(*args, **kwargs)
        key = "zh" if (get_language() or "zh").startswith("zh") else "en"
        own = [
            (f"{OWN_RULE}{rule.code}", f"{rule.name[key]} ({rule.citation[key]})") for rule in case.service.rules.pauses
        ]
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = [*PAUSE_REASONS, *own]

    def clean(self) -> dict[str, Any]:
        """Split a rule of the service into the reason and the rule."""
        reason = self.cleaned_data.get("reason", "")
        self.cleaned_data["rule"] = ""
        if reason.startswith(OWN_RULE):
            self.cleaned_data |= {"reason": PauseReason.SERVICE_RULE, "rule": reason.removeprefix(OWN_RULE)}
        return self.cleaned_data


class ExtendForm(forms.Form):
    """Extend the limit once, by the head."""

    use_required_attribute = False
    prefix = "extend"

    amount = forms.IntegerField(
        label=_("By how many days"), min_value=1, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
    )
    reason = forms.CharField(
        label=_("Reason the applicant is told"), widget=forms.Textarea(attrs={"rows": 2}), max_length=1000
    )


class SecondNoticeForm(forms.Form):
    """Why a case that had its one-time notice is asked a second time."""

    use_required_attribute = False

    reason = forms.CharField(
        label=_("Why a second notice"),
        help_text=_("It stays on record and is counted."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why this case is asked a second time: the reason stays on record.")},
        max_length=1000,
    )


class AskForm(forms.Form):
    """What a department asks the applicant after acceptance; by a cited rule of the service it may pause the limits."""

    use_required_attribute = False
    prefix = "ask"

    text = forms.CharField(
        label=_("What you need from the applicant"),
        help_text=_("She reads it as you write it, and answers in words or with a file."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say what you need from the applicant.")},
        max_length=2000,
    )
    rule = forms.ChoiceField(label=_("Does a rule of this service pause the limits?"), required=False)
    planned_days = forms.IntegerField(
        label=_("Working days it is planned to take"), min_value=1, max_value=250, required=False
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        """Offer the cited rules of the case's own service, if it has any; else a question stops nothing."""
        super().__init__(*args, **kwargs)
        key = "zh" if (get_language() or "zh").startswith("zh") else "en"
        own = [(rule.code, f"{rule.name[key]} ({rule.citation[key]})") for rule in case.service.rules.pauses]
        field = self.fields["rule"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("No: the time limits go on")), *own]
        if not own:
            del self.fields["rule"], self.fields["planned_days"]


class HearingForm(forms.Form):
    """Where a hearing stands next: offered, asked for, called, held. The button pressed says which."""

    use_required_attribute = False
    prefix = "hearing"

    act = forms.ChoiceField(
        choices=[(one, one) for one in ("offer", "request", "call", "close")], widget=forms.HiddenInput, required=False
    )
    requested_by = forms.CharField(label=_("Who asks for it"), required=False, max_length=100)
    held_on = forms.DateField(
        label=_("Day of the hearing"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    place = forms.CharField(label=_("Place"), required=False, max_length=200)


class PublicNoticeForm(forms.Form):
    """Where a case is published, and what was objected."""

    use_required_attribute = False
    prefix = "publicity"

    act = forms.ChoiceField(
        choices=[(one, one) for one in ("begin", "close")], widget=forms.HiddenInput, required=False
    )
    place = forms.CharField(label=_("Where it is published"), required=False, max_length=200)
    objections = forms.CharField(
        label=_("Objections, if any"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )


class SiteCheckForm(forms.Form):
    """The check after a permit: two officials, and what they found."""

    use_required_attribute = False
    prefix = "check"

    act = forms.ChoiceField(choices=[(one, one) for one in ("passed", "failed")], widget=forms.HiddenInput)
    first = forms.CharField(label=_("First official"), max_length=60)
    second = forms.CharField(label=_("Second official"), max_length=60)
    findings = forms.CharField(
        label=_("What was found"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )


class ReplyForm(forms.Form):
    """What a department answers to a supervision order."""

    use_required_attribute = False

    text = forms.CharField(
        label=_("Your reply"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        help_text=_("Why it is late, what was done, and when it will be finished. The managers read it."),
        error_messages={"required": _("Write your reply: why it is late, what was done, when it will be finished.")},
    )


class AppealForm(forms.Form):
    """Why a card is unjust."""

    use_required_attribute = False

    reason = forms.CharField(
        label=_("Why the card should be revoked"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=1000,
        help_text=_("You can appeal once. The managers decide; their answer stays beside the card."),
        error_messages={"required": _("Say why the card should be revoked.")},
    )
