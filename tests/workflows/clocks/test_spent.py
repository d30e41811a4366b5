"""Who spent the time: the parts are the whole, nothing counts twice, and the documented order decides."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.factories.clocks import at
from workflows.clocks import national_calendar
from workflows.clocks.spent import (
    OF_A_BUNDLE,
    OF_A_CASE,
    Claim,
    Holder,
    Owner,
    as_claims,
    stretches,
    worked_by_owner,
)

CALENDAR = national_calendar()
DAY = 7 * 3600
#: Around National Day, with make-up working days and a weekend.
BEGIN = at("2026-09-24 10:00")
moments = some.integers(0, 30 * 24 * 3600).map(lambda second: BEGIN + timedelta(seconds=second))
owners = some.one_of(
    some.sampled_from([Owner(holder) for holder in Holder if holder is not Holder.DEPARTMENT]),
    some.sampled_from([Owner(Holder.DEPARTMENT, code) for code in ("SCJG", "XF", "ZWB")]),
)
claims = some.lists(some.builds(Claim, owners, moments, some.one_of(some.none(), moments)), max_size=12)
orders = some.sampled_from([OF_A_CASE, OF_A_BUNDLE])


@given(claims, moments, moments, orders)
def test_the_parts_are_the_whole_to_the_second(
    claimed: list[Claim], one: datetime, other: datetime, order: tuple[Holder, ...]
) -> None:
    begin, end = min(one, other), max(one, other)
    parts = stretches(claimed, begin, end, order=order)
    assert [part.end for part in parts[:-1]] == [part.begin for part in parts[1:]]
    if begin < end:
        assert (parts[0].begin, parts[-1].end) == (begin, end)
    assert sum(worked_by_owner(parts, CALENDAR).values()) == CALENDAR.worked(end) - CALENDAR.worked(begin)


@given(claims, orders, moments)
def test_each_instant_belongs_to_the_first_of_those_who_claim_it(
    claimed: list[Claim], order: tuple[Holder, ...], moment: datetime
) -> None:
    parts = stretches(claimed, BEGIN, BEGIN + timedelta(days=31), order=order)
    (part,) = [part for part in parts if part.begin <= moment < part.end]
    claiming = [one for one in claimed if one.begin <= moment and (one.end is None or moment < one.end)]
    if not claiming:
        assert part.owner == Owner(Holder.SYSTEM)
        return
    first = min(claiming, key=lambda one: (order.index(one.owner.holder), one.begin, one.owner.department))
    assert part.owner == first.owner


@given(some.lists(claims, min_size=1, max_size=4), moments)
def test_a_bundles_time_is_the_whole_too_and_comes_from_its_branches(
    branches: list[list[Claim]], end: datetime
) -> None:
    parted = [stretches(claimed, BEGIN, end, order=OF_A_CASE) for claimed in branches]
    whole = stretches([claim for parts in parted for claim in as_claims(parts)], BEGIN, end, order=OF_A_BUNDLE)
    assert sum(worked_by_owner(whole, CALENDAR).values()) == CALENDAR.worked(end) - CALENDAR.worked(BEGIN)
    for part in whole:
        assert any(one.begin <= part.begin < one.end and one.owner == part.owner for parts in parted for one in parts)


def department(code: str, begin: str, end: str | None = None) -> Claim:
    return Claim(Owner(Holder.DEPARTMENT, code), at(begin), at(end) if end else None)


def test_a_case_of_a_week() -> None:
    claimed = [
        department("ZWB", "2026-03-02 09:00", "2026-03-02 11:00"),
        Claim(Owner(Holder.APPLICANT), at("2026-03-02 11:00"), at("2026-03-04 09:00")),
        department("SCJG", "2026-03-04 09:00", "2026-03-06 17:00"),
        department("XF", "2026-03-04 10:00", "2026-03-09 10:00"),  # at the same time: counted once
        Claim(Owner(Holder.PAUSED), at("2026-03-05 00:00"), at("2026-03-06 00:00")),
        Claim(Owner(Holder.DELIVERY), at("2026-03-09 10:00"), at("2026-03-09 12:00")),
    ]
    parts = stretches(claimed, at("2026-03-02 09:00"), at("2026-03-09 13:00"), order=OF_A_CASE)
    assert worked_by_owner(parts, CALENDAR) == {
        Owner(Holder.DEPARTMENT, "ZWB"): 2 * 3600,
        Owner(Holder.APPLICANT): 5 * 3600 + DAY,
        Owner(Holder.DEPARTMENT, "SCJG"): 2 * DAY,
        Owner(Holder.PAUSED): DAY,
        Owner(Holder.DEPARTMENT, "XF"): 3600,
        Owner(Holder.DELIVERY): 2 * 3600,
        Owner(Holder.SYSTEM): 0,  # the lunch break is nobody's working time
    }


@pytest.mark.parametrize("order", [OF_A_CASE, OF_A_BUNDLE])
def test_every_holder_has_its_place(order: tuple[Holder, ...]) -> None:
    assert sorted(order) == sorted(Holder)
