"""The type whose value is a list of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from services.forms.schema import Element
from services.forms.types.base import Context, ElementType, InvalidRowsError, InvalidValueError, WidgetHint
from services.forms.words import Words

MOST_ROWS = 200
"""Conditions read lists up to this length."""
MISSING = Words("请填写这一项。", "Fill this in.")


class Group(ElementType):
    """Rows of the same fields, such as shareholders.

    Options: min_rows, max_rows, row_zh and row_en (a row's name), one_of (fields of which each row needs one), sum_of
    (a field whose numbers add up to sum_to).
    """

    name = "group"
    options = {
        "min_rows": int,
        "max_rows": int,
        "row_zh": str,
        "row_en": str,
        "one_of": list,
        "sum_of": str,
        "sum_to": int,
    }

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
        if rows:
            self._check_sum(element, rows)
        return rows or None

    def _check_sum(self, element: Element, rows: list[dict[str, object]]) -> None:
        summed = next((part for part in element.fields if part.code == element.options.get("sum_of")), None)
        if summed is None:
            return
        total = sum(Decimal(str(row.get(summed.code, 0))) for row in rows)
        wanted = element.options["sum_to"]
        if total != wanted:
            raise InvalidValueError(
                Words(
                    f"各行{summed.label.zh}合计应为{wanted}，现在是{total}，请调整。",
                    f"“{summed.label.en}” of all rows adds up to {total}; it should be {wanted}.",
                ),
                "sum",
            )

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
            missing += self._missing_alternative(element, values, faults)
            faults.update({code: InvalidValueError(MISSING, "required") for code in missing})
        return values, faults

    def _missing_alternative(
        self, element: Element, values: Mapping[str, object], faults: Mapping[str, object]
    ) -> list[str]:
        alternatives = element.options.get("one_of", [])
        if not isinstance(alternatives, list) or any(code in values or code in faults for code in alternatives):
            return []
        return alternatives[:1]

    def display(self, element: Element, value: object, language: str) -> str:
        """Return one line per row."""
        if not isinstance(value, (list, tuple)):
            return ""
        return "\n".join(self._row_line(element, row, language) for row in value if isinstance(row, Mapping))

    def _row_line(self, element: Element, row: Mapping[str, object], language: str) -> str:
        separator = "，" if language.startswith("zh") else ", "
        return separator.join(
            self._part_words(part, row[part.code], language) for part in element.fields if part.code in row
        )

    def _part_words(self, part: Element, value: object, language: str) -> str:
        """Return a value as people read it; a draft's value of the wrong form as it was typed."""
        try:
            return self._type_of(part).display(part, value, language)
        except (ValueError, TypeError):
            return str(value)

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
        names = {part.code for part in element.fields}
        alternatives, summed = element.options.get("one_of", []), element.options.get("sum_of")
        if isinstance(alternatives, list) and not names.issuperset(alternatives):
            problems.append("one_of names fields of the group")
        if summed is not None and (summed not in names or "sum_to" not in element.options):
            problems.append("sum_of names a field of the group and needs sum_to")
        return problems


def limits(element: Element) -> tuple[int, int]:
    """Return the least and the greatest number of rows of a group."""
    least, most = element.options.get("min_rows", 1), element.options.get("max_rows", 20)
    return (least if isinstance(least, int) else 1), (most if isinstance(most, int) else 20)
