"""When to try again. Pure: no clock, no chance."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

MAX_ATTEMPTS = 8
DELAYS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
JITTER = 0.2


def retry_delay(attempts: int, key: UUID) -> timedelta:
    """Return how long to wait after a number of failed attempts (1 or more).

    Up to 20 % are added or taken away by the notice's key, so that what failed together does not return together.
    """
    delay = DELAYS[min(attempts, len(DELAYS)) - 1]
    share = ((key.int >> attempts) % 1001) / 1000  # 0…1, another for each attempt
    return delay * (1 + JITTER * (2 * share - 1))
