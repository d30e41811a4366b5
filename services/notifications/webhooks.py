"""Endpoints of programs: register, change the secret, switch off. One per sign-in."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from services.notifications.channels.errors import SendError
from services.notifications.channels.webhook import UnsafeAddressError, safe_address
from services.notifications.drafts import NoticeDraft
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice, WebhookEndpoint
from services.notifications.owing import owe_notices
from services.notifications.preferences import Preferences

if TYPE_CHECKING:
    from portal.accounts.models import User

SECRET_BYTES = 32
BOTH_SIGN = timedelta(days=7)

log = structlog.get_logger(__name__)


@transaction.atomic
def register_endpoint(*, owner: User, url: str, at: datetime) -> str:
    """Have a sign-in's program told of its messages from now on, also in the place of a former address.

    Returns the secret, this once.

    Raises:
        ValidationError: the address is not HTTPS, cannot be found, or lies in our own network.
    """
    try:
        safe_address(url)
    except UnsafeAddressError:
        raise ValidationError(_("The address must begin with https:// and be reachable from the internet.")) from None
    except (OSError, ValueError):
        raise ValidationError(_("This host cannot be found. Check the address.")) from None
    secret = secrets.token_urlsafe(SECRET_BYTES)
    _lock(owner)
    fresh = {"url": url, "old_secret": "", "old_until": None, "failing_since": None, "disabled_at": None}
    WebhookEndpoint.objects.filter(owner=owner).delete()
    WebhookEndpoint.objects.create(owner=owner, secret=secret, created_at=at, **fresh)
    _prefer(owner, webhook=True)
    return secret


@transaction.atomic
def rotate_secret(*, owner: User, at: datetime) -> str:
    """Give an endpoint a new secret and return it, this once. Both sign for seven days.

    Raises:
        WebhookEndpoint.DoesNotExist: there is no endpoint.
    """
    _lock(owner)
    endpoint = WebhookEndpoint.objects.select_for_update().get(owner=owner)
    endpoint.old_secret, endpoint.old_until = endpoint.secret, at + BOTH_SIGN
    endpoint.secret = secrets.token_urlsafe(SECRET_BYTES)
    endpoint.save(update_fields=["secret", "old_secret", "old_until"])
    return endpoint.secret


@transaction.atomic
def remove_endpoint(*, owner: User) -> None:
    """Stop telling a program; what waits for it is cancelled. Her inbox has it all."""
    _lock(owner)
    WebhookEndpoint.objects.filter(owner=owner).delete()
    _stop(owner)


def note_deliveries(outcomes: Sequence[tuple[int, SendError | None]], at: datetime) -> None:
    """Learn from calls how endpoints do, by owner; one that has failed for long enough is switched off.

    Effects: `failing_since`; at the end the endpoint is disabled, what waits for it cancelled, its owner told.
    """
    well = {owner for owner, error in outcomes if error is None}
    WebhookEndpoint.objects.filter(owner__in=well, failing_since__isnull=False).update(failing_since=None)
    badly = {owner for owner, error in outcomes if error} - well
    if not badly:
        return
    failing = WebhookEndpoint.objects.filter(owner__in=badly, disabled_at__isnull=True)
    failing.filter(failing_since__isnull=True).update(failing_since=at)
    for endpoint in failing.filter(failing_since__lte=at - settings.WEBHOOK_DISABLED_AFTER).select_related("owner"):
        _disable(endpoint, at)


def _disable(endpoint: WebhookEndpoint, at: datetime) -> None:
    _lock(endpoint.owner)
    if not WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=True).update(disabled_at=at):
        return
    _stop(endpoint.owner)
    draft = NoticeDraft(
        subject_kind="webhook",
        subject_id=str(endpoint.pk),
        kind="webhook_disabled",
        recipient_user_id=endpoint.owner_id,
        params={"days": str(settings.WEBHOOK_DISABLED_AFTER.days)},
        link="/accounts/notices/",
    )
    owe_notices([draft], at=at)
    log.warning("webhook_disabled", endpoint=endpoint.pk)


def _stop(owner: User) -> None:
    _prefer(owner, webhook=False)
    waiting = Notice.objects.filter(
        recipient=owner, channel=Channel.WEBHOOK, status__in=(NoticeStatus.QUEUED, NoticeStatus.RETRY)
    )
    waiting.update(status=NoticeStatus.CANCELLED, next_attempt_at=None)


def _lock(owner: User) -> None:
    """Take the owner's row: whoever changes her endpoint or her settings comes after the other."""
    list(get_user_model().objects.select_for_update(no_key=True).filter(pk=owner.pk).values_list("pk"))


def _prefer(owner: User, *, webhook: bool) -> None:
    owner.refresh_from_db(fields=["notice_settings"])
    owner.notice_settings = replace(Preferences.read(owner.notice_settings), webhook=webhook).stored()
    owner.save(update_fields=["notice_settings"])
