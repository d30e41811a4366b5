"""What a lane says beside its steps: who has the ball, pauses, an extension, the decision, letters and appeals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.ui.wording import date_words, instant_words, limit_words, money_words
from services.cases.enums import CaseState
from services.cases.queries.remedies import LastDay, remedies_against
from services.cases.queries.timeline import Lane
from services.documents.models import Paper
from services.parties.models import Department
from services.payments.queries.fees import Standing
from workflows.clocks.calendar import WorkingCalendar
from workflows.clocks.rules import AUTHORITIES, PAUSES
from workflows.enums import ClockKind
from workflows.models import ClockPause

#: Limits whose pauses and extensions the applicant is told of.
_REVIEW = (ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.JOINT)


def _pick(zh: str, en: str) -> str:
    return zh if (get_language() or "zh").startswith("zh") else en


def ball(lane: Lane, names: Mapping[str, Department]) -> dict[str, Any]:
    """Return who has to act now in a lane: {"who", "mine"}; {} where nobody does."""
    task = lane.open_task
    if lane.closed or task is None:
        return {}
    if task.role == "applicant":
        return {"who": _("You"), "mine": True}
    body = names.get(task.department)
    who = _pick(body.name_zh, body.name_en) if body else task.department
    return {"who": who, "mine": False}


def pauses(lane: Lane) -> list[dict[str, str]]:
    """Return the pauses of a lane's review limits, oldest first, each once: title, text and whether it lasts."""
    seen: dict[tuple[str, object], dict[str, str]] = {}
    for clock in lane.clocks:
        if clock.kind in _REVIEW:
            for pause in clock.pauses.all():
                seen.setdefault((pause.reason, pause.from_on), _pause(pause, lane))
    return list(seen.values())


def _pause(pause: ClockPause, lane: Lane) -> dict[str, str]:
    rule = PAUSES.get(pause.reason)
    name = _pick(rule.name_zh, rule.name_en) if rule else _own_rule(lane)
    words = {"name": name, "since": date_words(pause.from_on), "days": limit_words(pause.planned_days, "working_days")}
    basis = _("Basis: %(citation)s") % {"citation": _cited(pause.citation)}
    if pause.to_on is None:
        text = _("Since %(since)s the time is not counted; planned: %(days)s.") % words
        return {"title": _("Paused by law: %(name)s") % words, "text": text, "basis": basis, "lasts": "yes"}
    text = _("From %(since)s to %(until)s the time was not counted.") % {**words, "until": date_words(pause.to_on)}
    return {"title": _("Was paused: %(name)s") % words, "text": text, "basis": basis, "lasts": ""}


def _own_rule(lane: Lane) -> str:
    rules = lane.case.service.rules.pauses
    return _pick(rules[0].name_zh, rules[0].name_en) if len(rules) == 1 else _("a rule of this service")


def _cited(citation: str) -> str:
    """Return a citation in the page's language; one of another rule as it is."""
    article = citation.removeprefix("APL art. ")
    return (
        _("Administrative Licensing Law, art. %(article)s") % {"article": article} if article != citation else citation
    )


def extension(lane: Lane) -> dict[str, str]:
    """Return the extension of a lane's review limit, {} without one."""
    for clock in lane.clocks:
        granted = getattr(clock, "extension", None)
        if clock.kind in _REVIEW and granted is not None:
            words = {
                "amount": limit_words(granted.amount, clock.limit_unit),
                "authority": _pick(*AUTHORITIES[granted.authority]),
                "date": date_words(timezone.localdate(granted.granted_at)),
            }
            text = _("Extended once by %(amount)s on %(date)s, approved by %(authority)s.") % words
            return {"text": text, "reason": granted.reason}
    return {}


def decision(lane: Lane) -> dict[str, Any]:
    """Return how a lane was decided: when, by whom and why; {} while it is not."""
    if lane.case.decided_at is None:
        return {}
    reasons = lane.decided_by.reasons if lane.decided_by else ""
    refused = lane.case.state == CaseState.REFUSED
    return {"at": lane.case.decided_at, "reasons": reasons if refused else "", "refused": refused}


def appeal(lane: Lane, calendar: WorkingCalendar) -> dict[str, Any]:
    """Return the appeal routes against what a lane decided, {} where there is nothing to appeal."""
    found = remedies_against(list(lane.papers), calendar)
    if found is None:
        return {}
    return {
        "reconsideration": _pick(found.reconsideration["zh"], found.reconsideration["en"]),
        "reconsideration_until": _last_day(found.reconsideration_until),
        "court": _pick(found.court["zh"], found.court["en"]),
        "court_until": _last_day(found.court_until),
    }


def _last_day(until: LastDay | None) -> dict[str, str]:
    """Return a limit's last day and why it is that day, in words; {} while nothing was served."""
    if until is None:
        return {}
    words = {"counted": date_words(until.counted), "day": date_words(until.on)}
    moved = _("The limit ends on %(counted)s, a day off; so the next working day counts, %(day)s.") % words
    may_move = _("The days off of that time are not announced yet: the day may still move.")
    return {
        "day": date_words(until.on),
        "why": moved if until.moved else "",
        "may_move": may_move if until.provisional else "",
    }


def letters(papers: list[Paper], *, withheld: Collection[str] = ()) -> list[dict[str, str]]:
    """Return official letters as rows: title, number, address and how and when each was served.

    withheld: kinds of which she knows that they were issued and has no file (`cases.permissions.results_withheld`).
    """
    return [
        {
            "title": _pick(paper.title_zh, paper.title_en),
            "number": paper.number,
            "url": "" if paper.kind in withheld else reverse("applicant:paper", args=[paper.public_id]),
            "served": _served(paper) + (_not_hers() if paper.kind in withheld else ""),
        }
        for paper in papers
    ]


def fees_in(fees: Sequence[Standing]) -> list[dict[str, Any]]:
    """Return a lane's fees as rows: name, amount in words, state and where to see it; whether the result waits now."""
    return [
        {
            "name": _pick(fee.due.name_zh, fee.due.name_en),
            "amount": "" if fee.due.amount_fen is None else money_words(Decimal(fee.due.amount_fen) / 100),
            "word": fee.state.label,
            "url": reverse("applicant:payment", args=[fee.due.public_id]),
            "holds_back": fee.holds_back and fee.due.case.state == CaseState.GRANTED,
        }
        for fee in fees
    ]


def _not_hers() -> str:
    return _(" · The file is for whoever may receive papers for the applicant.")


def _served(paper: Paper) -> str:
    deliveries = list(paper.deliveries.all())
    if not deliveries:
        return _("Issued %(date)s; it waits for you at the hand-out window") % {"date": date_words(paper.issued_at)}
    first = deliveries[0]
    how = {"channel": first.get_channel_display(), "at": instant_words(first.delivered_at)}
    return _("Served %(at)s (%(channel)s)") % how
