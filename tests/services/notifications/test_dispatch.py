"""Sending what is owed, over real SMTP and HTTP, from a real outbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from portal.demo.servers import LOOPBACK, free_port
from portal.demo.sms_gateway import Fault, SmsGateway
from services.notifications import dispatch, sending
from services.notifications.channels import sms
from services.notifications.dispatch import LEASE, Dispatched, dispatch_notices
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from services.notifications.retries import DELAYS, MAX_ATTEMPTS
from tests.factories.notifications import AT, NoticeFactory
from tests.services.notifications.conftest import MailServer

pytestmark = pytest.mark.django_db


def test_mail_arrives_in_the_recipients_language(mail_server: MailServer) -> None:
    english = NoticeFactory(recipient__language="en")
    chinese = NoticeFactory()
    assert dispatch_notices(at=AT, worker="w") == Dispatched(sent=2, retry=0, dead=0, more=False)
    mails = {mail.to: mail for mail in mail_server.mails}
    mail = mails[english.recipient.email]
    assert mail.subject == "Granted: Food licence"
    assert mail.language == "en"
    assert mail.message_id == f"<{english.provider_key}@one-stop.example>"
    assert "See the details: https://one-stop.example/my/cases/34/" in mail.text
    assert '<a href="https://one-stop.example/my/cases/34/">See the details</a>' in mail.html
    assert mails[chinese.recipient.email].subject == "准予决定：食品经营许可"
    assert "市场监督管理局" in mails[chinese.recipient.email].text


def test_sent_notice_says_when_and_is_not_sent_again(mail_server: MailServer) -> None:
    notice = NoticeFactory()
    dispatch_notices(at=AT, worker="w")
    notice.refresh_from_db()
    assert notice.status == NoticeStatus.SENT
    assert AT <= notice.sent_at < AT + timedelta(seconds=30)
    assert (notice.attempts, notice.lease_by, notice.next_attempt_at) == (1, "", None)
    assert dispatch_notices(at=AT + timedelta(days=1), worker="w").sent == 0
    assert mail_server.taken == 1


def test_nothing_is_sent_before_its_time(mail_server: MailServer) -> None:
    NoticeFactory(next_attempt_at=AT + timedelta(minutes=5))
    assert dispatch_notices(at=AT, worker="w").sent == 0


def test_values_cannot_add_headers_or_markup(mail_server: MailServer) -> None:
    evil = "<b>x</b>\r\nBcc: all@example.com"
    NoticeFactory(recipient__language="en", params={**NoticeFactory.params, "service_en": evil})
    dispatch_notices(at=AT, worker="w")
    (mail,) = mail_server.mails
    assert mail.subject == "Granted: <b>x</b> Bcc: all@example.com"
    assert b"\nBcc:" not in mail.path.read_bytes()
    assert "<b>" not in mail.html
    assert "&lt;b&gt;x&lt;/b&gt;" in mail.html


def test_address_with_a_line_break_is_never_used(mail_server: MailServer) -> None:
    notice = NoticeFactory(recipient__email="a@example.com\r\nBcc: b@example.com")
    dispatch_notices(at=AT, worker="w")
    notice.refresh_from_db()
    assert (notice.status, notice.last_error) == (NoticeStatus.DEAD, "BadHeaderError")
    assert not mail_server.mails


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [
        ("550 5.1.1 no such user", NoticeStatus.DEAD, "SMTPRecipientsRefused 550"),
        ("451 4.7.1 greylisted", NoticeStatus.RETRY, "SMTPRecipientsRefused 451"),
        ("452 4.2.2 full", NoticeStatus.RETRY, "SMTPRecipientsRefused 452"),
    ],
)
def test_a_refused_address_concerns_this_notice_only(
    mail_server: MailServer, reply: str, status: str, error: str
) -> None:
    refused, other = NoticeFactory(), NoticeFactory()
    mail_server.replies[refused.recipient.email] = reply
    dispatch_notices(at=AT, worker="w")
    refused.refresh_from_db()
    assert (refused.status, refused.last_error) == (status, error)
    assert [mail.to for mail in mail_server.mails] == [other.recipient.email]


@pytest.mark.parametrize(
    ("reply", "status"), [("554 5.7.1 spam", NoticeStatus.DEAD), ("451 try later", NoticeStatus.RETRY)]
)
def test_a_refused_content_is_classed_by_its_reply(mail_server: MailServer, reply: str, status: str) -> None:
    notice = NoticeFactory()
    mail_server.after_data.append(reply)
    dispatch_notices(at=AT, worker="w")
    notice.refresh_from_db()
    assert notice.status == status
    assert notice.last_error == f"SMTPDataError {reply[:3]}"


def test_retries_wait_longer_each_time_and_end(mail_server: MailServer) -> None:
    notice = NoticeFactory()
    mail_server.replies[notice.recipient.email] = "451 later"
    at, waits = AT, []
    for _ in range(MAX_ATTEMPTS):
        assert dispatch_notices(at=at, worker="w").sent == 0
        notice.refresh_from_db()
        if notice.next_attempt_at:
            waits.append(notice.next_attempt_at - at)
            at = notice.next_attempt_at
    assert (notice.status, notice.attempts) == (NoticeStatus.DEAD, MAX_ATTEMPTS)
    assert len(waits) == MAX_ATTEMPTS - 1
    for wait, delay in zip(waits, [*DELAYS, DELAYS[-1], DELAYS[-1]], strict=True):
        assert delay * 0.8 <= wait <= delay * 1.2 + timedelta(seconds=5)


def test_a_retried_notice_gets_through_with_the_same_key(mail_server: MailServer) -> None:
    notice = NoticeFactory()
    mail_server.replies[notice.recipient.email] = "451 later"
    dispatch_notices(at=AT, worker="w")
    mail_server.replies.clear()
    assert dispatch_notices(at=AT + timedelta(minutes=1), worker="w").sent == 1
    assert str(notice.provider_key) in mail_server.mails[0].message_id


def test_an_unreachable_server_costs_one_attempt_in_all(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = LOOPBACK, free_port()
    NoticeFactory.create_batch(30)
    assert dispatch_notices(at=AT, worker="w") == Dispatched(sent=0, retry=1, dead=0, more=False)
    assert sum(Notice.objects.values_list("attempts", flat=True)) == 1
    assert Notice.objects.get(attempts=1).last_error == "ConnectionRefusedError"
    assert not Notice.objects.exclude(lease_by="").exists()


def test_a_server_that_closes_is_left_alone_until_later(mail_server: MailServer) -> None:
    notices = NoticeFactory.create_batch(3)
    mail_server.replies[notices[0].recipient.email] = "421 closing"
    assert dispatch_notices(at=AT, worker="w") == Dispatched(sent=0, retry=1, dead=0, more=False)
    mail_server.replies.clear()
    assert dispatch_notices(at=AT + timedelta(minutes=1), worker="w").sent == 3


def test_lost_address_and_lost_kind_are_given_up(mail_server: MailServer) -> None:
    gone, old = NoticeFactory(), NoticeFactory(kind="birthday")
    get_user_model().objects.filter(pk=gone.recipient_id).update(is_active=False)
    dispatch_notices(at=AT, worker="w")
    errors = dict(Notice.objects.filter(status=NoticeStatus.DEAD).values_list("pk", "last_error"))
    assert errors == {gone.pk: "NoAddress", old.pk: "MessageError"}


def test_a_bug_with_one_notice_does_not_hold_up_the_others(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = NoticeFactory(), NoticeFactory()
    render = sending.render

    def fail_on_one(kind: str, params: Any, language: str) -> Any:
        if params["case"] == "broken":
            raise RuntimeError
        return render(kind, params, language)

    monkeypatch.setattr(sending, "render", fail_on_one)
    broken.params = {**broken.params, "case": "broken"}
    broken.save()
    assert dispatch_notices(at=AT, worker="w") == Dispatched(sent=1, retry=1, dead=0, more=False)
    fine.refresh_from_db()
    assert fine.status == NoticeStatus.SENT


def leased_until(notice: Notice, instant: Any, **changes: Any) -> None:
    Notice.objects.filter(pk=notice.pk).update(
        status=NoticeStatus.SENDING, lease_by="gone/1", lease_until=instant, next_attempt_at=instant, **changes
    )


def test_a_lease_is_respected_and_taken_over_when_it_ends(mail_server: MailServer) -> None:
    notice = NoticeFactory()
    leased_until(notice, AT + LEASE, attempts=1)
    assert dispatch_notices(at=AT, worker="w").sent == 0
    assert dispatch_notices(at=AT + LEASE, worker="w").sent == 1
    notice.refresh_from_db()
    assert notice.attempts == 2


def test_a_notice_its_dispatchers_die_over_is_given_up(mail_server: MailServer) -> None:
    notice = NoticeFactory()
    leased_until(notice, AT, attempts=MAX_ATTEMPTS)
    assert dispatch_notices(at=AT, worker="w").dead == 1
    notice.refresh_from_db()
    assert notice.last_error == "LeaseExpired"
    assert not mail_server.mails


def test_who_lost_the_lease_marks_nothing(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = NoticeFactory()

    mark = dispatch._mark

    def lose_it(ended: Any, at: Any) -> list[str]:
        Notice.objects.filter(pk=notice.pk).update(lease_by="another/2")
        return mark(ended, at)

    monkeypatch.setattr(dispatch, "_mark", lose_it)
    dispatch_notices(at=AT, worker="w")
    assert mail_server.taken == 1
    notice.refresh_from_db()
    assert (notice.status, notice.lease_by) == (NoticeStatus.SENDING, "another/2")


def test_slow_sending_hands_the_rest_of_the_batch_back(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "BEGIN_WITHIN", timedelta(seconds=0.05))
    monkeypatch.setattr(dispatch, "WORK_WITHIN", timedelta(seconds=0.05))
    monkeypatch.setattr(dispatch, "AT_ONCE", 1)
    mail_server.wait = 0.1
    NoticeFactory.create_batch(3)
    assert dispatch_notices(at=AT, worker="w") == Dispatched(sent=1, retry=0, dead=0, more=True)
    waiting = Notice.objects.exclude(status=NoticeStatus.SENT)
    assert set(waiting.values_list("status", "attempts", "lease_by")) == {(NoticeStatus.QUEUED, 0, "")}


def test_limit_is_kept_and_told(mail_server: MailServer) -> None:
    NoticeFactory.create_batch(5)
    assert dispatch_notices(at=AT, limit=3, worker="w") == Dispatched(sent=3, retry=0, dead=0, more=True)
    assert dispatch_notices(at=AT, limit=3, worker="w") == Dispatched(sent=2, retry=0, dead=0, more=False)


@pytest.fixture
def text_message(sms_gateway: SmsGateway, monkeypatch: pytest.MonkeyPatch) -> Notice:
    monkeypatch.setattr(sms, "TIMEOUT", sms.httpx.Timeout(0.3))
    monkeypatch.setattr(dispatch, "contacts_of", mobile_of)
    return NoticeFactory(channel=Channel.SMS)


def mobile_of(user_ids: Any) -> dict[int, Any]:
    from services.notifications.queries import Contact

    return {key: Contact(language="zh-hans", email="", mobile="13800000000") for key in user_ids}


def test_text_message_reaches_the_gateway(sms_gateway: SmsGateway, text_message: Notice) -> None:
    assert dispatch_notices(at=AT, worker="w").sent == 1
    (message,) = sms_gateway.recorder.messages
    assert message["client_id"] == str(text_message.provider_key)
    assert message["to"] == "13800000000"
    assert "食品经营许可" in message["text"]


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Fault(kind="status", value=500), NoticeStatus.RETRY, "HTTP 500"),
        (Fault(kind="status", value=429), NoticeStatus.RETRY, "HTTP 429"),
        (Fault(kind="status", value=302), NoticeStatus.RETRY, "HTTP 302"),
        (Fault(kind="status", value=401), NoticeStatus.RETRY, "HTTP 401"),
        (Fault(kind="status", value=422), NoticeStatus.DEAD, "HTTP 422"),
        (Fault(kind="delay", value=2), NoticeStatus.RETRY, "ReadTimeout"),
    ],
)
def test_gateway_fault_is_classed(
    sms_gateway: SmsGateway, text_message: Notice, fault: Fault, status: str, error: str
) -> None:
    sms_gateway.faults.append(fault)
    dispatch_notices(at=AT, worker="w")
    text_message.refresh_from_db()
    assert (text_message.status, text_message.last_error) == (status, error)


def test_accepted_but_unanswered_text_message_is_recorded_once(sms_gateway: SmsGateway, text_message: Notice) -> None:
    sms_gateway.faults.append(Fault(kind="silence", value=2))
    assert dispatch_notices(at=AT, worker="w").retry == 1
    assert dispatch_notices(at=AT + timedelta(minutes=1), worker="w").sent == 1
    assert sms_gateway.calls == 2
    assert len(sms_gateway.recorder.messages) == 1


def test_wrong_key_reaches_nobody(sms_gateway: SmsGateway, text_message: Notice, settings: Any) -> None:
    settings.SMS_GATEWAY_KEY = "guessed"
    assert dispatch_notices(at=AT, worker="w").retry == 1
    assert not sms_gateway.recorder.messages


def test_gateway_that_was_removed_or_is_away_keeps_the_message(
    sms_gateway: SmsGateway, text_message: Notice, settings: Any
) -> None:
    for url, error in [("", "NoGateway"), (f"http://{LOOPBACK}:{free_port()}/messages", "ConnectError")]:
        settings.SMS_GATEWAY_URL = url
        Notice.objects.update(next_attempt_at=AT)
        assert dispatch_notices(at=AT, worker="w").retry == 1
        text_message.refresh_from_db()
        assert text_message.last_error == error


def test_a_dead_channel_does_not_hold_up_another(
    mail_server: MailServer, sms_gateway: SmsGateway, text_message: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    NoticeFactory()
    sms_gateway.faults.append(Fault(kind="status", value=401))
    monkeypatch.setattr(
        dispatch,
        "contacts_of",
        lambda keys: {
            key: type(contact)(language="en", email="a@example.com", mobile="13800000000")
            for key, contact in mobile_of(keys).items()
        },
    )
    assert dispatch_notices(at=AT, worker="w") == Dispatched(sent=1, retry=1, dead=0, more=False)
