"""Send what is owed: claim under a lease, send outside any transaction, mark under the lease.

A dispatcher that dies at any point loses nothing: its lease ends and another takes the notice. What was sent but not
yet marked is sent once more with the same key, by which a mail server's or gateway's client drops it. Claims and marks
are written for several notices at once; a dispatcher has at most `AT_ONCE` notices sent and not marked, so that is how
many a crash can repeat.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from services.notifications.channels import ChannelDownError, PermanentError, SendError
from services.notifications.crash_points import crash_point
from services.notifications.digests import DIGEST, build_digests, items_of
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.messages import message_book
from services.notifications.models import Notice
from services.notifications.queries import contacts_of, corrected_addresses, endpoints_of, owed
from services.notifications.retries import MAX_ATTEMPTS, retry_delay
from services.notifications.sending import Crew, Letter, open_crew
from services.notifications.webhooks import note_deliveries

# A send takes at most about 80 s (eight SMTP replies of 10 s each); none begins later than 30 s into its lease.
LEASE = timedelta(seconds=120)
BEGIN_WITHIN = timedelta(seconds=30)
WORK_WITHIN = timedelta(seconds=120)  # then return: a worker's task has a limit of its own
BATCH = 100
AT_ONCE = 8  # notices in the senders' hands or sent and not yet marked
MARK_WITHIN = timedelta(seconds=0.5)  # of being sent, however slow the others are
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


def dispatch_notices(*, at: datetime, limit: int = 2_000, worker: str) -> Dispatched:
    """Send up to `limit` notices that are due.

    Must run outside any transaction. May run anywhere, any number of times at once: each notice is claimed by one
    dispatcher, whose name in the row is `worker` and a random part.

    Effects: digests that are due are made; mails, text messages and calls of programs; their rows become sent, retry
    (later) or dead (permanent error, or 8 attempts).
    A channel that cannot be reached is left alone until the next dispatch, at no cost to the notices that waited.
    """
    lease_by, watch = f"{worker[:80]}/{uuid4().hex}", _Watch(at)
    tally: Counter[str] = Counter()
    down: set[str] = set()
    build_digests(at=at)
    with open_crew() as crew:
        while (room := limit - tally.total()) > 0 and watch.passed < WORK_WITHIN:
            batch = _claim(lease_by, watch.at, size=min(BATCH, room), without=down)
            if not batch:
                break
            crash_point("dispatch_after_claim")
            tally.update(_Batch(batch, crew, watch, down).send())
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


class _Batch:
    """Notices under one lease, handed to the crew a few at a time.

    A channel's first notice goes alone: one that finds the other side gone costs no other an attempt.
    """

    def __init__(self, notices: Sequence[Notice], crew: Crew, watch: _Watch, down: set[str]) -> None:
        """Begin with everything waiting. down: channels to leave alone; it grows here."""
        self._waiting = deque(notices)
        self._crew, self._watch, self._down = crew, watch, down
        self._contacts = contacts_of(notice.recipient_id for notice in notices)
        self._corrected = corrected_addresses(notices)
        programs = [notice.recipient_id for notice in notices if notice.channel == Channel.WEBHOOK]
        self._endpoints = endpoints_of(programs, watch.at) if programs else {}
        self._items = items_of(notice for notice in notices if notice.kind == DIGEST)
        self._last_start = watch.passed + BEGIN_WITHIN
        self._hands: dict[Future[SendError | None], Notice] = {}

    def send(self) -> Counter[str]:
        """Send all, mark each; return how many ended with which status."""
        tally: Counter[str] = Counter()
        ended: list[tuple[Notice, SendError | None]] = []
        self._leave_quiet()
        while self._hand_out(unmarked=len(ended)) or ended:
            done, _ = wait(self._hands, timeout=MARK_WITHIN.total_seconds(), return_when=FIRST_COMPLETED)
            ended += (now := [(self._hands.pop(hand), hand.result()) for hand in done])
            self._look_at_channels(now)
            if len(ended) >= AT_ONCE // 2 or len(self._hands) == 0 or not done:
                self._hand_out(unmarked=len(ended))
                tally.update(_mark(ended, self._watch.at) if ended else ())
                ended = []
        return tally

    def _hand_out(self, *, unmarked: int) -> bool:
        """Give the crew what it may have besides those that wait to be marked; tell whether it has anything."""
        if self._waiting and self._watch.passed > self._last_start:
            _hand_back(self._waiting, self._watch.at)
            self._waiting.clear()
        while len(self._hands) + unmarked < AT_ONCE and (notice := self._next()):
            self._hands[self._crew.send(self._letter(notice))] = notice
        return bool(self._hands)

    def _letter(self, notice: Notice) -> Letter:
        contact = self._contacts[notice.recipient_id]
        if notice.channel == Channel.WEBHOOK:
            contact = replace(contact, endpoint=self._endpoints.get(notice.recipient_id))
        address = self._corrected.get(notice.pk) or contact.address(notice.channel)
        return Letter(notice=notice, contact=contact, address=address, items=self._items.get(notice.pk, ()))

    def _next(self) -> Notice | None:
        """Take the first notice that may go: its channel is known to work, or nobody is trying it.

        Programs of strangers never get more than half of the crew: they may all be slow at once.
        """
        in_hand = Counter(notice.channel for notice in self._hands.values())
        busy = in_hand.keys() - self._crew.working
        if in_hand[Channel.WEBHOOK] >= max(1, self._crew.size // 2):
            busy = busy | {Channel.WEBHOOK.value}
        for notice in self._waiting:
            if notice.channel not in busy:
                self._waiting.remove(notice)
                return notice
        return None

    def _leave_quiet(self) -> None:
        """Hand back text messages that came due in quiet hours, as a retry may."""
        zone = timezone.get_default_timezone()
        for notice in [notice for notice in self._waiting if notice.channel == Channel.SMS]:
            kind = message_book().kinds.get(notice.kind)
            preferences = self._contacts[notice.recipient_id].preferences
            if kind and (loud := preferences.loud_from(kind, self._watch.at, zone)) > self._watch.at:
                self._waiting.remove(notice)
                _hand_back([notice], loud)

    def _look_at_channels(self, ended: Sequence[tuple[Notice, SendError | None]]) -> None:
        """Learn which channels work; hand back what waits for one that does not."""
        for notice, error in ended:
            if isinstance(error, ChannelDownError):
                self._down.add(notice.channel)
                self._crew.working.discard(notice.channel)
            elif notice.channel not in self._down:
                self._crew.working.add(notice.channel)
        if stopped := [notice for notice in self._waiting if notice.channel in self._down]:
            _hand_back(stopped, self._watch.at + PAUSE_WHEN_DOWN)
            self._waiting = deque(notice for notice in self._waiting if notice.channel not in self._down)


@transaction.atomic(durable=True)
def _mark(ended: Sequence[tuple[Notice, SendError | None]], at: datetime) -> list[str]:
    """Write down how attempts ended, except of those whose lease was lost; return the statuses."""
    statuses = [_status(notice, error) for notice, error in ended]
    if sent := [notice for notice, error in ended if error is None]:
        _release(sent, status=NoticeStatus.SENT, next_attempt_at=None, sent_at=at)
    for (notice, error), status in zip(ended, statuses, strict=True):
        if error is None:
            continue
        again = at + retry_delay(notice.attempts, notice.provider_key) if status == NoticeStatus.RETRY else None
        _release([notice], status=status, next_attempt_at=again, last_error=error.reason[:80])
        log.warning("notice_not_sent", notice=notice.pk, status=status.value, error=error.reason)
    note_deliveries([(notice.recipient_id, error) for notice, error in ended if notice.channel == Channel.WEBHOOK], at)
    crash_point("dispatch_before_mark_commit")
    return [status.value for status in statuses]


def _status(notice: Notice, error: SendError | None) -> NoticeStatus:
    if error is None:
        return NoticeStatus.SENT
    if isinstance(error, PermanentError) or notice.attempts >= MAX_ATTEMPTS:
        return NoticeStatus.DEAD
    return NoticeStatus.RETRY


def _hand_back(notices: Sequence[Notice], due: datetime) -> None:
    """Return notices untried."""
    first = When(attempts__lte=1, then=Value(NoticeStatus.QUEUED))
    status = Case(first, default=Value(NoticeStatus.RETRY))
    _release(notices, status=status, attempts=F("attempts") - 1, next_attempt_at=due)


def _release(notices: Sequence[Notice], **changes: object) -> None:
    keys = [notice.pk for notice in notices]
    ours = Notice.objects.filter(pk__in=keys, status=NoticeStatus.SENDING, lease_by=notices[0].lease_by)
    if (lost := len(keys) - ours.update(lease_by="", lease_until=None, **changes)) > 0:
        log.warning("notice_lease_lost", notices=keys, lost=lost)
