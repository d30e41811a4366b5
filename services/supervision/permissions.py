"""May she? Everything not allowed here is refused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from services.cases.permissions import can_intervene, oversees
from services.parties.enums import Role
from services.parties.queries import posts_of
from services.parties.references import Post
from services.supervision.models import Card, Escalation, SupervisionOrder

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


def can_supervise(user: User | AnonymousUser, at: datetime) -> bool:
    """Return whether she issues and judges orders, decides on cards and publishes rules: managers only."""
    return can_intervene(user, at)


def is_head_of(user: User | AnonymousUser, department: str, at: datetime) -> bool:
    """Return whether she answers for a department, by its code: its head only."""
    return Post(department, Role.HEAD) in posts_of(user, at)


def departments_headed_by(user: User | AnonymousUser, at: datetime) -> frozenset[str]:
    """Return the codes of the departments she heads."""
    return frozenset(post.department for post in posts_of(user, at) if post.role == Role.HEAD)


def orders_visible_to(user: User | AnonymousUser, at: datetime) -> QuerySet[SupervisionOrder]:
    """Return every order to oversight, her department's to a head, none to anybody else; the newest first."""
    orders = SupervisionOrder.objects.order_by("-issued_at", "-id")
    return orders if oversees(user, at) else orders.filter(department__in=departments_headed_by(user, at))


def cards_visible_to(user: User | AnonymousUser, at: datetime) -> QuerySet[Card]:
    """Return every card to oversight, her department's to a head, none to anybody else; the newest first."""
    cards = Card.objects.order_by("-given_at", "-id")
    return cards if oversees(user, at) else cards.filter(department__in=departments_headed_by(user, at))


def escalations_before(user: User | AnonymousUser, at: datetime) -> QuerySet[Escalation]:
    """Return what lies before her as head of a department: escalated matters whose limit still runs."""
    rows = Escalation.objects.filter(department__in=departments_headed_by(user, at), clock__stopped_at__isnull=True)
    return rows.order_by("-escalated_at", "-id")
