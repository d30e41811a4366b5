"""Forms by which managers issue and judge supervision orders and look for cards."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.oversight.forms import REASON_LENGTH
from services.supervision.consequences import LONGEST_REPLY_DAYS
from services.supervision.enums import Verdict
from services.supervision.operations.opening import REPLY_DAYS

CONTENT_LENGTH = 1000


class OrderForm(forms.Form):
    """What a department is ordered to do, and by when it replies."""

    use_required_attribute = False

    content_zh = forms.CharField(
        label=_("What is expected, in Chinese"),
        widget=forms.Textarea(attrs={"rows": 3, "lang": "zh-Hans"}),
        max_length=CONTENT_LENGTH,
        required=False,
    )
    content_en = forms.CharField(
        label=_("What is expected, in English"),
        widget=forms.Textarea(attrs={"rows": 3, "lang": "en"}),
        max_length=CONTENT_LENGTH,
        required=False,
        help_text=_("One language is enough; the other then reads the same."),
    )
    reply_days = forms.IntegerField(
        label=_("Working days for the reply"),
        min_value=1,
        max_value=LONGEST_REPLY_DAYS,
        initial=REPLY_DAYS,
        error_messages={"required": _("Say how many working days the department has to reply.")},
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the content in one language at least."""
        if not (self.cleaned_data.get("content_zh") or self.cleaned_data.get("content_en")):
            self.add_error("content_zh", _("Say what the department is expected to do, in one language at least."))
        return self.cleaned_data


class JudgeForm(forms.Form):
    """Accept a reply, or send it back and say why."""

    use_required_attribute = False

    round = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=Verdict.choices, widget=forms.HiddenInput, required=False)
    remark = forms.CharField(
        label=_("Remark"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=REASON_LENGTH,
        required=False,
        help_text=_("Needed when you send the reply back; the head of the department reads it."),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the verdict, and for a reason when the reply is sent back."""
        verdict = self.cleaned_data.get("verdict")
        if not verdict:
            self.add_error(None, _("Choose whether to accept the reply or to send it back."))
        if verdict == Verdict.SENT_BACK and not self.cleaned_data.get("remark"):
            self.add_error("remark", _("Say what is missing: the department replies anew."))
        return self.cleaned_data
