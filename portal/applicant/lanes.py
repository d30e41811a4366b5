"""The timeline as the page draws it: one lane per department, who has the ball, by when and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.applicant.lane_facts import appeal, ball, decision, extension, fees_in, letters, pauses
from services.cases.enums import SUPPLEMENT_NODE, UNANSWERED_NODE, CaseState
from services.cases.queries.explanation import why
from services.cases.queries.kept import kept_calendar, kept_departments
from services.cases.queries.timeline import Lane, Timeline
from services.parties.models import Department
from services.payments.queries.fees import Standing
from workflows.enums import OPEN_TASK_STATES, ClockKind, TaskState
from workflows.models import Clock, Task

_LANE_STATES = {
    CaseState.PLANNED: ("waiting", "neutral"),
    CaseState.FILED: ("running", "info"),
    CaseState.SUPPLEMENT: ("running", "warning"),
    CaseState.ACCEPTED: ("running", "info"),
    CaseState.GRANTED: ("done", "success"),
    CaseState.REFUSED: ("refused", "danger"),
    CaseState.NOT_COMPETENT: ("ended", "neutral"),
    CaseState.NOT_SUPPLIED: ("ended", "neutral"),
    CaseState.WITHDRAWN: ("ended", "neutral"),
    CaseState.ENDED: ("ended", "neutral"),
}
#: A step of `ui/lane.html` of which nothing is known: what a template looks for in vain costs it the most.
STEP: Mapping[str, Any] = {
    **dict.fromkeys(("title", "who", "state", "note", "url", "action"), ""),
    **{"at": None, "due_on": None, "provisional": False, "why": ()},
}


def lanes_of(
    timeline: Timeline,
    *,
    fees: Sequence[Standing],
    to_rate: Collection[int],
    at: datetime,
    may_withdraw: bool,
    edition: str,
    withheld: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return the lanes for `ui/timeline.html`, in the page's language.

    may_withdraw: link the way to take one back. withheld: kinds of papers that have no link for her.
    """
    around = _Around(
        names={department.code: department for department in kept_departments(edition).values()},
        at=at,
        language=get_language() or "zh-hans",
        edition=edition,
        withheld=withheld,
    )
    return [
        _lane(lane, around, may_withdraw=may_withdraw and len(timeline.lanes) > 1)
        | {
            "fees": fees_in([fee for fee in fees if fee.due.case_id == lane.case.pk]),
            "rate_url": reverse("applicant:rate", args=[lane.case.public_id]) if lane.case.pk in to_rate else "",
        }
        for lane in timeline.lanes
    ]


@dataclass(frozen=True, kw_only=True)
class _Around:
    """What every lane is drawn with. names: departments by code; withheld: kinds of papers without a link."""

    names: Mapping[str, Department]
    at: datetime
    language: str
    edition: str
    withheld: Collection[str]

    def why(self, clock: Clock) -> list[str]:
        """Return why a limit's date is what it is."""
        calendar = kept_calendar(self.edition, clock.region)
        return why(clock, language=self.language, at=self.at, calendar=calendar)


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")


def _name(thing: Any) -> str:
    return str(thing.name_zh if _chinese() else thing.name_en)


def _withdraw_url(lane: Lane) -> str:
    if lane.closed or lane.case.run_id is None:
        return ""
    address = reverse("applicant:withdraw", args=[lane.case.application.public_id])
    return f"{address}?case={lane.case.public_id}"


def _lane(lane: Lane, around: _Around, *, may_withdraw: bool) -> dict[str, Any]:
    state, tone = _LANE_STATES[CaseState(lane.case.state)]
    return {
        "url": "",
        "icon_name": "",
        "anchor": f"case-{lane.case.position}",
        "title": _name(lane.case.service),
        "department": _name(lane.case.department),
        "number": lane.case.number if lane.case.filed_at else "",
        "state": state,
        "tone": tone,
        "word": CaseState(lane.case.state).label,
        "light": lane.light,
        "note": lane.waits_zh if _chinese() else lane.waits_en,
        "steps": [*_filed(lane), *(_step(task, lane, around) for task in _shown(lane.tasks)), *_delivered(lane)],
        "ball": ball(lane, around.names),
        "pauses": pauses(lane),
        "extension": extension(lane),
        "decision": decision(lane),
        "appeal": appeal(lane, kept_calendar(around.edition, settings.REGION)),
        "letters": letters(list(lane.papers), withheld=around.withheld),
        "withdraw_url": _withdraw_url(lane) if may_withdraw else "",
    }


def _filed(lane: Lane) -> list[dict[str, Any]]:
    if lane.case.filed_at is None:
        return []
    return [{**STEP, "title": _("Filed"), "state": "done", "at": lane.case.filed_at}]


def _delivered(lane: Lane) -> list[dict[str, Any]]:
    if lane.case.delivered_at is None:
        if lane.case.decided_at is None or lane.case.issued_at is None:
            return []  # not decided, or the result waits for a fee: the lane says so below its steps
        return [{**STEP, "title": _("Issued; it waits at the hand-out window"), "state": "current"}]
    return [{**STEP, "title": _("Issued and delivered"), "state": "done", "at": lane.case.delivered_at}]


def _shown(tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if task.state != TaskState.CANCELLED]


def _step(task: Task, lane: Lane, around: _Around) -> dict[str, Any]:
    names = around.names
    is_open = task.state in OPEN_TASK_STATES
    mine = task.role == "applicant"
    step: dict[str, Any] = {
        **STEP,
        "title": _name(task),
        "who": _("You") if mine else (_name(names[task.department]) if task.department in names else ""),
        "state": "current" if is_open else "done",
        "at": None if is_open else task.closed_at,
    }
    if task.outcome == "refuse" and not is_open:
        step["state"] = "refused"
    if is_open and lane.clock is not None and not mine and lane.clock.kind != ClockKind.CORRECTION:
        step |= {
            "due_on": lane.clock.due_on,
            "provisional": lane.clock.provisional,
            "why": around.why(lane.clock),
        }
    if is_open and task.node in (SUPPLEMENT_NODE, UNANSWERED_NODE):
        if lane.clock is not None and lane.clock.kind == ClockKind.CORRECTION and task.node == SUPPLEMENT_NODE:
            step |= {
                "due_on": lane.clock.due_on,
                "provisional": lane.clock.provisional,
                "why": around.why(lane.clock),
            }
        if task.node == UNANSWERED_NODE:
            step["note"] = _("Your answer has not arrived. You can still hand it in until the window has decided.")
        step |= {
            "url": reverse("applicant:supplement", args=[lane.case.public_id]),
            "action": _("Supplement now"),
        }
    return step
