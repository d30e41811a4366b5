"""Cases, posts, opinions and history in words, for the pages of this door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from services.cases.enums import CaseState
from services.cases.models import Case
from services.cases.queries.timeline import Lane, Timeline
from services.parties.enums import Role
from services.parties.models import Department
from workflows.enums import OPEN_TASK_STATES, ClockKind, TaskState
from workflows.models import HistoryEvent, Task
from workflows.queries.clocks import explanation_of

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
}
EVENTS: Mapping[str, str | Promise] = {
    "run_started": gettext_lazy("Process started"),
    "run_ended": gettext_lazy("Process ended"),
    "task_opened": gettext_lazy("Step opened"),
    "task_claimed": gettext_lazy("Step taken"),
    "task_released": gettext_lazy("Step given back"),
    "task_done": gettext_lazy("Step completed"),
    "job_queued": gettext_lazy("Automatic step queued"),
    "job_done": gettext_lazy("Automatic step done"),
    "activity_cancelled": gettext_lazy("Step no longer needed"),
    "joined": gettext_lazy("Branches joined"),
    "timer_fired": gettext_lazy("Timer fired"),
    "clock_started": gettext_lazy("Limit started"),
    "clock_paused": gettext_lazy("Limit paused"),
    "clock_resumed": gettext_lazy("Limit resumed"),
    "clock_extended": gettext_lazy("Limit extended"),
    "clock_stopped": gettext_lazy("Limit stopped"),
    "clock_warned": gettext_lazy("Warning sent"),
    "clock_recomputed": gettext_lazy("Date computed anew: the calendar changed"),
}
_LANES = {
    CaseState.PLANNED: ("waiting", "neutral"),
    CaseState.FILED: ("running", "info"),
    CaseState.SUPPLEMENT: ("running", "warning"),
    CaseState.ACCEPTED: ("running", "info"),
    CaseState.GRANTED: ("done", "success"),
    CaseState.REFUSED: ("refused", "danger"),
    CaseState.NOT_COMPETENT: ("ended", "neutral"),
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


def history_lines(events: Iterable[HistoryEvent], tasks: Iterable[Task]) -> list[dict[str, Any]]:
    """Return the history as lines: when, what, about which step or limit, by whom."""
    names = {task.node: named(task) for task in tasks}
    return [
        {
            "at": event.at,
            "what": str(EVENTS.get(event.kind, event.kind)),
            "about": _about(event.detail, names),
            "by": event.by.get_full_name() if event.by is not None else _("the system"),
        }
        for event in events
    ]


def _about(detail: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if "clock_kind" in detail:
        return str(ClockKind(detail["clock_kind"]).label)
    about = [names[detail["node"]]] if detail.get("node") in names else []
    if detail.get("outcome") in OUTCOMES:
        about.append(outcome_words(detail["outcome"]))
    return " · ".join(about)


def lanes(timeline: Timeline, departments: Mapping[str, Department], *, current: Case) -> list[dict[str, Any]]:
    """Return the lanes of `ui/timeline.html`: every branch of the application, the others linked to their pages."""
    return [_lane(lane, departments, linked=lane.case.pk != current.pk) for lane in timeline.lanes]


def _lane(lane: Lane, departments: Mapping[str, Department], *, linked: bool) -> dict[str, Any]:
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
        "steps": [_step(task, lane, departments) for task in _shown(lane.tasks)],
    }


def _shown(tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if task.state != TaskState.CANCELLED]


def _step(task: Task, lane: Lane, departments: Mapping[str, Department]) -> dict[str, Any]:
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
            "why": explanation_of(lane.clock, language=get_language() or "zh-hans"),
        }
    return step
