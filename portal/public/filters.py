"""Filters of the catalogue, kept in the address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext

from portal.public.offers import FrontPage, Offer, front_page
from portal.ui.templatetags.ui import bilingual

LONGEST_QUERY = 120  # characters; what is typed beyond is ignored


@dataclass(frozen=True)
class Filters:
    """What was chosen. audience: person, business or "". event: a life event's key or ""."""

    query: str
    audience: str
    department: str
    event: str
    online: bool
    spot: bool
    once: bool

    @classmethod
    def from_address(cls, given: QueryDict) -> Filters:
        """Read them; unknown values choose nothing."""
        return cls(
            query=given.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY],
            audience=given.get("audience", "") if given.get("audience") in ("person", "business") else "",
            department=given.get("department", ""),
            event=given.get("event", "") if given.get("event") in {one.key for one in front_page().life_events} else "",
            online=given.get("online") == "1",
            spot=given.get("spot") == "1",
            once=given.get("once") == "1",
        )

    @property
    def any(self) -> bool:
        """Whether something besides the words was chosen."""
        return bool(self.audience or self.department or self.event or self.online or self.spot or self.once)

    def apply(self, found: Iterable[Offer], front: FrontPage) -> list[Offer]:
        """Return the offers that pass all chosen filters, in their order. What a list does not say passes none."""
        event = next((event for event in front.life_events if event.key == self.event), None)
        tests: list[Callable[[Offer], bool]] = []
        if self.audience:
            tests.append(lambda offer: self.audience in offer.audiences)
        if self.department:
            tests.append(lambda offer: self.department in offer.departments | {offer.department_code})
        if event is not None:
            tests.append(lambda offer: offer.has_theme(event))
        if self.online:
            tests.append(lambda offer: offer.online)
        if self.spot:
            tests.append(lambda offer: offer.on_the_spot)
        if self.once:
            tests.append(lambda offer: offer.is_bundle)
        return [offer for offer in found if all(test(offer) for test in tests)]


class Counts:
    """How many of what the words find each further choice would leave, beside everything else that is chosen."""

    def __init__(self, matching: Iterable[Offer], chosen: Filters) -> None:
        """matching: what the words find, unfiltered."""
        self._matching, self._chosen = list(matching), chosen

    def chip(self, name: str, value: str) -> int:
        """Count for a quick filter."""
        return len(self._left(**{name: value if name == "audience" else True}))

    def departments(self) -> Counter[str]:
        """Count for every department: of what it offers, and of the bundles it takes part in."""
        left = self._left(department="")
        return Counter(code for offer in left for code in offer.departments | {offer.department_code})

    def events(self) -> dict[str, int]:
        """Count for every life event."""
        left = self._left(event="")
        return {event.key: sum(offer.has_theme(event) for offer in left) for event in front_page().life_events}

    def _left(self, **changed: Any) -> list[Offer]:
        return replace(self._chosen, **changed).apply(self._matching, front_page())


def department_choices(everything: Iterable[Offer], counts: Counts) -> list[tuple[str, str, bool, int]]:
    """Return (code, name in the page's language, listed only, count) of every department, in the usual order.

    Departments that are only known from a list come last, under their Chinese name.
    """
    counted = counts.departments()
    found = {offer.department_code: offer for offer in everything}
    ordered = sorted(found.values(), key=lambda offer: (offer.department_position, offer.department_code))
    return [
        (offer.department_code, bilingual(offer.department), offer.is_listed, counted[offer.department_code])
        for offer in ordered
    ]


def event_choices(everything: Iterable[Offer], counts: Counts) -> list[tuple[str, str, int]]:
    """Return (key, name in the page's language, count) of every life event that something belongs to."""
    offers, counted = list(everything), counts.events()
    return [
        (event.key, bilingual(event.name), counted[event.key])
        for event in front_page().life_events
        if any(offer.has_theme(event) for offer in offers)
    ]


def _toggled(given: QueryDict, name: str, value: str) -> str:
    """Return the address with one filter switched, on the first page."""
    changed = given.copy()
    changed.pop("page", None)
    if changed.get(name) == value:
        changed.pop(name)
    else:
        changed[name] = value
    return f"?{changed.urlencode()}"


def chips(given: QueryDict, chosen: Filters, counts: Counts) -> list[dict[str, object]]:
    """Return the quick filters as templates/ui/filter_chips.html shows them."""
    rows = [
        ("audience", "person", gettext("For me"), chosen.audience == "person"),
        ("audience", "business", gettext("For my business"), chosen.audience == "business"),
        ("once", "1", gettext("Several at once"), chosen.once),
        ("online", "1", gettext("Fully online"), chosen.online),
        ("spot", "1", gettext("Done on the spot"), chosen.spot),
    ]
    return [
        {"word": word, "url": _toggled(given, name, value), "current": current, "count": counts.chip(name, value)}
        for name, value, word, current in rows
    ]
