"""The managers' page of what could not be sent."""

from __future__ import annotations

import pytest
from django.test import Client

from services.notifications.enums import NoticeStatus
from services.notifications.models import AddressCorrection, Notice
from tests.factories.notifications import NoticeFactory
from tests.factories.parties import MembershipFactory

pytestmark = pytest.mark.django_db
PAGE = "/oversight/notices/"


def signed_in(role: str, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    user = MembershipFactory(department__code="ZWB", role=role, user__language=language).user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_nothing_waits() -> None:
    assert "No message waits for you here" in signed_in("manager").get(PAGE).content.decode()


@pytest.mark.parametrize(("language", "word"), [("en", "Send the chosen ones again"), ("zh-hans", "重新发送所选")])
def test_neither_text_nor_name_nor_address_is_shown(language: str, word: str) -> None:
    NoticeFactory(dead=True, recipient__name="李小敏", recipient__email="xiaomin@example.com")
    page = signed_in("manager", language).get(PAGE).content.decode()
    assert word in page
    assert "李*敏" in page
    assert "x***@example.com" in page
    for hidden in ("李小敏", "xiaomin", "食品经营许可", "Food licence"):
        assert hidden not in page


def test_filters_narrow_the_list() -> None:
    NoticeFactory(dead=True, last_error="NoAddress")
    NoticeFactory(dead=True, kind="case_refused")
    client = signed_in("auditor")
    assert len(client.get(PAGE).context["letters"]) == 2
    assert len(client.get(PAGE, {"error": "NoAddress"}).context["letters"]) == 1
    assert len(client.get(PAGE, {"kind": "case_refused", "channel": "email", "age": "1"}).context["letters"]) == 1
    assert "No message waits" in client.get(PAGE, {"channel": "sms", "age": "x"}).content.decode()


def test_many_are_sent_again_or_given_up() -> None:
    dead = NoticeFactory.create_batch(3, dead=True)
    client = signed_in("manager")
    keys = [notice.pk for notice in dead]
    page = client.post(f"{PAGE}mend/", {"how": "retry", "notice": keys[:2]}, follow=True).content.decode()
    assert "2 messages are sent again." in page
    page = client.post(f"{PAGE}mend/", {"how": "cancel", "notice": keys}, follow=True).content.decode()
    assert "1 message is given up." in page
    statuses = [Notice.objects.get(pk=key).status for key in keys]
    assert statuses == [NoticeStatus.QUEUED, NoticeStatus.QUEUED, NoticeStatus.CANCELLED]
    assert "Choose at least one" in client.post(f"{PAGE}mend/", {"how": "retry"}, follow=True).content.decode()


def test_one_is_sent_to_a_corrected_address() -> None:
    notice = NoticeFactory(dead=True)
    client = signed_in("manager")
    address = f"{PAGE}{notice.pk}/address/"
    assert address in client.get(PAGE).content.decode()
    assert client.post(address, {"address": "nobody", "reason": "r"}).status_code == 422
    assert client.post(address, {"address": "a@example.com", "reason": ""}).status_code == 422
    done = client.post(address, {"address": "right@example.com", "reason": "来电告知"}, follow=True)
    assert "sent to the new address now" in done.content.decode()
    assert AddressCorrection.objects.get().address == "right@example.com"
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("role", ["auditor", "handler", "admin"])
def test_nobody_else_mends(role: str) -> None:
    notice = NoticeFactory(dead=True)
    client = signed_in(role)
    assert client.post(f"{PAGE}mend/", {"how": "cancel", "notice": [notice.pk]}).status_code == 403
    assert client.get(f"{PAGE}{notice.pk}/address/").status_code == 403
    notice.refresh_from_db()
    assert notice.status == NoticeStatus.DEAD
