"""Rows of a repeated group on a page, added and removed by buttons that submit: they work without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms.boundfield import BoundField
from django.utils.datastructures import MultiValueDict

from services.forms.fields import ElementField, entered, field_name
from services.forms.schema import Element
from services.forms.types.groups import limits
from services.forms.words import Words

BUTTON = "row"
"""Name of the buttons that add and remove rows; their values say what and where."""

Row = Mapping[str, object]
_ADD = Words("添加{row}", "Add {row}")
_REMOVE = Words("删除第{number}个{row}", "Remove {row} {number}")
_ROW = Words("第{number}个{row}", "{row} {number}")
_A_ROW = Words("一行", "row")
_NUMBER = Words("可填{least}至{most}个。", "From {least} to {most}.")


@dataclass(frozen=True, slots=True)
class RowOnPage:
    """One row: its fields and the button that removes it."""

    title: str
    fields: Sequence[BoundField]
    remove_label: str
    remove_value: str


@dataclass(frozen=True, slots=True)
class GroupOnPage:
    """A group: its rows, a hidden input with their number, and the button that adds one."""

    name: str
    label: str
    help_text: str
    rows: Sequence[RowOnPage]
    count_name: str
    add_label: str
    add_value: str
    can_add: bool
    can_remove: bool
    added: bool = False
    """Whether its last row was just added: the cursor goes there."""


def row_field_name(group: Element, number: int, part: Element) -> str:
    """Return the name of a field's input in a row counted from 0."""
    return f"{field_name(group.code)}-{number}-{part.code}"


def entered_rows(group: Element, data: Mapping[str, Any]) -> list[dict[str, object]] | None:
    """Return the rows as entered, after the button that was pressed; None when the page did not ask the group."""
    count = str(data.get(f"{field_name(group.code)}-rows", ""))
    if not (count.isascii() and count.isdigit() and len(count) <= 4):
        return None
    _, most = limits(group)
    rows = [
        {part.code: entered(part, row_field_name(group, number, part), data) or "" for part in group.fields}
        for number in range(min(int(count), most))
    ]
    return _pressed(group, rows, str(data.get(BUTTON, "")))


def with_rows(data: Mapping[str, Any], group: Element, rows: Sequence[Row]) -> MultiValueDict[str, Any]:
    """Return submitted data in which the group has just these rows: what was typed moves with its row."""
    prefix = f"{field_name(group.code)}-"
    lists = data.lists() if isinstance(data, MultiValueDict) else ((name, [value]) for name, value in data.items())
    moved = MultiValueDict({name: list(values) for name, values in lists if not name.startswith(prefix)})
    for number, row in enumerate(rows):
        for part in group.fields:
            value = row.get(part.code, "")
            moved.setlist(row_field_name(group, number, part), value if isinstance(value, list) else [value])
    moved[f"{prefix}rows"] = str(len(rows))
    return moved


def shown_rows(group: Element, value: object) -> list[Row]:
    """Return the rows a page shows: the given ones, and empty ones up to the number that is needed."""
    rows: list[Row] = [row for row in value if isinstance(row, Mapping)] if isinstance(value, (list, tuple)) else []
    least, _ = limits(group)
    return rows + [{}] * (max(least, 1) - len(rows))


def row_fields(group: Element, rows: Sequence[Row], language: str) -> Iterator[tuple[str, ElementField]]:
    """Return the fields of all rows by name, with their values as initial."""
    for number, row in enumerate(rows):
        for part in group.fields:
            field = ElementField(part, language=language, required=part.required)
            field.initial = row.get(part.code)
            yield row_field_name(group, number, part), field


def group_on_page(
    group: Element, rows: Sequence[Sequence[BoundField]], language: str, *, added: str = ""
) -> GroupOnPage:
    """Return what the page shows of a group, from the bound fields of its rows.

    added: name of the group that has just got a new row.
    """
    name = field_name(group.code)
    least, most = limits(group)
    number_of_rows = _NUMBER.in_language(language).format(least=max(least, 1), most=most)
    help_text = group.help.in_language(language) if group.help else ""
    return GroupOnPage(
        name=name,
        label=group.label.in_language(language),
        help_text=f"{help_text} {number_of_rows}".strip(),
        rows=[
            RowOnPage(
                _of_row(_ROW, group, language, number),
                fields,
                _of_row(_REMOVE, group, language, number),
                f"remove:{name}:{number - 1}",
            )
            for number, fields in enumerate(rows, 1)
        ],
        count_name=f"{name}-rows",
        add_label=_of_row(_ADD, group, language),
        add_value=f"add:{name}",
        can_add=len(rows) < most,
        can_remove=len(rows) > max(least, 1),
        added=added == name,
    )


def _pressed(group: Element, rows: list[dict[str, object]], button: str) -> list[dict[str, object]]:
    action, _, place = button.partition(":")
    name, _, number = place.partition(":")
    if name != field_name(group.code):
        return rows
    if action == "add" and len(rows) < limits(group)[1]:
        return [*rows, {part.code: "" for part in group.fields}]
    if action == "remove" and number.isascii() and number.isdigit():
        return [row for place_of, row in enumerate(rows) if place_of != int(number[:6])]
    return rows


def _of_row(words: Words, group: Element, language: str, number: int = 0) -> str:
    row = Words(str(group.options.get("row_zh", _A_ROW.zh)), str(group.options.get("row_en", _A_ROW.en)))
    text = words.in_language(language).format(row=row.in_language(language), number=number)
    return text[0].upper() + text[1:]
