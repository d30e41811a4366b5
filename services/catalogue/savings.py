"""What applying once saves against applying to each department on its own (四减), with the sum behind each number.

No database. Every number is the length of a list or a sum that the page can show: nothing here is estimated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil

VISITS_ON_THE_SPOT = 1  # to ask and to receive in one go
VISITS_OTHERWISE = 2  # once to file, once to collect


class Why(StrEnum):
    """Why something is asked less often once than separately."""

    SAME = "same"  # one service asks it: nothing is saved
    SHARED = "shared"  # several services ask it, she gives it once
    GIVEN = "given"  # a service of the bundle results in it, so that nobody asks it
    FETCHED = "fetched"  # the government holds it and fetches it
    MADE = "made"  # it is made from the answers of the one form


@dataclass(frozen=True, kw_only=True)
class ServiceEffort:
    """What one service asks of the applicant.

    Attributes:
        key: the part's key.
        fields: codes of the data elements it asks, each with how many fields it is on paper (a group has several).
        gives: codes of those that exist once it is granted, so that the others need not ask them.
        documents: codes of the documents it asks for.
        submitted: those of them the applicant must hand in.
        made: those of them that are made from her answers; the remaining ones are fetched.
        on_the_spot: whether it is decided at once.
        visits: visits it needs when filed here.
        days: promised limit in working days.
        after: keys of the parts that must be decided first.
    """

    key: str
    fields: Mapping[str, int]
    gives: frozenset[str]
    documents: frozenset[str]
    submitted: frozenset[str]
    on_the_spot: bool
    visits: int
    days: Fraction
    after: tuple[str, ...]
    made: frozenset[str] = frozenset()

    @property
    def visits_alone(self) -> int:
        """Visits when this service is applied for on its own at its counter: at least those it needs here, too."""
        return max(VISITS_ON_THE_SPOT if self.on_the_spot else VISITS_OTHERWISE, self.visits)


@dataclass(frozen=True, kw_only=True)
class Item:
    """A field or a document in the sum. weight: how many fields it is. asked_by: keys of the services that ask it."""

    code: str
    weight: int
    asked_by: tuple[str, ...]
    why: Why

    @property
    def separately(self) -> int:
        """How often it is given when each service is applied for on its own."""
        return self.weight * len(self.asked_by)

    @property
    def once(self) -> int:
        """How often it is given here."""
        return self.weight if self.why in (Why.SAME, Why.SHARED) else 0


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
    """Applications, fields, documents, visits and working days, separately and once, with what was summed.

    Attributes:
        field_items, document_items: every field and document with who asks it, those several ask first.
        efforts: the services, in order: their visits and days are the summands.
        longest: keys of the chain of services that wait for each other and takes longest: once takes as long as it.
        own_fields: fields only the bundle's own form asks; they count for "once".
    """

    applications: Saving
    fields: Saving
    documents: Saving
    visits: Saving
    days: Saving
    field_items: tuple[Item, ...]
    document_items: tuple[Item, ...]
    efforts: tuple[ServiceEffort, ...]
    longest: tuple[str, ...]
    own_fields: int


def savings_of(efforts: Iterable[ServiceEffort], own_fields: Mapping[str, int] | None = None) -> Savings:
    """Return what applying once saves.

    Separately, every service asks its own fields and documents, is filed and collected at its counter, and follows the
    one before. Once, a field or document counts once, documents the government holds are fetched, and the services
    run side by side unless one needs the other's result.

    Args:
        efforts: the services of the situation, each key once.
        own_fields: what the bundle's own form asks, as `ServiceEffort.fields`.
    """
    every = tuple(efforts)
    fields, documents = _field_items(every), _document_items(every)
    known = {item.code for item in fields}
    own = sum(weight for code, weight in (own_fields or {}).items() if code not in known)
    longest = _longest({one.key: one for one in every})
    return Savings(
        applications=Saving(separately=len(every), once=min(len(every), 1)),
        fields=_summed(fields, more=own),
        documents=_summed(documents),
        visits=Saving(
            separately=sum(one.visits_alone for one in every), once=max((one.visits for one in every), default=0)
        ),
        days=Saving(
            separately=ceil(sum((one.days for one in every), Fraction(0))),
            once=ceil(sum((one.days for one in longest), Fraction(0))),
        ),
        field_items=fields,
        document_items=documents,
        efforts=every,
        longest=tuple(one.key for one in longest),
        own_fields=own,
    )


def _summed(items: Sequence[Item], more: int = 0) -> Saving:
    return Saving(separately=sum(one.separately for one in items), once=sum(one.once for one in items) + more)


def _field_items(efforts: Sequence[ServiceEffort]) -> tuple[Item, ...]:
    given = frozenset(code for one in efforts for code in one.gives)
    asked: dict[str, list[ServiceEffort]] = {}
    for one in efforts:
        for code in sorted(one.fields):
            asked.setdefault(code, []).append(one)
    return _ordered(
        Item(
            code=code,
            weight=max(one.fields[code] for one in by),
            asked_by=tuple(one.key for one in by),
            why=Why.GIVEN if code in given else _shared(by),
        )
        for code, by in asked.items()
    )


def _document_items(efforts: Sequence[ServiceEffort]) -> tuple[Item, ...]:
    asked: dict[str, list[ServiceEffort]] = {}
    for one in efforts:
        for code in sorted(one.documents):
            asked.setdefault(code, []).append(one)
    return _ordered(
        Item(
            code=code,
            weight=1,
            asked_by=tuple(one.key for one in by),
            why=_why_document(code, by),
        )
        for code, by in asked.items()
    )


def _why_document(code: str, by: Sequence[ServiceEffort]) -> Why:
    if any(code in one.submitted for one in by):
        return _shared(by)
    return Why.MADE if any(code in one.made for one in by) else Why.FETCHED


def _shared(by: Sequence[ServiceEffort]) -> Why:
    return Why.SHARED if len(by) > 1 else Why.SAME


def _ordered(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return those that save most first; otherwise in the order of the services."""
    return tuple(sorted(items, key=lambda item: item.once - item.separately))


def _longest(efforts: Mapping[str, ServiceEffort]) -> list[ServiceEffort]:
    """Return the chain of services that wait for each other with the most promised working days, first to last."""
    chains: dict[str, list[ServiceEffort]] = {}

    def chain(key: str) -> list[ServiceEffort]:
        if key not in chains:
            before = [chain(one) for one in efforts[key].after if one in efforts]
            chains[key] = [*max(before, key=_days, default=[]), efforts[key]]
        return chains[key]

    return max((chain(key) for key in efforts), key=_days, default=[])


def _days(chain: Iterable[ServiceEffort]) -> Fraction:
    return sum((one.days for one in chain), Fraction(0))
