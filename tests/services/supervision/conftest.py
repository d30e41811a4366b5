"""The city of the cases' tests, with accepted cases and clocks that reach their thresholds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.cases.models import Case
from services.cases.operations.steps import complete_step
from tests.factories.applications import filed_application, open_task, user
from tests.services.cases.conftest import MORNING, _loaded, city  # noqa: F401 - fixtures
from workflows.clocks.effects import Consequence, ThresholdReached
from workflows.consequences import consequence
from workflows.models import Clock

AT = MORNING + timedelta(hours=1)


def accepted(**more: Any) -> Case:
    """Return an accepted case of the city administration, whose promised and statutory limits run."""
    case = filed_application(service="sign-filing", at=MORNING, **more).cases.get()
    complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=AT)
    case.refresh_from_db()
    return case


def clock_of(case: Case, kind: str = "promised") -> Clock:
    return Clock.objects.get(subject_kind="case", subject_id=str(case.pk), kind=kind)


def reached(clock: Clock, threshold: str = "red", light: str = "red", **values: Any) -> ThresholdReached:
    """Return what the sweep tells of a clock at a threshold."""
    assert clock.due_at is not None
    words: dict[str, Any] = {
        "clock_id": clock.pk,
        "root_id": clock.root_id,
        "subject_kind": clock.subject_kind,
        "subject_id": clock.subject_id,
        "clock_kind": clock.kind,
        "department": clock.department,
        "threshold": threshold,
        "light": light,
        "rules": 1,
        "due_at": clock.due_at,
        "late": False,
        "superseded": False,
        "consequences": (),
    }
    return ThresholdReached(**{**words, **values})


def carry(do: str, *occurrences: ThresholdReached, at: datetime, **options: Any) -> None:
    """Carry out a consequence for all occurrences at once, as the sweep does."""
    consequence(do).carry([(one, Consequence(do=do, options=options)) for one in occurrences], at)


@pytest.fixture
def late_clock(city: None) -> Clock:  # noqa: F811
    return clock_of(accepted())


Carry = Callable[..., None]
