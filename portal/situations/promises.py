"""The honest time: what a limit means as a date under a stated assumption, by the same clocks that count real cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.catalogue.enums import ClockStart
from services.catalogue.models import ServiceVersion
from workflows.clocks import ClockFacts, Limit, Unit, WorkingCalendar, due, explain


@dataclass(frozen=True)
class Assumption:
    """What is assumed of an application filed now with everything that is needed.

    filed_on: the day of filing. accepted_at: when it is taken to be accepted - at once while the offices are open, else
    when they open next. waits: whether acceptance is on a later day than the filing.
    """

    filed_at: datetime
    filed_on: date
    accepted_at: datetime
    accepted_on: date

    @property
    def waits(self) -> bool:
        """Whether it is accepted on a later day than it is filed."""
        return self.accepted_on > self.filed_on


def assumed(at: datetime, calendar: WorkingCalendar) -> Assumption:
    """Return what is assumed of an application filed at `at`, counted in whole hours."""
    local = at.astimezone(calendar.zone).replace(minute=0, second=0, microsecond=0)
    today, opens = local.date(), calendar.hours.spans[0][0]
    accepted = local
    if not calendar.is_working(today) or local.time() >= calendar.hours.closes:
        accepted = datetime.combine(calendar.add_working_days(today, 1), opens, calendar.zone)
    elif local.time() < opens:
        accepted = datetime.combine(today, opens, calendar.zone)
    return Assumption(local, today, accepted, accepted.date())


@dataclass(frozen=True)
class Promise:
    """Dates under a stated assumption.

    from_on: the day assumed for the acceptance or receipt. due_on, due_at: by when the decision is promised. lines: how
    it is counted, in the page's language. on_receipt: whether the limit counts from receipt instead of acceptance.
    by_law_on: the last day the law gives, None where it sets none. notice_on: the last day on which everything missing
    may be told, if the application is filed on `filed_on`.
    """

    filed_on: date
    from_on: date
    due_on: date | None
    due_at: datetime | None
    provisional: bool
    lines: list[str]
    on_receipt: bool
    by_law_on: date | None
    notice_on: date | None


def promise(
    version: ServiceVersion,
    calendar: WorkingCalendar,
    *,
    filed_at: datetime,
    accepted_at: datetime,
    language: str,
) -> Promise:
    """Return by when a service promises its decision if it is filed and accepted at these instants."""
    on_receipt = version.clock_start == ClockStart.RECEIPT
    begins = filed_at if on_receipt else accepted_at
    facts = ClockFacts(
        kind="promised", limit=Limit(version.promised_amount, Unit(version.promised_unit)), started_at=begins
    )
    by = due(facts, calendar)
    notice, unit = version.rules.notice.counted_from(filed_at.astimezone(calendar.zone).date())
    told = due(ClockFacts(kind="one_time_notice", limit=Limit(notice, Unit(unit)), started_at=filed_at), calendar)
    return Promise(
        filed_on=filed_at.astimezone(calendar.zone).date(),
        from_on=begins.astimezone(calendar.zone).date(),
        due_on=by.due_on,
        due_at=by.due_at,
        provisional=by.provisional,
        lines=explain(facts, calendar, language),
        on_receipt=on_receipt,
        by_law_on=_by_law(version, calendar, begins),
        notice_on=told.due_on,
    )


def _by_law(version: ServiceVersion, calendar: WorkingCalendar, begins: datetime) -> date | None:
    if version.statutory_amount is None:
        return None
    limit = Limit(version.statutory_amount, Unit(version.statutory_unit))
    return due(ClockFacts(kind="statutory", limit=limit, started_at=begins), calendar).due_on


def schedule(
    parts: Mapping[str, tuple[ServiceVersion, tuple[str, ...]]],
    calendar: WorkingCalendar,
    assumption: Assumption,
    *,
    language: str,
) -> dict[str, Promise]:
    """Return the promises of services that wait for each other: each is filed when the last before it is due.

    That is the latest way it can go as promised: whoever decides earlier lets the next begin earlier.

    Args:
        parts: by key the service and the keys of those decided before it is filed; keys that are not here are ignored.
    """
    found: dict[str, Promise] = {}

    def promised(key: str) -> Promise:
        if key not in found:
            version, after = parts[key]
            ends = [one.due_at for other in after if other in parts and (one := promised(other)).due_at]
            filed, accepted = assumption.filed_at, assumption.accepted_at
            if ends:
                # It is filed by the decision itself: on that day, within the hours, so nobody waits for the morning.
                filed = accepted = max(ends) - timedelta(minutes=1)
            found[key] = promise(version, calendar, filed_at=filed, accepted_at=accepted, language=language)
        return found[key]

    return {key: promised(key) for key in parts}
