"""Whose applications are whose: what a clerk filed at the window is hers to see as long as she serves at one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.urls import reverse

from services.cases.enums import ApplicationState, Channel, HandOverTo
from services.cases.models import Application, HandOver
from services.cases.permissions import applications_of, applications_open_to, applications_with_papers_for
from services.documents.enums import PaperKind
from tests.factories.cases import ApplicationFactory
from tests.factories.drafts import browser_of
from tests.factories.parties import MembershipFactory, PersonFactory
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db
LISTS = (
    applications_of,
    applications_open_to,
    *(partial(applications_with_papers_for, kind=kind) for kind in (PaperKind.RECEIPT, PaperKind.CERTIFICATE)),
)


def test_who_no_longer_serves_at_a_window_sees_nothing_she_filed_or_held_there() -> None:
    at = database_now()
    post = MembershipFactory(role="clerk", department__code="ZWB")
    filed = ApplicationFactory(person=PersonFactory())
    held = ApplicationFactory(
        person=PersonFactory(), state=ApplicationState.DRAFT, number=None, submitted_at=None, run=None
    )
    Application.objects.filter(pk=filed.pk).update(filed_by=post.user, channel=Channel.COUNTER)
    HandOver.objects.create(
        application=held, to=HandOverTo.COUNTER, code_hash="0", made_by=held.filed_by, made_at=at, expires_at=at,
        taken_by=post.user, taken_at=at,
    )  # fmt: skip
    page = reverse("applicant:application", args=[filed.public_id])
    for rows in LISTS:
        assert set(rows(post.user, at)) == {filed, held}
    assert browser_of(post.user).get(page).status_code == 200

    post.until = at - timedelta(seconds=1)
    post.save()
    for rows in LISTS:
        assert not rows(post.user, at).exists()
    assert browser_of(post.user).get(page).status_code == 404
    assert browser_of(post.user).get(reverse("applicant:application", args=[held.public_id])).status_code == 404


def test_a_clerk_sees_nothing_another_window_filed() -> None:
    at = database_now()
    one, other = (MembershipFactory(role="clerk", department__code="ZWB") for _ in range(2))
    filed = ApplicationFactory(person=PersonFactory())
    Application.objects.filter(pk=filed.pk).update(filed_by=one.user, channel=Channel.COUNTER)
    for rows in LISTS:
        assert not rows(other.user, at).exists()
