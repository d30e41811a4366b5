"""What was rated, what is open, and the rows of the national interface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from services.cases.enums import CLOSED_CASE_STATES, CaseState
from services.cases.models import Application, Case
from services.ratings.labels import levels
from services.ratings.models import Handling, Rating
from workflows.enums import ClockKind
from workflows.models import Clock

#: Ends that nobody is asked about: she took it back, or it was never begun.
NOT_RATED = (CaseState.WITHDRAWN, CaseState.ENDED)


def with_everything(rows: QuerySet[Rating]) -> QuerySet[Rating]:
    """Return ratings with what their pages show, in one query."""
    return rows.select_related("case__service__item", "case__department", "case__application", "handling", "rated_by")


def cases_to_rate(application: Application) -> list[Case]:
    """Return the closed cases of an application that were not rated yet, in order."""
    rows = application.cases.filter(state__in=CLOSED_CASE_STATES, closed_at__isnull=False).exclude(state__in=NOT_RATED)
    rated = Rating.objects.filter(case__application=application, visit__isnull=True).values("case_id")
    return list(rows.exclude(pk__in=rated).select_related("service__item", "department").order_by("position"))


def ratings_of_case(case: Case) -> list[Rating]:
    """Return the first and the second rating of a case itself, without those of visits."""
    return list(with_everything(case.ratings.filter(visit__isnull=True)).order_by("number"))


def to_handle(rows: QuerySet[Rating]) -> QuerySet[Rating]:
    """Return those of some ratings about which something is still to do."""
    over = Q(handling__excluded=True) | Q(handling__followed_up_at__isnull=False)
    return rows.filter(handling__isnull=False).exclude(over)


def appealed(rows: QuerySet[Rating]) -> QuerySet[Rating]:
    """Return those of some ratings whose exclusion a manager has yet to decide."""
    return rows.filter(handling__appealed_at__isnull=False, handling__excluded__isnull=True)


def running_clocks(handling: Handling) -> list[Clock]:
    """Return the clocks that run for a bad rating, the first to end first."""
    kinds = (ClockKind.RATING_CONTACT, ClockKind.RATING_RECTIFICATION)
    about = {"subject_kind": "case", "subject_id": str(handling.rating.case_id)}
    return list(Clock.objects.filter(**about, kind__in=kinds, stopped_at__isnull=True).order_by("due_at"))


@dataclass(frozen=True, kw_only=True)
class NationalRow:
    """One rating as the national interface and GB/T 39046 want it; satisfaction in both directions, so named."""

    project_no: str
    dept_code: str
    task_code: str
    task_name: str
    channel: str
    interface_code: int
    standard_code: int
    labels: str
    text: str
    anonymous: int
    number: int
    rated_at: str
    status: int


def national_rows(rows: QuerySet[Rating]) -> Iterator[NationalRow]:
    """Yield ratings in the form of the national interface. status: 1 counts, 2 excluded after a review."""
    chosen = rows.select_related("case__service__item", "case__department", "handling").order_by("rated_at", "id")
    for rating in chosen.iterator(chunk_size=500):
        level = levels()[rating.level]
        handling = getattr(rating, "handling", None)
        yield NationalRow(
            project_no=rating.case.number,
            dept_code=rating.case.department.uscc,
            task_code=rating.case.service.item.task_code,
            task_name=rating.case.service.name_zh,
            channel=rating.channel,
            interface_code=level.interface,
            standard_code=level.standard,
            labels=",".join(map(str, rating.labels)),
            text=rating.words,
            anonymous=int(rating.rated_by_id is None),
            number=rating.number,
            rated_at=timezone.localtime(rating.rated_at).isoformat(timespec="seconds"),
            status=2 if handling is not None and handling.excluded else 1,
        )


def second_is_open(known: list[Rating], *, user_id: int | None) -> bool:
    """Return whether the person may rate a second time now."""
    if len(known) != 1 or known[0].rated_by_id is None or known[0].rated_by_id != user_id:
        return False
    handling = getattr(known[0], "handling", None)
    return handling is not None and handling.rectified_at is not None


def rated_between(since: datetime, until: datetime) -> QuerySet[Rating]:
    """Return the ratings given within a span, for the export."""
    return Rating.objects.filter(rated_at__gte=since, rated_at__lt=until)
