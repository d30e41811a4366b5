"""The running joint limit of each bundle: it stands beside its cases' own, and the earlier one wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.cases.models import Application
from workflows.enums import ClockKind
from workflows.models import Clock
from workflows.queries.clocks import clocks_with_facts


def joint_clocks_of(applications: Iterable[Application]) -> Mapping[int, Clock]:
    """Return the running joint clock of each application that has one; no query where no bundle has such a limit."""
    keys = {str(one.pk) for one in applications if one.bundle is not None and one.bundle.joint_amount is not None}
    if not keys:
        return {}
    rows = clocks_with_facts().filter(
        subject_kind="application", subject_id__in=keys, kind=ClockKind.JOINT, stopped_at__isnull=True
    )
    return {int(clock.subject_id): clock for clock in rows}


def binding_clock(clocks: Sequence[Clock]) -> Clock | None:
    """Return which of the promise and the joint limit ends first; the first clock when neither runs."""
    promised = [clock for clock in clocks if clock.kind == ClockKind.PROMISED]
    if promised and promised[-1].due_at is None:  # paused: no date, whatever the others say
        return promised[-1]
    both = [clock for clock in clocks if clock.kind in (ClockKind.PROMISED, ClockKind.JOINT)]
    ends = [(clock.due_at, clock.pk, clock) for clock in both if clock.due_at is not None]
    return min(ends)[2] if ends else next(iter(clocks), None)
