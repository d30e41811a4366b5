"""The type whose value is a list of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.forms.schema import Element
from services.forms.types.base import Context, ElementType, InvalidRowsError, InvalidValueError, WidgetHint
from services.forms.words import Words

MOST_ROWS = 200
"""Conditions read lists up to this length."""
MISSING = Words("请填写这一项。", "Fill this in.")


class Group(ElementType):
    """Rows of the same fields, such as shareholders. Options: min_rows, max_rows, row_zh and row_en (a row's name)."""

    name = "group"
    options = {"min_rows": int, "max_rows": int, "row_zh": str, "row_en": str}

    def __init__(self, type_of: Callable[[Element], ElementType]) -> None:
        self._type_of = type_of

    def convert(self, element: Element, raw: object, context: Context) -> object:
        """Return the rows that are not empty, each field in its JSON form."""
        if not isinstance(raw, (list, tuple)) or not all(isinstance(row, Mapping) for row in raw):
            raise InvalidValueError(Words("请逐行填写。", "Fill in the rows."), "rows")
        least, most = limits(element)
        if len(raw) > most:
            raise InvalidValueError(
                Words(f"最多{most}行，请合并或删除。", f"At most {most} rows; merge or remove some."), "too_many_rows"
            )
        rows, faults = [], {}
        for number, row in enumerate(raw):
            values, wrong = self.clean_row(element, row, context)
            if values or wrong:
                rows.append(values)
                faults.update({number: wrong} if wrong else {})
        if faults:
            raise InvalidRowsError(faults)
        if rows and len(rows) < least:
            raise InvalidValueError(Words(f"至少填写{least}行。", f"At least {least} rows are needed."), "too_few_rows")
        return rows or None

    def clean_row(
        self, element: Element, row: Mapping[str, object], context: Context
    ) -> tuple[dict[str, object], dict[str, InvalidValueError]]:
        """Return a row's cleaned values and its errors by field; nothing of both for an empty row."""
        values: dict[str, object] = {}
        faults: dict[str, InvalidValueError] = {}
        for part in element.fields:
            try:
                value = self._type_of(part).clean(part, row.get(part.code), Context(context.today, {**row, **values}))
            except InvalidValueError as error:
                faults[part.code] = error
                continue
            if value is not None:
                values[part.code] = value
        if values or faults:
            missing = [p.code for p in element.fields if p.required and p.code not in values and p.code not in faults]
            faults.update({code: InvalidValueError(MISSING, "required") for code in missing})
        return values, faults

    def display(self, element: Element, value: object, language: str) -> str:
        """Return one line per row."""
        if not isinstance(value, (list, tuple)):
            return ""
        return "\n".join(self._row_line(element, row, language) for row in value if isinstance(row, Mapping))

    def _row_line(self, element: Element, row: Mapping[str, object], language: str) -> str:
        separator = "，" if language.startswith("zh") else ", "
        return separator.join(
            self._type_of(part).display(part, row[part.code], language) for part in element.fields if part.code in row
        )

    def widget(self, element: Element) -> WidgetHint:
        """Return rows."""
        return WidgetHint("rows")

    def faults(self, element: Element) -> list[str]:
        """Check the limits and each field."""
        problems = super().faults(element)
        least, most = limits(element)
        if not 0 <= least <= most <= MOST_ROWS:
            problems.append(f"0 ≤ min_rows ≤ max_rows ≤ {MOST_ROWS}")
        if not element.fields:
            problems.append("a group needs fields")
        if any(part.fields for part in element.fields):
            problems.append("a group holds no group")
        return problems


def limits(element: Element) -> tuple[int, int]:
    """Return the least and the greatest number of rows of a group."""
    least, most = element.options.get("min_rows", 1), element.options.get("max_rows", 20)
    return (least if isinstance(least, int) else 1), (most if isinstance(most, int) else 20)
