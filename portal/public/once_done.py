"""The published once-done list (一次办妥清单): what is promised in one go, beside what closed cases really needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from portal.ui.wording import is_chinese
from services.cases.queries.measured import (
    NOTHING,
    Measured,
    Period,
    measured_bundles,
    measured_items,
    period_before,
)
from services.catalogue import queries
from services.catalogue.enums import Audience
from services.catalogue.models import BundleVersion, ServiceVersion
from workflows.queries.calendars import calendar_for

#: In one go: no visit, or one.
MOST_VISITS = 1
AUDIENCES = ("person", "business")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An item or bundle promised in one go. name, department: {zh, en}. limit: amount and unit, None for a bundle."""

    code: str
    bundle: bool
    name: dict[str, str]
    department: dict[str, str]
    department_code: str
    audiences: frozenset[str]
    visits: int
    limit: tuple[int, str] | None
    demo: bool
    measured: Measured

    @property
    def kept(self) -> bool | None:
        """Whether nine in ten needed no more visits than promised; None without figures."""
        most = self.measured.visits_p90
        return None if most is None else most <= self.visits


@dataclass(frozen=True, slots=True)
class OnceDone:
    """The whole list with the period its figures are of."""

    entries: tuple[Entry, ...]
    period: Period


def once_done(at: datetime) -> OnceDone:
    """Return everything that is promised in one go, bundles first; six queries, however much it is."""
    calendar = calendar_for()
    period = period_before(at, calendar)
    items, bundles = measured_items(period, calendar), measured_bundles(period, calendar)
    found = [
        _bundle(one, bundles[one.bundle_id].everything if one.bundle_id in bundles else NOTHING)
        for one in queries.published_bundles()
        if one.visits <= MOST_VISITS
    ]
    found += [
        _item(one, items.get(one.item_id, NOTHING)) for one in queries.published_items() if one.visits <= MOST_VISITS
    ]
    return OnceDone(tuple(found), period)


def _bundle(version: BundleVersion, measured: Measured) -> Entry:
    lead = version.lead_department
    return Entry(
        code=version.code,
        bundle=True,
        name={"zh": version.name_zh, "en": version.name_en},
        department={"zh": lead.name_zh, "en": lead.name_en},
        department_code=lead.code,
        audiences=_audiences(version.audiences),
        visits=version.visits,
        limit=None,
        demo=version.is_demo("visits"),
        measured=measured,
    )


def _item(version: ServiceVersion, measured: Measured) -> Entry:
    department = version.item.department
    return Entry(
        code=version.code,
        bundle=False,
        name={"zh": version.name_zh, "en": version.name_en},
        department={"zh": department.name_zh, "en": department.name_en},
        department_code=department.code,
        audiences=_audiences(version.audiences),
        visits=version.visits,
        limit=(version.promised_amount, version.promised_unit),
        demo=version.is_demo("promised_amount"),
        measured=measured,
    )


def _audiences(codes: Iterable[str]) -> frozenset[str]:
    persons = {"person"} if Audience.PERSON in codes else set()
    return frozenset(persons | ({"business"} if set(codes) - {Audience.PERSON} else set()))


@dataclass(frozen=True)
class Chosen:
    """The filters in the address; unknown values choose nothing. visits: "0", "1" or ""."""

    query: str
    audience: str
    department: str
    visits: str
    measured: bool

    @classmethod
    def from_address(cls, given: QueryDict) -> Chosen:
        """Read them."""
        return cls(
            query=given.get("q", "").strip()[:80],
            audience=given.get("audience", "") if given.get("audience") in AUDIENCES else "",
            department=given.get("department", "")[:80],
            visits=given.get("visits", "") if given.get("visits") in ("0", "1") else "",
            measured=given.get("measured") == "1",
        )

    @property
    def any(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.query or self.audience or self.department or self.visits or self.measured)

    def passes(self, entry: Entry) -> bool:
        """Tell whether an entry passes all of them."""
        words = f"{entry.name['zh']} {entry.name['en']}".casefold()
        return (
            self.query.casefold() in words
            and self.audience in ("", *entry.audiences)
            and self.department in ("", entry.department_code)
            and self.visits in ("", str(entry.visits))
            and not (self.measured and entry.measured.hidden)
        )


def departments_in(entries: Iterable[Entry]) -> list[tuple[str, str]]:
    """Return (code, name in the page's language) of every department on the list, in order of name."""
    language = "zh" if is_chinese() else "en"
    found = {one.department_code: one.department[language] or one.department["zh"] for one in entries}
    return sorted(found.items(), key=lambda one: one[1])
