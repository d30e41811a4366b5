"""Who spent the time: every working second of a period belongs to exactly one of those who claim it. Plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from workflows.clocks.calendar import WorkingCalendar


class Holder(StrEnum):
    """With whom a case was."""

    APPLICANT = "applicant"
    DEPARTMENT = "department"
    WAITING = "waiting"
    PAUSED = "paused"
    HELD = "held"
    DELIVERY = "delivery"
    SYSTEM = "system"


#: Who gets the time of one case when several claim it. A pause of the law is nobody's time, and a manager's hold keeps
#: everybody from working; an office that could go on is not excused by what the applicant still owes.
OF_A_CASE = (
    Holder.PAUSED,
    Holder.HELD,
    Holder.DEPARTMENT,
    Holder.APPLICANT,
    Holder.DELIVERY,
    Holder.WAITING,
    Holder.SYSTEM,
)
#: The same for a bundle, out of its branches: it is paused, or waits for the applicant, only while no branch can move.
OF_A_BUNDLE = (
    Holder.HELD,
    Holder.DEPARTMENT,
    Holder.APPLICANT,
    Holder.PAUSED,
    Holder.DELIVERY,
    Holder.SYSTEM,
    Holder.WAITING,
)


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """Whom time belongs to. department: its code, for Holder.DEPARTMENT."""

    holder: Holder
    department: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A half-open span of time that somebody claims. end: None for one that lasts."""

    owner: Owner
    begin: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open span of time that belongs to one owner."""

    owner: Owner
    begin: datetime
    end: datetime


def stretches(
    claims: Iterable[Claim], begin: datetime, end: datetime, *, order: Sequence[Holder], rest: Holder = Holder.SYSTEM
) -> tuple[Stretch, ...]:
    """Return whom each part of [begin, end) belongs to, without gap or overlap, in order of time.

    order: who comes first when several claim an instant; among departments the one whose claim began first, then by
    code. rest: whose the time is that nobody claims. Empty when the period is.
    """
    known = [one for one in claims if one.end is None or one.begin < one.end]
    ranked = sorted(known, key=lambda one: (order.index(one.owner.holder), one.begin, one.owner.department))
    edges = {begin, end, *(one.begin for one in known), *(one.end for one in known if one.end is not None)}
    found: list[Stretch] = []
    for start, stop in pairwise(sorted(edge for edge in edges if begin <= edge <= end)):
        claim = next((one for one in ranked if one.begin <= start and (one.end is None or start < one.end)), None)
        owner = claim.owner if claim is not None else Owner(rest)
        if found and found[-1].owner == owner:
            found[-1] = Stretch(owner, found[-1].begin, stop)
        else:
            found.append(Stretch(owner, start, stop))
    return tuple(found)


def worked_by_owner(parts: Iterable[Stretch], calendar: WorkingCalendar) -> Mapping[Owner, int]:
    """Return the working seconds of each owner, those with none too.

    Each stretch counts as a difference of `WorkingCalendar.worked`, so that the parts of a period add up to the whole
    to the second. Raises OutsideCalendarError.
    """
    spent: dict[Owner, int] = {}
    for part in parts:
        seconds = calendar.worked(part.end) - calendar.worked(part.begin)
        spent[part.owner] = spent.get(part.owner, 0) + seconds
    return spent


def as_claims(parts: Iterable[Stretch]) -> tuple[Claim, ...]:
    """Return a branch's stretches as what it claims of its bundle's time."""
    return tuple(Claim(part.owner, part.begin, part.end) for part in parts)
