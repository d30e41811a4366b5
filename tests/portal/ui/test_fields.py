"""Fields drawn without templates: the same as with them, and quickly."""

from __future__ import annotations

import time
from typing import Any

import lxml.html
import pytest
from django.template import engines

from portal.ui.fields import draw_field
from tests.benchmarks.figures.sixty_fields import FIELDS, bound_form, drawn_form

WRONG = {
    "asked": " ".join(f"bench-field_{number}" for number in range(FIELDS)),
    "bench-field_5": "false",
    "bench-field_7": "soon <b>",
}


def shape(html: str) -> list[Any]:
    """Return every element with what matters: tag, attributes but the widget's own class, text."""
    own = {"textinput", "dateinput", "dayinput", "textarea", "select", "radioselect", "checkboxselectmultiple"}
    return [
        (
            one.tag,
            sorted((name, value) for name, value in one.attrib.items() if name != "class"),
            sorted(set(one.get("class", "").split()) - own),
            (one.text or "").strip(),
        )
        for one in lxml.html.fromstring(html).iter()
    ]


@pytest.mark.parametrize("data", [None, WRONG])
def test_it_is_what_the_template_draws(data: dict[str, str] | None) -> None:
    template = engines["django"].from_string("{% load crispy_forms_filters %}{{ field|as_crispy_field }}")  # type: ignore[attr-defined]
    form = bound_form(data)
    form.is_valid()
    for part in form.parts:
        assert shape(draw_field(part.field)) == shape(template.render({"field": part.field}))


def test_sixty_fields_take_at_most_40_milliseconds() -> None:
    """Processor time, so that what else the machine does is not counted."""
    drawn_form()
    started = time.process_time()
    for _ in range(5):
        page = drawn_form()
    assert (time.process_time() - started) / 5 <= 0.040
    assert page.count("form-part") == FIELDS
