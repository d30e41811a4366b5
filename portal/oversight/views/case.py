"""One case as those who oversee it see it: where it stands, why its dates are what they are, who did what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.oversight.access import overseers_only
from portal.oversight.rail import rail
from portal.oversight.wording import history_lines, lanes, opinions, post_words, skipped_steps, tone_of
from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.enums import ApplicationState
from services.cases.models import Case
from services.cases.permissions import can_intervene, cases_overseen_by
from services.cases.queries.explanation import explained_clocks, spent_in_words
from services.cases.queries.notices import SecondNotices, asked_again, second_notices
from services.cases.queries.time_spent import time_of_application, time_of_case
from services.cases.queries.timeline import history_of_case, skipped_jobs_of, steps_drawn_for, timeline_of
from services.documents.permissions import can_read_original
from services.parties.queries import departments, names_of_parties
from services.supervision.queries.cards import cards_of_case
from services.supervision.queries.orders import order_rows, orders_of_case
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Clock, HistoryEvent
from workflows.queries.calendars import calendar_for
from workflows.queries.clocks import clock_views, clocks_of

READ_FIELDS = ("applicant", "timeline", "opinions", "history", "papers")


@require_safe
@overseers_only
def case(request: HttpRequest, public_id: str, *, at: datetime) -> HttpResponse:
    """Show a case and its application's other branches; the reading is recorded."""
    related = ("application__bundle", "application__service", "service__item", "department", "run")
    found = get_object_or_404(cases_overseen_by(request.user, at).select_related(*related), public_id=public_id)
    _record(request, found, at)
    timeline = timeline_of(found.application, at=at)
    names = {one.code: one for one in departments()}
    lane = next(one for one in timeline.lanes if one.case.pk == found.pk)
    events, drawn = history_of_case(found), steps_drawn_for(found)
    context = {
        "case": found,
        "lane": lane,
        "tone": tone_of(found.state),
        "holder": post_words(lane.open_task, names) if lane.open_task else "",
        "facts": _facts(found),
        "lanes": lanes(timeline, names, current=found, at=at),
        "clocks": _clocks(found, at),
        "spent": _spent(found, at),
        "opinions": opinions(found, lane.tasks),
        "history": history_lines(events, drawn, _receivers(events)),
        "skipped": skipped_steps(skipped_jobs_of(found), events, drawn),
        "hold": timeline.hold,
        "may_read_originals": can_read_original(request.user, at),
        "may_intervene": can_intervene(request.user, at) and found.application.state == ApplicationState.SUBMITTED,
        "tasks_to_give": [task for task in lane.tasks if task.state in OPEN_TASK_STATES and task.role != "applicant"],
        "again": asked_again(found),
        "again_counts": _second_notices(at),
        "papers": [*lane.papers, *timeline.papers],
        "orders": order_rows(orders_of_case(found.pk), at=at),
        "cards": cards_of_case(found.pk),
        "rail": rail("board"),
        "keys": [],
    }
    return render(request, "oversight/case.html", context)


def _second_notices(at: datetime) -> list[SecondNotices]:
    """Return how often each department asked a case twice in the year of `at`."""
    return second_notices(since=timezone.localtime(at).replace(month=1, day=1, hour=0, minute=0, second=0), until=at)


def _receivers(events: Iterable[HistoryEvent]) -> dict[int, str]:
    """Return the names of those a task was given to."""
    keys = {event.detail["to"] for event in events if event.kind == "task_reassigned"}
    return {person.pk: person.get_full_name() for person in get_user_model().objects.filter(pk__in=keys)}


def _record(request: HttpRequest, found: Case, at: datetime) -> None:
    record_access(
        reader=request.user,
        subject_kind="case",
        subject_id=found.pk,
        fields=READ_FIELDS,
        purpose=Purpose.SUPERVISION,
        case_ref=found.number,
        at=at,
    )


def _facts(found: Case) -> list[dict[str, Any]]:
    application = found.application
    names = names_of_parties([application.party, application.holder])
    facts = [{"label": _("Applicant"), "value": names.get(application.party, "")}]
    if application.holder != application.party:
        facts.append({"label": _("Results are for"), "value": names.get(application.holder, "")})
    facts += [
        {"label": _("Application"), "value": application.number},
        {"label": _("Came in"), "value": application.get_channel_display()},
    ]
    if found.outside_number:
        facts.append({"label": _("Number of the outside decision"), "value": found.outside_number})
    if found.entered_late:
        facts.append({"label": _("Entered late"), "value": _("The outside decision was recorded on a later day.")})
    return facts


def _clocks(found: Case, at: datetime) -> list[dict[str, Any]]:
    """Return every limit the case had or has, in the order of their start, with light and explanation."""
    rows: list[Clock] = list(clocks_of("case", str(found.pk)))
    views = {
        view.watched.pk: view
        for clock in rows
        for view in clock_views([clock], at=at, calendar=calendar_for(clock.region))
    }
    explained = explained_clocks("case", str(found.pk), language=get_language() or "zh-hans", at=at)
    return [
        {
            "clock": one.clock,
            "light": one.light if one.clock.stopped_at is None else "stopped",
            "days_left": views[one.clock.pk].days_left if one.clock.stopped_at is None else None,
            "why": one.lines,
        }
        for one in explained
    ]


def _spent(found: Case, at: datetime) -> list[dict[str, Any]]:
    """Return who spent the time: of the case, and of the whole application when it has other branches."""
    language = get_language() or "zh-hans"
    case_time, whole = time_of_case(found, at=at), time_of_application(found.application, at=at)
    parts = []
    if case_time is not None:
        parts.append({"heading": _("This case"), "words": spent_in_words(case_time, language=language)})
    if whole is not None and len(whole.branches) > 1:
        branch = next(time for one, time in whole.branches if one.pk == found.pk)
        for heading, time in (
            (_("This case within the application"), branch),
            (_("The whole application"), whole.whole),
        ):
            words = spent_in_words(time, language=language, key="spent_bundle")
            parts.append({"heading": heading, "words": words})
    return parts
