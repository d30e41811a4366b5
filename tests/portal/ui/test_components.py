"""Every component draws with the parameters its comment names; undefined variables fail (tests/conftest.py)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

STEP = {
    "title": "Review",
    "who": "Handler",
    "state": "current",
    "due_on": dt.date(2026, 10, 16),
    "provisional": True,
    "light": "green",
    "why": ["Accepted on Fri 9 Oct 2026", "Limit: 5 working days"],
    "url": "/task",
    "action": "Look",
}
CARD = {"name": "Food licence", "url": "/guide/food-licence/", "visits": None}
CASES: dict[str, list[dict[str, Any]]] = {
    "notice": [
        {"text": "Saved"},
        {"tone": "error", "title": "No", "text": "x", "url": "/", "action": "Go", "live": True},
    ],
    "status": [{"word": "Done"}, {"word": "Done", "tone": "success", "icon_name": "check"}],
    "breadcrumb": [{"crumbs": [{"word": "All", "url": "/all"}, {"word": "Here"}]}],
    "empty": [
        {"title": "Nothing"},
        {"icon_name": "search", "title": "Nothing", "text": "x", "url": "/", "action": "Go"},
    ],
    "confirmation": [{"title": "Sent"}, {"title": "Sent", "number_label": "Number", "number": "A-1", "text": "Next"}],
    "filter_chips": [
        {
            "label": "State",
            "chips": [{"word": "All", "url": "?", "current": True, "count": 0}, {"word": "b", "url": "?b"}],
        }
    ],
    "task_row": [{"name": "You", "state": state, "url": "/x"} for state in ("todo", "doing", "done", "error")]
    + [{"name": "You", "state": "waiting", "note": "first the others", "word": "Later"}],
    "progress": [{"steps": ["a", "b", "c"], "current": 2}],
    "timeline": [{"lanes": [{"title": "Licence", "state": "running"}] * count} for count in (1, 4, 6)],
    "lane": [
        {
            "lane": {
                "title": "Licence",
                "department": "SCJG",
                "number": "1",
                "url": "/",
                "state": "running",
                "tone": "info",
                "word": "Running",
                "light": "yellow",
                "note": "n",
                "steps": [STEP, {"title": "Issue"}],
            }
        }
    ],
    "why_date": [{"lines": ["a", "b"]}],
    "service_card": [
        {"card": CARD},
        {
            "card": {
                **CARD,
                "line": "l",
                "department": "d",
                "limit": "5 working days",
                "visits": 0,
                "fee": "free",
                "online": True,
                "demo": True,
                "bundle": True,
                "parts_words": "6 services",
            }
        },
    ],
    "document_row": [
        {"name": "Plan"},
        {"name": "Plan", "note": "n", "url": "/", "action": "Open", "tone": "success", "word": "Checked"},
    ],
    "summary_list": [{"rows": [{"label": "Name", "value": "A\nB"}, {"label": "Empty", "value": "", "url": "/"}]}],
    "autosave": [{}, {"saved_at": dt.datetime(2026, 10, 16, 9, tzinfo=dt.UTC)}],
    "demo_value": [{}],
    "rail": [
        {
            "rail": [
                {
                    "title": "Queues",
                    "items": [
                        {"word": "Mine", "url": "/", "icon_name": "inbox", "count": 3, "alert": True, "current": True}
                    ],
                },
                {"items": [{"word": "All", "url": "/"}]},
            ]
        }
    ],
    "keys": [{"keys": [{"key": "c", "word": "Claim"}]}, {}],
}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    ("name", "context"), [(name, context) for name, contexts in CASES.items() for context in contexts]
)
def test_component_draws(name: str, context: dict[str, Any], language: str) -> None:
    with translation.override(language):
        html = render_to_string(f"ui/{name}.html", context)
    assert html.strip()
    assert " style=" not in html
    assert "onclick" not in html


def test_lights_have_icon_and_word() -> None:
    with translation.override("en"):
        tags = "{% load ui %}{% light 'yellow' %}{% light 'grey' %}{% light 'black' %}{% light 'red' 'Late' %}"
        html = Template(tags).render(Context())
    for word in ("Due soon", "Clock paused by law", "Past the legal limit", "Late"):
        assert word in html
    assert html.count('aria-hidden="true"') == 4


class _Shop(forms.Form):
    name = forms.CharField(label="Name")
    note = forms.CharField(label="Note", required=False, help_text="Anything else")
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="I agree")


def test_error_summary_links_to_the_fields() -> None:
    form = _Shop({})
    with translation.override("en"):
        html = Template("{% load ui %}{% error_summary form %}").render(Context({"form": form}))
    assert "There are 3 things to put right" in html
    for target in ("#id_name", "#id_kind_0", "#id_agree"):
        assert f'href="{target}"' in html


def test_a_question_in_the_summary_has_its_own_mark_and_no_colon_after_it() -> None:
    form = _Shop({})
    form.fields["name"].label, form.fields["agree"].label = "What is it called?", "同意吗？"
    with translation.override("en"):
        html = Template("{% load ui %}{% error_summary form %}").render(Context({"form": form}))
    assert ">What is it called? This" in html
    assert ">同意吗？This" in html
    assert ">Kind: This" in html


def test_a_form_without_errors_has_no_summary() -> None:
    assert "error-summary" not in Template("{% load ui %}{% error_summary form %}").render(Context({"form": _Shop()}))


def test_fields_mark_the_optional_and_tie_messages_to_inputs() -> None:
    form = _Shop({"kind": "x"})
    with translation.override("en"):
        html = Template("{% load crispy_forms_filters %}{{ form|crispy }}").render(Context({"form": form}))
    assert html.count("(optional)") == 1
    assert "*" not in html
    for identifier in ("id_name_error", "id_note_helptext", "id_kind_error"):
        assert f'id="{identifier}"' in html
        assert f'aria-describedby="{identifier}"' in html
    assert "<legend" in html


def test_pagination_keeps_the_filters_and_leaves_gaps() -> None:
    request = RequestFactory().get("/", {"department": "SCJG", "page": "5"})
    page = Paginator(range(200), 10).page(5)
    with translation.override("en"):
        html = render_to_string("ui/pagination.html", {"page": page}, request=request)
    assert "41–50 of 200" in html
    assert "department=SCJG&amp;page=6" in html
    assert html.count("…") == 2


def test_table_head_says_how_it_is_sorted() -> None:
    columns = [{"word": "Due", "sort": "due"}, {"word": "Name", "sort": "name"}, {"word": "Age", "css": "number"}]
    rows = [
        [{"text": "A"}, {"light": "green"}, {"text": "3", "css": "number"}],
        [{"text": "B", "url": "/b"}, {"text": "x", "tone": "info"}],
    ]
    for sort, expected in (("due", "ascending"), ("-due", "descending")):
        context = {"caption": "Cases", "columns": columns, "rows": rows, "sort": sort}
        html = render_to_string("ui/data_table.html", context, request=RequestFactory().get("/"))
        assert html.count(f'aria-sort="{expected}"') == 1
