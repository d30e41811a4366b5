"""The header leads everybody to her own doors, and asks for nothing on behalf of visitors."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from portal.accounts.context_processors import doors
from services.notifications.queries import MANY_UNREAD
from services.parties.enums import Role
from tests.factories.accounts import UserFactory
from tests.factories.notifications import NoticeFactory
from tests.factories.parties import DepartmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def test_a_visitor_sees_no_door(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with django_assert_num_queries(0):
        assert doors(request) == {"nav_items": [], "unread_count": 0}


def test_an_administrator_sees_her_door_and_her_messages(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    user = UserFactory()
    MembershipFactory(user=user, department=DepartmentFactory(), role=Role.ADMIN)
    request = RequestFactory().get("/admin/")
    request.user = user
    given = doors(request)
    with django_assert_num_queries(2):
        seen = [(item["url"], item["current"]) for item in given["nav_items"]()]
        assert seen == [("/oversight/calendars/", False), ("/admin/", True)]
        assert given["unread_count"]() == 0
        given["nav_items"]()
        given["unread_count"]()


def test_a_hundred_messages_are_not_counted() -> None:
    request = RequestFactory().get("/")
    request.user = UserFactory()
    NoticeFactory.create_batch(MANY_UNREAD - 1, inbox=True, recipient=request.user)
    assert doors(request)["unread_count"]() == 99
    NoticeFactory(inbox=True, recipient=request.user)
    assert doors(request)["unread_count"]() == "99+"
