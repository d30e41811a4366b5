"""Appeal against a card, revoke it or reject the appeal. Each locks the root run first; nothing is deleted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.operations.drafts import NotAllowedError
from services.parties.enums import Role
from services.parties.queries import users_in_post
from services.supervision.models import Card, CardAppeal
from services.supervision.operations.refusals import (
    AppealedAlreadyError,
    CardRevokedError,
    NoAppealError,
    WordsMissingError,
)
from services.supervision.operations.telling import tell_of_card
from services.supervision.permissions import can_supervise, is_head_of
from services.supervision.queries.recipients import OFFICE
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def appeal_card(*, card_id: int, reason: str, by: User, at: datetime) -> Card:
    """Appeal against a card, once, as the head of its department; the same appeal twice is one.

    Effects: the appeal, history, notices to the managers.
    Raises NotAllowedError, WordsMissingError, CardRevokedError, AppealedAlreadyError.
    """
    card = _locked(card_id)
    if not is_head_of(by, card.department, at):
        raise NotAllowedError("Only the head of the department appeals against its cards.")
    if not reason.strip():
        raise WordsMissingError
    known = CardAppeal.objects.filter(card=card).first()
    if known is not None:
        if (known.appealed_by_id, known.reason) == (by.pk, reason.strip()):
            return card
        raise AppealedAlreadyError
    if card.revoked_at is not None:
        raise CardRevokedError
    CardAppeal.objects.create(card=card, reason=reason.strip(), appealed_at=at, appealed_by=by)
    _remember(card, "card_appealed", by=by, at=at)
    managers = users_in_post(OFFICE, Role.MANAGER, at)
    tell_of_card(card, "card_appealed", managers, at=at, door="oversight", reason=reason.strip())
    return card


@transaction.atomic
def revoke_card(*, card_id: int, reason: str, by: User, at: datetime) -> Card:
    """Revoke a card, saying why; an appeal that waits is granted by it. Twice is once.

    Effects: the card counts no more, the appeal is decided, history, notices to the head.
    Raises NotAllowedError, WordsMissingError, CardRevokedError.
    """
    card = _locked(card_id)
    _check_manager(by, at)
    if not reason.strip():
        raise WordsMissingError
    if card.revoked_at is not None:
        if card.revoked_by_id == by.pk:
            return card
        raise CardRevokedError
    card.revoked_at, card.revoked_by, card.revoke_reason = at, by, reason.strip()
    card.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    appeal = CardAppeal.objects.filter(card=card, decided_at__isnull=True).first()
    if appeal is not None:
        _decide(appeal, granted=True, answer=reason, by=by, at=at)
    _remember(card, "card_revoked", by=by, at=at)
    _tell_head(card, "card_revoked", reason, at=at)
    return card


@transaction.atomic
def reject_appeal(*, card_id: int, reason: str, by: User, at: datetime) -> Card:
    """Let a card stand against its appeal, saying why; twice is once.

    Effects: the appeal is decided, history, notices to the head.
    Raises NotAllowedError, WordsMissingError, NoAppealError.
    """
    card = _locked(card_id)
    _check_manager(by, at)
    if not reason.strip():
        raise WordsMissingError
    appeal = CardAppeal.objects.filter(card=card).first()
    if appeal is None or appeal.decided_at is not None:
        if appeal is not None and appeal.granted is False and appeal.decided_by_id == by.pk:
            return card
        raise NoAppealError
    _decide(appeal, granted=False, answer=reason, by=by, at=at)
    _remember(card, "appeal_rejected", by=by, at=at)
    _tell_head(card, "card_appeal_rejected", reason, at=at)
    return card


def _locked(card_id: int) -> Card:
    """Lock the root of a card and return it as it is now. Raises Card.DoesNotExist."""
    lock_root(Card.objects.values_list("root_id", flat=True).get(pk=card_id))
    return Card.objects.select_related("case__service", "case__department").get(pk=card_id)


def _check_manager(by: User, at: datetime) -> None:
    if not can_supervise(by, at):
        raise NotAllowedError("Only a manager decides on cards.")


def _decide(appeal: CardAppeal, *, granted: bool, answer: str, by: User, at: datetime) -> None:
    appeal.granted, appeal.answer, appeal.decided_at, appeal.decided_by = granted, answer.strip(), at, by
    appeal.save(update_fields=["granted", "answer", "decided_at", "decided_by"])


def _tell_head(card: Card, kind: str, reason: str, *, at: datetime) -> None:
    heads = users_in_post(card.department, Role.HEAD, at)
    tell_of_card(card, kind, heads, at=at, door="desk", reason=reason.strip())


def _remember(card: Card, kind: str, *, by: User, at: datetime) -> None:
    root = lock_root(card.root_id)
    run_id = card.case.run_id if card.case is not None and card.case.run_id is not None else root.pk
    fact = Fact(run_id=run_id, kind=kind, detail={"card": card.pk, "level": card.level, "clock_kind": card.clock_kind})
    record_facts(root=root, facts=[fact], by=by, at=at)
