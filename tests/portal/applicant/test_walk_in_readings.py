"""What a clerk reads of an application she took at the window is written down, and over with her post."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from services.access.enums import Purpose
from services.access.models import AccessLog
from services.cases.enums import ApplicationState, Channel
from services.parties.enums import Role
from services.parties.models import Membership
from tests.factories.accounts import UserFactory
from tests.factories.cases import ApplicationFactory
from tests.factories.catalogue import published_service
from tests.factories.parties import MembershipFactory, PersonFactory
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


def test_a_walk_in_is_read_with_a_row_and_only_while_she_is_a_clerk() -> None:
    person, clerk = PersonFactory(name="张答案雀"), UserFactory()
    MembershipFactory(user=clerk, role=Role.CLERK)
    service = published_service(form={"uses": ["person.name"]}, materials=[{"code": "layout-plan"}])
    draft = ApplicationFactory(
        person=person, service=service, state=ApplicationState.DRAFT, number=None, submitted_at=None, run=None,
        channel=Channel.COUNTER, filed_by=clerk, answers={"person.name": "张答案雀"},
    )  # fmt: skip
    client = Client()
    client.force_login(clerk)
    pages = [reverse(f"applicant:{name}", args=[draft.public_id]) for name in ("application", "documents", "review")]
    pages.append(reverse("applicant:section", args=[draft.public_id, "person"]))
    shown = 0
    for page in pages:
        before = AccessLog.objects.filter(reader=clerk, subject_id=str(draft.pk), purpose=Purpose.WALK_IN).count()
        body = client.get(page).content.decode()
        shown += "张答案雀" in body
        after = AccessLog.objects.filter(reader=clerk, subject_id=str(draft.pk), purpose=Purpose.WALK_IN).count()
        assert after == before + 1, page
    assert shown >= 2, "the pages show her data"
    listed = client.get(reverse("applicant:cases")).content.decode()
    assert draft.public_id in listed
    assert "张答案雀" not in listed, "a list shows nobody's whole name"
    Membership.objects.filter(user=clerk).update(until=database_now() - timedelta(minutes=1))
    assert client.get(pages[0]).status_code == 404
    assert draft.public_id not in client.get(reverse("applicant:cases")).content.decode()


def test_an_administrator_sees_masked_names_and_leaves_a_row_where_she_opens_one() -> None:
    person, admin = PersonFactory(), UserFactory(is_staff=True, is_superuser=True)
    assert person.user is not None
    type(person.user).objects.filter(pk=person.user.pk).update(name="张答案雀")
    client = Client()
    client.force_login(admin)
    assert "张答案雀" not in client.get("/admin/accounts/user/").content.decode()
    assert not AccessLog.objects.exists()
    page = client.get(f"/admin/accounts/user/{person.user.pk}/change/")
    if page.status_code == 200:
        assert AccessLog.objects.filter(reader=admin, subject_id=str(person.pk), purpose=Purpose.ACCOUNT).exists()
