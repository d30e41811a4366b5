"""Questions about notices. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count, Func, Min, Q, QuerySet, UUIDField

from services.access.encryption import DecryptionError
from services.notifications.channels.envelope import Endpoint
from services.notifications.drafts import once_about
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.messages import kinds_of_askers
from services.notifications.models import ONCE, AddressCorrection, Notice, WebhookEndpoint
from services.notifications.preferences import Preferences
from services.parties.enums import Role
from services.parties.models import Membership
from workflows.queries.together import Sentence, answers

if TYPE_CHECKING:
    from portal.accounts.models import User

log = structlog.get_logger(__name__)


def inbox_of(user: User) -> QuerySet[Notice]:
    """Return a person's messages on the site, newest first. Nobody else may read them."""
    return Notice.objects.filter(channel=Channel.INBOX, recipient=user).order_by("-created_at", "-id")


#: More unread messages than this are not counted: who has thousands would wait for a number that tells her nothing.
MANY_UNREAD = 100
#: How many messages somebody has not read, by `user`, her key: at most `MANY_UNREAD`.
UNREAD: Sentence[tuple[int]] = Sentence(
    "select count(*) from (select from notifications_notice where channel = 'inbox' and read_at is null"  # noqa: S608
    f" and recipient_id = %(user)s limit {MANY_UNREAD}) unread"
)


def unread_count(user: User) -> int:
    """Return how many messages on the site the person has not read; `MANY_UNREAD` for that many and more."""
    counted: int = answers(UNREAD.about(user=user.pk))[0][0][0]
    return counted


def notices_of(subject_kind: str, subject_id: str | int) -> QuerySet[Notice]:
    """Return what was owed about a subject on every channel, oldest first."""
    about = {"subject_kind": subject_kind, "subject_id": str(subject_id)}
    near = Notice.objects.alias(once=Func(template=ONCE, output_field=UUIDField()))
    return near.filter(once__range=once_about(**about), **about).order_by("created_at", "id")  # type: ignore[misc]


def owed(at: datetime) -> QuerySet[Notice]:
    """Return what a dispatcher may take at an instant: due, or left behind by one that died. Longest due first."""
    due = Notice.objects.filter(next_attempt_at__lte=at).exclude(status=NoticeStatus.GATHERED)
    return due.order_by("next_attempt_at", "id")


def dead_notices() -> QuerySet[Notice]:
    """Return what was given up and waits for a person to retry or cancel it, oldest first."""
    dead = Notice.objects.filter(status=NoticeStatus.DEAD).exclude(kind__in=kinds_of_askers())
    return dead.order_by("created_at", "id")


@dataclass(frozen=True, kw_only=True)
class OutboxHealth:
    """How the outbox does. `waiting` counts what is due now, `oldest` how long the longest of it has waited."""

    waiting: int
    oldest: timedelta
    dead: int


def outbox_health(at: datetime) -> OutboxHealth:
    """Return how the outbox does at an instant."""
    due = Q(next_attempt_at__lte=at)
    found = Notice.objects.filter(due | Q(status=NoticeStatus.DEAD)).aggregate(
        waiting=Count("id", filter=due),
        oldest=Min("next_attempt_at", filter=due),
        dead=Count("id", filter=Q(status=NoticeStatus.DEAD) & ~Q(kind__in=kinds_of_askers())),
    )
    oldest = at - found["oldest"] if found["oldest"] else timedelta()
    return OutboxHealth(waiting=found["waiting"], oldest=oldest, dead=found["dead"])


def channels_in_use() -> frozenset[str]:
    """Return the channels this installation has: no text messages without a gateway."""
    always = {Channel.INBOX.value, Channel.EMAIL.value, Channel.WEBHOOK.value}
    return frozenset(always | {Channel.SMS.value} if settings.SMS_GATEWAY_URL else always)


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Where a person is reached, and how she wants to be. Empty: not that way. endpoint: of her program."""

    language: str
    email: str
    mobile: str
    preferences: Preferences = field(default_factory=Preferences)
    endpoint: Endpoint | None = None

    def address(self, channel: str) -> str:
        """Return the address on a channel that leaves the building."""
        webhook = self.endpoint.url if self.endpoint else ""
        addresses = {Channel.EMAIL: self.email, Channel.SMS: self.mobile, Channel.WEBHOOK: webhook}
        return addresses[Channel(channel)]


def contacts_of(user_ids: Iterable[int]) -> dict[int, Contact]:
    """Return where each person is reached, by user id. A closed account is reached in its inbox only."""
    users = get_user_model().objects.filter(pk__in=set(user_ids)).select_related("person")
    return {user.pk: contact_of(user) for user in users}


def endpoints_of(user_ids: Iterable[int], at: datetime) -> dict[int, Endpoint]:
    """Return the endpoints of these people's programs, by user id, without those that were switched off."""
    found = WebhookEndpoint.objects.filter(owner_id__in=set(user_ids), owner__is_active=True, disabled_at__isnull=True)
    return {row.owner_id: Endpoint(url=row.url, secrets=_secrets(row, at)) for row in found}


def _secrets(row: WebhookEndpoint, at: datetime) -> tuple[str, ...]:
    both = row.old_until is not None and at < row.old_until
    return (row.secret, row.old_secret) if both else (row.secret,)


def corrected_addresses(notices: Iterable[Notice]) -> dict[int, str]:
    """Return the addresses that managers gave these notices, by notice id."""
    found = AddressCorrection.objects.filter(notice__in=[notice.pk for notice in notices]).order_by("pk")
    return {row.notice_id: row.address for row in found}


def menders(at: datetime) -> QuerySet[User]:
    """Return the managers who look after messages that could not be sent."""
    held = Membership.objects.in_force(at).filter(role=Role.MANAGER)
    return get_user_model().objects.filter(is_active=True, pk__in=held.values("user_id")).order_by("pk")


def contact_of(user: User) -> Contact:
    """Return where somebody is reached; whoever asks for many reads their `person` along with them."""
    preferences = Preferences.read(user.notice_settings)
    if not user.is_active:
        return Contact(language=user.language, email="", mobile="", preferences=preferences)
    return Contact(language=user.language, email=user.email, mobile=_mobile_of(user), preferences=preferences)


def _mobile_of(user: User) -> str:
    """Return the mobile number; "" for those without one, and if it does not open: the other channels must go on."""
    person = getattr(user, "person", None)  # staff have none
    if person is None:
        return ""
    try:
        return str(person.mobile)
    except DecryptionError:
        log.error("mobile_number_does_not_open", person=person.pk)
        return ""
