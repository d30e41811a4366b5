"""What the law counts for one service version beside its promised and statutory limits: a checked document.

The document is stored with the version and frozen with it. What it leaves out is the Administrative Licensing Law's
(行政许可法, "APL"), the default rule set; `LimitRules` is that document read with its defaults. Pure: no database.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.catalogue.enums import LimitUnit, RegionSetting

#: A unit of this document only: it becomes calendar days on the day a clock starts (Civil Code, art. 202).
MONTHS = "months"
UNITS = frozenset({*LimitUnit.values, MONTHS})

Text = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Period:
    """How long. amount: how many of unit, 0 = on the spot."""

    amount: int
    unit: str = LimitUnit.WORKING_DAYS.value

    def counted_from(self, day: date) -> tuple[int, str]:
        """Return amount and unit as a clock counts them from a day; months become the calendar days they have."""
        if self.unit != MONTHS:
            return self.amount, self.unit
        return (months_after(day, self.amount) - day).days, LimitUnit.CALENDAR_DAYS.value


@dataclass(frozen=True, kw_only=True)
class Cited:
    """A rule that holds because somebody may enact it. zh, en: law and article. span: its limit, if it has one."""

    zh: str
    en: str
    span: Period | None = None


@dataclass(frozen=True, kw_only=True)
class PauseRule:
    """A service's own reason not to count time, beyond art. 45."""

    code: str
    name: Text
    citation: Text


@dataclass(frozen=True, kw_only=True)
class RenewalRule:
    """When renewal is asked for. opens, closes: how long before expiry the window begins and ends (APL art. 50)."""

    opens: Period
    closes: Period
    citation: Text


@dataclass(frozen=True, kw_only=True)
class HearingRule:
    """Working days: to ask for a hearing, to hold it, and between its notice and the day (APL art. 47)."""

    request: int = 5
    hold: int = 20
    notice: int = 7


@dataclass(frozen=True, kw_only=True)
class LimitRules:
    """What the law counts for one service version. See docs/time-limits.md for each rule and its article.

    notice: within what everything missing is told. silence_accepts: whose rule makes silence an acceptance, None where
    none does. settings: the region's rules the service uses, each with its citation; none by default. deferred: within
    what deferred documents are handed in, None where nothing may be deferred. stages: the share of a step, by node.
    """

    notice: Period
    silence_accepts: Cited | None
    settings: Mapping[str, Cited]
    deferred: Period | None
    stages: Mapping[str, Period]
    renewal: RenewalRule | None
    post_permit_check: Cited | None
    publicity: Cited | None
    publicity_not_counted: bool
    hearing: HearingRule
    pauses: Sequence[PauseRule]

    def setting(self, name: RegionSetting) -> Cited | None:
        """Return the cited rule of the region that this service uses, None (the default) where it uses none."""
        return self.settings.get(name)


#: The Administrative Licensing Law's own rules, which hold where a service cites no other.
ONE_TIME_NOTICE = Period(amount=5)
SILENCE = Cited(zh="《中华人民共和国行政许可法》第三十二条第一款第四项", en="Administrative Licensing Law, art. 32(4)")
RENEWAL_SILENCE = {"zh": "《中华人民共和国行政许可法》第五十条", "en": "Administrative Licensing Law, art. 50"}

#: The parts of the document, each with the keys it may have.
PARTS: Mapping[str, frozenset[str]] = {
    "one_time_notice": frozenset({"amount", "unit", "citation", "verified"}),
    "silence": frozenset({"accepts", "citation", "verified"}),
    "settings": frozenset(RegionSetting.values),
    "deferred_documents": frozenset({"amount", "unit", "citation", "verified"}),
    "stages": frozenset(),
    "renewal": frozenset({"opens_before", "closes_before", "citation", "verified"}),
    "post_permit_check": frozenset({"amount", "unit", "citation", "verified"}),
    "publicity": frozenset({"amount", "unit", "citation", "not_counted", "verified"}),
    "hearing": frozenset({"request", "hold", "notice", "citation", "verified"}),
    "pauses": frozenset(),
}
#: What the law does not say itself: it needs the rule that does.
NEEDS_CITATION = ("renewal", "post_permit_check", "publicity")


def read_limit_rules(document: Mapping[str, Any]) -> LimitRules:
    """Return a version's rules. document: as `problems_of` finds nothing wrong with; {} is the law's own rules."""
    silence, publicity = document.get("silence", {}), document.get("publicity", {})
    return LimitRules(
        notice=_span(document.get("one_time_notice")) or ONE_TIME_NOTICE,
        silence_accepts=(_cited(silence) or SILENCE) if silence.get("accepts", True) else None,
        settings={name: _only(Cited, one) for name, one in document.get("settings", {}).items()},
        deferred=_span(document.get("deferred_documents")),
        stages={node: share for node, one in document.get("stages", {}).items() if (share := _span(one))},
        renewal=_renewal(document.get("renewal")),
        post_permit_check=_cited(document.get("post_permit_check")),
        publicity=_cited(publicity),
        publicity_not_counted=bool(publicity.get("not_counted", False)),
        hearing=HearingRule(**_only_known(document.get("hearing", {}), ("request", "hold", "notice"))),
        pauses=[
            PauseRule(code=one["code"], name=one["name"], citation=one["citation"])
            for one in document.get("pauses", ())
        ],
    )


def _only_known(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: row[key] for key in keys if key in row}


def _only(kind: type[Cited], row: Mapping[str, Any]) -> Cited:
    return kind(zh=row["citation"]["zh"], en=row["citation"]["en"], span=_span(row))


def _span(row: Mapping[str, Any] | None) -> Period | None:
    if not row or "amount" not in row:
        return None
    return Period(amount=row["amount"], unit=row.get("unit", LimitUnit.WORKING_DAYS.value))


def _cited(row: Mapping[str, Any] | None) -> Cited | None:
    return _only(Cited, row) if row and "citation" in row else None


def _renewal(row: Mapping[str, Any] | None) -> RenewalRule | None:
    if not row:
        return None
    opens, closes = _span(row["opens_before"]), _span(row["closes_before"])
    assert opens is not None
    assert closes is not None
    return RenewalRule(opens=opens, closes=closes, citation=row["citation"])


def problems_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (where, sentence) for everything that is wrong with a document of limit rules."""
    for part, row in document.items():
        if part not in PARTS:
            yield part, f"There is no rule called {part}."
            continue
        allowed = PARTS[part]
        if allowed and (unknown := set(row) - allowed):
            yield part, f"It does not know {', '.join(sorted(unknown))}."
        yield from _spans_in(part, row)
    for part in NEEDS_CITATION:
        if part in document and not _is_cited(document[part]):
            yield part, "Cite the rule that says so, in both languages."
    yield from _citations(document)


def _citations(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, one in document.get("settings", {}).items():
        if not _is_cited(one):
            yield f"settings.{name}", "A setting of the region holds only with its citation, in both languages."
    if "silence" in document and not _is_cited(document["silence"]):
        yield "silence", "Cite the rule that says what silence means here, in both languages."
    for order, one in enumerate(document.get("pauses", ()), start=1):
        if not (one.get("code") and _is_text(one.get("name")) and _is_cited(one)):
            yield f"pauses.{order}", "A pause beyond art. 45 has a code, a name and its citation, in both languages."


def _spans_in(part: str, row: Any) -> Iterator[tuple[str, str]]:
    spans = {part: row} if isinstance(row, Mapping) and "amount" in row else {}
    if part == "stages":
        spans = {f"stages.{node}": one for node, one in row.items()}
    if part == "renewal":
        spans = {f"renewal.{name}": row.get(name) for name in ("opens_before", "closes_before")}
    for where, one in spans.items():
        amount = one.get("amount") if isinstance(one, Mapping) else None
        if not isinstance(amount, int) or amount < 0 or one.get("unit", "working_days") not in UNITS:
            yield where, "Say how long: an amount and a unit."


def _is_cited(row: Mapping[str, Any]) -> bool:
    return _is_text(row.get("citation"))


def _is_text(text: Any) -> bool:
    return isinstance(text, Mapping) and bool(text.get("zh")) and bool(text.get("en"))


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, the month's last where it has none such (Civil Code, art. 202)."""
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
