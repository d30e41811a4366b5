"""The questions that decide which services, documents and steps apply, as a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from services.catalogue.enums import QuestionKind
from services.catalogue.models import Question
from services.catalogue.situation import Situation, read_situation

YES_NO = (("yes", _("Yes")), ("no", _("No")))


class SituationForm(forms.Form):
    """Asks the questions that make sense with the answers so far; the rest appears as one answers."""

    use_required_attribute = False

    def __init__(self, questions: Iterable[Question], given: Mapping[str, Any], *, check: bool) -> None:
        """Build the fields. given: answers by key, stored or submitted. check: show what is missing."""
        questions = list(questions)
        self.situation: Situation = read_situation(questions, given)
        data = {key: _shown(value) for key, value in given.items()}
        super().__init__(data if check else None, initial=data)
        for question in questions:
            if question.key in self.situation.asked:
                self.fields[question.key] = _field(question)

    def clean(self) -> dict[str, Any]:
        """Say what is missing or unreadable beside its question."""
        for key in self.situation.missing:
            self.add_error(key, _("Please answer this question."))
        for key, message in self.situation.errors.items():
            self.add_error(key, str(message))
        return dict(self.situation.answers)


def given_answers(data: Mapping[str, Any], questions: Iterable[Question]) -> dict[str, Any]:
    """Return the answers of a submitted page, lists for questions with several answers."""
    given: dict[str, Any] = {}
    for question in questions:
        if question.kind == QuestionKind.MULTI_CHOICE:
            values = data.getlist(question.key) if hasattr(data, "getlist") else data.get(question.key, [])
            if values:
                given[question.key] = values
        elif data.get(question.key) not in (None, ""):
            given[question.key] = data[question.key]
    return given


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else value


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
