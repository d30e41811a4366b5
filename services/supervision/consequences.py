"""What may follow when a clock reaches a threshold: tell people, give a card, escalate, issue a supervision order.

Each gets every occurrence of one sweep step at once and asks the database a constant number of questions. The roots
are locked by the sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from services.notifications.drafts import NoticeDraft
from services.notifications.enums import Channel
from services.notifications.operations import owe_notices
from services.supervision.enums import Recipient
from services.supervision.operations.opening import REPLY_DAYS, escalate, give_cards, open_orders
from services.supervision.operations.telling import APPLICANT_MESSAGES, STAFF_MESSAGES, clock_drafts
from services.supervision.queries.recipients import People, people_of
from services.supervision.queries.subjects import Step, step_of
from workflows.clocks.effects import ThresholdReached
from workflows.consequences import Occurrence, register

#: A department gets at least one day to reply, and not a season.
LONGEST_REPLY_DAYS = 30


def _read(occurrences: Sequence[Occurrence], at: datetime, *, applicants: bool = False) -> tuple[Step, People]:
    reached = [one for one, _consequence in occurrences]
    step = step_of(reached)
    return step, people_of(step, reached, at, applicants=applicants)


def _check_notify(options: Mapping[str, Any]) -> str:
    to, message, channels = options.get("to"), options.get("message"), options.get("channels")
    if set(options) - {"to", "message", "channels"}:
        return _("A notice has recipients, a message and channels, nothing else.")
    if not isinstance(to, list) or not to or not set(map(str, to)) <= set(Recipient.values):
        return _("Choose at least one of the recipients offered.")
    if message not in (*STAFF_MESSAGES, *APPLICANT_MESSAGES):
        return _("Choose one of the messages offered.")
    if (Recipient.APPLICANT in to) != (message in APPLICANT_MESSAGES) or (Recipient.APPLICANT in to and len(to) > 1):
        return _("The applicant gets a message of her own: give staff and applicant two separate notices.")
    if channels is not None and (not isinstance(channels, list) or not set(map(str, channels)) <= set(Channel.values)):
        return _("Choose among the channels offered.")
    return ""


@register("notify", check=_check_notify)
def _notify(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Owe each recipient one notice per clock and threshold; none about what a later light or the end overtook."""
    applicants = any(Recipient.APPLICANT in consequence.options["to"] for _one, consequence in occurrences)
    step, people = _read(occurrences, at, applicants=applicants)
    drafts: list[NoticeDraft] = []
    told: set[tuple[int, str, int]] = set()
    for reached, consequence in occurrences:
        if reached.superseded or step.is_over(reached):
            continue
        users = {
            user: recipient
            for user, recipient in people.told(reached, consequence.options["to"]).items()
            if (reached.clock_id, reached.threshold, user) not in told
        }
        told |= {(reached.clock_id, reached.threshold, user) for user in users}
        channels = consequence.options.get("channels")
        drafts += clock_drafts(reached, users, consequence.options["message"], step=step, at=at, channels=channels)
    owe_notices(drafts, at=at)


def _check_nothing(options: Mapping[str, Any]) -> str:
    return _("This consequence has no options.") if options else ""


def _still_on(step: Step, occurrences: Sequence[Occurrence]) -> list[ThresholdReached]:
    return [one for one, _consequence in occurrences if not step.is_over(one)]


@register("card", check=_check_nothing)
def _card(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Give each clock the card of its light, also when it comes late: the light was on."""
    step, people = _read(occurrences, at)
    give_cards(_still_on(step, occurrences), step=step, people=people, at=at)


@register("escalate", check=_check_nothing)
def _escalate(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Lay each matter before the head of its department."""
    step, people = _read(occurrences, at)
    escalate(_still_on(step, occurrences), step=step, people=people, at=at)


def _check_order(options: Mapping[str, Any]) -> str:
    days = options.get("reply_days", REPLY_DAYS)
    if set(options) - {"reply_days"}:
        return _("A supervision order has the working days for the reply, nothing else.")
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= LONGEST_REPLY_DAYS:
        return _("A department gets 1 to %(most)s working days to reply.") % {"most": LONGEST_REPLY_DAYS}
    return ""


@register("supervision_order", check=_check_order)
def _supervision_order(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Order each department to see to the matter and to reply within a limit of its own."""
    step, people = _read(occurrences, at)
    wanted = [
        (one, int(consequence.options.get("reply_days", REPLY_DAYS)))
        for one, consequence in occurrences
        if not step.is_over(one)
    ]
    open_orders(wanted, step=step, people=people, at=at)
