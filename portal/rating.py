"""The five levels of a rating as every page offers them: online after a case, and on the tablet at the window."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from portal.ui.wording import is_chinese
from services.forms.free_text import validate_free_text
from services.ratings.enums import Level
from services.ratings.labels import levels
from services.ratings.operations.rating import LONGEST_TEXT

ICONS = {
    Level.VERY_SATISFIED: "emoji-laughing",
    Level.SATISFIED: "emoji-smile",
    Level.FAIRLY_SATISFIED: "emoji-neutral",
    Level.DISSATISFIED: "emoji-frown",
    Level.VERY_DISSATISFIED: "emoji-angry",
}


class LevelForm(forms.Form):
    """A level, the national labels of that level, and words."""

    use_required_attribute = False

    level = forms.ChoiceField(choices=Level.choices, widget=forms.HiddenInput)
    labels = forms.TypedMultipleChoiceField(
        label=gettext_lazy("What stood out?"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    text = forms.CharField(
        label=gettext_lazy("Anything else?"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONGEST_TEXT,
        validators=[validate_free_text],
        required=False,
    )

    def __init__(self, *args: Any, level: str, initial: dict[str, Any] | None = None, **more: Any) -> None:
        """level: whose labels are offered; none for a value that is no level."""
        super().__init__(*args, initial={"level": level, **(initial or {})}, **more)
        known = levels()[level].labels.values() if level in Level.values else ()
        self.fields["labels"].choices = [(one.code, one.zh if is_chinese() else one.en) for one in known]  # type: ignore[attr-defined]


def level_links(chosen: str) -> list[dict[str, object]]:
    """Return the five levels as pages offer them; `chosen` is the value of the one that is pressed, "" for none."""
    return [
        {"value": level.value, "word": level.label, "icon_name": ICONS[level], "chosen": level.value == chosen}
        for level in Level
    ]
