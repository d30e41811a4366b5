"""Notices as they stand in the outbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import factory

from services.notifications.drafts import NoticeDraft
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from tests.factories.accounts import UserFactory

AT = datetime(2026, 10, 12, 1, 0, tzinfo=UTC)
PARAMS = {
    "application": "A-1",
    "case": "C-2",
    "service_zh": "食品经营许可",
    "service_en": "Food licence",
    "department_zh": "市场监督管理局",
    "department_en": "Market regulator",
    "due": "2026-10-16",
}


class NoticeFactory(factory.django.DjangoModelFactory[Notice]):
    """An e-mail that is due at AT."""

    class Meta:
        model = Notice

    subject_kind = "case"
    subject_id = factory.Sequence(str)
    kind = "case_granted"
    channel = Channel.EMAIL
    recipient = factory.SubFactory(UserFactory)
    language = factory.LazyAttribute(lambda notice: notice.recipient.language)
    params = PARAMS
    link = "/my/cases/34/"
    status = NoticeStatus.QUEUED
    next_attempt_at = AT
    created_at = AT

    class Params:
        dead = factory.Trait(status=NoticeStatus.DEAD, next_attempt_at=None, attempts=8, last_error="HTTP 400")
        inbox = factory.Trait(channel=Channel.INBOX, status=NoticeStatus.SENT, next_attempt_at=None, sent_at=AT)


def draft_for(user: Any, **changes: Any) -> NoticeDraft:
    """Return a draft to `user`: her case was accepted."""
    words = {"subject_kind": "case", "subject_id": "34", "kind": "case_accepted", "params": PARAMS, "link": "/my/34/"}
    return NoticeDraft(**{**words, "recipient_user_id": user.pk, **changes})
