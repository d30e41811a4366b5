"""The door people come in by."""

from __future__ import annotations

from types import ModuleType

import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import clear_url_caches, include, path
from django.utils import timezone

from portal.accounts.landing import APPLICANT_DOOR, DOORS, door_of
from services.parties.enums import Role
from tests.factories.accounts import UserFactory
from tests.factories.parties import MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db


def door(name: str, prefix: str):
    """The door whose first page DOORS names, at an address of this test."""
    names = [APPLICANT_DOOR, *(page for _, page in DOORS)]
    pages = [page.partition(":")[2] for page in names if page.startswith(f"{name}:")]
    views = [
        path(f"{number or ''}", lambda request: HttpResponse(name), name=page) for number, page in enumerate(pages)
    ]
    return path(prefix, include((views, name)))


@pytest.fixture
def urls():
    """Addresses with every door but the studio's."""
    module = ModuleType("doors")
    module.urlpatterns = [
        door("applicant", "my/"),
        door("counter", "counter/"),
        door("desk", "desk/"),
        door("oversight", "oversight/"),
    ]
    with override_settings(ROOT_URLCONF=module):
        clear_url_caches()
        yield
    clear_url_caches()


@pytest.mark.parametrize(
    ("role", "address"),
    [
        (Role.CLERK, "/counter/"),
        (Role.HANDLER, "/desk/"),
        (Role.CHECKER, "/desk/"),
        (Role.APPROVER, "/desk/"),
        (Role.HEAD, "/desk/"),
        (Role.MANAGER, "/oversight/"),
        (Role.AUDITOR, "/oversight/"),
        (Role.ADMIN, "/oversight/1"),
        (Role.DESIGNER, "/"),
    ],
)
def test_staff_come_in_by_the_door_of_their_post(urls, role, address):
    assert door_of(MembershipFactory(role=role).user, timezone.now()) == address


def test_citizens_come_in_by_the_applicants_door(urls):
    assert door_of(PersonFactory().user, timezone.now()) == "/my/"
    assert door_of(UserFactory(), timezone.now()) == "/my/"


def test_a_designer_who_is_also_an_applicant_goes_to_the_applicants_door_while_there_is_no_studio(urls):
    person = PersonFactory()
    MembershipFactory(user=person.user, role=Role.DESIGNER)
    assert door_of(person.user, timezone.now()) == "/my/"
