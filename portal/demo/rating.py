"""What the people of the seeded past say of their closed cases."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from services.cases.enums import CLOSED_CASE_STATES
from services.cases.models import Case
from services.ratings.enums import BAD, Channel, Level
from services.ratings.labels import levels
from services.ratings.operations.rating import rate_case
from services.ratings.queries.ratings import NOT_RATED

#: Of the closed cases so many are rated, and with these weights from the best level to the worst.
RATED = 0.4
WEIGHTS = (46, 30, 14, 7, 3)
WORDS = ("很快，一次就办好了。", "网上就能办，方便。", "希望能早点告诉我缺什么。", "")
#: Bad ratings with a name that wait for a call today.
NAMED = 2


def rate_closed_cases(*, until: datetime, rng: random.Random) -> int:
    """Rate some of the closed cases without a name, and let a few bad ones with a name wait; returns how many."""
    closed = Case.objects.filter(state__in=CLOSED_CASE_STATES, closed_at__lt=until).exclude(state__in=NOT_RATED)
    cases = list(closed.select_related("application__filed_by").exclude(application__channel="counter").order_by("id"))
    chosen = rng.sample(cases, int(len(cases) * RATED))
    named = 0
    for case in chosen:
        level = rng.choices(list(Level), WEIGHTS)[0]
        waits = level in BAD and named < NAMED
        named += waits
        assert case.closed_at is not None
        rate_case(
            case_id=case.pk,
            level=level,
            labels=rng.sample(sorted(levels()[level].labels), rng.randint(0, 3)),
            text=rng.choice(WORDS),
            named=waits,
            channel=rng.choice([Channel.COMPUTER, Channel.MOBILE]),
            by=case.application.filed_by,
            at=until if waits else min(until, case.closed_at + timedelta(hours=rng.randint(1, 30))),
        )
    return len(chosen)
