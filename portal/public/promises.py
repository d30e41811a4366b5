"""The honest time: what a limit means as a date, if the application is accepted (or received) now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.catalogue.enums import ClockStart
from services.catalogue.models import ServiceVersion
from workflows.clocks import ClockFacts, Limit, Unit, WorkingCalendar, due, explain


@dataclass(frozen=True)
class Promise:
    """A date under a stated assumption.

    from_on: the day assumed for the acceptance or receipt. due_on: the last day. lines: why, in the page's language.
    on_receipt: whether the limit counts from receipt instead of acceptance.
    """

    from_on: date
    due_on: date | None
    provisional: bool
    lines: list[str]
    on_receipt: bool


def promise(version: ServiceVersion, calendar: WorkingCalendar, *, at: datetime, language: str) -> Promise:
    """Return by when a service promises its decision if the application is accepted (or received) at `at`."""
    facts = ClockFacts(
        kind="promised", limit=Limit(version.promised_amount, Unit(version.promised_unit)), started_at=at
    )
    by = due(facts, calendar)
    return Promise(
        from_on=at.astimezone(calendar.zone).date(),
        due_on=by.due_on,
        provisional=by.provisional,
        lines=explain(facts, calendar, language),
        on_receipt=version.clock_start == ClockStart.RECEIPT,
    )
