"""A draft of a made-up service with fields of every kind, and the page of its section."""

from __future__ import annotations

from typing import Any

import lxml.html
from django.test import Client
from django.urls import reverse

from services.cases.models import Application
from services.cases.operations.drafts import start_draft
from services.parties.models import Person
from tests.factories.catalogue import published_service
from tests.factories.parties import PersonFactory
from workflows.queries.calendars import database_now

WORDS = {"zh": "题", "en": "Question"}
_CHOICES = [{"value": "one", "zh": "一", "en": "One"}, {"value": "two", "zh": "二", "en": "Two"}]
#: One element of every type, all of one section; `shop.more` is asked where `shop.kind` is two.
EVERY_KIND: list[dict[str, Any]] = [
    {"code": "shop.name", "type": "text", "max_length": 300},
    {"code": "shop.owner", "type": "person_name"},
    {"code": "shop.kind", "type": "choice", "choices": _CHOICES},
    {"code": "shop.more", "type": "text"},
    {"code": "shop.story", "type": "multiline"},
    {"code": "shop.address", "type": "address"},
    {"code": "shop.email", "type": "email"},
    {"code": "shop.mobile", "type": "mobile"},
    {"code": "shop.id_number", "type": "id_number"},
    {"code": "shop.uscc", "type": "uscc"},
    {"code": "shop.since", "type": "date"},
    {"code": "shop.seats", "type": "integer"},
    {"code": "shop.width", "type": "decimal"},
    {"code": "shop.capital", "type": "money"},
    {"code": "shop.area", "type": "area_m2"},
    {"code": "shop.online", "type": "yes_no"},
    {"code": "shop.goods", "type": "multi_choice", "choices": _CHOICES},
    {"code": "shop.district", "type": "division"},
    {"code": "shop.origin", "type": "place"},
    {
        "code": "shop.owners",
        "type": "group",
        "min_rows": 1,
        "max_rows": 3,
        "row_zh": "股东",
        "row_en": "shareholder",
        "fields": [
            {"code": "name", "type": "person_name", **WORDS},
            {"code": "share", "type": "decimal", "required": False, **WORDS},
        ],
    },
]


def every_kind_service(uses: list[Any] | None = None) -> Any:
    """Return a published service that asks one element of every kind, `shop.name` required, the rest optional."""
    own = [{**WORDS, "en": f"Question {one['code']}", "zh": f"题{one['code']}", **one} for one in EVERY_KIND]
    asked = uses or ["shop.name", *(f"{one['code']}?" for one in EVERY_KIND if one["code"] not in _SPECIAL), _MORE]
    return published_service(form={"own": own, "uses": asked})


_MORE = {"element": "shop.more", "required": True, "visible_if": "shop.kind == 'two'"}
_SPECIAL = ("shop.name", "shop.more")


def begun_draft(**values: Any) -> tuple[Client, Application, str]:
    """Return the browser of a person who began this service's draft, the draft, and its section's address."""
    person: Person = PersonFactory(user__language="en")
    draft = start_draft(offer=every_kind_service(), party=person.ref, by=person.user, at=database_now(), **values)
    browser = browser_of(person.user)
    return browser, draft, reverse("applicant:section", args=[draft.public_id, "request"])


def browser_of(user: Any) -> Client:
    """Return a browser in which somebody is signed in."""
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


class OpenPage:
    """A section as it lies open in a browser's tab: what it shows and what it would send."""

    def __init__(self, browser: Client, address: str) -> None:
        self.browser, self.address = browser, address
        self.read(browser.get(address))

    def read(self, answer: Any) -> None:
        """Take in a whole page."""
        assert answer.status_code == 200, answer.content[:400]
        self.text = answer.content.decode()
        self.tree = lxml.html.fromstring(self.text)
        form = self.tree.get_element_by_id("section-form")
        self.fields: dict[str, list[str]] = {}
        areas = {one.get("name") for one in form.xpath(".//textarea")}
        for name, value in form.form_values():
            # As a browser does: the first line break of a text area is not part of its text.
            self.fields.setdefault(name, []).append(value.removeprefix("\n") if name in areas else value)

    def autosave(self, **typed: Any) -> Any:
        """Type and let the page save by itself; returns the fragment's tree, whose marks the page takes over."""
        self.type(**typed)
        answer = self.browser.post(self.address, self.fields, headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.content[:400]
        tree = lxml.html.fromstring(f"<div>{answer.content.decode()}</div>")
        for name in ("asked", "base"):
            self.fields[name] = tree.xpath(f"//input[@name='{name}']/@value")
        return tree

    def save(self, button: str = "save", value: str = "yes", **typed: Any) -> Any:
        """Type and press a button; returns the answer, and reads the page if it is the same again."""
        self.type(**typed)
        answer = self.browser.post(self.address, {**self.fields, button: value})
        if answer.status_code == 200:
            self.read(answer)
        return answer

    def type(self, **typed: Any) -> None:
        """Put values into fields; names with _ for -."""
        for name, value in typed.items():
            self.fields[name.replace("__", "-")] = value if isinstance(value, list) else [value]

    def words(self) -> str:
        """Return the visible words of the main part."""
        return " ".join(self.tree.xpath("//main")[0].text_content().split())
