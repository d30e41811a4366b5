"""The questions that decide which services, documents and steps apply, as a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal.situations.address import in_digits
from services.catalogue.enums import QuestionKind
from services.catalogue.models import Question
from services.catalogue.situation import Situation, read_situation
from services.parties.queries import PartyChoice

#: Name of the field that asks for whom she applies; no question is called so.
PARTY = "party"
YES_NO = (("yes", _("Yes")), ("no", _("No")))


class SituationForm(forms.Form):
    """Asks the questions that make sense with the answers so far; the rest appears as one answers."""

    use_required_attribute = False
    marks_optional = False  # every question that is shown must be answered

    def __init__(
        self,
        questions: Iterable[Question],
        given: Mapping[str, Any],
        *,
        check: bool,
        parties: Sequence[PartyChoice] = (),
        party: str = "",
    ) -> None:
        """Build the fields.

        given: answers by key, stored or submitted. check: show what is missing. parties: whom she may apply for,
        asked when there are several. party: the one chosen so far.
        """
        questions = list(questions)
        self.situation: Situation = read_situation(questions, given)
        data = {key: _shown(value) for key, value in given.items()}
        data[PARTY] = party
        super().__init__(data if check else None, initial=data)
        if len(parties) > 1:
            self.fields[PARTY] = _party_field(parties)
        for question in questions:
            if question.key in self.situation.asked:
                self.fields[question.key] = _field(question)

    def show_unreadable(self) -> None:
        """Say beside each question which answer cannot be read, without asking for those that are missing."""
        self.cleaned_data: dict[str, Any] = {}
        self._errors = ErrorDict()
        for key, message in self.situation.errors.items():
            self.add_error(key, str(message))

    def clean(self) -> dict[str, Any]:
        """Say what is missing or unreadable beside its question."""
        if PARTY in self.fields and not self.cleaned_data.get(PARTY) and PARTY not in self.errors:
            self.add_error(PARTY, _("Choose for whom you apply."))
        for key in self.situation.missing:
            self.add_error(key, _("Please answer this question."))
        for key, message in self.situation.errors.items():
            self.add_error(key, str(message))
        return dict(self.situation.answers)


def _party_field(parties: Sequence[PartyChoice]) -> forms.Field:
    relations = {
        "self": _("yourself"),
        "representative": _("you represent it"),
        "guardian": _("guardian of this child"),
        "agent": _("by mandate"),
    }
    choices = [(str(one.ref), one.name + _(" (") + str(relations[one.relation]) + _(")")) for one in parties]
    return forms.ChoiceField(
        label=_("For whom do you apply?"), choices=choices, widget=forms.RadioSelect, required=False
    )


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return in_digits(value) if isinstance(value, float) else value


def _field(question: Question) -> forms.Field:
    chinese = (get_language() or "").startswith("zh")
    words: dict[str, Any] = {
        "label": question.text_zh if chinese else question.text_en,
        "help_text": question.help_zh if chinese else question.help_en,
        "required": False,
    }
    options = [(option["value"], option["zh" if chinese else "en"]) for option in question.options]
    match question.kind:
        case QuestionKind.YES_NO:
            return forms.ChoiceField(choices=YES_NO, widget=forms.RadioSelect, **words)
        case QuestionKind.CHOICE:
            return forms.ChoiceField(choices=options, widget=forms.RadioSelect, **words)
        case QuestionKind.MULTI_CHOICE:
            return forms.MultipleChoiceField(choices=options, widget=forms.CheckboxSelectMultiple, **words)
        case QuestionKind.DATE:
            return forms.CharField(widget=forms.DateInput(attrs={"type": "date"}), **words)
    if question.unit:
        words["label"] = f"{words['label']} ({question.unit})"
    return forms.CharField(widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "field-s"}), **words)
