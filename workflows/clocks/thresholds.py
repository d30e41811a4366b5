"""Thresholds: at which instants of a clock something is told or done, and what. The rules are data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.clocks.calendar import WorkingCalendar
from workflows.clocks.counting import due, remaining_at
from workflows.clocks.effects import Consequence
from workflows.clocks.facts import ClockFacts
from workflows.clocks.lights import Light
from workflows.clocks.rules import KINDS

REMAINING, DUE, AFTER, BEFORE = "remaining", "due", "after", "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a threshold is reached, in relation to the clock's due instant.

    point: `remaining`: from when at most max(working_days, percent of the limit) are left; `due`: the due instant;
    `after`: close of business of the n-th working day after the due day; `before`: n working days before the due
    instant. working_days, percent: 0 where the point does not ask for them.
    """

    point: str
    working_days: int = 0
    percent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One rule: what happens when a clock of one of its kinds reaches a moment, once per clock.

    code: names the rule and its timers. light: the colour it turns on, "" for a mere reminder. law: a rule that a
    statute makes, which no manager may change.
    """

    code: str
    kinds: tuple[str, ...]
    when: Moment
    light: str = ""
    consequences: tuple[Consequence, ...] = ()
    law: bool = False

    def as_rule(self) -> dict[str, Any]:
        """Return the rule as it stands in a published document."""
        return {
            "code": self.code,
            "kinds": list(self.kinds),
            "when": _when(self.when),
            "light": self.light,
            "consequences": [{"do": one.do, "options": dict(one.options)} for one in self.consequences],
            "law": self.law,
        }


def _when(moment: Moment) -> dict[str, Any]:
    if moment.point == DUE:
        return {DUE: 0}
    amounts = {"percent": moment.percent, "working_days": moment.working_days}
    return {moment.point: {name: amount for name, amount in amounts.items() if amount}}


_STATUTORY = tuple(kind for kind, rule in KINDS.items() if rule.statutory)
#: What holds while nothing is published: the lights of docs/time-limits.md, and nothing that follows from them.
SHIPPED: tuple[Threshold, ...] = (
    Threshold(
        code="yellow", kinds=tuple(KINDS), when=Moment(point=REMAINING, percent=20, working_days=1), light=Light.YELLOW
    ),
    Threshold(
        code="red",
        kinds=tuple(kind for kind in KINDS if kind not in _STATUTORY),
        when=Moment(point=DUE),
        light=Light.RED,
    ),
    Threshold(code="black", kinds=_STATUTORY, when=Moment(point=DUE), light=Light.BLACK),
)


def instants(facts: ClockFacts, calendar: WorkingCalendar, thresholds: Iterable[Threshold]) -> dict[str, datetime]:
    """Return at which instant a clock reaches each threshold of its kind, by the rule's code, the earliest first.

    Never before the clock's start. Nothing while a pause leaves the due instant undecided. Raises
    OutsideCalendarError.
    """
    mine = [threshold for threshold in thresholds if facts.kind in threshold.kinds]
    due_at = due(facts, calendar).due_at if mine else None
    if due_at is None:
        return {}
    reached = {one.code: max(facts.started_at, _instant(one.when, facts, calendar, due_at)) for one in mine}
    return dict(sorted(reached.items(), key=lambda item: item[1]))


def _instant(when: Moment, facts: ClockFacts, calendar: WorkingCalendar, due_at: datetime) -> datetime:
    if when.point == DUE:
        return due_at
    if when.point == AFTER:
        on = calendar.add_working_days(due_at.astimezone(calendar.zone).date(), when.working_days)
        return calendar.closing(calendar.offset(on))
    if when.point == BEFORE and facts.total == 0:
        return facts.started_at  # on the spot there is no day to spare
    return remaining_at(facts, calendar, due_at, percent=when.percent, working_days=when.working_days)


def by_code(thresholds: Iterable[Threshold]) -> dict[str, Threshold]:
    """Return thresholds by their codes."""
    return {threshold.code: threshold for threshold in thresholds}


def code_of_light(thresholds: Iterable[Threshold], kind: str, light: str) -> str:
    """Return the code of the rule that turns on a light for a kind of clock, "" when none does."""
    found = (one.code for one in thresholds if one.light == light and kind in one.kinds)
    return next(found, "")


def missing(
    reached: Mapping[str, datetime],
    known: Collection[str],
    lit: Collection[str],
    thresholds: Iterable[Threshold],
    *,
    since: datetime | None,
) -> dict[str, datetime]:
    """Return the instants a clock still needs timers for.

    known: codes of the timers it has. lit: lights that were told already. since: when the rules were published, None
    for a clock that starts under them. A rule reaches back over no clock: what would have been before it was
    published does not happen. Nor is a light told twice because its rule has another name now.
    """
    rules = by_code(thresholds)
    return {
        code: instant
        for code, instant in reached.items()
        if code not in known
        and (since is None or instant >= since)
        and not (rules[code].light and rules[code].light in lit)
    }
