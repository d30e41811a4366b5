"""Cases, posts, opinions and history in words, for the pages of this door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from services.cases.enums import CaseState
from services.cases.models import Case
from services.cases.queries.explanation import why
from services.cases.queries.timeline import Lane, Timeline
from services.parties.enums import Role
from services.parties.models import Department
from workflows.engine.graph import Node
from workflows.enums import OPEN_TASK_STATES, ClockKind, TaskState
from workflows.models import HistoryEvent, Job, Task

APPLICANT = "applicant"
OUTCOMES: Mapping[str, str | Promise] = {
    "accept": pgettext_lazy("outcome", "accepted"),
    "supplement": pgettext_lazy("outcome", "supplement asked for"),
    "not_competent": pgettext_lazy("outcome", "not our competence"),
    "supplied": pgettext_lazy("outcome", "supplement handed in"),
    "recommend_grant": pgettext_lazy("outcome", "recommends to grant"),
    "recommend_refuse": pgettext_lazy("outcome", "recommends to refuse"),
    "forward": pgettext_lazy("outcome", "forwarded"),
    "agree": pgettext_lazy("outcome", "agrees"),
    "return": pgettext_lazy("outcome", "returned"),
    "grant": pgettext_lazy("outcome", "granted"),
    "refuse": pgettext_lazy("outcome", "refused"),
    "ready": pgettext_lazy("outcome", "premises ready"),
    "confirmed": pgettext_lazy("outcome", "licence confirmed"),
    "not_confirmed": pgettext_lazy("outcome", "licence not confirmed"),
    "granted": pgettext_lazy("outcome", "granted"),
    "refused": pgettext_lazy("outcome", "refused"),
    "withdrawn": pgettext_lazy("outcome", "withdrawn"),
    "ended": pgettext_lazy("outcome", "ended"),
    "send_back": pgettext_lazy("outcome", "sent back to an earlier step"),
    "wait_again": pgettext_lazy("outcome", "waits for the applicant again"),
    "close": pgettext_lazy("outcome", "closed: nothing was supplied"),
    "not_supplied": pgettext_lazy("outcome", "closed: nothing was supplied"),
    "skipped": pgettext_lazy("outcome", "skipped"),
    "issued": pgettext_lazy("outcome", "issued"),
    "delivered": pgettext_lazy("outcome", "delivered"),
    "handed_over": pgettext_lazy("outcome", "handed over"),
    "reminded": pgettext_lazy("outcome", "reminded"),
}
#: How the workflow notes that a task was sent back: this, a colon, and the step.
RETURNED = "returned"
#: Every kind of fact the workflow writes down; a test compares them with what it can write.
EVENTS: Mapping[str, str | Promise] = {
    "run_started": gettext_lazy("Process started"),
    "run_ended": gettext_lazy("Process ended"),
    "signed": gettext_lazy("Signed"),
    "application_filed": gettext_lazy("Application filed"),
    "withdrawn": gettext_lazy("Application withdrawn"),
    "consent_withdrawn": gettext_lazy("The applicant took a consent back"),
    "run_suspended": gettext_lazy("Application put on hold"),
    "run_resumed": gettext_lazy("Application goes on"),
    "run_migrated": gettext_lazy("Moved to a newer version of the process"),
    "task_opened": gettext_lazy("Step opened"),
    "task_claimed": gettext_lazy("Step taken"),
    "task_released": gettext_lazy("Step given back"),
    "task_reassigned": gettext_lazy("Step given to a colleague"),
    "task_returned": gettext_lazy("Sent back to an earlier step"),
    "task_overdue": gettext_lazy("Step not done within its own limit"),
    "task_done": gettext_lazy("Step completed"),
    "job_queued": gettext_lazy("Automatic step queued"),
    "job_done": gettext_lazy("Automatic step done"),
    "job_gave_up": gettext_lazy("Automatic step failed for good"),
    "job_retried": gettext_lazy("Automatic step set going again"),
    "job_skipped": gettext_lazy("Automatic step skipped"),
    "activity_cancelled": gettext_lazy("Step no longer needed"),
    "joined": gettext_lazy("Branches joined"),
    "timer_fired": gettext_lazy("Timer fired"),
    "listening": gettext_lazy("Waits for news from outside"),
    "message_received": gettext_lazy("News from outside received"),
    "message_sent": gettext_lazy("News sent to another process"),
    "signal_received": gettext_lazy("Signal received"),
    "signal_sent": gettext_lazy("Signal sent"),
    "escalation_sent": gettext_lazy("Reported to the process above"),
    "error_sent": gettext_lazy("Failure reported within the process"),
    "clock_started": gettext_lazy("Limit started"),
    "clock_paused": gettext_lazy("Limit paused"),
    "clock_resumed": gettext_lazy("Limit resumed"),
    "clock_extended": gettext_lazy("Limit extended"),
    "clock_stopped": gettext_lazy("Limit stopped"),
    "clock_warned": gettext_lazy("Light changed"),
    "clock_reached": gettext_lazy("A threshold of the limit reached"),
    "timer_recomputed": gettext_lazy("Limit of a step computed anew: the calendar changed"),
    "clock_recomputed": gettext_lazy("Date computed anew: the calendar changed"),
    "questions_recorded": gettext_lazy("What is missing was recorded"),
    "questions_withdrawn": gettext_lazy("What was recorded as missing was withdrawn"),
    "notice_released": gettext_lazy("The one-time notice was sent"),
    "second_notice_allowed": gettext_lazy("A second notice was allowed"),
    "information_requested": gettext_lazy("The applicant was asked for more"),
    "information_given": gettext_lazy("The applicant answered"),
    "order_issued": gettext_lazy("Supervision order issued"),
    "order_replied": gettext_lazy("Supervision order replied to"),
    "order_sent_back": gettext_lazy("Reply to the supervision order sent back"),
    "order_closed": gettext_lazy("Supervision order closed"),
    "card_appealed": gettext_lazy("Appeal against a card"),
    "appeal_rejected": gettext_lazy("Appeal against a card rejected"),
    "card_revoked": gettext_lazy("Card revoked"),
}
#: What it means that an automatic step is left out.
CONSEQUENCES: Mapping[str, str | Promise] = {
    "cases.issue_result": gettext_lazy("No certificate and no decision is made out; the applicant is not told of it."),
    "cases.issue_refusal": gettext_lazy("No decision with reasons is made out; the applicant is not told of it."),
    "cases.deliver_result": gettext_lazy(
        "The papers are not delivered on line: they have to be handed out at a window."
    ),
    "cases.remind_applicant": gettext_lazy("The applicant is not reminded."),
    "cases.verify_licence": gettext_lazy("The business licence is not compared with the register."),
    "cases.adopt_entity": gettext_lazy("The new business is not entered as the one the other services are for."),
    "cases.end_dependants": gettext_lazy("Cases that waited for this one stay as they are and are not ended."),
    "cases.close_application": gettext_lazy("The application is not closed and gets no closing notice."),
}
_LANES = {
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


def named(thing: Any) -> str:
    """Return a thing's name in the page's language."""
    return str(thing.name_zh if (get_language() or "zh").startswith("zh") else thing.name_en)


def post_words(task: Task, departments: Mapping[str, Department], *, unless: str = "") -> str:
    """Return who has a task: the person who took it, else the post it waits for.

    unless: code of a department that stands beside it anyway and is not repeated.
    """
    if task.role == APPLICANT:
        return _("the applicant")
    department = departments.get(task.department) if task.department != unless else None
    post = f"{named(department)} · {Role(task.role).label}" if department else str(Role(task.role).label)
    return f"{task.assignee.get_full_name()} · {post}" if task.assignee is not None else post


def tone_of(state: str) -> str:
    """Return the tone of a case's state."""
    return _LANES[CaseState(state)][1]


def outcome_words(outcome: str) -> str:
    """Return an outcome in words; one of a process of the future stays as it is written there."""
    if outcome.startswith(f"{RETURNED}:"):
        outcome = "send_back"
    return str(OUTCOMES.get(outcome, outcome))


def opinions(case: Case, tasks: Iterable[Task]) -> list[dict[str, Any]]:
    """Return what everybody concluded on a case, in order."""
    names = {task.pk: named(task) for task in tasks}
    return [
        {
            "step": names.get(opinion.task_id, ""),
            "role": Role(opinion.role).label,
            "by": opinion.by.get_full_name(),
            "outcome": outcome_words(opinion.outcome),
            "reasons": opinion.reasons,
            "at": opinion.given_at,
        }
        for opinion in case.opinions.select_related("by")
    ]


def consequence_of(action: str) -> str:
    """Return what it means that an automatic step is skipped."""
    return str(CONSEQUENCES.get(action, _("What this step would have done is not done.")))


def skipped_steps(
    jobs: Iterable[Job], events: Iterable[HistoryEvent], drawn: Mapping[str, Node]
) -> list[dict[str, Any]]:
    """Return the automatic steps a manager skipped: which, why, who, when."""
    who = {(e.run_id, e.detail["node"], e.detail["round"]): e.by for e in events if e.kind == "job_skipped"}
    lines = []
    for job in jobs:
        by = who.get((job.run_id, job.node, job.round))
        lines.append(
            {
                "step": named(drawn[job.node]) if job.node in drawn else job.node,
                "reason": job.reason,
                "by": by.get_full_name() if by is not None else "",
                "at": job.closed_at,
            }
        )
    return lines


def history_lines(
    events: Iterable[HistoryEvent], drawn: Mapping[str, Node], people: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Return the history as lines: when, what, about which step or limit, by whom. people: names by user."""
    return [
        {
            "at": event.at,
            "what": str(EVENTS.get(event.kind, event.kind)),
            "about": _about(event.detail, drawn, people),
            "by": event.by.get_full_name() if event.by is not None else _("the system"),
        }
        for event in events
    ]


def _about(detail: Mapping[str, Any], drawn: Mapping[str, Node], people: Mapping[int, str]) -> str:
    if "clock_kind" in detail:
        return str(ClockKind(detail["clock_kind"]).label)
    if "order" in detail:
        return str(detail["number"])
    if detail.get("on_behalf_of"):
        return _("on behalf of the applicant")
    about = [named(drawn[detail["node"]])] if detail.get("node") in drawn else []
    if isinstance(detail.get("to"), int):
        about.append(f"→ {people.get(detail['to'], '')}")
    elif detail.get("to") in drawn:
        about.append(f"→ {named(drawn[detail['to']])}")
    if detail.get("outcome") in OUTCOMES:
        about.append(outcome_words(detail["outcome"]))
    return " · ".join(one for one in about if one)


def lanes(
    timeline: Timeline, departments: Mapping[str, Department], *, current: Case, at: datetime
) -> list[dict[str, Any]]:
    """Return the lanes of `ui/timeline.html`: every branch of the application, the others linked to their pages."""
    return [_lane(lane, departments, linked=lane.case.pk != current.pk, at=at) for lane in timeline.lanes]


def _lane(lane: Lane, departments: Mapping[str, Department], *, linked: bool, at: datetime) -> dict[str, Any]:
    state, tone = _LANES[CaseState(lane.case.state)]
    return {
        "title": named(lane.case.service),
        "url": reverse("oversight:case", args=[lane.case.public_id]) if linked else "",
        "department": named(lane.case.department),
        "number": lane.case.number,
        "state": state,
        "tone": tone,
        "word": CaseState(lane.case.state).label,
        "light": lane.light,
        "note": lane.waits_zh if (get_language() or "zh").startswith("zh") else lane.waits_en,
        "steps": [_step(task, lane, departments, at) for task in _shown(lane.tasks)],
    }


def _shown(tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if task.state != TaskState.CANCELLED]


def _step(task: Task, lane: Lane, departments: Mapping[str, Department], at: datetime) -> dict[str, Any]:
    is_open = task.state in OPEN_TASK_STATES
    step: dict[str, Any] = {
        "title": named(task),
        "who": post_words(task, departments),
        "state": "current" if is_open else "done",
        "at": None if is_open else task.closed_at,
        "note": "" if is_open else outcome_words(task.outcome),
    }
    if is_open and lane.clock is not None and task.role != APPLICANT:
        step |= {
            "due_on": lane.clock.due_on,
            "provisional": lane.clock.provisional,
            "why": why(lane.clock, language=get_language() or "zh-hans", at=at),
        }
    return step
