"""The form by which a manager writes one threshold rule; what it cannot show of a rule it leaves as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from portal.oversight.rule_sentences import MESSAGES
from services.notifications.enums import Channel
from services.supervision.consequences import LONGEST_REPLY_DAYS
from services.supervision.enums import Recipient
from services.supervision.operations.opening import REPLY_DAYS
from services.supervision.operations.telling import STAFF_MESSAGES
from workflows.clocks import Threshold
from workflows.clocks.effects import Consequence
from workflows.clocks.threshold_rules import CODE, LONGEST_DAYS
from workflows.clocks.thresholds import AFTER, BEFORE, DUE, REMAINING
from workflows.enums import ClockKind

STAFF = [(one.value, one.label) for one in Recipient if one != Recipient.APPLICANT]
REMINDER = {"to": [Recipient.APPLICANT.value], "message": "deadline_reminder"}


class RuleForm(forms.Form):
    """When something happens on which limits, and what."""

    use_required_attribute = False

    based_on = forms.IntegerField(widget=forms.HiddenInput)
    code = forms.CharField(
        label=_("Short name"),
        max_length=24,
        validators=[
            RegexValidator(CODE.pattern + r"\Z", _("Small letters, digits and underscores only, a letter first."))
        ],
        help_text=_("In small letters, such as second_warning. It names the rule in the history and never changes."),
        error_messages={"required": _("Give the rule a short name.")},
    )
    kinds = forms.MultipleChoiceField(
        label=_("Which limits"),
        choices=ClockKind.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one kind of limit.")},
    )
    point = forms.ChoiceField(
        label=_("When"),
        choices=[
            (REMAINING, _("when little time remains")),
            (BEFORE, _("working days before the limit passes")),
            (DUE, _("when the limit passes")),
            (AFTER, _("working days after the limit passed")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose when the rule acts.")},
    )
    working_days = forms.IntegerField(label=_("Working days"), min_value=1, max_value=LONGEST_DAYS, required=False)
    percent = forms.IntegerField(
        label=_("Per cent of the limit"),
        min_value=1,
        max_value=99,
        required=False,
        help_text=_("Only for “when little time remains”: the larger of the two counts."),
    )
    light = forms.ChoiceField(
        label=_("Light"),
        choices=[
            ("", _("none")),
            ("yellow", _("yellow, before the limit passes")),
            ("red", _("red, when it passes")),
            ("black", _("black, when a statutory limit passes")),
        ],
        required=False,
        help_text=_("A light also gives a card."),
    )
    to = forms.MultipleChoiceField(
        label=_("Whom of the staff to tell"), choices=STAFF, widget=forms.CheckboxSelectMultiple, required=False
    )
    message = forms.ChoiceField(
        label=_("What to tell them"),
        choices=[("", _("nothing")), *((name, MESSAGES[name]) for name in STAFF_MESSAGES)],
        required=False,
    )
    by_email = forms.BooleanField(
        label=_("Also by e-mail"), required=False, help_text=_("The inbox on the site is never left out.")
    )
    remind = forms.BooleanField(label=_("Remind the applicant and her agents"), required=False)
    escalate = forms.BooleanField(label=_("Lay it before the head of the department"), required=False)
    order = forms.BooleanField(label=_("Issue a supervision order"), required=False)
    reply_days = forms.IntegerField(
        label=_("Working days for the reply"), min_value=1, max_value=LONGEST_REPLY_DAYS, required=False
    )
    note = forms.CharField(
        label=_("Why the rules are changed"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=300,
        help_text=_("It stays beside the version."),
        error_messages={"required": _("Say why the rules are changed.")},
    )

    def __init__(self, *args: Any, rule: Threshold | None, based_on: int, **kwargs: Any) -> None:
        """Build the form. rule: the one to change, None for a new one; based_on: number of the version it was read."""
        initial = {"based_on": based_on, "by_email": True, "reply_days": REPLY_DAYS, "point": REMAINING}
        self.rest: list[Consequence] = []
        if rule is not None:
            initial |= self._shown(rule)
        super().__init__(*args, initial=initial, **kwargs)
        if rule is not None:
            self.fields["code"].disabled = True
            self.fields["code"].help_text = ""

    def _shown(self, rule: Threshold) -> dict[str, Any]:
        """Return what the form shows of a rule, and keep the rest."""
        shown: dict[str, Any] = {
            "code": rule.code,
            "kinds": list(rule.kinds),
            "point": rule.when.point,
            "working_days": rule.when.working_days or None,
            "percent": rule.when.percent or None,
            "light": rule.light,
        }
        for one in rule.consequences:
            match one.do:
                case "card":
                    continue
                case "notify" if "to" not in shown and Recipient.APPLICANT not in one.options["to"]:
                    shown |= {"to": list(one.options["to"]), "message": one.options["message"]}
                    shown["by_email"] = _by_email(one.options)
                case "notify" if dict(one.options) == REMINDER:
                    shown["remind"] = True
                case "escalate":
                    shown["escalate"] = True
                case "supervision_order":
                    shown |= {"order": True, "reply_days": one.options.get("reply_days", REPLY_DAYS)}
                case _:
                    self.rest.append(one)
        return shown

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen moment and consequences need."""
        given = self.cleaned_data
        point, days, percent = given.get("point"), given.get("working_days"), given.get("percent")
        if point in (BEFORE, AFTER) and not days and "working_days" not in self.errors:
            self.add_error("working_days", _("Say how many working days."))
        if point == REMAINING and not (days or percent) and not {"working_days", "percent"} & set(self.errors):
            self.add_error("working_days", _("Say how little time: working days, per cent of the limit, or both."))
        if given.get("to") and not given.get("message"):
            self.add_error("message", _("Choose what to tell them."))
        if given.get("message") and not given.get("to"):
            self.add_error("to", _("Choose whom to tell."))
        if given.get("order") and not given.get("reply_days") and "reply_days" not in self.errors:
            self.add_error("reply_days", _("Say how many working days the department has to reply."))
        return given

    @property
    def rule(self) -> dict[str, Any]:
        """The rule as it is published."""
        given = self.cleaned_data
        return {
            "code": given["code"],
            "kinds": given["kinds"],
            "when": self._when(),
            "light": given["light"],
            "consequences": [
                *self._consequences(),
                *({"do": one.do, "options": dict(one.options)} for one in self.rest),
            ],
            "law": False,
        }

    def _when(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given["point"] == DUE:
            return {DUE: 0}
        amounts = {"working_days": given["working_days"]}
        if given["point"] == REMAINING:
            amounts["percent"] = given["percent"]
        return {given["point"]: {name: amount for name, amount in amounts.items() if amount}}

    def _consequences(self) -> list[dict[str, Any]]:
        given = self.cleaned_data
        made: list[dict[str, Any]] = []
        if given["light"]:
            made.append({"do": "card", "options": {}})
        if given["to"]:
            options = {"to": given["to"], "message": given["message"]}
            if not given["by_email"]:
                options["channels"] = [Channel.INBOX.value]
            made.append({"do": "notify", "options": options})
        if given["remind"]:
            made.append({"do": "notify", "options": dict(REMINDER)})
        if given["escalate"]:
            made.append({"do": "escalate", "options": {}})
        if given["order"]:
            made.append({"do": "supervision_order", "options": {"reply_days": given["reply_days"]}})
        return made


def _by_email(options: Mapping[str, Any]) -> bool:
    channels = options.get("channels")
    return channels is None or Channel.EMAIL in channels
