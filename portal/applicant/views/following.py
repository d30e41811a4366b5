"""An application's page: the task list while it is filled in, the timeline once it is filed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.context_processors import doors_answered, doors_asked
from portal.applicant.access import Opened, application_or_404, opened_or_404
from portal.applicant.lane_facts import letters
from portal.applicant.lanes import lanes_of
from portal.applicant.turn import asks_of, working_now
from portal.ui.early import early_page
from services.cases.enums import ApplicationState
from services.cases.models import Application
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.refusals import sentence_for
from services.cases.operations.steps import declare_premises_ready
from services.cases.permissions import RESULTS, can_withdraw, results_withheld
from services.cases.queries.explanation import SpentWords, spent_in_words
from services.cases.queries.forms import documents_wanted, form_answers, form_of
from services.cases.queries.kept import kept_departments, with_kept_offer
from services.cases.queries.time_spent import time_of_timeline
from services.cases.queries.timeline import Timeline, timeline_and
from services.cases.queries.told import told_about
from services.documents.models import Paper
from services.documents.queries import uploads_of
from services.forms.rules import SectionProgress, SectionState, section_progress
from services.parties.queries import names_of_parties, party
from services.parties.references import PartyRef
from services.payments.queries.fees import SOME_FEES, fees_of_application
from services.ratings.queries.ratings import cases_to_rate
from workflows.models import Task
from workflows.operations.tasks import RunSuspendedError, TaskClosedError
from workflows.queries.calendars import database_now

_ROW_STATES = {
    SectionState.NOT_STARTED: "todo",
    SectionState.IN_PROGRESS: "doing",
    SectionState.DONE: "done",
    SectionState.CANNOT_START: "waiting",
}


@require_GET
def application(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Show the task list of a draft or the timeline of a filed application."""
    opened = opened_or_404(request, public_id)
    found = opened.application
    if found.state == ApplicationState.DRAFT:
        return _task_list(request, found)
    return early_page(request, "applicant/timeline.html", partial(_timeline, request, opened), title=str(found.number))


def _task_list(request: HttpRequest, draft: Application) -> HttpResponse:
    language = get_language() or "zh-hans"
    rows = section_progress(form_of(draft), form_answers(draft), today=timezone.localdate())
    wanted = documents_wanted(draft)
    present = set(uploads_of("application", draft.pk).values_list("material_code", flat=True))
    here = sum(need.code in present for need in wanted)
    context = {
        "draft": draft,
        "party": party(draft.party),
        "sections": [
            {
                "key": row.section.key,
                "name": row.section.title.in_language(language),
                "state": _ROW_STATES[row.state],
                "answered": row.answered,
                "asked": row.asked,
            }
            for row in rows
        ],
        "place": _place(draft, rows, language),
        "documents_state": "done" if here == len(wanted) else ("doing" if here else "todo"),
        "documents_here": here,
        "documents_wanted": len(wanted),
    }
    return render(request, "applicant/task_list.html", context)


def _place(draft: Application, rows: Sequence[SectionProgress], language: str) -> dict[str, str] | None:
    """Return the section she was in last, while something is left to do there or after it."""
    left = [row.section for row in rows if row.state in (SectionState.NOT_STARTED, SectionState.IN_PROGRESS)]
    section = next((one for one in left if one.key == draft.place), left[0] if left and draft.place else None)
    return {"key": section.key, "name": section.title.in_language(language)} if section else None


def _timeline(request: HttpRequest, opened: Opened) -> dict[str, Any]:
    at, edition = opened.at, opened.edition
    found = with_kept_offer(opened.application, edition)
    beside = SOME_FEES.about(key=found.pk), told_about(found, request.user), *doors_asked(request)
    timeline, ([[some_fees]], told, *doors) = timeline_and(found, *beside, at=at, edition=edition)
    doors_answered(request, doors)
    may_withdraw = can_withdraw(request.user, found, at, own=opened.own)
    may_withdraw = may_withdraw and not all(lane.closed for lane in timeline.lanes)
    papers = _papers(timeline)
    withheld = _withheld(request, found, papers, at)
    fees, to_rate = fees_of_application(found) if some_fees else [], _to_rate(timeline)
    names = _names({found.party, found.holder}, opened)
    lanes = lanes_of(
        timeline, fees=fees, to_rate=to_rate, at=at, may_withdraw=may_withdraw, edition=edition, withheld=withheld
    )
    return {
        "application": found,
        "hold": timeline.hold,
        "party": names[found.party],
        "holder": names[found.holder],
        "asks": asks_of(timeline, fees),
        "working": working_now(timeline, lanes, {one.code: one for one in kept_departments(edition).values()}),
        "lanes": lanes,
        "spent": _spent(timeline, at, edition),
        "papers": letters(papers, withheld=withheld),
        "withdrawals": found.withdrawals.select_related("case__service") if "withdrawals" in timeline.rare else (),
        "told": told,
        "may_withdraw": may_withdraw,
        "to_rate": bool(to_rate) and found.state == ApplicationState.CLOSED,
    }


def _papers(timeline: Timeline) -> list[Paper]:
    papers = [*timeline.papers, *(paper for lane in timeline.lanes for paper in lane.papers)]
    return sorted(papers, key=lambda paper: (paper.issued_at, paper.pk))


def _withheld(request: HttpRequest, found: Application, papers: Sequence[Paper], at: datetime) -> frozenset[str]:
    """Return which kinds of papers have no link for her; nothing is asked while no result is issued."""
    if not any(paper.kind in RESULTS for paper in papers):
        return frozenset()
    return results_withheld(request.user, found, at)


def _to_rate(timeline: Timeline) -> frozenset[int]:
    """Return the keys of the cases to rate; while none is closed there is nothing to ask."""
    closed = any(lane.closed for lane in timeline.lanes)
    return frozenset(case.pk for case in cases_to_rate(timeline.application)) if closed else frozenset()


def _names(refs: Collection[PartyRef], opened: Opened) -> Mapping[PartyRef, str]:
    """Return the names of parties; those she is herself were read already."""
    others = {ref for ref in refs if ref not in opened.own}
    return {**opened.own, **names_of_parties(others)}


def _spent(timeline: Timeline, at: datetime, edition: str) -> SpentWords | None:
    """Return who spent the time of the whole application, as she reads it."""
    time = time_of_timeline(timeline, at=at)
    if time is None:
        return None
    return spent_in_words(
        time.whole,
        language=get_language() or "zh-hans",
        to_applicant=True,
        key="spent_bundle",
        calendar=timeline.calendar,
        bodies=kept_departments(edition).values(),
    )


@require_POST
def premises_ready(request: HttpRequest, public_id: str, task_id: int) -> HttpResponse:
    """Declare that the premises are finished, so that the departments' cases are filed."""
    at = database_now()
    found = application_or_404(request, public_id, at)
    try:
        task = Task.objects.get(pk=task_id, root_id=found.run_id, node="premises_ready")
        declare_premises_ready(task_id=task.pk, by=request.user, at=at)
        messages.success(request, _("Thank you. Your application now goes to every department at the same time."))
    except RunSuspendedError as error:
        messages.warning(request, sentence_for(error))
    except (Task.DoesNotExist, TaskClosedError):
        messages.info(request, _("This was declared already."))
    except NotAllowedError:
        messages.error(request, _("You may not declare this for the applicant."))
    return redirect("applicant:application", public_id)
