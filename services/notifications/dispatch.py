"""Send what is owed: claim under a lease, send outside any transaction, mark under the lease.

A dispatcher that dies at any point loses nothing: its lease ends and another takes the notice. What was sent but not
yet marked is sent once more with the same key, by which a mail server's or gateway's client drops it.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.db import transaction
from django.db.models import F

from services.notifications.channels import (
    ChannelDownError,
    Envelope,
    PermanentError,
    SendError,
    Senders,
    TemporaryError,
    open_senders,
)
from services.notifications.crash_points import crash_point
from services.notifications.enums import NoticeStatus
from services.notifications.messages import MessageError, render
from services.notifications.models import Notice
from services.notifications.queries import Contact, contacts_of, owed
from services.notifications.retries import MAX_ATTEMPTS, retry_delay

# A send takes at most about 80 s (eight SMTP replies of 10 s each); none begins later than 30 s into its lease.
LEASE = timedelta(seconds=120)
BEGIN_WITHIN = timedelta(seconds=30)
WORK_WITHIN = timedelta(seconds=120)  # then return: a worker's task has a limit of its own
BATCH = 20
PAUSE_WHEN_DOWN = timedelta(seconds=30)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Dispatched:
    """How one dispatch went. `more`: it stopped at its limit, something may still be due."""

    sent: int
    retry: int
    dead: int
    more: bool


class _Watch:
    """The time that has passed since the caller's `at`."""

    def __init__(self, at: datetime) -> None:
        self._at, self._started = at, time.monotonic()

    @property
    def passed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._started)

    @property
    def at(self) -> datetime:
        return self._at + self.passed


def dispatch_notices(*, at: datetime, limit: int = 200, worker: str) -> Dispatched:
    """Send up to `limit` notices that are due.

    Must run outside any transaction. May run anywhere, any number of times at once: each notice is claimed by one
    dispatcher, whose name in the row is `worker` and a random part.

    Effects: mails and text messages; their rows become sent, retry (later) or dead (permanent error, or 8 attempts).
    A channel that cannot be reached is left alone until the next dispatch, at no cost to the notices that waited.
    """
    lease_by, watch = f"{worker[:80]}/{uuid4().hex}", _Watch(at)
    tally: Counter[str] = Counter()
    down: set[str] = set()
    with open_senders() as senders:
        while (room := limit - tally.total()) > 0 and watch.passed < WORK_WITHIN:
            batch = _claim(lease_by, watch.at, size=min(BATCH, room), without=down)
            if not batch:
                break
            tally.update(_send_batch(batch, senders, watch, down))
        else:
            return _dispatched(tally, more=True)
    return _dispatched(tally, more=False)


def _dispatched(tally: Counter[str], *, more: bool) -> Dispatched:
    return Dispatched(
        sent=tally[NoticeStatus.SENT], retry=tally[NoticeStatus.RETRY], dead=tally[NoticeStatus.DEAD], more=more
    )


@transaction.atomic(durable=True)
def _claim(lease_by: str, at: datetime, *, size: int, without: set[str]) -> list[Notice]:
    """Take due notices; only those that may still be attempted are returned under the lease."""
    due = owed(at).exclude(channel__in=without).select_for_update(skip_locked=True)
    batch = list(due[:size])
    for notice in batch:
        notice.attempts += 1
        notice.lease_by = lease_by
    until = at + LEASE
    Notice.objects.filter(pk__in=[notice.pk for notice in batch]).update(
        status=NoticeStatus.SENDING,
        attempts=F("attempts") + 1,
        lease_by=lease_by,
        lease_until=until,
        next_attempt_at=until,
    )
    crash_point("dispatch_in_claim")
    return batch


def _send_batch(batch: list[Notice], senders: Senders, watch: _Watch, down: set[str]) -> Counter[str]:
    crash_point("dispatch_after_claim")
    contacts = contacts_of(notice.recipient_id for notice in batch)
    last_start = watch.passed + BEGIN_WITHIN
    tally: Counter[str] = Counter()
    for notice in batch:
        if notice.channel in down:
            _hand_back(notice, watch.at + PAUSE_WHEN_DOWN)
        elif watch.passed > last_start:
            _hand_back(notice, watch.at)
        else:
            error = _attempt(notice, contacts[notice.recipient_id], senders)
            if isinstance(error, ChannelDownError):
                down.add(notice.channel)
            tally[_mark(notice, error, watch.at)] += 1
    return tally


def _attempt(notice: Notice, contact: Contact, senders: Senders) -> SendError | None:
    if notice.attempts > MAX_ATTEMPTS:  # whoever took it the last time died over it
        return PermanentError("LeaseExpired")
    try:
        envelope = _envelope(notice, contact)
        crash_point("dispatch_before_send")
        senders.send(notice.channel, envelope)
        crash_point("dispatch_after_send")
    except SendError as error:
        return error
    except Exception as error:  # one notice that cannot be written must not hold up the others
        return TemporaryError(type(error).__name__)
    return None


def _envelope(notice: Notice, contact: Contact) -> Envelope:
    address = contact.address(notice.channel)
    if not address:
        raise PermanentError("NoAddress")
    try:
        message = render(notice.kind, notice.params, notice.language)
    except MessageError as error:
        raise PermanentError(type(error).__name__) from error
    return Envelope(key=notice.provider_key, to=address, language=notice.language, message=message, link=notice.link)


@transaction.atomic(durable=True)
def _mark(notice: Notice, error: SendError | None, at: datetime) -> str:
    """Write down how the attempt ended, unless the lease was lost; return the new status."""
    if error is None:
        status = NoticeStatus.SENT
    elif isinstance(error, PermanentError) or notice.attempts >= MAX_ATTEMPTS:
        status = NoticeStatus.DEAD
    else:
        status = NoticeStatus.RETRY
    delay = retry_delay(notice.attempts, notice.provider_key)
    _release(
        notice,
        status=status,
        next_attempt_at=at + delay if status == NoticeStatus.RETRY else None,
        sent_at=at if status == NoticeStatus.SENT else None,
        last_error=error.reason[:80] if error else "",
    )
    if error:
        log.warning("notice_not_sent", notice=notice.pk, status=status.value, error=error.reason)
    crash_point("dispatch_before_mark_commit")
    return status.value


def _hand_back(notice: Notice, due: datetime) -> None:
    """Return a notice untried."""
    tried = notice.attempts - 1
    status = NoticeStatus.RETRY if tried else NoticeStatus.QUEUED
    _release(notice, status=status, attempts=tried, next_attempt_at=due)


def _release(notice: Notice, **changes: object) -> None:
    ours = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.SENDING, lease_by=notice.lease_by)
    if not ours.update(lease_by="", lease_until=None, **changes):
        log.warning("notice_lease_lost", notice=notice.pk)
