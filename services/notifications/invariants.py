"""What must hold of the outbox: nothing owed twice, nothing left lying."""

from __future__ import annotations

from datetime import timedelta

from services.notifications.dispatch import LEASE
from workflows.queries.invariants import Check, asked

#: How late a notice may be in a sound installation; a dispatcher that died costs its lease first.
PATIENCE = timedelta(minutes=5)

NOTICE_CHECKS: tuple[Check, ...] = (
    asked(
        "I4",
        "One event is told to one person once per channel.",
        """select 'notice ' || min(id) who from notifications_notice
        group by subject_kind, subject_id, kind, round, channel, recipient_id having count(*) > 1""",
    ),
    asked(
        "I4",
        "Every notice has a key of its own, by which a receiver drops a repetition.",
        "select 'notice ' || min(id) who from notifications_notice group by provider_key having count(*) > 1",
    ),
    asked(
        "I4",
        "A notice that was sent was tried, and says when.",
        """select 'notice ' || id who from notifications_notice
        where status = 'sent' and (sent_at is null or (channel <> 'inbox' and attempts = 0))""",
    ),
    asked(
        "I6",
        "No lease is older than twice its length.",
        """select 'notice ' || id who from notifications_notice
        where status = 'sending' and lease_until < %(at)s - %(lease)s""",
        lease=LEASE,
    ),
    asked(
        "I11",
        "No notice that is due waits longer than five minutes.",
        """select 'notice ' || id who from notifications_notice
        where next_attempt_at < %(at)s - %(patience)s and status <> 'sending'""",
        patience=PATIENCE,
    ),
)
