"""Who reads, who mends."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from services.notifications.permissions import can_mend_notices, can_read_notice
from services.parties.enums import Role
from tests.factories.accounts import UserFactory
from tests.factories.notifications import AT, NoticeFactory
from tests.factories.parties import MembershipFactory

pytestmark = pytest.mark.django_db


def test_only_the_recipient_reads_and_only_her_inbox() -> None:
    notice = NoticeFactory(inbox=True)
    assert can_read_notice(notice.recipient, notice)
    assert not can_read_notice(UserFactory(is_superuser=True), notice)
    assert not can_read_notice(AnonymousUser(), notice)
    assert not can_read_notice(notice.recipient, NoticeFactory(recipient=notice.recipient))
    notice.recipient.is_active = False
    assert not can_read_notice(notice.recipient, notice)


@pytest.mark.parametrize("role", Role)
def test_managers_and_administrators_mend(role: Role) -> None:
    user = MembershipFactory(role=role).user
    assert can_mend_notices(user, AT) == (role in (Role.MANAGER, Role.ADMIN))


def test_superuser_mends_while_active() -> None:
    assert can_mend_notices(UserFactory(is_superuser=True), AT)
    assert not can_mend_notices(UserFactory(is_superuser=True, is_active=False), AT)
    assert not can_mend_notices(UserFactory(), AT)
    assert not can_mend_notices(AnonymousUser(), AT)
