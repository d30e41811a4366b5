"""The open cases in an order, read page by page from the indexes: no list holds more than the page that is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import overload

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

from services.cases.models import Standing

#: Orders of a list; "-" before one is the other direction. Filed in order is numbered in order.
SORTS = ("light", "due", "age", "number")


class StandingList(Sequence[Standing]):
    """Open cases with some lights, in an order; a slice reads what it names.

    By light: the most pressing light first, and within it what is due first. Undecided days come last, equal ones in
    the order of filing.
    """

    def __init__(
        self, rows: QuerySet[Standing], *, lights: Sequence[str], by_light: Mapping[str, int], sort: str, at: datetime
    ) -> None:
        """rows: the cases of department and service. by_light: how many of these have each light at `at`."""
        self._at = at
        self._backwards = sort.startswith("-")
        self._count = sum(by_light[light] for light in lights)
        order = sort.removeprefix("-")
        if order == "light":
            ordered = reversed(lights) if self._backwards else lights
            self._parts = [(by_light[light], self._ordered(rows.filter(lit(light, at)), "due")) for light in ordered]
        else:
            wanted = Q(pk__in=())
            for light in lights:
                wanted |= lit(light, at)
            all_of_them = len(lights) == len(by_light)
            self._parts = [(self._count, self._ordered(rows if all_of_them else rows.filter(wanted), order))]

    def _ordered(self, rows: QuerySet[Standing], order: str) -> QuerySet[Standing]:
        """Return rows in an order that an index has, either way."""
        keys: list[OrderBy] = {
            "due": [F("red_from").asc(nulls_last=True), F("case_id").asc()],
            "age": [F("filed_at").desc(), F("case_id").desc()],
            "number": [F("case_id").asc()],
        }[order]
        if self._backwards:
            for key in keys:
                key.reverse_ordering()
        return rows.order_by(*keys)

    def __len__(self) -> int:
        """Return how many cases there are, as counted."""
        return self._count

    def __iter__(self) -> Iterator[Standing]:
        """Read all of them."""
        return iter(self[:])

    @overload
    def __getitem__(self, place: int) -> Standing: ...
    @overload
    def __getitem__(self, place: slice) -> list[Standing]: ...
    def __getitem__(self, place: int | slice) -> Standing | list[Standing]:
        """Read one case, or those of a slice without a step."""
        if isinstance(place, int):
            return self[place : place + 1][0]
        start, stop, _step = place.indices(self._count)
        found: list[Standing] = []
        for count, rows in self._parts:
            if start < count and stop > 0:
                found += rows[max(start, 0) : min(stop, count)]
            start, stop = start - count, stop - count
        return found


def lit(light: str, at: datetime) -> Q:
    """Return the condition that a standing has a light at an instant; "" is no clock that binds an office."""
    match light:
        case "black":
            return Q(black_from__lte=at)
        case "red":
            return Q(red_from__lte=at) & _not_yet("black_from", at)
        case "yellow":
            return Q(yellow_from__lte=at) & _not_yet("red_from", at)
        case "green":
            return Q(green_from__lte=at) & _not_yet("yellow_from", at)
        case "paused":
            # The first words are the index's own condition.
            return Q(watched=True) & _not_yet("green_from", at)
        case _:
            return Q(watched=False)


def _not_yet(column: str, at: datetime) -> Q:
    return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gt": at})
