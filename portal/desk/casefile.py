"""What the pages about one case show: facts, answers, documents, opinions, branches, law and history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.desk.forms import AskForm, ExtendForm, PauseForm, SecondNoticeForm
from portal.desk.procedures import procedures_of
from portal.ui.wording import is_chinese
from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.enums import OUTCOMES_AGAINST, outcome_word
from services.cases.models import Case, Opinion
from services.cases.permissions import is_head_for, may_supervise, works_for_department_of
from services.cases.queries.casefiles import answers_of_case, documents_of_case
from services.cases.queries.differences import differences_of
from services.cases.queries.explanation import why
from services.cases.queries.notices import asked_again
from services.cases.queries.prefilling import handling_offers
from services.cases.queries.requests import may_ask, requests_of
from services.cases.queries.timeline import history_of_case, steps_drawn_for, timeline_of
from services.parties.enums import Role
from services.parties.queries import party
from services.supervision.queries.cards import cards_of_case, escalation_of
from services.supervision.queries.orders import order_rows, orders_of_case
from workflows.engine.graph import Node
from workflows.enums import ClockKind
from workflows.models import Clock, HistoryEvent
from workflows.queries.clocks import clocks_of, days_over_plan


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line of the history: when, what, by whom."""

    at: datetime
    what: str
    who: str


def case_context(request: HttpRequest, case: Case, *, masked: bool, at: datetime) -> dict[str, Any]:
    """Return what a page about a case shows, and record who read which fields for which case.

    masked: hide the middle of identity and telephone numbers, for those who only look on.
    """
    language = get_language() or "zh-hans"
    timeline = timeline_of(case.application, at=at)
    lane = next(one for one in timeline.lanes if one.case.pk == case.pk)
    sections = answers_of_case(case, language=language, masked=masked, at=at)
    # Also a page that answers a form shows her data.
    record_access(
        reader=request.user,
        subject_kind="application",
        subject_id=case.application_id,
        fields=["applicant", *(answer.element.code for one in sections for answer in one.answers)],
        purpose=Purpose.LOOK_AT_CASE if masked else Purpose.REVIEW,
        case_ref=case.number,
        at=at,
    )
    return {
        "case": case,
        "hold": timeline.hold,
        "application": case.application,
        "party": party(case.application.holder),
        "lane": lane,
        "why": why(lane.clock, language=language, at=at) if lane.clock else [],
        "other_lanes": [one for one in timeline.lanes if one is not lane],
        "sections": sections,
        "documents": documents_of_case(case),
        "fetchable": works_for_department_of(request.user, case, at) and bool(handling_offers(case)),
        "differences": differences_of(case, language=language, masked=masked),
        "opinions": [_opinion(one) for one in case.opinions.all()],
        "papers": lane.papers,
        "bases": list(case.service.legal_bases.all()),
        "history": _history(case),
        **_again(request, case, at),
        "requests": requests_of(case),
        "ask_form": AskForm(case=case) if may_ask(request.user, case, at) else None,
        "orders": order_rows(orders_of_case(case.pk), at=at),
        "cards": cards_of_case(case.pk),
        "escalated": escalation_of(case.pk),
        "heads_it": is_head_for(request.user, case, at),
        **_limits(request, case, at),
        **procedures_of(request, case, at),
    }


def _opinion(opinion: Opinion) -> dict[str, Any]:
    return {
        "role": Role(opinion.role).label if opinion.role in Role.values else opinion.role,
        "outcome": outcome_word(opinion.outcome),
        "against": opinion.outcome in OUTCOMES_AGAINST,
        "row": opinion,
    }


def _again(request: HttpRequest, case: Case, at: datetime) -> dict[str, Any]:
    """Return the case's second notices, and the form of a supervisor who may allow the one that waits."""
    again = asked_again(case)
    may = again.waiting is not None and may_supervise(request.user, case, at)
    return {"again": again, "second_form": SecondNoticeForm() if may else None}


def _limits(request: HttpRequest, case: Case, at: datetime) -> dict[str, Any]:
    """Return the running limits and what she may do to them."""
    clocks: Sequence[Clock] = [
        clock
        for clock in clocks_of("case", str(case.pk))
        if clock.stopped_at is None and clock.kind in (ClockKind.PROMISED, ClockKind.STATUTORY)
    ]
    paused = any(pause.to_on is None for clock in clocks for pause in clock.pauses.all())
    mine = works_for_department_of(request.user, case, at)
    extendable = [clock for clock in clocks if clock.extension_amount and not hasattr(clock, "extension")]
    head = is_head_for(request.user, case, at)
    return {
        "limits": clocks,
        "paused": paused,
        "days_over_plan": max((days_over_plan(clock, at=at) for clock in clocks), default=0),
        "may_resume": mine and paused,
        "pause_form": PauseForm(case=case, initial={"from_on": timezone.localdate(at)})
        if mine and clocks and not paused
        else None,
        "extend_form": ExtendForm() if head and extendable else None,
        "extension_most": extendable[0].extension_amount if extendable else 0,
    }


def _history(case: Case) -> list[Fact]:
    facts = [_fact(event, steps_drawn_for(case)) for event in history_of_case(case)]
    return [fact for fact in facts if fact is not None]


def _fact(event: HistoryEvent, drawn: Mapping[str, Node]) -> Fact | None:
    """Return one history row in words; steps of the machinery say nothing to people."""
    detail = event.detail
    words = {
        "run_started": _("Filed"),
        "signed": _("Signed"),
        "signed_for": _("Signed on behalf of the applicant"),
        "application_filed": _("Application filed"),
        "application_filed_for": _("Application filed on behalf of the applicant"),
        "withdrawn": _("Application withdrawn"),
        "withdrawn_for": _("Application withdrawn on behalf of the applicant"),
        "consent_withdrawn": _("The applicant took a consent back"),
        "run_suspended": _("Application put on hold"),
        "run_resumed": _("Application goes on"),
        "run_ended": _("Closed"),
        "task_opened": _("“%(step)s” opened"),
        "task_claimed": _("“%(step)s” claimed"),
        "task_released": _("“%(step)s” released"),
        "task_reassigned": _("“%(step)s” given to a colleague by a manager"),
        "task_returned": _("“%(step)s” sent back to “%(to)s”"),
        "task_overdue": _("“%(step)s” not done within its own limit"),
        "task_done": _("“%(step)s” ended: %(outcome)s"),
        "job_gave_up": _("“%(step)s” failed for good"),
        "job_retried": _("“%(step)s” set going again by a manager"),
        "job_skipped": _("“%(step)s” skipped by a manager"),
        "questions_recorded": _("What is missing was recorded"),
        "questions_withdrawn": _("What was recorded as missing was withdrawn"),
        "information_requested": _("The applicant was asked for more"),
        "information_given": _("The applicant answered"),
        "second_notice_allowed": _("A second notice was allowed"),
        "clock_started": _("%(limit)s started"),
        "clock_paused": _("%(limit)s paused"),
        "clock_resumed": _("%(limit)s runs again"),
        "clock_extended": _("%(limit)s extended"),
        "clock_stopped": _("%(limit)s met or ended"),
        "clock_recomputed": _("%(limit)s computed anew: the calendar changed"),
        "order_issued": _("Supervision order %(number)s issued"),
        "order_replied": _("Supervision order %(number)s replied to"),
        "order_sent_back": _("Reply to supervision order %(number)s sent back"),
        "order_closed": _("Supervision order %(number)s closed"),
        "card_appealed": _("Appeal against the card for: %(limit)s"),
        "appeal_rejected": _("Appeal against the card rejected: %(limit)s"),
        "card_revoked": _("Card revoked: %(limit)s"),
    }
    kind = f"{event.kind}_for" if detail.get("on_behalf_of") else event.kind
    if kind not in words:
        return None
    values = {
        "step": _named(drawn, detail.get("node")),
        "to": _named(drawn, detail.get("to")),
        "outcome": outcome_word(str(detail.get("outcome", ""))),
        "limit": _kind_word(str(detail.get("clock_kind", ""))),
        "number": str(detail.get("number", "")),
    }
    return Fact(at=event.at, what=words[kind] % values, who=event.by.get_full_name() if event.by else "")


def _named(drawn: Mapping[str, Node], node: object) -> str:
    step = drawn.get(str(node))
    return str(step.name_zh if is_chinese() else step.name_en) if step is not None else ""


def _kind_word(kind: str) -> str:
    return str(ClockKind(kind).label) if kind in ClockKind.values else str(_("Time limit"))
