"""Draw one form field without the template engine: the same HTML as `bootstrap5/field.html`, several times quicker.

A form of sixty fields is drawn in a few milliseconds; through crispy's templates the same took over a hundred. What a
page has to say about a field beyond label, help and errors comes in as `extra`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.ui.icons import icon


def draw_field(field: BoundField, *, extra: str = "", described_by: str = "") -> SafeString:
    """Return a field with its label, help and errors.

    Args:
        field: a field whose widget is a text, date or text-area input, a list, radio buttons or check boxes; another
            widget is drawn by Django itself.
        extra: HTML, already safe, that stands under the input.
        described_by: id of an element in `extra` that says something about the value.
    """
    if field.is_hidden:
        return mark_safe(str(field))  # noqa: S308 - Django's own rendering
    optional = not field.field.required and getattr(field.form, "marks_optional", True) is not False
    mark = f' <span class="field-optional">{escape(_("(optional)"))}</span>' if optional else ""
    label = f"{conditional_escape(field.label)}{mark}"
    classes = " ".join(filter(None, ("field", field.css_classes(), "field-invalid" if field.errors else "")))
    if field.use_fieldset:
        described = flat({"aria-describedby": f"{field.aria_describedby or ''} {described_by}".strip() or None})
        legend = f'<legend class="field-label">{label}</legend>'
        body = f"<fieldset{described}>{legend}{_notes(field)}{_options(field)}</fieldset>"
    else:
        attributes = _attributes(field, described_by)
        body = (
            f'<label class="field-label" for="{escape(field.id_for_label)}">{label}</label>'
            f"{_notes(field)}{_input(field, attributes)}"
        )
    return mark_safe(f'<div id="div_{escape(field.auto_id)}" class="{escape(classes)}">{body}{extra}</div>')  # noqa: S308


def flat(attributes: Mapping[str, Any]) -> str:
    """Return attributes as HTML, each with a space before it; True stands alone, False and None are left out."""
    return "".join(
        f" {name}" if value is True else f' {name}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not False and value is not None
    )


def _attributes(field: BoundField, described_by: str) -> dict[str, Any]:
    attributes = field.build_widget_attrs({"id": field.auto_id})
    attributes = {**field.field.widget.attrs, **attributes}
    if described_by:
        attributes["aria-describedby"] = f"{attributes.get('aria-describedby', '')} {described_by}".strip()
    return attributes


def _notes(field: BoundField) -> str:
    name, html = escape(field.auto_id), ""
    if field.help_text:
        html = f'<div id="{name}_helptext" class="field-help">{field.help_text}</div>'
    if field.errors:
        lines = "".join(
            f'<p class="field-error">{icon("exclamation-circle-fill")} {escape(error)}</p>' for error in field.errors
        )
        html += f'<div id="{name}_error">{lines}</div>'
    return html


def _input(field: BoundField, attributes: Mapping[str, Any]) -> str:
    widget, name, value = field.field.widget, field.html_name, field.value()
    invalid = " is-invalid" if field.errors else ""
    if isinstance(widget, forms.Select):
        return _select(widget, name, value, {**attributes, "class": f"form-select{invalid}"})
    attributes = {**attributes, "class": f"form-control{invalid}"}
    if isinstance(widget, forms.Textarea):
        text = widget.format_value(value)
        # A browser drops the first line break of a text area, so one is added that may be dropped.
        return f'<textarea name="{escape(name)}"{flat(attributes)}>\n{escape(text or "")}</textarea>'
    if not isinstance(widget, forms.TextInput | forms.DateInput):
        return field.as_widget(attrs={"class": f"form-control{invalid}"})
    context = widget.get_context(name, value, dict(attributes))["widget"]
    shown = {} if context["value"] is None else {"value": context["value"]}
    return f'<input type="{escape(context["type"])}" name="{escape(name)}"{flat(shown)}{flat(attributes)}>'


def _select(widget: forms.Select, name: str, value: Any, attributes: Mapping[str, Any]) -> str:
    given = str("" if value is None else value)
    known = False
    options = []
    for option, label in widget.choices:
        chosen = str(option) == given
        known = known or chosen
        options.append(f'<option value="{escape(option)}"{" selected" if chosen else ""}>{escape(label)}</option>')
    if given and not known:  # a stored value that is no longer listed is kept, and refused with a message
        options.append(f'<option value="{escape(given)}" selected>{escape(given)}</option>')
    return f'<select name="{escape(name)}"{flat(attributes)}>{"".join(options)}</select>'


def _lists(field: BoundField) -> str:
    """Lists that follow one another; without JavaScript a button brings the next one."""
    widget: Any = field.field.widget
    html = []
    for level in widget.levels(field.html_name, field.value()):
        place = f"{escape(field.auto_id)}-{level.name.rpartition('-')[2]}"
        options = "".join(
            f'<option value="{escape(value)}"{" selected" if value == level.chosen else ""}>{escape(label)}</option>'
            for value, label in level.options
        )
        invalid = ' aria-invalid="true"' if field.errors else ""
        html.append(
            f'<div class="cascade-level"><label class="field-help" for="{place}">{escape(level.label)}</label>'
            f'<select class="form-select" name="{escape(level.name)}" id="{place}" autocomplete="off"{invalid}>'
            f"{options}</select></div>"
        )
    button = (
        f'<noscript><button type="submit" class="btn btn-outline-primary" name="row" formnovalidate'
        f' value="choose:{escape(field.html_name)}" formaction="#div_{escape(field.auto_id)}">'
        f"{escape(_('Show the next list'))}</button></noscript>"
    )
    return f'<div class="cascade">{"".join(html)}</div>{button}'


def _options(field: BoundField) -> str:
    widget = field.field.widget
    if hasattr(widget, "levels"):
        return _lists(field)
    if not isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return str(field)
    kind = "checkbox" if isinstance(widget, forms.CheckboxSelectMultiple) else "radio"
    chosen = _chosen(field.value())
    base = {name: value for name, value in widget.attrs.items() if name != "id"}
    if field.errors:
        base["aria-invalid"] = "true"
    html = []
    for number, (value, label) in enumerate(widget.choices):
        place = f"{escape(field.auto_id)}_{number}"
        checked = " checked" if str(value) in chosen else ""
        html.append(
            f'<div class="form-check"><input type="{kind}" name="{escape(field.html_name)}"'
            f' id="{place}" value="{escape(value)}"{checked}{flat(base)}>'
            f'<label class="form-check-label" for="{place}">{escape(label)}</label></div>'
        )
    return "".join(html)


def _chosen(value: Any) -> set[str]:
    if value in (None, ""):
        return set()
    several: Iterable[Any] = value if isinstance(value, list | tuple | set) else [value]
    return {str(one) for one in several}
