"""Cards and supervision orders, made directly where the way there does not matter."""

from __future__ import annotations

from typing import Any

from services.cases.models import Case
from services.supervision.models import Card, SupervisionOrder
from workflows.models import Clock


def make_card(case: Case, **values: Any) -> Card:
    """Return a red card for the promised limit of a case that has one."""
    clock = Clock.objects.get(subject_kind="case", subject_id=str(case.pk), kind="promised")
    words = {
        "root": clock.root,
        "clock": clock,
        "case": case,
        "threshold": "red",
        "level": "red",
        "clock_kind": clock.kind,
        "department": clock.department,
        "due_at": clock.due_at,
        "given_at": clock.due_at,
        "responsible": [{"task": 1, "role": "handler", "user": None}],
    }
    return Card.objects.create(**{**words, **values})


def make_order(case: Case, **values: Any) -> SupervisionOrder:
    """Return an order of a rule about a case, waiting for the reply, without a reply clock."""
    words = {
        "number": f"JC-2026-{case.pk:05d}",
        "root": case.application.run,
        "case": case,
        "rule": "red_order",
        "level": "red",
        "department": case.department.code,
        "content_zh": "请说明进度。",
        "content_en": "Please explain.",
        "reply_days": 3,
        "issued_at": case.filed_at,
    }
    return SupervisionOrder.objects.create(**{**words, **values})
