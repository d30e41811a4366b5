"""Home, search and the list: what is found, what filters do, and how many queries it takes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from services.cases.models import Application
from services.catalogue.enums import HandlingKind
from tests.factories.accounts import UserFactory
from tests.factories.catalogue import load_shipped_catalogue, published_bundle, published_service
from tests.factories.papers import AT
from tests.factories.parties import DepartmentFactory, PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def _names(client: Client, address: str) -> list[str]:
    return [card["name"] for card in client.get(address).context["cards"]]


def _queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("address", ["/", "/services/", "/search/?q=service", "/services/?audience=person&page=2"])
def test_the_number_of_queries_does_not_grow(client: Client, address: str) -> None:
    first = published_service(name_en="Service one")
    published_bundle(parts=[{"service": first.item}])
    with_one = _queries(client, address)
    for number in range(30):
        version = published_service(name_en=f"Service {number} more")
        published_bundle(parts=[{"service": version.item}, {"service": first.item}])
    assert _queries(client, address) == with_one
    assert with_one <= 8


def test_an_empty_catalogue_says_so(english: Client) -> None:
    assert "No service is published yet" in english.get("/").text
    assert "Nothing found" in english.get("/services/").text


def test_search_finds_by_synonym_and_offers_something_when_nothing_fits(english: Client) -> None:
    load_shipped_catalogue()
    assert _names(english, "/search/?q=饭馆")[0] == "Open a restaurant"
    nothing = english.get("/search/?q=zzzzzz")
    assert nothing.context["cards"] == []
    assert nothing.context["instead"]


def test_filters_narrow_and_stay_in_the_address(english: Client) -> None:
    office, other = DepartmentFactory(), DepartmentFactory()
    published_service(
        name_en="Spot", item__department=office, promised_amount=0, handling_kind=HandlingKind.ON_THE_SPOT
    )
    published_service(name_en="Slow", item__department=other, audiences=["2"], online_depth=["1"])
    assert _names(english, "/services/?spot=1") == ["Spot"]
    assert _names(english, "/services/?audience=business") == ["Slow"]
    assert _names(english, f"/services/?department={office.code}") == ["Spot"]
    assert _names(english, "/services/?online=1") == ["Spot"]
    assert _names(english, "/services/?online=1&audience=business") == []
    page = english.get("/services/?spot=1&department=" + office.code)
    assert any("spot=1" in chip["url"] and "online=1" in chip["url"] for chip in page.context["chips"])


def test_life_events_show_only_what_has_services(english: Client) -> None:
    published_service(name_en="Dog", person_themes=["060"])
    events = english.get("/").context["events"]
    assert [(event["name"], event["count"]) for event in events] == [("Get married", 1)]
    assert _names(english, "/services/?event=marriage") == ["Dog"]
    assert _names(english, "/services/?event=unknown") == ["Dog"]


def test_strange_addresses_do_no_harm(client: Client) -> None:
    published_service()
    for address in (
        "/services/?page=-1",
        "/services/?page=abc",
        "/search/?q=%00",
        "/search/?q=%25_'\"",
        "/services/?audience=x",
    ):
        assert client.get(address).status_code == 200
    assert "<script>alert" not in client.get("/search/?q=<script>alert(1)</script>").text


def test_who_signed_in_goes_on_where_she_left(english: Client) -> None:
    version = published_service(name_en="Dog registration")
    person = PersonFactory(user__language="en")
    user = person.user
    Application.objects.create(
        service=version, party_kind="person", party_id=person.pk, filed_by=user, created_at=AT, changed_at=AT
    )
    assert english.get("/").context["drafts"] == []
    english.force_login(user)
    draft = english.get("/").context["drafts"][0]
    assert draft["name"] == "Dog registration"
    assert draft["url"].startswith("/my/applications/")
    english.force_login(UserFactory())
    assert english.get("/").context["drafts"] == []
