"""A section of a form as a Django form: labels and messages in the page's language, input kept, no JavaScript."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField
from django.forms.utils import ErrorDict
from django.utils.datastructures import MultiValueDict

from services.forms.fields import ElementField, entered, field_name
from services.forms.rows import (
    BUTTON,
    GroupOnPage,
    entered_rows,
    group_on_page,
    row_field_name,
    row_fields,
    shown_rows,
    with_rows,
)
from services.forms.rules import Checked, Problem, check_answers
from services.forms.schema import Element, FormSchema, Section, Use, elements_read
from services.forms.words import Words

ASKED = "asked"
"""Hidden input that names the fields the page showed, so that questions that appear later are not called forgotten."""

_MORE = Words("根据您的回答，还需要填写下面几项。", "Your answers lead to a few more questions below.")
_WORDS = {"None": "", "True": "true", "False": "false"}
_OF_GROUP = Words("{label}：{message}", "{label}: {message}")


@dataclass(frozen=True, slots=True)
class Part:
    """What stands next on the page: a field or a group of rows; the other is None."""

    field: BoundField | None = None
    group: GroupOnPage | None = None


class SectionForm(forms.Form):
    """One section. Made by `form_class`.

    `answers_to_save` holds the section's answers in any state: valid ones in JSON form, others as typed.
    """

    schema: ClassVar[FormSchema]
    section: ClassVar[Section]
    language: ClassVar[str]
    use_required_attribute = False

    def __init__(self, data: Any = None, *, answers: Mapping[str, object], today: date, auto_id: str = "id_%s") -> None:
        """Read what was entered and decide what is asked.

        Args:
            data: the request's POST; None to show the stored answers.
            answers: all stored answers of the form, and situation answers as `answers.<key>`.
            today: see `rules.check_answers`.
            auto_id: see Django's forms.
        """
        self.submitted = {} if data is None else dict(self._submitted(data))
        self.all_answers = {**answers, **self.submitted}
        self.checked: Checked = check_answers(self.schema, self.all_answers, today=today)
        self.uses = [use for use in self.section.uses if use.element.code in self.checked.visible]
        self._button = "" if data is None else str(data.get(BUTTON, ""))
        self._shown_before = frozenset("" if data is None else str(data.get(ASKED, "")).split())
        self._rows = {
            use.element.code: shown_rows(use.element, self.all_answers.get(use.element.code)) for use in self._groups
        }
        if data is not None:
            for use in self._groups:
                data = with_rows(data, use.element, self._rows[use.element.code])
        initial = {field_name(code): value for code, value in answers.items()}
        super().__init__(data, initial=initial, auto_id=auto_id)
        self._add_fields()

    @property
    def parts(self) -> Iterator[Part]:
        """Return fields and groups in the order of the form."""
        for use in self.uses:
            element = use.element
            if element.type != "group":
                yield Part(field=self[field_name(element.code)])
                continue
            rows = [
                [self[row_field_name(element, number, part)] for part in element.fields]
                for number in range(len(self._rows[element.code]))
            ]
            yield Part(group=group_on_page(element, rows, self.language, added=self.row_added_to))

    @property
    def asked(self) -> str:
        """Value of the hidden input `asked`."""
        return " ".join(field_name(use.element.code) for use in self.uses)

    @property
    def shown_before(self) -> frozenset[str]:
        """Names of the inputs that the page which sent this showed; empty for a page that was not sent."""
        return self._shown_before

    @property
    def row_added_to(self) -> str:
        """Name of the group to which a row was just added, else empty."""
        action, _, name = self._button.partition(":")
        return name if action == "add" else ""

    @property
    def answers_to_save(self) -> dict[str, object]:
        """What was entered, by code: in JSON form where it is valid, as typed where it is not yet."""
        return {code: self.checked.cleaned.get(code, raw) for code, raw in self.submitted.items()}

    @property
    def rows_changed(self) -> bool:
        """Whether a button for rows or for the next list was pressed: show the page again, nothing is to be checked."""
        return self._button.partition(":")[0] in ("add", "remove", "choose")

    def full_clean(self) -> None:
        """Check everything, unless only rows were added or removed."""
        if not self.rows_changed:
            super().full_clean()
            return
        self._errors = ErrorDict()
        self.cleaned_data = {}

    def is_valid(self) -> bool:
        """Return whether the section is complete and right; False after a button for rows."""
        return super().is_valid() and not self.rows_changed

    def clean(self) -> dict[str, Any]:
        """Put each message beside its field."""
        late = self._newly_asked()
        for use in self.uses:
            for problem in self.checked.errors_of([use.element.code]):
                if use.element.code not in late:
                    self._show(use.element, problem)
        if late:
            self.add_error(None, _MORE.in_language(self.language))
        codes = {use.element.code for use in self.uses}
        return {field_name(code): value for code, value in self.checked.cleaned.items() if code in codes}

    def _show(self, element: Element, problem: Problem) -> None:
        message = problem.message.in_language(self.language)
        if element.type != "group":
            self.add_error(field_name(element.code), message)
            return
        parts = {part.code: part for part in element.fields}
        if problem.row is not None and problem.field in parts:
            self.add_error(row_field_name(element, problem.row, parts[problem.field]), message)
            return
        label = element.label.in_language(self.language)
        self.add_error(None, _OF_GROUP.in_language(self.language).format(label=label, message=message))

    @property
    def _groups(self) -> list[Use]:
        return [use for use in self.uses if use.element.type == "group"]

    def _newly_asked(self) -> set[str]:
        """Elements that this submission's answers brought up and that need an answer: the page did not show them."""
        if not self._shown_before:
            return set()
        codes = {use.element.code for use in self.uses if field_name(use.element.code) not in self._shown_before}
        return {problem.element for problem in self.checked.errors_of(codes)}

    def _submitted(self, data: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
        """What the page sent; a browser sends nothing for boxes and buttons without a choice, so `asked` decides."""
        asked = str(data.get(ASKED, "")).split()
        for use in self.section.uses:
            element, name = use.element, field_name(use.element.code)
            if element.type == "group":
                rows = entered_rows(element, data)
                if rows is not None:
                    yield element.code, rows
            elif name in data or name in asked:
                value = entered(element, name, data)
                yield element.code, "" if value is None else value

    def _add_fields(self) -> None:
        codes = [use.element.code for use in self.section.uses]
        deciding = elements_read((condition for use in self.section.uses for condition in use.conditions), codes)
        for use in self.uses:
            element = use.element
            if element.type == "group":
                self.fields.update(row_fields(element, self._rows[element.code], self.language))
                continue
            self.fields[field_name(element.code)] = ElementField(
                element,
                language=self.language,
                required=element.code in self.checked.required,
                decides=element.code in deciding,
            )


def form_class(schema: FormSchema, section_key: str, language: str) -> type[SectionForm]:
    """Return the form of a section; KeyError when the schema has none such.

    Args:
        schema: the whole form, since answers elsewhere decide what is asked here.
        section_key: key of the section.
        language: `zh-hans` or `en`.
    """
    section = schema.section(section_key)
    return type("SectionForm", (SectionForm,), {"schema": schema, "section": section, "language": language})


def with_answer(data: Any, element: Element, value: object) -> MultiValueDict[str, Any]:
    """Return submitted data in which an element has a stored value, as its inputs would send it."""
    if element.type == "group":
        return with_rows(data, element, shown_rows(element, value))
    given = MultiValueDict(dict(data.lists()))
    values = value if isinstance(value, (list, tuple)) else [value]
    given.setlist(field_name(element.code), [_WORDS.get(str(one), one) for one in values])
    return given
