"""When a timer event fires (BPMN 2.0 §10.5.5, Table 10.101): ISO 8601, or an amount of our units."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from workflows.bpmn.document import Element, ours, text_of
from workflows.engine.graph import Span, Timer

#: What a timer may count, and the longest of each: about ten years.
UNITS = {"calendar_days": 3_650, "seconds": 315_360_000, "working_days": 2_500, "working_hours": 20_000}
_AMOUNT = re.compile(r"\d{1,18}", re.ASCII)
_DURATION = re.compile(
    r"P(?:(?P<W>\d{1,9})W|(?:(?P<D>\d{1,9})D)?(?:T(?=\d)(?:(?P<H>\d{1,9})H)?(?:(?P<M>\d{1,9})M)?(?:(?P<S>\d{1,9})S)?)?)",
    re.ASCII,
)
_MONTHS = re.compile(r"P[\d.,]+[YM].*", re.ASCII)
_CYCLE = re.compile(r"R([1-9]\d{0,3})?/(P.*)", re.ASCII)
_NAMED = re.compile(r"\$[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class TimerError(ValueError):
    """A timer says something that we do not count."""


def read_timer(definition: Element, *, flow_only: bool = False) -> Timer:
    """Return when the timer of a timerEventDefinition fires; raises TimerError.

    flow_only: a text that we do not count (none at all, months, a cron line) stands for one day, as only whether and
    how often the timer fires matters to the flow.
    """
    kinds = ("timeDuration", "timeDate", "timeCycle")
    texts = {kind: text for kind in kinds if (text := text_of(definition, kind)) is not None}
    try:
        if len(texts) > 1:
            raise TimerError(f"the timer states {' and '.join(texts)}: only one can be meant")
        return _timer(definition, texts)
    except TimerError:
        if not flow_only:
            raise
        return Timer(span=Span(amount=1, unit="calendar_days"), repeats=0 if "timeCycle" in texts else 1)


def read_span(amount: str, unit: str) -> Span:
    """Return a length of time in one of our units; raises TimerError."""
    if unit not in UNITS or not _AMOUNT.fullmatch(amount):
        raise TimerError(f"unit must be one of {', '.join(sorted(UNITS))} and amount a whole number")
    if int(amount) > UNITS[unit]:
        raise TimerError(f"{amount} {unit} are more than ten years")
    return Span(amount=int(amount), unit=unit)


def _timer(definition: Element, texts: dict[str, str]) -> Timer:
    if "timeDate" in texts:
        return Timer(date=_instant(texts["timeDate"]))
    repeats = ours(definition, "repeats") or "1"
    if ours(definition, "unit") or ours(definition, "amount"):
        span = read_span(ours(definition, "amount"), ours(definition, "unit"))
    elif "timeCycle" in texts:
        match = _CYCLE.fullmatch(texts["timeCycle"])
        if match is None:
            raise TimerError("the timer needs a cycle such as R3/P1D, or R/P1D for without end")
        span, repeats = _duration(match[2]), match[1] or "0"
    else:
        span = _duration(texts.get("timeDuration", ""))
    if not _AMOUNT.fullmatch(repeats) or int(repeats) > UNITS["calendar_days"]:
        raise TimerError("repeats must be a whole number, 0 for without end")
    if int(repeats) != 1 and not span.amount:
        raise TimerError("a timer that repeats needs a length of time between")
    return Timer(span=span, repeats=int(repeats))


def _instant(text: str) -> str:
    try:
        if _NAMED.fullmatch(text) or datetime.fromisoformat(text).astimezone(UTC) == datetime.fromisoformat(text):
            return text
    except (TypeError, ValueError, OverflowError):
        pass
    raise TimerError("the timer needs an instant with its offset such as 2026-01-05T09:00:00+08:00, or $name")


def _duration(text: str) -> Span:
    if _MONTHS.fullmatch(text):
        raise TimerError("months and years differ in length: state days or weeks")
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise TimerError("the timer needs a duration such as P5D or PT30M, or amount and unit")
    count = {part: int(number or 0) for part, number in match.groupdict().items()}
    days = count["W"] * 7 + count["D"]
    seconds = (count["H"] * 60 + count["M"]) * 60 + count["S"]
    if days and not seconds:
        return read_span(str(days), "calendar_days")
    return read_span(str(days * 86_400 + seconds), "seconds")
