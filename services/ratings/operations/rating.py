"""Rate a case or a visit; a bad rating by somebody who gives her name starts the department's clocks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from services.cases.enums import CLOSED_CASE_STATES
from services.cases.models import Case
from services.cases.operations.drafts import NotAllowedError
from services.ratings.enums import Channel, Level
from services.ratings.labels import levels
from services.ratings.models import Handling, Rating, Visit
from services.ratings.operations.telling import tell_handlers
from services.ratings.permissions import WINDOW_OFFICE, may_rate
from services.ratings.queries.ratings import NOT_RATED, second_is_open
from workflows.clocks.rules import KINDS
from workflows.enums import ClockKind
from workflows.models import Run
from workflows.operations.clocks import start_clock
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Longest text, in characters.
LONGEST_TEXT = 1_000


class RatingError(Exception):
    """It cannot be rated like this. The message is a sentence for the person who tried."""


@transaction.atomic
def rate_case(
    *,
    case_id: int,
    level: str,
    labels: Collection[int] = (),
    text: str = "",
    named: bool,
    channel: str,
    by: User,
    at: datetime,
) -> Rating:
    """Rate a closed case, once; once more after something was put right. A double click rates once.

    labels: codes of the level's own labels. named: she may be contacted; an anonymous rating keeps no trace of her.
    Effects: the rating; for a bad named one the two clocks of the department, notices to who must contact her.
    Raises NotAllowedError, RatingError.
    """
    root, case = locked_case(case_id)
    if not may_rate(by, case, at):
        raise NotAllowedError("She may not rate this case.")
    if case.state not in CLOSED_CASE_STATES or case.state in NOT_RATED or case.closed_at is None:
        raise RatingError(_("You can rate this once it is closed."))
    known = list(case.ratings.filter(visit__isnull=True).order_by("number"))
    if known and not second_is_open(known, user_id=by.pk):
        return known[-1]
    _check(level, labels)
    return _keep(
        Rating(
            case=case,
            number=len(known) + 1,
            department=case.department.code,
            level=level,
            labels=sorted(set(labels)),
            text={"text": text.strip()[:LONGEST_TEXT]} if text.strip() else {},
            channel=channel,
            rated_by=by if named or known else None,
            rated_at=at,
        ),
        root=root,
    )


@transaction.atomic
def rate_visit(*, code: str, level: str, labels: Collection[int] = (), text: str = "", at: datetime) -> Rating:
    """Rate a visit on the tablet at the window: without a name, once, on the same day.

    Raises Visit.DoesNotExist, RatingError.
    """
    visit = Visit.objects.get(code=code)
    _root, case = locked_case(visit.case_id)
    known = visit.ratings.first()
    if known is not None:
        return known
    if at - visit.opened_at > Visit.LASTS:
        raise RatingError(_("The time to rate this visit is over."))
    _check(level, labels)
    return Rating.objects.create(
        case=case,
        visit=visit,
        department=WINDOW_OFFICE,
        level=level,
        labels=sorted(set(labels)),
        text={"text": text.strip()[:LONGEST_TEXT]} if text.strip() else {},
        channel=Channel.HALL,
        rated_at=at,
    )


def locked_case(case_id: int) -> tuple[Run, Case]:
    """Lock the root of a case's application and return it with the case as it is now. Raises Case.DoesNotExist."""
    root_id = Case.objects.values_list("application__run_id", flat=True).get(pk=case_id)
    if root_id is None:
        raise RatingError(_("You can rate this once it is closed."))
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    return lock_root(root_id), rows.get(pk=case_id)


def _check(level: str, labels: Collection[int]) -> None:
    if level not in Level.values:
        raise RatingError(_("Choose one of the five levels."))
    if set(labels) - levels()[level].labels.keys():
        raise RatingError(_("Choose labels of the level you chose."))


def _keep(rating: Rating, *, root: Run) -> Rating:
    rating.save()
    if not rating.is_bad or rating.rated_by_id is None or rating.number > 1:
        return rating
    Handling.objects.create(rating=rating, opened_at=rating.rated_at)
    for kind in (ClockKind.RATING_CONTACT, ClockKind.RATING_RECTIFICATION):
        limit = KINDS[kind].limit
        assert limit is not None
        start_clock(
            root=lock_root(root.pk),
            subject_kind="case",
            subject_id=str(rating.case_id),
            kind=kind,
            limit_amount=limit.amount,
            limit_unit=limit.unit,
            started_at=rating.rated_at,
            starts_on_event="rating",
            by=None,
            at=rating.rated_at,
            department=rating.department,
        )
    tell_handlers(rating, "bad_rating", at=rating.rated_at)
    return rating
