"""Forms by which an administrator changes a calendar; each is shown again with what it would do before it does it."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from workflows.clocks import DayKind, SpecialDay
from workflows.enums import CalendarDayKind
from workflows.operations.calendar_files import LARGEST_FILE, CalendarFileError, Notice, read_notice

LONGEST_SOURCE = 200
SOURCE_HELP = _("Number or address of the notice, or the decision behind it. It stands in the list of versions.")


class SourceField(forms.CharField):
    """What a change rests on."""

    def __init__(self, **words: Any) -> None:
        """Ask for it in one line."""
        required = {"required": _("Say what the change rests on.")}
        super().__init__(
            label=_("Basis"), help_text=SOURCE_HELP, max_length=LONGEST_SOURCE, error_messages=required, **words
        )


class ImportForm(forms.Form):
    """A notice in a file; once read, its text travels with the form until it is published."""

    use_required_attribute = False

    file = forms.FileField(
        label=_("File of the notice"),
        help_text=_("JSON as holiday-cn publishes it, or CSV with the columns date, kind, name_zh, name_en."),
        required=False,
    )
    year = forms.IntegerField(
        label=_("Year that is announced"),
        help_text=_("Only where the file does not say it. A CSV file without a year enters single days."),
        required=False,
        min_value=1990,
        max_value=2036,
    )
    source = SourceField(required=False)
    name = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)
    text = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LARGEST_FILE, strip=False)
    notice: Notice

    def clean(self) -> dict[str, Any]:
        """Read the file, or the text that came with the form."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        file, text = found.get("file"), found.get("text", "")
        if file is None and not text:
            self.add_error("file", ValidationError(_("Choose the file of the notice.")))
            return found
        content = text.encode() if file is None else file.read(LARGEST_FILE + 1)
        found["name"] = found.get("name", "") if file is None else file.name
        try:
            self.notice = read_notice(content, name=found["name"], year=found.get("year"))
        except CalendarFileError as error:
            self.add_error("file", ValidationError(str(error)))
            return found
        found["text"] = content.decode("utf-8-sig")
        found["source"] = found.get("source") or self.notice.source or found["name"][:LONGEST_SOURCE]
        return found


class DayForm(forms.Form):
    """One day that becomes something else."""

    use_required_attribute = False

    on = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Choose the day."), "invalid": _("Choose a day of the calendar.")},
    )
    kind = forms.ChoiceField(
        label=_("What it becomes"),
        choices=[
            (kind.value, kind.label)
            for kind in (
                CalendarDayKind.CLOSURE,
                CalendarDayKind.HOLIDAY,
                CalendarDayKind.SUBSTITUTE,
                CalendarDayKind.MAKEUP,
                CalendarDayKind.WORKDAY,
            )
        ],
        widget=forms.RadioSelect,
        initial=CalendarDayKind.CLOSURE.value,
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100, required=False, help_text=_("Say: 暴雪停办"))
    name_en = forms.CharField(label=_("Name in English"), max_length=100, required=False)
    source = SourceField()

    def clean_on(self) -> Any:
        """Refuse a day the calendar does not hold."""
        on = self.cleaned_data["on"]
        if not 1990 <= on.year <= 2036:
            raise ValidationError(_("Choose a day of the calendar."))
        return on

    @property
    def day(self) -> SpecialDay:
        """The day as the calendar takes it."""
        found = self.cleaned_data
        kind = DayKind(found["kind"])
        return SpecialDay(on=found["on"], kind=kind, name_zh=found["name_zh"], name_en=found["name_en"])


class WithdrawForm(forms.Form):
    """Why a day is taken back."""

    use_required_attribute = False

    source = SourceField()


class HoursForm(forms.Form):
    """When offices are open on a working day."""

    use_required_attribute = False

    morning_from = forms.TimeField(
        label=_("Opens in the morning"), initial=time(9), widget=forms.TimeInput(format="%H:%M")
    )
    morning_to = forms.TimeField(label=_("Closes at noon"), initial=time(12), widget=forms.TimeInput(format="%H:%M"))
    afternoon_from = forms.TimeField(
        label=_("Opens in the afternoon"), initial=time(13), widget=forms.TimeInput(format="%H:%M")
    )
    afternoon_to = forms.TimeField(
        label=_("Close of business"), initial=time(17), widget=forms.TimeInput(format="%H:%M")
    )
    source = SourceField()

    @property
    def spans(self) -> tuple[tuple[time, time], ...]:
        """The open times of a day, in order."""
        found = self.cleaned_data
        return (
            (found["morning_from"], found["morning_to"]),
            (found["afternoon_from"], found["afternoon_to"]),
        )


class RegionForm(forms.Form):
    """A region whose calendar begins as that of the region it lies in."""

    use_required_attribute = False

    code = forms.RegexField(
        label=_("Code"),
        regex=r"^CN-\d{6}$",
        help_text=_("By GB/T 2260, say CN-410102 for a district of Zhengzhou."),
        error_messages={"invalid": _("Write the code like CN-410102."), "required": _("Write the code.")},
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=100)
    name_en = forms.CharField(label=_("Name in English"), max_length=100)
