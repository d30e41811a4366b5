"""Cards: appealed against once, revoked with a reason, and nothing disappears."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.cases.operations.drafts import NotAllowedError
from services.notifications.models import Notice
from services.supervision.models import Card
from services.supervision.operations.cards import appeal_card, reject_appeal, revoke_card
from services.supervision.operations.refusals import (
    AppealedAlreadyError,
    CardRevokedError,
    NoAppealError,
    WordsMissingError,
)
from services.supervision.permissions import cards_visible_to
from services.supervision.queries.cards import card_counts
from tests.factories.applications import user
from tests.services.supervision.conftest import AT, carry, reached
from workflows.models import Clock, HistoryEvent
from workflows.operations.history import first_broken_row

pytestmark = pytest.mark.usefixtures("city")

LATER = AT + timedelta(days=20)


@pytest.fixture
def card(late_clock: Clock) -> Card:
    carry("card", reached(late_clock), at=late_clock.due_at)
    return Card.objects.get()


def appeal(card: Card, reason: str = "系统故障所致。", by: str = "city-head") -> Card:
    return appeal_card(card_id=card.pk, reason=reason, by=user(by), at=LATER)


def told(kind: str) -> list[str]:
    return sorted(Notice.objects.filter(kind=kind, channel="inbox").values_list("recipient__username", flat=True))


def test_a_granted_appeal_revokes_the_card_and_history_stays(card: Card) -> None:
    assert card.standing == "stands"
    for _ in range(2):
        appeal(card)
    assert Card.objects.get().standing == "appealed"
    assert told("card_appealed") == ["manager"]
    for _ in range(2):
        revoke_card(card_id=card.pk, reason="情况属实。", by=user("manager"), at=LATER)
    card.refresh_from_db()
    assert card.revoke_reason == "情况属实。"
    assert (card.appeal.granted, card.appeal.answer) == (True, "情况属实。")
    assert told("card_revoked") == ["city-head"]
    kinds = HistoryEvent.objects.filter(root=card.root, kind__startswith="card_").order_by("seq")
    assert [event.kind for event in kinds] == ["card_appealed", "card_revoked"]
    card.root.refresh_from_db()
    assert first_broken_row(card.root) is None


def test_a_rejected_appeal_leaves_the_card(card: Card) -> None:
    appeal(card)
    for _ in range(2):
        reject_appeal(card_id=card.pk, reason="系统运行正常。", by=user("manager"), at=LATER)
    card.refresh_from_db()
    assert card.standing == "upheld"
    assert card.appeal.granted is False
    assert told("card_appeal_rejected") == ["city-head"]
    with pytest.raises(AppealedAlreadyError):
        appeal(card, "再次申诉。")
    with pytest.raises(NoAppealError):
        reject_appeal(card_id=card.pk, reason="再次。", by=user("city-head") and _second_manager(), at=LATER)


def _second_manager():
    from services.parties.models import Department, Membership
    from tests.factories.accounts import UserFactory

    person = UserFactory.create()
    office = Department.objects.get(code="ZWB")
    Membership.objects.create(user=person, department=office, role="manager", since=AT - timedelta(days=9))
    return person


def test_a_revoked_card_counts_no_more(card: Card) -> None:
    assert card_counts()["red"] == 1
    revoke_card(card_id=card.pk, reason="误发。", by=user("manager"), at=LATER)
    assert card_counts() == {"yellow": 0, "red": 0, "black": 0}
    with pytest.raises(CardRevokedError):
        appeal(card)
    with pytest.raises(CardRevokedError):
        revoke_card(card_id=card.pk, reason="再次。", by=_second_manager(), at=LATER)


def test_words_are_needed(card: Card) -> None:
    with pytest.raises(WordsMissingError):
        appeal(card, " ")
    with pytest.raises(WordsMissingError):
        revoke_card(card_id=card.pk, reason="", by=user("manager"), at=LATER)
    appeal(card)
    with pytest.raises(WordsMissingError):
        reject_appeal(card_id=card.pk, reason="", by=user("manager"), at=LATER)


@pytest.mark.parametrize("name", ["fire-head", "city-handler", "manager", "auditor", "owner"])
def test_only_its_head_appeals(card: Card, name: str) -> None:
    with pytest.raises(NotAllowedError):
        appeal(card, by=name)


@pytest.mark.parametrize("name", ["city-head", "auditor", "clerk", "owner"])
def test_only_a_manager_decides(card: Card, name: str) -> None:
    appeal(card)
    for act in (revoke_card, reject_appeal):
        with pytest.raises(NotAllowedError):
            act(card_id=card.pk, reason="好。", by=user(name), at=LATER)


def test_who_sees_it(card: Card) -> None:
    seers = {"manager": 1, "auditor": 1, "city-head": 1, "fire-head": 0, "city-handler": 0, "clerk": 0, "owner": 0}
    assert {name: cards_visible_to(user(name), LATER).count() for name in seers} == seers
