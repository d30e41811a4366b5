"""Until when, and where, a decision can be appealed."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from services.documents.enums import PaperKind
from services.documents.models import Paper
from workflows.clocks.calendar import OutsideCalendarError, WorkingCalendar

#: Papers against which the applicant may appeal.
AGAINST_HER = (
    PaperKind.DECISION_REFUSE,
    PaperKind.NOT_COMPETENT_NOTICE,
    PaperKind.NOT_SUPPLIED_NOTICE,
    PaperKind.WITHDRAWAL_NOTICE,
)
#: Administrative Reconsideration Law, art. 20: days from learning of the act.
RECONSIDERATION_DAYS = 60
#: Administrative Litigation Law, art. 46: months from learning of the act.
LITIGATION_MONTHS = 6


@dataclass(frozen=True, kw_only=True)
class LastDay:
    """The last day of a limit. counted: the day the limit itself ends on; provisional: holidays may still move `on`."""

    counted: date
    on: date
    provisional: bool

    @property
    def moved(self) -> bool:
        """Whether the limit would end on a day off, so that the next working day counts."""
        return self.on != self.counted


@dataclass(frozen=True, kw_only=True)
class Remedies:
    """The two routes against one paper. served_on: the day it reached her, None while it waits at the window.

    reconsideration, court: the body in both languages. …_until: the last day, None while nothing was served.
    """

    paper: Paper
    served_on: date | None
    reconsideration: dict[str, str]
    reconsideration_until: LastDay | None
    court: dict[str, str]
    court_until: LastDay | None


def remedies_against(papers: list[Paper], calendar: WorkingCalendar) -> Remedies | None:
    """Return the appeal routes that the latest of these papers against the applicant names, None without one.

    calendar: of the region whose bodies hear the appeal, for the last days.
    """
    paper = next((one for one in reversed(papers) if one.kind in AGAINST_HER), None)
    if paper is None or not paper.facts.get("remedies"):
        return None
    named: dict[str, Any] = paper.facts["remedies"]
    served = served_on(paper)
    reconsidered = served + timedelta(days=RECONSIDERATION_DAYS) if served else None
    sued = months_later(served, LITIGATION_MONTHS) if served else None
    return Remedies(
        paper=paper,
        served_on=served,
        reconsideration=named["reconsideration"],
        reconsideration_until=last_day(reconsidered, calendar) if reconsidered else None,
        court=named["court"],
        court_until=last_day(sued, calendar) if sued else None,
    )


def served_on(paper: Paper) -> date | None:
    """Return the day a paper was first served, None while it waits at the window."""
    instants = [delivery.delivered_at for delivery in paper.deliveries.all()]
    return timezone.localdate(min(instants)) if instants else None


def last_day(counted: date, calendar: WorkingCalendar) -> LastDay:
    """Return a limit's last day: the first working day after days off, where it would end on one.

    Civil Procedure Law, art. 85, which the Administrative Reconsideration Law (art. 88) and the Administrative
    Litigation Law (art. 101) apply. Beyond the calendar's last year nothing is known, and the day counts as it is.
    """
    try:
        on = calendar.day(calendar.working_day_from(calendar.offset(counted)))
    except OutsideCalendarError:
        return LastDay(counted=counted, on=counted, provisional=True)
    days = range((on - counted).days + 1)
    provisional = any(calendar.is_provisional(counted + timedelta(days=number)) for number in days)
    return LastDay(counted=counted, on=on, provisional=provisional)


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, the month's last where it has no such day (Civil Code, art. 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
