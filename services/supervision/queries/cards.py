"""Cards for lists, counts and the pages about a case."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db.models import Count, Q, QuerySet

from services.parties.enums import Role
from services.supervision.enums import CardLevel
from services.supervision.models import Card, Escalation

#: States by which cards are looked for.
STANDS, APPEALED, REVOKED = "stands", "appealed", "revoked"


def card_counts(cards: QuerySet[Card] | None = None) -> dict[str, int]:
    """Return how many cards stand by level, of all or of the given ones; revoked ones do not count."""
    standing = (Card.objects.all() if cards is None else cards).filter(revoked_at__isnull=True).order_by()
    found = dict(standing.values_list("level").annotate(Count("id")))
    return {level: found.get(level, 0) for level in CardLevel.values}


def cards_in_state(cards: QuerySet[Card], state: str) -> QuerySet[Card]:
    """Return those of the cards that stand, wait for the decision on an appeal, or were revoked; else all."""
    waiting = Q(appeal__isnull=False, appeal__decided_at__isnull=True)
    match state:
        case "stands":
            return cards.filter(revoked_at__isnull=True)
        case "appealed":
            return cards.filter(waiting)
        case "revoked":
            return cards.filter(revoked_at__isnull=False)
        case _:
            return cards


def with_case(cards: QuerySet[Card]) -> QuerySet[Card]:
    """Return cards with what their pages show."""
    return cards.select_related(
        "case__service__item", "case__department", "appeal__appealed_by", "appeal__decided_by", "revoked_by", "clock"
    )


def cards_of_case(case_id: int) -> list[Card]:
    """Return a case's cards, the oldest first, revoked ones too."""
    return list(with_case(Card.objects.filter(case_id=case_id).order_by("given_at", "id")))


def escalation_of(case_id: int) -> Escalation | None:
    """Return since when a case lies before its department's head: the first escalation whose limit still runs."""
    rows = Escalation.objects.filter(case_id=case_id, clock__stopped_at__isnull=True)
    return rows.order_by("escalated_at", "id").first()


def responsible_of(card: Card) -> list[dict[str, str]]:
    """Return who had the matter when the card was given: post and name, "" for a task nobody had claimed."""
    keys = [one["user"] for one in card.responsible if one["user"] is not None]
    names = {person.pk: person.get_full_name() for person in get_user_model().objects.filter(pk__in=keys)}
    return [
        {
            "role": str(Role(one["role"]).label) if one["role"] in Role.values else one["role"],
            "name": names.get(one["user"], ""),
        }
        for one in card.responsible
    ]
