"""Ratings, made directly where the way there does not matter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.cases.models import Case
from services.ratings.enums import Channel, Level
from services.ratings.models import Rating, Visit
from tests.factories.cases import FILED_AT
from workflows.queries.calendars import database_now


def make_rating(
    case: Case, *, level: str = Level.SATISFIED, by: Any = None, at: datetime = FILED_AT, **values: Any
) -> Rating:
    """Return a rating of a case. closed: let the case count as closed, so that its department sees it."""
    if values.pop("closed", False) and case.closed_at is None:
        Case.objects.filter(pk=case.pk).update(closed_at=at)
    return Rating.objects.create(
        **{
            "case": case,
            "department": case.department.code,
            "level": level,
            "channel": Channel.COMPUTER,
            "rated_by": by,
            "rated_at": at,
            **values,
        }
    )


def make_visit(case: Case, *, clerk: Any) -> Visit:
    """Return a visit that can be rated now."""
    return Visit.objects.create(case=case, clerk=clerk, opened_at=database_now())
