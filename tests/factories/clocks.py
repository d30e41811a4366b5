"""Runs to hang clocks on, and clocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import factory
from factory.django import DjangoModelFactory

from workflows.models import Clock, ProcessDefinition, Run
from workflows.operations.clocks import start_clock

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """Return a local instant: "2026-09-29 10:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class ProcessDefinitionFactory(DjangoModelFactory[ProcessDefinition]):
    class Meta:
        model = ProcessDefinition

    key = factory.Sequence(lambda number: f"process-{number}")
    version = 1
    name_zh, name_en = "流程", "Process"
    source, checksum = "<definitions/>", "0" * 64
    published_at = at("2026-01-05 09:00")


class RunFactory(DjangoModelFactory[Run]):
    class Meta:
        model = Run

    definition = factory.SubFactory(ProcessDefinitionFactory)
    subject_kind = "application"
    subject_id = factory.Sequence(str)
    started_at = at("2026-01-05 09:00")


def running_clock(root: Run | None = None, *, started: str = "2026-09-29 10:00", **changes: Any) -> Clock:
    """Start a promised clock of three working days through the operation that does it in life."""
    words: dict[str, Any] = {
        "root": root or RunFactory.create(),
        "subject_kind": "probe",
        "subject_id": "34",
        "kind": "promised",
        "department": "SCJG",
        "limit_amount": 3,
        "limit_unit": "working_days",
        "started_at": at(started),
        "starts_on_event": "acceptance",
        "by": None,
        "at": at(started),
    }
    return start_clock(**{**words, **changes})
