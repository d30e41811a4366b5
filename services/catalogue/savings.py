"""What applying once saves against applying to each department on its own (四减). No database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

VISITS_ON_THE_SPOT = 1  # to ask and to receive in one go
VISITS_OTHERWISE = 2  # once to file, once to collect


@dataclass(frozen=True, kw_only=True)
class ServiceEffort:
    """What one service asks of the applicant.

    Attributes:
        key: the part's key.
        fields: codes of the data elements it asks.
        gives: codes of those that exist once it is granted, so that the others need not ask them.
        documents: codes of the documents it asks for.
        submitted: those of them the applicant must hand in; the others are fetched.
        on_the_spot: whether it is decided at once.
        visits: visits it needs when filed here.
        days: promised limit in working days.
        after: keys of the parts that must be decided first.
    """

    key: str
    fields: frozenset[str]
    gives: frozenset[str]
    documents: frozenset[str]
    submitted: frozenset[str]
    on_the_spot: bool
    visits: int
    days: Fraction
    after: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Saving:
    """A number when each service is applied for separately, and when it is done once."""

    separately: int
    once: int

    @property
    def saved(self) -> int:
        """What once saves."""
        return self.separately - self.once


@dataclass(frozen=True, kw_only=True)
class Savings:
    """Fields to fill, documents to hand in, visits to make and working days to wait."""

    fields: Saving
    documents: Saving
    visits: Saving
    days: Saving


def savings_of(efforts: Iterable[ServiceEffort]) -> Savings:
    """Return what applying once saves.

    Separately, every service asks its own fields and documents, is filed and collected at its counter, and follows the
    one before. Once, a field or document counts once, documents the government holds are fetched, and the services
    run side by side unless one needs the other's result.
    """
    every = list(efforts)
    return Savings(
        fields=Saving(
            separately=sum(len(one.fields) for one in every),
            once=len(_all(one.fields for one in every) - _all(one.gives for one in every)),
        ),
        documents=Saving(
            separately=sum(len(one.documents) for one in every),
            once=len(_all(one.submitted for one in every)),
        ),
        visits=Saving(
            separately=sum(VISITS_ON_THE_SPOT if one.on_the_spot else VISITS_OTHERWISE for one in every),
            once=max((one.visits for one in every), default=0),
        ),
        days=Saving(
            separately=ceil(sum((one.days for one in every), Fraction(0))),
            once=ceil(_longest_path({one.key: one for one in every})),
        ),
    )


def _all(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset(code for one in sets for code in one)


def _longest_path(efforts: Mapping[str, ServiceEffort]) -> Fraction:
    """Return the promised working days of the longest chain of parts that wait for each other."""
    finished: dict[str, Fraction] = {}

    def finish(key: str) -> Fraction:
        if key not in finished:
            effort = efforts[key]
            finished[key] = effort.days + max(
                (finish(one) for one in effort.after if one in efforts), default=Fraction(0)
            )
        return finished[key]

    return max((finish(key) for key in efforts), default=Fraction(0))
