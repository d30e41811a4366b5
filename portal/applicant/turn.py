"""What the applicant must do now, in one list at the very top of her application's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.ui.wording import money_words
from services.cases.enums import SUPPLEMENT_NODE, UNANSWERED_NODE, ApplicationState, CaseState
from services.cases.queries.deferrals import open_deferrals_of
from services.cases.queries.requests import open_requests_of
from services.cases.queries.timeline import Lane, Timeline
from services.parties.models import Department
from services.payments.queries.fees import Standing
from workflows.enums import OPEN_TASK_STATES, ClockKind


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One thing that waits for her. url: where she does it; post: pressing the button does it.

    verbatim: words somebody wrote, shown as they are. until: the last day, None where none runs.
    """

    title: str
    text: str
    url: str
    action: str
    icon_name: str
    verbatim: str = ""
    until: date | None = None
    post: bool = False


def _name(thing: Any) -> str:
    return str(thing.name_zh if (get_language() or "zh").startswith("zh") else thing.name_en)


def asks_of(timeline: Timeline, fees: Sequence[Standing]) -> list[Ask]:
    """Return what she is asked now, the most pressing first. A fee may outlive the application: its result waits."""
    if timeline.application.state != ApplicationState.SUBMITTED:
        return _payments(fees)
    asked = [*_supplements(timeline), *_questions(timeline), *_premises(timeline), *_promised(timeline)]
    return [*asked, *_payments(fees)]


def _payments(fees: Sequence[Standing]) -> list[Ask]:
    return [
        Ask(
            title=_("Pay: %(fee)s, %(amount)s")
            % {"fee": _name(fee.due), "amount": money_words(Decimal(fee.due.amount_fen or 0) / 100)},
            text=_waiting_words(fee),
            url=reverse("applicant:payment", args=[fee.due.public_id]),
            action=_("See the fee and pay"),
            icon_name="credit-card",
        )
        for fee in fees
        if fee.can_be_paid
    ]


def _waiting_words(fee: Standing) -> str:
    if fee.holds_back and fee.due.case.state == CaseState.GRANTED:
        return _("The decision is made: granted. By law the result is issued once the fee is paid.")
    if fee.holds_back:
        return _("The review goes on meanwhile; the result is issued once it is paid.")
    return _("Nothing waits for it: acceptance, review and result go on.")


def _supplements(timeline: Timeline) -> list[Ask]:
    waiting = [lane for lane in timeline.lanes if _waits_for_supplement(lane)]
    if not waiting:
        return []
    until = [day for lane in waiting if (day := _correction_until(lane)) is not None]
    names = _("; ").join(_name(lane.case.department) for lane in waiting)
    return [
        Ask(
            title=_("Add or correct what is missing"),
            text=_("Asked by: %(names)s. Everything is listed at once, and only these parts are open.")
            % {"names": names},
            url=reverse("applicant:supplement", args=[waiting[0].case.public_id]),
            action=_("Supplement now"),
            icon_name="pencil-square",
            until=min(until) if until else None,
        )
    ]


def _waits_for_supplement(lane: Lane) -> bool:
    nodes = (SUPPLEMENT_NODE, UNANSWERED_NODE)
    return any(task.node in nodes and task.state in OPEN_TASK_STATES for task in lane.tasks) and not lane.closed


def _correction_until(lane: Lane) -> date | None:
    running = (one for one in lane.clocks if one.kind == ClockKind.CORRECTION and one.stopped_at is None)
    return next((clock.due_on for clock in running), None)


def _questions(timeline: Timeline) -> list[Ask]:
    return [
        Ask(
            title=_("%(body)s asks you something") % {"body": _name(asked.case.department)},
            text="",
            verbatim=asked.text,
            url=reverse("applicant:request", args=[asked.public_id]),
            action=_("Answer"),
            icon_name="chat-left-text",
        )
        for asked in (open_requests_of(timeline.application) if "requests" in timeline.rare else ())
    ]


def _premises(timeline: Timeline) -> list[Ask]:
    return [
        Ask(
            title=_("It is your turn: are the premises ready?"),
            text=_(
                "The next services are filed in the name of the licensed business, and the departments visit the "
                "premises. Declare them ready when they are finished: no time limit runs before."
            ),
            url=reverse("applicant:premises_ready", args=[timeline.application.public_id, task.pk]),
            action=_("The premises are ready"),
            icon_name="shop",
            post=True,
        )
        for task in timeline.own_tasks
        if task.role == "applicant"
    ]


def _promised(timeline: Timeline) -> list[Ask]:
    return [
        Ask(
            title=_("You promised some documents") + _(": ") + _name(deferral.case.service),
            text=_("The application is accepted and the review goes on. Please hand in what is missing in time."),
            url=reverse("applicant:deferred", args=[deferral.case.public_id]),
            action=_("Hand in the promised documents"),
            icon_name="hourglass-split",
        )
        for deferral in (open_deferrals_of(timeline.application) if "deferrals" in timeline.rare else ())
    ]


def working_now(timeline: Timeline, lanes: Sequence[Mapping[str, Any]], bodies: Mapping[str, Department]) -> list[str]:
    """Return who has the ball, each once; for who reads that nothing is hers to do.

    lanes: as drawn. bodies: departments by code. A step of the application itself, e.g. a licence that the window
    checks before anything is filed, stands in no lane: it is named with who has it.
    """
    own = [task for task in timeline.own_tasks if task.role != "applicant"]
    steps = [
        _("%(step)s (%(body)s)") % {"step": _name(task), "body": _name(bodies[task.department])}
        for task in own
        if task.department in bodies
    ]
    whose = [lane["ball"]["who"] for lane in lanes if lane["ball"] and not lane["ball"]["mine"]]
    return list(dict.fromkeys([*steps, *whose]))
