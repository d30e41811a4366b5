"""The Big List of Naughty Strings through every kind of field: stored and shown exactly, or refused with a message.

Each kind of element is asked once for every string, all in one section: the whole list is one request per kind.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from services.cases.models import Application
from services.cases.operations.drafts import start_draft
from services.forms.types import TYPES
from tests.factories.catalogue import published_service
from tests.factories.drafts import OpenPage, browser_of
from tests.factories.parties import PersonFactory
from tests.naughty import HAN, is_storable, strings
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db
CHOICES = [{"value": "one", "zh": "一", "en": "One"}, {"value": "two", "zh": "二", "en": "Two"}]
#: Where a page shows an answer it cannot take as it was typed; elsewhere it shows the choices.
TYPED = frozenset(TYPES) - {"choice", "multi_choice", "yes_no", "division", "place", "group"}


def sendable() -> list[str]:
    """Half characters cannot be sent: no browser can encode them."""
    return [text for text in dict.fromkeys(strings()) if "\ud83d" not in text]


def open_section(kind: str, texts: list[str]) -> tuple[OpenPage, Application]:
    """Return a page that asks one element of a kind for every string."""
    own: list[dict[str, Any]] = [
        {
            "code": f"naughty.n{number}",
            "type": kind,
            "zh": f"题{number}",
            "en": f"Question {number}",
            **({"choices": CHOICES} if kind in ("choice", "multi_choice") else {}),
            **({"max_length": 20_000} if kind in ("text", "multiline") else {}),
        }
        for number in range(len(texts))
    ]
    person = PersonFactory(user__language="en")
    service = published_service(form={"own": own, "uses": [f"{one['code']}?" for one in own]})
    draft = start_draft(offer=service, party=person.ref, by=person.user, at=database_now())
    browser = browser_of(person.user)
    return OpenPage(browser, reverse("applicant:section", args=[draft.public_id, "request"])), draft


@pytest.mark.parametrize("kind", sorted(set(TYPES) - {"group"}))
def test_every_string_in_a_field_of_every_kind(kind: str) -> None:
    texts = sendable()
    page, draft = open_section(kind, texts)
    answer = page.save(**{f"naughty-n{number}": text for number, text in enumerate(texts)})
    assert answer.status_code == 200, "some of them are refused, so the page comes again"
    answers = Application.objects.get(pk=draft.pk).answers
    refused = {one.get("id") for one in page.tree.xpath("//main//*[contains(@class, 'field-invalid')]")}
    assert not page.tree.xpath("//main//*[contains(@class, 'form-part')]//script")
    for number, text in enumerate(texts):
        name, stored = f"naughty-n{number}", answers.get(f"naughty.n{number}")
        if not text.strip():
            assert stored in (None, text), (kind, text)
        elif f"div_id_{name}" in refused:
            assert stored in (text, [text]), (kind, text, "what was typed is kept")
        else:
            assert kind == "multiline" or is_storable(text.strip()), (kind, text)
            assert stored is not None, (kind, text)
            if kind in ("text", "multiline"):
                assert stored == text.strip(), (kind, text)
        if kind in TYPED and is_storable(text):
            assert page.fields[name] == [text], (kind, text, "shown as it was typed")


def test_names_of_rare_characters_and_of_minorities_are_taken_and_shown_exactly() -> None:
    page, draft = open_section("person_name", [*HAN, "阿" * 50, "王" + "𠮷" * 60])
    texts = [*HAN, "阿" * 50, "王" + "𠮷" * 60]
    assert page.save(**{f"naughty-n{number}": text for number, text in enumerate(texts)}).status_code == 302
    answers = Application.objects.get(pk=draft.pk).answers
    assert [answers[f"naughty.n{number}"] for number in range(len(texts))] == texts
    shown = OpenPage(page.browser, page.address)
    assert [shown.fields[f"naughty-n{number}"] for number in range(len(texts))] == [[text] for text in texts]
