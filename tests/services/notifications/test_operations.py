"""Owing, reading and mending notices."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from services.notifications.drafts import DraftError
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from services.notifications.operations import owe_notices
from tests.factories.notifications import AT, PARAMS, draft_for


@pytest.fixture
def owner(db: None) -> Any:
    return get_user_model().objects.create_user("owner", email="owner@example.com")


def test_one_row_per_channel(owner: Any) -> None:
    owe_notices([draft_for(owner)], at=AT)
    inbox, email = Notice.objects.order_by("-channel")
    assert (inbox.channel, inbox.status, inbox.sent_at, inbox.next_attempt_at) == ("inbox", "sent", AT, None)
    assert (email.channel, email.status, email.sent_at, email.next_attempt_at) == ("email", "queued", None, AT)
    assert inbox.params == {key: value for key, value in PARAMS.items() if key != "application"}
    assert inbox.language == "zh-hans"


def test_owing_again_changes_nothing(owner: Any) -> None:
    owe_notices([draft_for(owner), draft_for(owner)], at=AT)
    before = set(Notice.objects.values_list("public_id", flat=True))
    owe_notices([draft_for(owner, params={**PARAMS, "case": "other"})], at=AT)
    assert set(Notice.objects.values_list("public_id", flat=True)) == before
    assert len(before) == 2


@pytest.mark.parametrize("changes", [{"round": 1}, {"subject_id": "35"}, {"subject_kind": "clock"}])
def test_another_event_is_another_notice(owner: Any, changes: dict[str, Any]) -> None:
    owe_notices([draft_for(owner), draft_for(owner, **changes)], at=AT)
    assert Notice.objects.filter(channel=Channel.INBOX).count() == 2


def test_a_rolled_back_event_owes_nothing(owner: Any) -> None:
    with transaction.atomic():
        owe_notices([draft_for(owner)], at=AT)
        transaction.set_rollback(True)
    assert not Notice.objects.exists()


@pytest.mark.parametrize("changes", [{"email": ""}, {"is_active": False}])
def test_inbox_only_for_those_without_address_or_account(owner: Any, changes: dict[str, Any]) -> None:
    get_user_model().objects.filter(pk=owner.pk).update(**changes)
    owe_notices([draft_for(owner)], at=AT)
    assert [notice.channel for notice in Notice.objects.all()] == [Channel.INBOX]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "birthday"}, "no kind"),
        ({"params": {}}, "no value for case"),
        ({"recipient_user_id": 0}, "no user 0"),
        ({"link": "https://elsewhere.example"}, "path of this site"),
        ({"link": "//elsewhere.example"}, "path of this site"),
        ({"link": "/\\elsewhere.example"}, "path of this site"),
    ],
)
def test_wrong_draft_is_refused_with_its_reason(owner: Any, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(DraftError, match=why):
        owe_notices([draft_for(owner, **changes)], at=AT)


def test_any_number_of_drafts_is_two_statements(owner: Any, django_assert_num_queries: Any) -> None:
    drafts = [draft_for(owner, subject_id=str(number)) for number in range(40)]
    found: CaptureQueriesContext
    with django_assert_num_queries(4) as found:  # the two and the savepoint around them
        owe_notices(drafts, at=AT)
    assert sum("INSERT" in query["sql"] for query in found.captured_queries) == 1
    assert Notice.objects.filter(status=NoticeStatus.QUEUED).count() == 40
