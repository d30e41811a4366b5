"""OCEL 2.0: what is written has the shape of the standard, and nothing refers to what is not there."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from workflows.eventlog.ocel import (
    EventOfLog,
    InconsistentLogError,
    ObjectCentricLog,
    ObjectOfLog,
    ObjectValue,
    Relationship,
    write_ocel,
)

SCHEMA = json.loads(Path(__file__).with_name("ocel-2.0.schema.json").read_text())
AT = datetime(2026, 9, 29, 10, tzinfo=UTC)


def test_objects_events_and_their_types() -> None:
    log = ObjectCentricLog(
        objects=(
            ObjectOfLog("d-1", "department"),
            ObjectOfLog(
                "c-1",
                "case",
                (ObjectValue("outcome", "granted", AT), ObjectValue("deadline", AT, AT)),
                (Relationship("d-1", "handled by"),),
            ),
        ),
        events=(
            EventOfLog("1-1", "task_done", AT, {"round": 1, "late": False}, (Relationship("c-1", "happened in"),)),
            EventOfLog("1-2", "task_done", AT, {"round": "first", "cost": 1.5}),
        ),
    )
    out = io.StringIO()
    write_ocel(out, log)
    written = json.loads(out.getvalue())
    jsonschema.validate(written, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert written == {
        "objectTypes": [
            {
                "name": "case",
                "attributes": [{"name": "deadline", "type": "time"}, {"name": "outcome", "type": "string"}],
            },
            {"name": "department", "attributes": []},
        ],
        "eventTypes": [
            {
                "name": "task_done",
                "attributes": [
                    {"name": "cost", "type": "float"},
                    {"name": "late", "type": "boolean"},
                    {"name": "round", "type": "string"},
                ],
            }
        ],
        "objects": [
            {"id": "d-1", "type": "department", "attributes": [], "relationships": []},
            {
                "id": "c-1",
                "type": "case",
                "attributes": [
                    {"name": "outcome", "time": "2026-09-29T10:00:00.000+00:00", "value": "granted"},
                    {
                        "name": "deadline",
                        "time": "2026-09-29T10:00:00.000+00:00",
                        "value": "2026-09-29T10:00:00.000+00:00",
                    },
                ],
                "relationships": [{"objectId": "d-1", "qualifier": "handled by"}],
            },
        ],
        "events": [
            {
                "id": "1-1",
                "type": "task_done",
                "time": "2026-09-29T10:00:00.000+00:00",
                "attributes": [{"name": "round", "value": "1"}, {"name": "late", "value": False}],
                "relationships": [{"objectId": "c-1", "qualifier": "happened in"}],
            },
            {
                "id": "1-2",
                "type": "task_done",
                "time": "2026-09-29T10:00:00.000+00:00",
                "attributes": [{"name": "round", "value": "first"}, {"name": "cost", "value": 1.5}],
                "relationships": [],
            },
        ],
    }


def test_what_is_not_there_is_not_referred_to() -> None:
    missing = (Relationship("c-2", "happened in"),)
    with pytest.raises(InconsistentLogError, match="c-2"):
        ObjectCentricLog((), (EventOfLog("1", "x", AT, {}, missing),))
    with pytest.raises(InconsistentLogError, match="c-2"):
        ObjectCentricLog((ObjectOfLog("c-1", "case", (), missing),), ())


def test_nothing_is_there_twice() -> None:
    with pytest.raises(InconsistentLogError, match="twice"):
        ObjectCentricLog((ObjectOfLog("1", "case"), ObjectOfLog("1", "task")), ())
    with pytest.raises(InconsistentLogError, match="twice"):
        ObjectCentricLog((), (EventOfLog("1", "x", AT), EventOfLog("1", "y", AT)))
