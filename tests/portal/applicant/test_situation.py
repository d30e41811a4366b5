"""Questions about the situation while applying: answers come in the address and decide at once what is needed."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.situations.address import in_digits
from services.cases.models import Application
from tests.factories.catalogue import published_bundle, published_service
from tests.factories.parties import PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> Client:
    person = PersonFactory.create()
    assert person.user is not None
    person.user.language = "en"
    person.user.save()
    client.force_login(person.user)
    return client


@pytest.fixture
def address() -> str:
    first = published_service(name_en="Always", materials=[{"code": "plan", "name_en": "The plan"}])
    second = published_service(name_en="With a sign", materials=[{"code": "sketch", "name_en": "A sketch"}])
    published_bundle(
        bundle__code="shop",
        parts=[
            {"service": first.item, "key": "a"},
            {"service": second.item, "key": "b", "condition": "answers.sign == true"},
        ],
        questions=[{"key": "sign", "text_en": "A sign?"}, {"key": "size", "kind": "number", "text_en": "How large?"}],
        stops=[{"condition": "answers.size > 100.0", "message_en": "Too large."}],
    )
    return "/my/apply/bundle/shop/"


def test_answers_in_the_address_are_carried_into_the_application(owner: Client, address: str) -> None:
    page = owner.get(f"{address}?sign=yes&size=20")
    assert page.context["needs"].answered
    assert "A sketch" in page.text
    assert "How this is calculated" in page.text
    owner.post(f"{address}?sign=yes&size=20", {"sign": "yes", "size": "20", "go": ""})
    assert Application.objects.get().situation == {"sign": True, "size": 20.0}


def test_a_changed_answer_changes_the_page_without_starting_anything(owner: Client, address: str) -> None:
    changed = owner.post(address, {"sign": "no"}, headers={"HX-Request": "true"}).text
    assert "<html" not in changed
    assert 'id="needs" hx-swap-oob' in changed
    assert "A sketch" not in changed
    assert "The plan" in changed
    by_button = owner.post(address, {"sign": "no", "update": "yes"}).text
    assert "<html" in by_button
    assert "A sketch" not in by_button
    assert not Application.objects.exists()


def test_a_reason_to_stop_is_explained_and_nothing_is_started(owner: Client, address: str) -> None:
    page = owner.post(address, {"sign": "no", "size": "101", "go": ""})
    assert "Too large." in page.text
    assert "change it" in page.text
    assert not Application.objects.exists()


@pytest.mark.parametrize("junk", ["sign=perhaps", "size=-1", "size=" + "9" * 400, "sign=%00&size=%F0%9F%92%A9", "x=1"])
def test_junk_in_the_address_is_no_answer(owner: Client, address: str, junk: str) -> None:
    page = owner.get(f"{address}?{junk}")
    assert page.status_code == 200
    assert not page.context["needs"].answered


@pytest.mark.parametrize("number", ["123456.75", "12345678", "0.1", "420", "0", "999999999.5"])
def test_a_number_is_carried_on_with_every_digit(owner: Client, address: str, number: str) -> None:
    assert in_digits(float(number)) == number
    page = owner.get(address, {"sign": "yes", "size": number}).content.decode()
    assert f'value="{number}"' in page
