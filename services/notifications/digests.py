"""One mail instead of many, for staff who want it so. Each notice gets into exactly one digest, or waits for the next.

A digest is a notice like any other: it is made in one transaction with the marks of those it gathers, and then sent
like any other. What it says is written when it is sent, from the notices that name it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction

from services.notifications.crash_points import crash_point
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice

DIGEST = "digest"


def build_digests(*, at: datetime) -> int:
    """Make the digests that are due; return how many. May run anywhere, any number of times at once."""
    due = Notice.objects.filter(status=NoticeStatus.GATHERED, next_attempt_at__lte=at)
    people = due.order_by("recipient_id").values_list("recipient_id", flat=True).distinct()
    return sum(_build(person, at) for person in list(people))


@transaction.atomic
def _build(person: int, at: datetime) -> bool:
    """Gather one person's notices; False if there are none, or somebody else is doing it."""
    users = get_user_model().objects.select_for_update(skip_locked=True, no_key=True)
    user = users.filter(pk=person).first()
    gathered = Notice.objects.filter(recipient=person, status=NoticeStatus.GATHERED, next_attempt_at__lte=at)
    keys = sorted(gathered.select_for_update().values_list("pk", flat=True)) if user else []
    if user is None or not keys:
        return False
    digest = Notice.objects.create(
        subject_kind="digest",
        subject_id=str(keys[0]),  # a notice is in one digest only, so the first one names it
        kind=DIGEST,
        channel=Channel.EMAIL,
        recipient=user,
        language=user.language,
        params={"number": str(len(keys))},
        status=NoticeStatus.QUEUED,
        next_attempt_at=at,
        created_at=at,
    )
    Notice.objects.filter(pk__in=keys).update(status=NoticeStatus.DIGESTED, digest=digest, next_attempt_at=None)
    crash_point("digest_before_commit")
    return True


def items_of(digests: Iterable[Notice]) -> dict[int, list[Notice]]:
    """Return the notices that each digest gathers, oldest first, by the digest's id."""
    found: dict[int, list[Notice]] = defaultdict(list)
    if keys := [digest.pk for digest in digests]:
        for notice in Notice.objects.filter(digest__in=keys).order_by("created_at", "pk"):
            found[notice.digest_id or 0].append(notice)
    return found
