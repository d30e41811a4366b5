"""What follows for cases when a clock reaches a threshold of the published rules.

What follows from silence is a rule of law (`"law": true`): each checks by itself that the rule holds for this case, and
does nothing where none does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.cases.operations import renewals, silence
from services.cases.operations.releasing import release_due
from workflows.consequences import Occurrence, register


def _each(occurrences: Sequence[Occurrence], at: datetime, act: Callable[..., bool]) -> None:
    """Do it case by case, in the order of departments: papers are numbered per department, and so nobody waits in turn.

    A case that cannot be ended raises: its timer must not count as fired.
    """
    for reached, _consequence in sorted(occurrences, key=lambda one: (one[0].department, one[0].clock_id)):
        act(clock_id=reached.clock_id, at=at)


@register("deemed_acceptance")
def deemed_acceptance(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Accept what nobody answered within the days of the one-time notice (APL art. 32(4))."""
    _each(occurrences, at, silence.deem_accepted)


@register("deemed_withdrawal")
def deemed_withdrawal(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """End what the applicant did not complete in time, where a rule of the region says so."""
    _each(occurrences, at, silence.deem_withdrawn)


@register("tacit_approval")
def tacit_approval(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Grant what nobody decided in time, where a rule of the region says so."""
    _each(occurrences, at, silence.deem_granted)


@register("deemed_renewal")
def deemed_renewal(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Renew what was asked for in time and not decided before it expired (APL art. 50)."""
    _each(occurrences, at, renewals.deem_renewed)


@register("renewal_reminder")
def renewal_reminder(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Tell the holder until when renewal is asked for; nothing where she asked already."""
    for reached, _consequence in occurrences:
        renewals.remind_of_renewal(clock_id=reached.clock_id, threshold=reached.threshold, at=at)


@register("release_notice")
def _release_notice(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Send what is recorded as missing before the first legal day passes (Administrative Licensing Law, art. 32(4))."""
    release_due([int(reached.subject_id) for reached, _what in occurrences if reached.subject_kind == "case"], at=at)
