"""The outbox in the admin: no text, two actions."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from services.notifications.enums import NoticeStatus
from tests.factories.accounts import UserFactory
from tests.factories.notifications import NoticeFactory

pytestmark = pytest.mark.django_db
LIST = "admin:notifications_notice_changelist"


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def test_text_is_not_shown(administrator: Client) -> None:
    notice = NoticeFactory()
    for address in (reverse(LIST), reverse("admin:notifications_notice_change", args=[notice.pk])):
        page = administrator.get(address)
        assert page.status_code == 200
        assert "食品经营许可" not in page.content.decode()


def test_nothing_is_added_changed_or_removed(administrator: Client) -> None:
    notice = NoticeFactory()
    assert administrator.get(reverse("admin:notifications_notice_add")).status_code == 403
    assert administrator.post(reverse("admin:notifications_notice_delete", args=[notice.pk])).status_code == 403
    assert administrator.post(reverse("admin:notifications_notice_change", args=[notice.pk]), {}).status_code == 403


@pytest.mark.parametrize(
    ("action", "status"), [("send_again", NoticeStatus.QUEUED), ("cancel", NoticeStatus.CANCELLED)]
)
def test_dead_notice_is_mended_and_a_sent_one_is_not(administrator: Client, action: str, status: str) -> None:
    dead, sent = NoticeFactory(dead=True), NoticeFactory(inbox=True)
    page = administrator.post(reverse(LIST), {"action": action, "_selected_action": [dead.pk, sent.pk]}, follow=True)
    dead.refresh_from_db()
    sent.refresh_from_db()
    assert (dead.status, sent.status) == (status, NoticeStatus.SENT)
    assert len(page.context["messages"]) == 2


def test_staff_without_the_post_mend_nothing(client: Client) -> None:
    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_notice"))
    client.force_login(user)
    dead = NoticeFactory(dead=True)
    client.post(reverse(LIST), {"action": "cancel", "_selected_action": [dead.pk]})
    dead.refresh_from_db()
    assert dead.status == NoticeStatus.DEAD
